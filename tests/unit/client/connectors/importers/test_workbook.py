"""Tables in workbooks, from spreadsheets and from attackers."""

import contextlib
import datetime
import io
import random
import zipfile
from collections.abc import Callable, Iterable, Sequence

import openpyxl
import pytest

from tearline.errors import ImportRefused, ImportTooLarge
from tearline_client.connectors.importers import workbook, xml_records
from tearline_client.connectors.importers.csv import parse_csv
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.source import Bounds, Hidden, read_records, read_table
from unit.client.connectors.importers.sources import MAPPING

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


def read(data: bytes, *, whole: int = 4 << 20) -> list[tuple[int, dict[str, str]]]:
    hidden = Hidden(tell=lambda *_: None)
    _, rows = read_table(io.BytesIO(data), hidden=hidden, bounds=Bounds(whole=whole))
    return list(rows)


def told(data: bytes, *, is_read: bool = False) -> tuple[list[object], list[tuple[int, str, str]]]:
    """The records of a workbook, and what stays at home."""
    found: list[tuple[int, str, str]] = []
    hidden = Hidden(tell=lambda *each: found.append(each), is_read=is_read)
    return list(read_records(io.BytesIO(data), hidden=hidden)), found


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


def test_a_formula_is_not_computed_and_one_without_a_saved_value_is_told() -> None:
    saved = b"<f>1+1</f><v>2</v>"
    rows, home = told(book([HEADER, ("Ana", "=1+1")]))
    assert rows[1:] == [(2, ["Ana"])]
    assert home == [(2, "column B", "a formula without a saved value, which is not computed")]
    data = replaced(
        book([HEADER, ("Ana", "=1+1")]), SHEET, lambda xml: xml.replace(b"<f>1+1</f><v />", saved)
    )
    assert told(data) == ([(1, [*HEADER]), (2, ["Ana", "2"])], [])


def test_merged_cells_are_told() -> None:
    rows, home = told(book([HEADER, ("Ana", 5)], lambda made: made.active.merge_cells("A2:A4")))
    assert rows == [(1, [*HEADER]), (2, ["Ana", "5"])]
    why = "the cells are merged, and the first alone has their value"
    assert home == [(0, "A2:A4", why)]


@pytest.mark.parametrize(
    ("old", "new", "hides"),
    [
        (b'<row r="2"', b'<row hidden="true" r="2"', "row"),
        (b'<row r="2"', b'<row ht="0" customHeight="1" r="2"', "row"),
        (b"<sheetData>", b'<cols><col min="2" max="9" hidden="1"/></cols><sheetData>', "column"),
        (b"<sheetData>", b'<cols><col min="2" max="9" width="0"/></cols><sheetData>', "column"),
        (b"<sheetFormatPr ", b'<sheetFormatPr defaultColWidth="0" ', "columns"),
        (b"<sheetFormatPr ", b'<sheetFormatPr zeroHeight="1" ', ""),  # of rows that are not there
    ],
)
def test_each_way_to_hide_a_place_is_known(old: bytes, new: bytes, hides: str) -> None:
    data = replaced(book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(old, new, 1))
    rows, home = told(data)
    whole = [(1, [*HEADER]), (2, ["Ana", "5"])]
    kept = {"row": whole[:1], "column": [(1, ["Name"]), (2, ["Ana"])], "columns": [], "": whole}
    assert rows == kept[hides]
    assert len(home) == {"": 0, "columns": 2}.get(hides, 1)
    assert told(data, is_read=True) == (whole, [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"</sheetData>", b'<z:row xmlns:z="z"><c><v>9</v></c></z:row></sheetData>'),
        (b"</sheetData>", b'<z:z xmlns:z="z"><row><c><v>9</v></c></row></z:z></sheetData>'),
        (b"</row></sheetData>", b'<z:c xmlns:z="z"><v>9</v></z:c></row></sheetData>'),
    ],
)
def test_elements_that_no_spreadsheet_shows_are_not_read(old: bytes, new: bytes) -> None:
    data = replaced(book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(old, new, 1))
    assert told(data) == ([(1, [*HEADER]), (2, ["Ana", "5"])], [])


def test_a_part_that_stands_twice_in_the_archive_is_refused() -> None:
    """Readers differ in which of them they take."""
    target = io.BytesIO(book([HEADER, ("Ana", 5)]))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr(SHEET, archive.read(SHEET))
    with pytest.raises(ImportRefused, match="not a workbook"):
        read(target.getvalue())


