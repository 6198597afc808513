"""Previews of tables: the encoding, the mark and the delimiter are detected, and a mapping made."""

import io

import openpyxl
import pytest

from support.cases import each_case
from tearline.errors import ImportRefused, ImportTooLarge
from tearline_client.connectors.importers.csv import parse_csv
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.preview import (
    PREVIEWED_ROWS,
    TableForm,
    detect_form,
    mapping_text,
    preview_table,
)

TABLE = "Name;Born;Note\nPeña;1979;a, b\n裘文昊;1980;c\n"
LATIN = "Name;Born\nPeña;1979\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told", "has_mark"),
    [
        (TABLE, "utf-8", "utf-8", False),
        (TABLE, "utf-8-sig", "utf-8", True),
        (TABLE, "utf-16", "utf-16", True),
        (TABLE, "utf-16-le", "utf-16-le", False),
        (LATIN, "utf-16-be", "utf-16-be", False),
        (LATIN, "cp1252", "cp1252", False),
        (LATIN + "Größe;ÄÖ\n", "cp1252", "cp1252", False),
    ],
)
def test_an_encoding_is_detected(text: str, encoding: str, told: str, has_mark: bool) -> None:
    seen = preview_table(text.encode(encoding))
    assert (seen.encoding, seen.has_mark, seen.delimiter) == (told, has_mark, ";")
    assert seen.text == text
    assert (seen.header[0], seen.rows[0][:2]) == ("Name", ("Peña", "1979"))


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_a_delimiter_is_the_one_that_gives_equal_rows(delimiter: str) -> None:
    rows = [["a", "b", "c"], ["1,5", "x;y", "z|z"], ["2", "", "w"]]
    lines = (delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    seen = preview_table("\n".join(lines).encode())
    assert seen.delimiter == delimiter
    assert [list(seen.header), *map(list, seen.rows)] == rows


@each_case("encoding", ["utf-8", "utf-16", "gb18030", "cp1252"])
@each_case("shift", range(4))
def test_a_large_table_is_detected_by_its_beginning(encoding: str, shift: int) -> None:
    row = "Peña;1979\n" if encoding == "cp1252" else "Peña;裘文昊，任宝林\n"
    text = "N" * shift + "ame;Born\n" + row * 9_000
    stream = io.BytesIO(text.encode(encoding))
    detected = TableForm(encoding=encoding, has_mark=encoding == "utf-16", delimiter=";")
    assert detect_form(stream) == detected
    assert stream.tell() == 0


def test_a_preview_has_few_rows_and_the_whole_text() -> None:
    text = "n\n" + "".join(f"{number}\n" for number in range(1000))
    seen = preview_table(text.encode())
    assert len(seen.rows) == PREVIEWED_ROWS
    assert seen.text == text


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xff\xfe\x00", b"a\x00b\n", b"\x81\x8d\n", b'"open\n', b"PK\x03\x04x"]
)
def test_data_that_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises((ImportRefused, ImportTooLarge)):
        preview_table(data)


def test_a_workbook_becomes_text() -> None:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (("Name", "Note"), ("Qiu, Wenhao", 'says "no"')):
        book.active.append(row)
    book.save(target)
    seen = preview_table(target.getvalue())
    assert (seen.encoding, seen.delimiter) == ("", ",")
    assert preview_table(seen.text.encode()).rows == seen.rows == (("Qiu, Wenhao", 'says "no"'),)


def test_chosen_columns_are_a_mapping_whatever_their_names() -> None:
    odd = 'He said "id" \\ ü\t'
    seen = preview_table(f"{odd}|Also|Skip\n1|Ana|x\n".replace("\t|", "|").encode())
    column = seen.header[0]
    text = mapping_text("|", "Person", {column: "idNumber", "Also": "name"}, [column])
    (entity,) = parse_csv(seen.text.encode(), parse_mapping(text.encode())).entities
    assert entity.properties == {"idNumber": ("1",), "name": ("Ana",)}
    each_row = mapping_text("|", "Person", {"Also": "name"}, [])
    assert parse_mapping(each_row.encode()).entities["row"].id == ()


def test_hidden_places_of_a_workbook_are_told_or_read() -> None:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (("Name", "Informant"), ("Ana", "Luz")):
        book.active.append(row)
    book.active.column_dimensions["B"].hidden = True
    book.save(target)
    seen, whole = (preview_table(target.getvalue(), hidden=each) for each in (False, True))
    assert (seen.rows, whole.rows) == ((("Ana",),), (("Ana", "Luz"),))
    assert [each.column for each in seen.findings] == ["column B"]
    assert list(whole.findings) == []
    text = mapping_text(",", "Person", {"Name": "name"}, [], hidden=True)
    assert parse_mapping(text.encode()).hidden
