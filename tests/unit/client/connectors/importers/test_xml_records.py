"""Records of XML files: in bounded memory, and never an entity."""

import io
import tracemalloc
from typing import BinaryIO

import pytest

from support.cases import each_case
from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import (
    MAX_XML_DEPTH,
    MAX_XML_NAME,
    MAX_XML_NAMES,
    MAX_XML_RECORD_BYTES,
    MAX_XML_RECORD_NODES,
)
from tearline_client.connectors.importers import xml_records as module
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.xml_records import Untaken, xml_records
from unit.client.connectors.importers.made_files import around, peak


def read(text: str | bytes, *names: str) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [each.name for each in xml_records(io.BytesIO(data), names or ("r",))]


def test_inner_records_come_first_and_know_what_is_around_them() -> None:
    text = "<s><a>1</a><n><b>2</b><t>3</t><t> 4 </t></n><n/></s>"
    found = list(xml_records(io.BytesIO(text.encode()), {"s", "n", "t"}))
    assert [each.name for each in found] == ["t", "t", "n", "n", "s"]
    assert [each.text for each in found[:2]] == ["3", "4"]
    around = found[0].within("n")
    assert around is found[2]
    assert [child.name for child in found[2].children] == ["b"]
    assert [child.name for child in found[4].children] == ["a"]


BOMB = (
    '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><r>&c;</r>'
)


@each_case(
    ("text", "told"),
    [
        (BOMB, "document type"),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "document type"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "document type"),
        ('<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><r/>', "document type"),
        ("<r>&undeclared;</r>", "no XML"),
        ("<r><a></r>", "no XML"),
        ("<r>", "no XML"),
        ("", "no XML"),
        ("no XML at all", "no XML"),
        ("<r>\0</r>", "no XML"),
        ("<r>" * (MAX_XML_DEPTH + 1), "nested over"),
        ("<r>" + "<a/>" * MAX_XML_RECORD_NODES + "</r>", "a record of over"),
        ("<r>" + "a" * (MAX_XML_RECORD_BYTES + 1) + "</r>", "a record of over"),
        (f"<r a='{'a' * (2 * MAX_XML_RECORD_BYTES)}'/>", "a tag of over"),
        (f"<r><{'a' * (MAX_XML_NAME + 1)}/></r>", "a name of over"),
        ("<s>" + "".join(f"<a{n}/>" for n in range(MAX_XML_NAMES + 1)) + "</s>", "names"),
        (
            "<s>" + "".join(f"<a xmlns:p{n}='u'/>" for n in range(MAX_XML_NAMES + 1)) + "</s>",
            "names",
        ),
        ('<?xml version="1.0" encoding="no-such"?><r/>', "encoding|no XML"),
    ],
)
def test_a_hostile_file_is_refused(text: str, told: str) -> None:
    with pytest.raises(ImportRefused, match=told) as refused:
        read(text)
    assert "passwd" not in str(refused.value)


def test_an_entity_bomb_is_refused() -> None:
    with pytest.raises(ImportRefused, match="document type"):
        read(BOMB)


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(ImportTooLarge):
        list(xml_records(io.BytesIO(b"<r/>" + b" " * 100), {"r"}, maximum=50))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_text_has_the_encoding_of_the_file(encoding: str) -> None:
    declared = encoding.replace("-sig", "").replace("cp", "windows-")
    text = f'<?xml version="1.0" encoding="{declared}"?><r>Müller</r>'
    (record,) = xml_records(io.BytesIO(text.encode(encoding)), {"r"})
    assert record.text == "Müller"


def test_bytes_of_another_encoding_are_refused_with_their_line() -> None:
    with pytest.raises(ImportRefused, match="line 2"):
        read("<r>\nMüller</r>".encode("iso-8859-1"))


def memory(count: int) -> int:
    rows = (b"\n  <r><a>%d</a><b c='d'>text</b></r>" % number for number in range(count))

    def read(stream: BinaryIO) -> None:
        assert sum(1 for _ in xml_records(stream, {"r", "s"})) == count + 1

    return peak(read, around(b"<s><head>1</head>#</s>", b"#", rows))


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_xml_records.py::test_inner_records_come_first_and_know_what_is_around_them"
)
def test_memory_does_not_grow_with_the_number_of_records() -> None:
    assert memory(40_000) < 1.2 * memory(4_000)


def test_an_attribute_that_is_taken_again_and_again_is_marked_once() -> None:
    (element,) = xml_records(io.BytesIO(b"<r c='d'/>"), ())
    assert {element.attribute("c") for _ in range(9)} == {"d"}
    assert element._taken == ("c",)


def test_each_kind_of_element_that_is_not_taken_is_one_finding() -> None:
    text = "<s><r><a>1</a><b>2</b></r><r><b>3</b><b> </b></r></s>"
    untaken, report = Untaken(), Report()
    for record in xml_records(io.BytesIO(text.encode()), {"r"}):
        assert record.text_at("a") in ("1", "")
        untaken.count(record)
    untaken.report(report)
    (finding,) = report
    assert (finding.column, finding.concern) == ("r/b", Concern.STAYS_HOME)
    assert "2 in the file" in finding.why


def test_the_count_of_elements_holds_no_path_for_each_of_them() -> None:
    deep = [f"{'a' * (MAX_XML_NAME - 8)}{n}" for n in range(MAX_XML_DEPTH - 4)]
    begin = "".join(f"<{name}>" for name in deep)
    end = "".join(f"</{name}>" for name in reversed(deep))
    text = f"<r>{begin}{'<x>1</x>' * 2000}{end}</r>"
    (record,) = xml_records(io.BytesIO(text.encode()), {"r"})
    tracemalloc.start()
    Untaken().count(record)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20  # 2,000 paths are over 40 MB


def test_more_kinds_of_elements_than_a_report_counts_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_XML_PATHS", 3)
    text = "<r>" + "".join(f"<a{n}>1</a{n}>" for n in range(4)) + "</r>"
    (record,) = xml_records(io.BytesIO(text.encode()), {"r"})
    with pytest.raises(ImportRefused, match="kinds of elements"):
        Untaken().count(record)