@pytest.mark.parametrize("kind", [b"sharedStrings", b"styles"])
def test_a_part_is_read_once_however_many_references_it_has(kind: bytes) -> None:
    one = b'<Relationship Type="/%b" Target="styles.xml" Id="%d"/>'
    more = b"".join([one % (kind, number) for number in range(2)])
    data = replaced(
        book([HEADER, ("Ana", 5)]), "xl/_rels/workbook.xml.rels",
        lambda xml: xml.replace(b"</Relationships>", more + b"</Relationships>"),
    )  # fmt: skip
    with pytest.raises(ImportRefused, match="not a workbook"):
        read(data)


def test_no_workbook_is_read_without_a_treatment_of_its_hidden_places() -> None:
    with pytest.raises(ImportRefused, match="save it as CSV"):
        read_table(io.BytesIO(book([HEADER, ("Ana", 5)])))


@pytest.mark.parametrize("value", [10**15, 6222021234567890123, -(10.0**15)])
def test_a_number_that_a_spreadsheet_rounded_is_refused(value: float) -> None:
    with pytest.raises(ImportRefused, match="line 2, column 2: a number of more than 15 digits"):
        read(book([HEADER, ("Ana", value)]))


def test_a_long_number_entered_as_text_keeps_its_digits() -> None:
    assert read(book([HEADER, ("Ana", "6222021234567890123")]))[0][1]["Amount"].endswith("0123")


@pytest.mark.parametrize(
    ("kind", "value"),
    [(b"e", b"#REF!"), (b"s", b"-1"), (b"s", b"9"), (b"b", b"2"), (b"n", b"nan"), (b"n", b"1_0")],
)
def test_a_cell_without_a_definite_text_is_refused(kind: bytes, value: bytes) -> None:
    new = b't="%b"><v>%b</v>' % (kind, value)
    data = replaced(
        book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(b't="n"><v>5</v>', new)
    )
    with pytest.raises(ImportRefused, match=r"line 2, column 2: '.*' is no text|not a workbook"):
        read(data)


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
        read(data, whole=50_000)


def test_too_many_parts_and_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book([HEADER, ("Ana", 5), ("Bea", 6)])
    with monkeypatch.context() as patch:
        patch.setattr(workbook, "MAX_WORKBOOK_PARTS", 3)
        with pytest.raises(ImportTooLarge, match="parts"):
            read(data)
    monkeypatch.setattr(workbook, "MAX_WORKBOOK_ROWS", 2)
    with pytest.raises(ImportRefused, match="line 2: a row that comes late"):
        read(data)


def test_a_cell_far_to_the_right_is_refused() -> None:
    def far(content: bytes) -> bytes:
        return replaced(
            book([HEADER, ("Ana", 5)]), SHEET, lambda xml: xml.replace(b'r="B2"', content)
        )

    with pytest.raises(ImportRefused, match="line 2: over 256 columns"):
        read(far(b'r="XFD2"'))
    with pytest.raises(ImportRefused, match="line 2: a cell that comes late"):
        read(far(b'r="XFE2"'))


def before(mark: bytes, *, more: bytes) -> Callable[[bytes], bytes]:
    return lambda xml: xml.replace(mark, more + mark, 1)


