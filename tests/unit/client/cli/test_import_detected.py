"""``import csv --dry-run``: the form that a table seems to have, beside that of the mapping."""

import json
from pathlib import Path

import openpyxl
import pytest

from support.cli import Desk

ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
ENTITIES = """
[entities.owner]
schema = "Person"
id = ["Name"]

[entities.owner.properties]
name = "Name"
birthDate = "Born"
"""
LATIN = "Name;Born\nPeña Müller;1979\nGröße, ÄÖ;1980\n"
CHINESE = "Name,Born\n裘文昊,1979\n任宝林,1980\n"


@pytest.mark.parametrize(
    ("text", "encoding", "delimiter", "told"),
    [
        (LATIN, "utf-8-sig", ";", "UTF-8 with a byte order mark, a semicolon"),
        (LATIN, "utf-16", ";", "UTF-16 with a byte order mark, a semicolon"),
        (LATIN, "cp1252", ";", "CP1252 without a byte order mark, a semicolon"),
        (CHINESE, "gb18030", ",", "GB18030 without a byte order mark, a comma"),
        (CHINESE.replace(",", "\t"), "utf-8", "\t", "UTF-8 without a byte order mark, a tab"),
    ],
)
def test_a_dry_run_says_what_it_detects(
    desk: Desk, tmp_path: Path, text: str, encoding: str, delimiter: str, told: str
) -> None:
    table, right, wrong = (tmp_path / name for name in ("t.csv", "right.toml", "wrong.toml"))
    table.write_bytes(text.encode(encoding))
    named = encoding.removesuffix("-sig")
    stated = json.dumps(delimiter)  # a text of JSON is one of TOML
    right.write_text(f'delimiter = {stated}\nencoding = "{named}"\n{ENTITIES}')
    wrong.write_text(f'delimiter = "|"\nencoding = "koi8-r"\n{ENTITIES}')

    seen = desk.run("import", "csv", table, "--mapping", right, "--dry-run", *ORDER)
    assert seen.exit_code == 0, seen.output
    assert f"Detected: {told} between cells.\n" in seen.stderr
    refused = desk.run("import", "csv", table, "--mapping", wrong, "--dry-run", *ORDER)
    assert refused.exit_code != 0
    assert f"{told} between cells; the mapping states KOI8-R, and a bar between" in refused.stderr
    assert "Detected" not in desk.run("import", "csv", table, "--mapping", right, *ORDER).stderr


def test_a_dry_run_says_that_a_file_is_a_workbook(desk: Desk, tmp_path: Path) -> None:
    book, table, mapping = openpyxl.Workbook(), tmp_path / "t.xlsx", tmp_path / "m.toml"
    for row in (("Name", "Born"), ("Ana", "1979")):
        book.active.append(row)
    book.save(table)
    mapping.write_text(ENTITIES)
    seen = desk.run("import", "csv", table, "--mapping", mapping, "--dry-run", *ORDER)
    assert "Detected: a workbook (XLSX), of which the first visible sheet is read." in seen.stderr
