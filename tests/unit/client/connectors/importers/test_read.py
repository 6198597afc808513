"""Reading of a source by an importer: refusals name the next step."""

from pathlib import Path

import pytest

from tearline.errors import ImportRefused
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.read import read_source
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.registry import IMPORTERS, Connector, load, offers

_CAMT = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"></Document>'
_BLOCKS = b"{1:F01BANKDEFFAXXX0000000000}{2:O9400000}{4:\r\n:20:ONE\r\n"


def importer(name: str) -> Connector[Importer]:
    return load(offers(IMPORTERS)[name], Importer)


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("camt", b":20:ONE\r\n:25:1\r\n", "tearline import mt940 FILE"),
        ("camt", _BLOCKS, "tearline import mt940 FILE"),
        ("ftm", _CAMT, "tearline import camt FILE"),
        ("mt940", _CAMT, "tearline import camt FILE"),
    ],
    ids=["camt of lines", "camt of blocks", "ftm", "mt940"],
)
def test_a_file_of_another_format_of_banks_is_named(
    tmp_path: Path, name: str, content: bytes, hint: str
) -> None:
    path = tmp_path / "statement"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match=f"; it looks like .*: {hint}"):
        read_source(path, importer(name), {"encoding": ""}, Report())


def test_a_file_of_the_own_format_has_no_hint(tmp_path: Path) -> None:
    path = tmp_path / "statement"
    path.write_bytes(b":20:ONE\r\n:61:?\r\n")
    with pytest.raises(ImportRefused) as refused:
        read_source(path, importer("mt940"), {"encoding": ""}, Report())
    assert "it looks like" not in refused.value.why


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"none\.csv cannot be opened .*check the name"):
        read_source(tmp_path / "none.csv", importer("ftm"), {}, Report())
