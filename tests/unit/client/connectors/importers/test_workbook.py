"""Tables in workbooks, from spreadsheets and from attackers."""

import datetime
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence

import pytest

from tearline.errors import ImportRefused, ImportTooLarge
from tearline_client.connectors.importers import workbook, workbook_order
from tearline_client.connectors.importers.csv import parse_csv
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.source import Bounds, Hidden, read_table
from unit.client.connectors.importers.sources import MAPPING

openpyxl = pytest.importorskip("openpyxl", reason="comes with the extra client")
Row = Sequence[object]
HEADER = ("Name", "Amount")


def book(rows: Iterable[Row], change: Callable[[object], None] = lambda book: None) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    change(made)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def read(data: bytes) -> list[tuple[int, dict[str, str]]]:
    _, rows = read_table(io.BytesIO(data))
    return list(rows)


def replaced(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with a part of its archive changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info, change(content) if info.filename == part else content)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_sheet_is_a_table_as_its_text_would_be() -> None:
    day, moment = datetime.date(2026, 3, 1), datetime.datetime(2026, 3, 1, 12, 30)
    data = book(
        [
            ("Name", "Amount", "Day", "Time", "Sure"),
            ("裘文昊", 1847250, day, moment, True),
            (),
            ("Ana", 0.1, None, None, False),
        ]
    )
    assert read(data) == [
        (
            2,
            {
                "Name": "裘文昊",
                "Amount": "1847250",
                "Day": "2026-03-01",
                "Time": "2026-03-01T12:30:00",
                "Sure": "true",
            },
        ),
        (4, {"Name": "Ana", "Amount": "0.1", "Day": "", "Time": "", "Sure": "false"}),
    ]


def test_the_first_visible_sheet_counts() -> None:
    def change(made: object) -> None:
        made.active.sheet_state = "hidden"
        second = made.create_sheet("Payments")
        second.append(HEADER)
        second.append(("Ana", "5"))

    assert read(book([("Secret",), ("x",)], change)) == [(2, {"Name": "Ana", "Amount": "5"})]


def test_a_formula_is_not_computed() -> None:
    assert read(book([HEADER, ("Ana", "=1+1")])) == [(2, {"Name": "Ana", "Amount": ""})]


@pytest.mark.parametrize("value", [10**15, 6222021234567890123, -(10.0**15)])
def test_a_number_that_a_spreadsheet_rounded_is_refused(value: float) -> None:
    with pytest.raises(ImportRefused, match="line 2, column 2: a number of more than 15 digits"):
        read(book([HEADER, ("Ana", value)]))


def test_a_long_number_entered_as_text_keeps_its_digits() -> None:
    assert read(book([HEADER, ("Ana", "6222021234567890123")]))[0][1]["Amount"].endswith("0123")


def test_an_error_in_a_cell_is_refused() -> None:
    with pytest.raises(ImportRefused, match="line 2, column 2: '#REF!' is no text"):
        read(book([HEADER, ("Ana", "#REF!")]))


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    with pytest.raises(ImportRefused, match="line 2: 3 cells of 2"):
        read(book([HEADER, ("Ana", 5, "what?")]))


def test_stated_dimensions_are_not_believed() -> None:
    data = replaced(book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(b"A1:B2", b"A1:A1"))
    assert read(data) == [(2, {"Name": "Ana", "Amount": "5"})]


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = book([HEADER, *[("Ana", "0" * 30_000)] * 3])
    monkeypatch.setattr(workbook, "MAX_WORKBOOK_BYTES", 60_000)
    assert len(data) < 60_000

    def unpack(*_: object) -> None:
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    with pytest.raises(ImportTooLarge, match="60000 bytes, unpacked"):
        read(data)


def test_a_text_that_many_cells_share_counts_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # An archive may hold such a text once; this one repeats it.
    monkeypatch.setattr(workbook, "_verify_size", lambda *_: None)
    data = book([HEADER, *[("Ana", "0" * 1000)] * 100])
    with pytest.raises(ImportTooLarge, match="over 50000 characters"):
        list(read_table(io.BytesIO(data), bounds=Bounds(whole=50_000))[1])


def test_too_many_parts_and_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book([HEADER, ("Ana", 5), ("Bea", 6)])
    with monkeypatch.context() as patch:
        patch.setattr(workbook, "MAX_WORKBOOK_PARTS", 3)
        with pytest.raises(ImportTooLarge, match="parts"):
            read(data)
    monkeypatch.setattr(workbook_order, "MAX_WORKBOOK_ROWS", 2)
    with pytest.raises(ImportTooLarge, match="over 2 rows"):
        read(data)


def test_a_cell_far_to_the_right_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def far(content: bytes) -> bytes:
        return replaced(
            book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(b'r="B2"', content)
        )

    with pytest.raises(ImportRefused, match="line 2: over 256 columns"):
        read(far(b'r="XFD2"'))
    monkeypatch.setattr(workbook_order, "MAX_WORKBOOK_CELLS", 1000)
    with pytest.raises(ImportTooLarge, match="over 1000 cells"):
        read(far(b'r="XFD2"'))


def before(mark: bytes, *, more: bytes) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(mark, more + mark, 1)


