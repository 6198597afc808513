"""Cells of workbooks: this project's reader and openpyxl take the same from the same files."""

import datetime
import io
import itertools
import random
import re
import zipfile
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.importers import workbook_cells
from tearline_client.connectors.importers.source import Hidden, read_records
from tearline_client.connectors.importers.workbook_cells import Shown, _shown
from unit.client.connectors.importers.test_workbook import book, replaced

SEEDS = range(12)
STYLES = "xl/styles.xml"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
FORMATS = (
    "General", "0", "0.00", "#,##0.00", "0%", "0.00E+00", "@", "# ?/?", "mm-dd-yy", "d-mmm-yy",
    "d-mmm", "mmm-yy", "h:mm AM/PM", "h:mm:ss", "m/d/yy h:mm", "mm:ss", "yyyy-mm-dd",
    'yyyy"年"m"月"d"日"', "[$-F800]dddd, mmmm dd, yyyy", '0.0" days"', r"0\d", "[Red]0;[Blue]-0",
    '"S/." #,##0', "0_d", "dd/mm/yyyy;@", "[$USD] #,##0.00",
)  # fmt: skip
DURATIONS = ("[h]:mm:ss", "[mm]:ss", "[h]:mm")
WORDS = ("Qiu Wenhao", "裘文昊", " María ", "a\nb", "'=1", "0123", "é́", "_x000_", "<b>&amp;", "🙂")


def read(data: bytes) -> list[tuple[int, list[str]]]:
    hidden = Hidden(tell=lambda *_: None)
    return list(read_records(io.BytesIO(data), hidden=hidden))