@pytest.mark.parametrize(
    ("mark", "more"),
    [
        (b"</row>", b"<c/>" * (1 << 14)),
        (b"</row>", b"<v/>" * (1 << 14)),
        (b"</sheetData>", b"<row/>" * (1 << 19)),
        (b"</sheetData>", b"<row><c><v>1</v></c></row>" * (1 << 18)),
        (b"</worksheet>", b"<mergeCells>%b</mergeCells>" % (b"<mergeCell/>" * (1 << 19))),
        (b"<sheetData>", b"<sheetViews>%b</sheetViews>" % (b"<sheetView/>" * (1 << 19))),
    ],
    ids=["cells", "values", "rows", "rows of one cell", "merged cells", "views"],
)
def test_elements_are_bounded_by_the_size_of_the_file(
    mark: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of some kilobytes held an upload for a minute, or took gigabytes."""
    data = replaced(book([HEADER, ("Ana", 5)]), SHEET, before(mark, more=more))
    with monkeypatch.context() as patch:
        patch.setattr(workbook, "MAX_WORKBOOK_RATIO", 1 << 10)
        made = counted(patch)
        with pytest.raises((ImportTooLarge, ImportRefused), match="elements"):
            read(data, whole=64 << 20)
    assert made() <= 4 * (1 << 14) + 2 * len(data)
    if len(more) > 1 << 20:
        with pytest.raises(ImportTooLarge, match="128 times its size"):
            read(data, whole=64 << 20)


def counted(patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts the elements of XML that a reader takes from now on."""
    made, start = [0], xml_records._Reader._start

    def count(self: xml_records._Reader, name: str, attributes: dict[str, str]) -> None:
        made[0] += 1
        start(self, name, attributes)

    patch.setattr(xml_records._Reader, "_start", count)
    return lambda: made[0]


@pytest.mark.parametrize("words", [("yes",) * 40, (1,) * 40, ("yes", "MX", 5, True) * 4])
def test_a_table_that_repeats_itself_is_within_the_bounds(words: Row) -> None:
    assert len(read(book([range(len(words)), *[words] * 300]))) == 300


def test_a_part_that_repeats_itself_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SHEET, b"<c/>" * (1 << 18))

    def unpack(*_: object) -> None:
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
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
    home: list[tuple[int, str, str]] = []
    hidden = Hidden(tell=lambda *each: home.append(each), is_read=asks)
    header, rows = read_table(io.BytesIO(data), hidden=hidden)
    sheet = (0, "sheet 2", "only the first visible sheet is read")
    ana = {"Name": "Ana", "Amount": "5"}
    if asks:
        bea = {"Name": "Bea", "Amount": "6", "Informant": "Luz"}
        assert list(rows) == [(2, ana | {"Informant": "Luz"}), (3, bea)]
        assert home == [sheet]
    else:
        assert list(rows) == [(2, ana)]
        column, row = (1, "column C", "the column is hidden"), (3, "", "the row is hidden")
        assert home == [sheet, column, row]
        assert header == HEADER


def test_a_mapping_says_whether_hidden_columns_are_read() -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made.active.column_dimensions["B"].hidden = True

    data = book([("Number", "Name"), ("1", "Ana")], hide)
    asked = "hidden = true\n" + MAPPING
    assert len(parse_csv(data, parse_mapping(asked.encode())).entities) == 1
    with pytest.raises(ImportRefused, match=r"no column 'Name'.*hidden = true in the mapping"):
        parse_csv(data, parse_mapping(MAPPING.encode()))


def test_entities_in_the_xml_are_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'

    def change(xml: bytes) -> bytes:
        head, mark, rest = xml.partition(b"<worksheet")
        return head + laughs + mark + rest

    with pytest.raises(ImportRefused, match=r"sheet1.xml, line 1: a document type"):
        read(replaced(book([HEADER, ("Ana", 5)]), SHEET, change))


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


def test_one_damaged_byte_of_a_part_is_refused_or_read() -> None:
    """A byte of the archive is found by its sum; an attacker writes the right one."""
    chance = random.Random(1)
    data = book([HEADER, ("Ana", datetime.date(2026, 3, 1)), ("=1+1", 0.5)])
    parts = zipfile.ZipFile(io.BytesIO(data)).namelist()
    seen = 0
    for _ in range(200):
        place, sign = chance.random(), chance.randrange(1, 256)

        def damage(xml: bytes, place: float = place, sign: int = sign) -> bytes:
            at = int(place * len(xml))
            return xml[:at] + bytes([xml[at] ^ sign]) + xml[at + 1 :]

        with contextlib.suppress(ImportRefused, ImportTooLarge):
            seen += bool(read(replaced(data, chance.choice(parts), damage)))
    assert 0 < seen < 200


def test_a_cell_of_a_number_has_one_reading_and_a_cell_of_text_is_asked_about() -> None:
    day = datetime.date(2026, 3, 4)
    mapping = parse_mapping(
        b"""
        [entities.payment]
        schema = "Payment"
        id = "row"
        properties = { amount = "Amount", currency = "Currency", date = "Day" }
        """
    )
    head = ("Amount", "Currency", "Day")
    (entity,) = parse_csv(book([head, (1.234, "usd", day)]), mapping).entities
    assert entity.properties == {
        "amount": ("1.234",),
        "currency": ("USD",),
        "date": ("2026-03-04",),
    }
    (entity,) = parse_csv(book([head, ("250,000.50", "€", "25/04/2026")]), mapping).entities
    assert entity.properties == {
        "amount": ("250000.50",),
        "currency": ("EUR",),
        "date": ("2026-04-25",),
    }
    # The number's cell says nothing of the text's.
    with pytest.raises(ImportRefused, match="line 3, column 'Amount': two readings"):
        parse_csv(book([head, (0.5, "USD", day), ("1.234", "USD", day)]), mapping)