@pytest.mark.parametrize(
    ("part", "mark", "more"),
    [
        (SHEET, b"</row>", b"<c/>" * (1 << 14)),
        (SHEET, b"</row>", b"<v/>" * (1 << 17)),
        (SHEET, b"</worksheet>", b"<mergeCells>%b</mergeCells>" % (b"<mergeCell/>" * 40_000)),
        (SHEET, b"<sheetData>", b"<sheetViews>%b</sheetViews>" % (b"<sheetView/>" * 40_000)),
        (SHEET, b"</sheetData>", b'<row r="1048577"/>'),
        ("xl/styles.xml", b"</cellXfs>", b"<xf/>" * 40_000),
        (SHEET, b"</sheetData>", b"<row/>" * 300_000),
    ],
    ids=["cells", "values", "merged cells", "views", "far rows", "styles", "rows"],
)
def test_many_elements_are_refused_before_the_reader_holds_them(
    part: str, mark: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees of them took gigabytes, from a file of some kilobytes."""
    data = replaced(book([HEADER, ("Ana", 5)]), part, before(mark, more=more))
    monkeypatch.setattr(workbook, "MAX_WORKBOOK_RATIO", 1 << 10)

    def hold(*_: object, **__: object) -> None:
        raise AssertionError("the reader took it")

    monkeypatch.setattr("openpyxl.load_workbook", hold)
    with pytest.raises(ImportTooLarge, match=r"columns|elements|rows"):
        list(read_table(io.BytesIO(data), bounds=Bounds(whole=4 << 20))[1])


def test_a_part_that_repeats_itself_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SHEET, b"<c/>" * (1 << 18))
    monkeypatch.setattr(workbook_order, "verify_order", lambda *_: None)
    assert len(target.getvalue()) < 8 << 10
    with pytest.raises(ImportTooLarge, match="128 times its size"):
        read(target.getvalue())


@pytest.mark.parametrize("asks", [False, True])
def test_hidden_places_and_other_sheets_stay_home_and_are_reported(asks: bool) -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made.active.column_dimensions["C"].hidden = True
        made.active.row_dimensions[3].hidden = True
        made.create_sheet("more")["A1"] = "another"

    data = book([(*HEADER, "Informant"), ("Ana", 5, "Luz"), ("Bea", 6, "Luz")], hide)
    told: list[tuple[int, str, str]] = []
    hidden = Hidden(tell=lambda *each: told.append(each), is_read=asks)
    header, rows = read_table(io.BytesIO(data), hidden=hidden)
    sheet = (0, "sheet 2", "only the first visible sheet is read")
    ana = {"Name": "Ana", "Amount": "5"}
    if asks:
        bea = {"Name": "Bea", "Amount": "6", "Informant": "Luz"}
        assert list(rows) == [(2, ana | {"Informant": "Luz"}), (3, bea)]
        assert told == [sheet]
    else:
        assert list(rows) == [(2, ana)]
        column, row = (1, "column C", "the column is hidden"), (3, "", "the row is hidden")
        assert told == [sheet, column, row]
        assert header == HEADER


def test_a_mapping_says_whether_hidden_columns_are_read() -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made.active.column_dimensions["B"].hidden = True

    data = book([("Number", "Name"), ("1", "Ana")], hide)
    asked = "hidden = true\n" + MAPPING
    assert len(parse_csv(data, parse_mapping(asked.encode())).entities) == 1
    with pytest.raises(ImportRefused, match="no column 'Name'"):
        parse_csv(data, parse_mapping(MAPPING.encode()))


def test_entities_in_the_xml_are_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'

    def change(xml: bytes) -> bytes:
        head, mark, rest = xml.partition(b"<worksheet")
        return head + laughs + mark + rest

    with pytest.raises(ImportRefused, match="not a workbook"):
        read(replaced(book([HEADER, ("Ana", 5)]), SHEET, change))


def test_a_reader_without_its_guard_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openpyxl.xml.DEFUSEDXML", False)
    with pytest.raises(Exception, match="OPENPYXL_DEFUSEDXML"):
        read(book([HEADER, ("Ana", 5)]))


@pytest.mark.parametrize("cut", [4, 30, 500])
def test_a_damaged_file_is_refused(cut: int) -> None:
    with pytest.raises(ImportRefused, match="not a workbook"):
        read(book([HEADER, ("Ana", 5)])[:cut])


def test_an_archive_of_something_else_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(ImportRefused, match="not a workbook"):
        read(target.getvalue())


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b'r="3"', b'r="2"'),
        (b'r="A3"', b'r="B3"'),
        (b'r="B3"', b'r="A3"'),
        (b'r="B3"', b'r="B2"'),
        (b'<row r="3"', b'<row r="-3"'),
    ],
)
def test_a_row_or_cell_out_of_order_is_refused(first: bytes, then: bytes) -> None:
    """The reader would drop it, or another one in its place, without a word."""
    data = book([["name", "age"], ["Ana", 3], ["Luz", 4]])
    changed = replaced(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(first, then, 1))
    assert changed != data
    with pytest.raises(ImportRefused, match=r"late or twice|another row"):
        read(changed)


@pytest.mark.parametrize("number", [b"1e999", b"nan", b"x", b"3" * 400])
def test_a_number_of_a_row_that_is_none_is_refused(number: bytes) -> None:
    data = book([["name", "age"], ["Ana", 3]])
    row = b'<row r="' + number + b'"'
    changed = replaced(
        data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<row r="2"', row, 1)
    )
    assert changed != data
    with pytest.raises(ImportRefused):
        read(changed)
