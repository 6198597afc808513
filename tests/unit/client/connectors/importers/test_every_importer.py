"""Every importer reads a file of its format, and refuses odd and hostile ones as such.

A plug-in's author may take this file as an example: the table has a file of each format.
"""

import contextlib
import gzip
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cases import each_case
from support.examples import examples
from tearline.errors import ImportRefused, ImportTooLarge
from tearline_client.connectors.contract import Importer, Options
from tearline_client.connectors.importers import report
from tearline_client.connectors.importers.report import Report, finding_row
from tearline_client.connectors.registry import IMPORTERS, load, offers
from tearline_client.planning.entities import Entity
from unit.client.connectors.importers import (
    bank_messages,
    test_csv,
    test_eu,
    test_eu_table,
    test_ftm,
    test_misp,
    test_mt940,
    test_ofac,
    test_stix,
    test_un,
)
from unit.client.connectors.importers.made_files import around, peak
from unit.client.connectors.importers.sources import SOURCES

CANARY = "canary-5d1f"
ROW = f"{CANARY},,14.03.1979,,China,"
LINES = (":61:260301D9,90NTRFNONREF", f":86:{CANARY}")
FILES: Mapping[str, bytes] = {
    "camt": bank_messages.document(
        bank_messages.statement(
            bank_messages.entry("9.90", bank_messages.details(CANARY, bank_messages.OTHER)),
            closing="90.10",
        )
    ),
    "csv": f"{test_csv.HEADER}\n{ROW}\n".encode(),
    "eu": test_eu.document(test_eu.PLAIN.replace("EU.2.34", f"EU.{CANARY}")),
    "ftm": test_ftm.line(properties={"name": [CANARY]}).encode(),
    "misp": json.dumps(
        test_misp.event(test_misp.item("person", test_misp.attribute("full-name", CANARY)))
    ).encode(),
    "mt940": test_mt940.message(*LINES).encode(),
    "ofac": test_ofac.table(test_ofac.row("1", CANARY)),
    "stix": test_stix.bundle(test_stix.person(name=CANARY)),
    "un": test_un.document("", test_un.BARE.replace("BARE", CANARY)),
}
GIVEN: Mapping[str, Options] = {"csv": {"mapping": test_csv.MAPPING}}
NAMES = sorted(FILES)
MEMORY_BYTES = 48 << 20


@cache
def importer(name: str) -> Importer:
    found: Importer = load(offers(IMPORTERS)[name], Importer).value
    return found


def options_of(name: str) -> Options:
    return {each.name: "" for each in importer(name).options} | GIVEN.get(name, {})


def read(name: str, data: bytes, findings: Report | None = None) -> list[Entity]:
    taken = Report() if findings is None else findings
    return list(importer(name).read(io.BytesIO(data), options_of(name), taken))


def outcome(name: str, data: bytes) -> tuple[list[Entity], str]:
    """Returns the entities of a file, or none and the reason of its refusal."""
    try:
        return read(name, data), ""
    except (ImportRefused, ImportTooLarge) as refused:
        return [], refused.why