def judged(data: bytes) -> list[tuple[int, list[str]]]:
    """The records as openpyxl reads them."""
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True).active
    found = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        texts = [text_of(value) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            found.append((number, texts))
    return found


def text_of(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return str(int(value)) if value == int(value) else f"{value:.15g}"
        case datetime.datetime():
            is_day = value.time() == datetime.time()
            return value.date().isoformat() if is_day else value.isoformat(timespec="seconds")
        case datetime.time():
            return value.isoformat(timespec="seconds")
        case datetime.timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        case _:
            return str(value)


def made(seed: int) -> bytes:
    chance = random.Random(seed)

    def values() -> Iterator[tuple[object, str]]:
        while True:
            yield from chance.sample([
                (chance.choice(WORDS), "General"),
                (chance.randrange(-(10**14), 10**14), "0"),
                (chance.uniform(-1e6, 1e6), chance.choice(FORMATS[:8])),
                (round(chance.uniform(0, 80_000), 3), chance.choice(FORMATS)),
                (chance.randrange(80_000), chance.choice(FORMATS)),
                (chance.choice([0, 0.25, 1, 59, 61, 62.5]), "yyyy-mm-dd"),
                (chance.randrange(10**6) / 86400, chance.choice(DURATIONS)),
                (datetime.datetime(1970, 1, 1) + datetime.timedelta(chance.randrange(40_000)), ""),
                (datetime.time(chance.randrange(24), chance.randrange(60)), ""),
                (chance.choice([True, False]), "General"),
                (None, "General"),
                (1e-9 * chance.random(), "General"),
            ], 7)  # fmt: skip

    def fill(made: openpyxl.Workbook) -> None:
        if seed % 3 == 0:
            made.epoch = CALENDAR_MAC_1904
        source = values()
        for row, column in itertools.product(range(1, 30, 1 + seed % 2), range(1, 9)):
            value, form = next(source)
            cell = made.active.cell(row, column, value)
            if form:
                cell.number_format = form
        runs = [TextBlock(InlineFont(b=True), "Qiu"), " ", TextBlock(InlineFont(i=True), "Wenhao ")]
        made.active.cell(31, 2, CellRichText(*runs))

    data = book([], fill)
    return shared(data) if seed % 2 else data


def shared(data: bytes) -> bytes:
    """The workbook with the texts of its cells in a part of their own, as spreadsheets save it."""
    items: dict[bytes, int] = {}

    def share(sheet: bytes) -> bytes:
        return re.sub(
            rb't="inlineStr"><is>(.*?)</is>',
            lambda found: b't="s"><v>%d</v>' % items.setdefault(found[1], len(items)),
            sheet,
            flags=re.DOTALL,
        )

    def after(mark: bytes, more: bytes) -> Callable[[bytes], bytes]:
        return lambda xml: xml.replace(mark, more + mark)

    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    related = b'<Relationship Id="strings" Type="%b" Target="/%b"/>' % (kind, STRINGS.encode())
    form = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    typed = b'<Override PartName="/%b" ContentType="%b"/>' % (STRINGS.encode(), form)
    data = replaced(data, SHEET, share)
    data = replaced(data, "xl/_rels/workbook.xml.rels", after(b"</Relationships>", related))
    target = io.BytesIO(replaced(data, "[Content_Types].xml", after(b"</Types>", typed)))
    with zipfile.ZipFile(target, "a") as archive:
        names = b"".join(b"<si>%b</si>" % item for item in items)
        head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        archive.writestr(STRINGS, head + names + b"</sst>")
    return target.getvalue()


@each_case("seed", SEEDS)
def test_both_readers_take_the_same_from_a_workbook(seed: int) -> None:
    data = made(seed)
    assert read(data) == judged(data)
    assert len(read(data)) >= 10


@pytest.mark.parametrize(
    "item",
    [
        b"<t>Ana</t><phoneticPr fontId='0'/>",
        b"<r><t>A</t></r><r><rPr><b/></rPr><t xml:space='preserve'> </t></r><r><t>na</t></r>",
        b'<t>Ana</t><rPh sb="0" eb="1"><t>ANA</t></rPh>',
        b"",
        b"<t/>",
        b"<t>&lt;b&gt;&#10;x</t>",
    ],
)
def test_both_readers_take_the_same_shared_texts(item: bytes) -> None:
    data = shared(book([("Ana", "Luz"), ("Luz", 5)]))
    changed = replaced(data, STRINGS, lambda xml: xml.replace(b"<t>Ana</t>", item))
    assert read(changed) == judged(changed)
    assert read(changed)[1] == (2, ["Luz", "5"])


@each_case(
    "cell",
    [
        b'<c r="A1" t="inlineStr"><is><t>x</t></is></c>',
        b'<c r="A1" t="inlineStr"><is><r><t>x</t></r><r><t> y</t></r></is></c>',
        b'<c r="A1" t="str"><f>B1</f><v>x</v></c>',
        b'<c r="A1" t="str"><f>B1</f><v></v></c>',
        b'<c r="A1" t="b"><f>B1</f><v>1</v></c>',
        b'<c r="A1"><f>B1</f><v>7.50</v></c>',
        b'<c r="A1"><v>1E3</v></c>',
        b'<c r="A1"><v>-0.5</v></c>',
        b'<c r="A1" t="d"><v>2026-03-01T12:30:00</v></c>',
        b"<c><v>1</v></c><c><v>2</v></c>",
        b'<c r="A1" s="0"/><c r="C1"><v>2</v></c>',
    ],
)
def test_both_readers_take_the_same_from_a_cell(cell: bytes) -> None:
    rows = b'<row r="1">%b</row><row><c t="n"><v>5</v></c></row><row r="7"><c><v>6</v></c></row>'
    sheet = b"<sheetData>%b</sheetData>" % (rows % cell)
    whole = re.compile(b"<sheetData>.*</sheetData>", re.DOTALL)
    data = replaced(book([("Ana",)]), SHEET, lambda xml: whole.sub(sheet, xml))
    assert read(data) == judged(data)
    assert read(data)[-1] == (7, ["6"])


@each_case(
    ("value", "shown"),
    [(0, "00:00:00"), (1, "1900-01-01"), (59, "1900-02-28"), (60, None), (61, "1900-03-01"),
     (2958465, "9999-12-31"), (2958466, None), (-1, None), (60.5, None)],
)  # fmt: skip
def test_days_are_counted_as_spreadsheets_do(value: float, shown: str | None) -> None:
    """The day 60 is the 29th of February 1900, which never was."""

    def form(made: openpyxl.Workbook) -> None:
        made.active.cell(1, 1, value).number_format = "yyyy-mm-dd"

    data = book([], form)
    if shown is None:
        with pytest.raises(ImportRefused, match="formatted as a date, and is no day"):
            read(data)
    else:
        assert read(data) == [(1, [shown])]


def test_formats_of_east_asia_that_no_file_explains_show_days() -> None:
    data = replaced(
        book([], lambda made: setattr(made.active.cell(1, 1, 46000), "number_format", "d-mmm")),
        STYLES, lambda xml: xml.replace(b'numFmtId="16"', b'numFmtId="31"'),
    )  # fmt: skip
    assert read(data) == [(1, ["2025-12-09"])]


def test_letters_between_quotes_show_no_day() -> None:
    assert _shown('#,##0 "d;m"') is Shown.NUMBER


@pytest.mark.parametrize("code", ["[h]:mm", "[ss]", "[Red][hh]:mm", "[MM]:SS.0"])
def test_a_format_with_a_bracketed_letter_shows_a_duration(code: str) -> None:
    assert _shown(code) is Shown.DURATION


def test_control_characters_of_a_text_are_spelled_with_bars() -> None:
    new = b"<t>a_x000D_\nb_x005F_x000D_ _x0041_</t>"
    data = replaced(book([("Ana",)]), SHEET, lambda xml: xml.replace(b"<t>Ana</t>", new))
    assert read(data) == [(1, ["a\r\nb_x000D_ _x0041_"])]
    data = replaced(book([("Ana",)]), SHEET, lambda xml: xml.replace(b"Ana", b"A_x0000_"))
    with pytest.raises(ImportRefused, match="is no text"):
        read(data)


@pytest.mark.parametrize("value", ["1" * 65, "1" * 64 + "x"])
def test_a_number_of_many_digits_is_refused_before_it_is_matched(value: str) -> None:
    def change(sheet: bytes) -> bytes:
        return sheet.replace(b"<v>1</v>", b"<v>%b</v>" % value.encode())

    data = replaced(book([[1]]), SHEET, change)
    with pytest.raises(ImportRefused, match=r"line 1, column 1: a number of over 64 characters"):
        read(data)


def test_a_bracket_without_an_end_is_read_once() -> None:
    assert _shown("0[d") is Shown.NUMBER
    assert _shown("[" * (1 << 20)) is Shown.NUMBER


def test_escapes_of_a_text_are_read_once_however_many_cells_share_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_once = []
    monkeypatch.setattr(workbook_cells, "_unescaped", lambda text: read_once.append(text) or text)
    row = ["a"] * 20
    assert read(shared(book([row, row]))) == [(1, row), (2, row)]
    assert read_once == ["a"]