def archive(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", b"0" * size)
    return out.getvalue()


LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
HOSTILE: Mapping[str, bytes] = {
    "empty": b"",
    "NUL bytes": b"\0" * 65_536,
    "any bytes": bytes(range(256)) * 256,
    "a gzip bomb": gzip.compress(b"0" * (64 << 20)),
    "a zip bomb": archive(64 << 20),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n",
    "a page": b"<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>",
    "entities in entities": f'<!DOCTYPE x [<!ENTITY a0 "x">{LAUGHS}]><x>&a9;</x>'.encode(),
    "an entity of a file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "deep JSON": b'{"a":' * 200_000,
    "deep XML": b"<a>" * 200_000,
    "a line without end": b"a" * (6 << 20),
    "a key without end": b'{"' + b"a" * (6 << 20),
    "a tag without end": b"<" + b"a" * (6 << 20),
    "lines without content": b"\r\n" * 65_536,
    "a surrogate": b'{"a": "\xed\xa0\x80"}',
    "UTF-16 of another file": "a,b\n1,2\n".encode("utf-16"),
}


def test_the_table_has_each_importer() -> None:
    assert sorted(offers(IMPORTERS)) == NAMES


@each_case("name", NAMES)
def test_a_file_of_the_format_is_read_and_equal_files_make_equal_entities(name: str) -> None:
    first, second = Report(), Report()
    assert CANARY in repr(entities := read(name, FILES[name], first))
    assert read(name, FILES[name], second) == entities
    assert list(first) == list(second)
    assert CANARY not in repr([finding_row(each) for each in first])


@each_case("kind", HOSTILE)
@each_case("name", NAMES)
def test_a_hostile_file_is_refused_in_bounded_memory(name: str, kind: str) -> None:
    read(name, FILES[name])  # what is loaded once
    tracemalloc.start()
    try:
        entities, why = outcome(name, HOSTILE[kind])
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()
    assert entities == []  # a file without an entity is refused behind the importer
    assert len(why) < 500


@each_case("encoding", ["utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis"])
@each_case("name", NAMES)
def test_another_encoding_is_refused_or_read_as_that(name: str, encoding: str) -> None:
    data = FILES[name].decode().replace(CANARY, f"{CANARY}é裘").encode(encoding, "ignore")
    entities, why = outcome(name, data)
    assert CANARY not in why
    if not why:
        assert CANARY in repr(entities)
        assert "é" in repr(entities) or encoding == "shift_jis"


@each_case("name", NAMES)
def test_a_file_that_was_cut_off_is_refused_or_read_to_there(name: str) -> None:
    data = FILES[name]
    for end in range(0, len(data), max(1, len(data) // 97)):
        assert CANARY not in outcome(name, data[:end])[1]


@each_case("name", sorted(SOURCES))
def test_one_damaged_byte_is_refused_or_read(name: str) -> None:
    """Any other error would end the program, or the request of a console."""
    source, chance = SOURCES[name], random.Random(1)
    importer_of, options = source.loaded()
    whole = source.content(["a1", "b2"])
    for place in chance.sample(range(len(whole)), min(200, len(whole))):
        damaged = bytearray(whole)
        damaged[place] ^= chance.randrange(1, 256)
        with contextlib.suppress(ImportRefused, ImportTooLarge):
            list(importer_of.value.read(io.BytesIO(damaged), options, Report()))


@pytest.mark.parametrize("escape", ["\\ud800", "\\uDFFF"])
@pytest.mark.parametrize("name", ["ftm", "misp", "stix"])
def test_half_a_character_in_a_key_or_value_is_refused(name: str, escape: str) -> None:
    """It can be written nowhere: neither in a report, nor in a packet."""
    whole = FILES[name].decode()
    places = [at for at, sign in enumerate(whole) if sign == '"'][::2]
    for at in places:  # the beginning of each text of the file
        assert outcome(name, f"{whole[: at + 1]}{escape}{whole[at + 1 :]}".encode())[1] != ""


def _changed(data: bytes, draw: Callable[[st.SearchStrategy[int]], int], part: bytes) -> bytes:
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.integers(0, 16)))
    again = draw(st.integers(0, 3))
    return data[:start] + part + data[start:end] * again + data[end:]


PARTS = st.sampled_from(
    [
        *(b"", b"\0", b"\xff", b'"', b"{", b"[", b"}", b"]", b",", b";", b":", b"<", b">", b"&a;"),
        *(b"null", b"-1", b"1e999", b"9" * 5000, b"\n", b"\r", b":61:", b"<![CDATA[", b"\xef\xbb"),
        *(b"<!DOCTYPE x>", b"\\ud800", b"\xe2\x80\xae", b"</", b"<?x?>", b'":{"', b"-\r\n:20:A"),
    ]
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=examples(50))
@given(data=st.data())
def test_no_change_of_a_file_makes_an_importer_fail(name: str, data: st.DataObject) -> None:
    changed = FILES[name]
    for _ in range(data.draw(st.integers(1, 3))):
        changed = _changed(changed, data.draw, data.draw(PARTS))
    entities, why = outcome(name, changed)
    assert len(why) < 500
    assert all(values for each in entities for values in each.properties.values())


def _rows(count: int) -> Iterator[bytes]:
    yield f"{test_csv.HEADER}\n".encode()
    yield from (f"P{number},,14.03.1979,,China,\n".encode() for number in range(count))


def _entities(count: int) -> Iterator[bytes]:
    yield from (f"{test_ftm.line(id=f'p{number}')}\n".encode() for number in range(count))


def _entries(count: int) -> Iterator[bytes]:
    opening, closing = f"C260301EUR{count},00", "C260301EUR0,00"
    whole = test_mt940.message("HERE", opening=opening, closing=closing).encode()
    lines = (f":61:260301D1,00NTRFR{number}\r\n:86:tea\r\n".encode() for number in range(count))
    yield from around(whole, b"HERE\r\n", lines)


def _listed(count: int) -> Iterator[bytes]:
    made = (
        test_eu.COMPANY.replace("EU.2.34", f"EU.2.{number}").replace('"14"', f'"{number}"')
        for number in range(count)
    )
    rows = (test_eu_table.rows(test_eu.document(entry))[0] for entry in made)
    for number, row in enumerate(rows):
        header, cells = test_eu_table.table([row]).split(b"\r\n", 1)
        yield cells if number else b"%b\r\n%b" % (header, cells)


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_every_importer.py::test_the_table_has_each_importer"
)
@pytest.mark.parametrize(
    ("name", "pieces", "most"),
    [
        ("csv", _rows, 200),
        ("ftm", _entities, 200),
        ("mt940", _entries, 200),
        ("eu", _listed, 400),  # its reference is held
    ],
    ids=["csv", "ftm", "mt940", "eu"],
)
def test_memory_does_not_grow_with_the_number_of_rows(
    name: str,
    pieces: Callable[[int], Iterator[bytes]],
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other importers have a test of their own; that of OFAC's list holds all rows."""
    monkeypatch.setattr(report, "_HELD", 0)  # findings beyond it are in a file

    def memory(count: int) -> int:
        def read(stream: BinaryIO) -> None:
            made = importer(name).read(stream, options_of(name), Report())
            assert sum(1 for _ in made) >= count

        return peak(read, pieces(count))

    memory(10)  # what is loaded once
    # The entities of a row take a KiB or more.
    assert memory(1_200) - memory(200) < most * 1_000
