import io
import json
import os
from collections import Counter

import pytest

from support.cases import each_case
from support.paths import shared
from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import MAX_FIELD_BYTES, MAX_IMPORT_BYTES, MAX_LINE_BYTES, MAX_VALUES
from tearline_client.connectors.importers import report as findings_module
from tearline_client.connectors.importers.ftm import iter_ftm, read_ftm
from tearline_client.connectors.importers.report import Concern, Finding, Report, gather
from tearline_client.planning.entities import Entity

PERSON = {
    "id": "p1",
    "schema": "Person",
    "properties": {"name": ["Ana Invented"], "birthDate": ["1970-01"]},
}


def read(data):
    report = Report()
    raw = data if isinstance(data, bytes) else data.encode()
    entities = list(iter_ftm(io.BytesIO(raw), report))
    return entities, list(report)


def line(**change):
    return json.dumps({**PERSON, **change})


def test_reads_an_entity():
    entities, findings = read(line() + "\n")
    assert entities == [
        Entity(
            id="p1",
            schema="Person",
            properties={"name": ("Ana Invented",), "birthDate": ("1970-01",)},
        )
    ]
    assert findings == []


def test_reports_the_place_of_each_doubtful_value_and_keeps_it():
    text = line() + "\n" + line(properties={"birthDate": ["1970-01", "soon"], "email": ["x"]})
    entities, findings = read(text)
    assert entities[1].properties == {"birthDate": ("1970-01", "soon"), "email": ("x",)}
    assert [(f.line, f.column, f.part, f.concern) for f in findings] == [
        (2, "Person.birthDate", 2, Concern.UNVALIDATED),
        (2, "Person.email", 1, Concern.UNVALIDATED),
    ]
    assert not any("soon" in f.why for f in findings)


def test_secrets_stay_home_and_are_reported():
    canary = "canary-3f9c2a7be1"
    text = json.dumps(
        {
            "id": "w",
            "schema": "CryptoWallet",
            "properties": {"privateKey": [canary], "currencySymbol": ["XBT"]},
        }
    )
    entities, findings = read(text)
    assert entities[0].properties == {"currencySymbol": ("XBT",)}
    assert findings == [
        Finding(
            line=1,
            column="CryptoWallet.privateKey",
            part=0,
            concern=Concern.STAYS_HOME,
            why="a secret of the account",
        )
    ]


@pytest.mark.parametrize("schema", ["UserAccount", "Person", "NoSuchSchema"])
def test_a_secret_is_one_in_any_schema(schema):
    entities, findings = read(line(schema=schema, properties={"password": ["x"]}))
    assert entities[0].properties == {}
    assert findings[0].concern is Concern.STAYS_HOME


def test_unknown_schemata_and_properties_are_kept_and_reported():
    entities, findings = read(
        line(schema="Spaceship", properties={"warp": ["9"]})
        + "\n"
        + line(properties={"warp": ["9"]})
    )
    assert [entity.properties for entity in entities] == [{"warp": ("9",)}] * 2
    assert [(f.line, f.column) for f in findings] == [(1, "Spaceship"), (2, "Person.warp")]


def test_keys_of_other_tools_stay_home():
    entities, findings = read(line(datasets=["a"], first_seen="2024", target=True, role_id=7))
    assert entities[0].id == "p1"
    assert [f.column for f in findings] == ["datasets", "first_seen", "target", "role_id"]


def test_a_property_without_values_is_none():
    entities, _ = read(line(properties={"name": []}))
    assert entities[0].properties == {}


REFUSED = {
    "not json": b"{",
    "blank line": b"\n",
    "a list": b"[]",
    "a text": b'"x"',
    "deep": b"[" * 100_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "key twice": b'{"id":"a","id":"b","schema":"Person","properties":{}}',
    "property twice": b'{"id":"a","schema":"Person","properties":{"name":["x"],"name":["y"]}}',
    "unknown key": line(password="x").encode(),
    "no id": b'{"schema":"Person","properties":{}}',
    "id is a number": line(id=1).encode(),
    "empty id": line(id="").encode(),
    "long id": line(id="x" * 256).encode(),
    "no schema": b'{"id":"a","properties":{}}',
    "schema with a slash": line(schema="Per/son").encode(),
    "property with a slash": line(properties={"na/me": ["x"]}).encode(),
    "property called id": line(properties={"id": ["x"]}).encode(),
    "property with an escape": line(properties={"na\x1bme": ["x"]}).encode(),
    "too many properties": line(properties={f"p{i}": ["x"] for i in range(257)}).encode(),
    "too many values": line(properties={"name": ["x"] * (MAX_VALUES + 1)}).encode(),
    "too many bytes": line(properties={"name": ["x" * (MAX_FIELD_BYTES + 1)]}).encode(),
    "one value, no list": line(properties={"name": "x"}).encode(),
    "a value that is a number": line(properties={"name": [1]}).encode(),
    "a value that is null": line(properties={"name": [None]}).encode(),
    "a value that is NaN": b'{"id":"a","schema":"Person","properties":{"name":[NaN]}}',
    "a number of many digits": b'{"id":"a","schema":"Person","properties":{"name":['
    + b"9" * 100_000
    + b"]}}",
    "properties are a list": line(properties=[]).encode(),
    "NUL": b'{"id":"a\0"}',
    "escaped NUL": line(properties={"name": ["a\0b"]}).encode(),
    "half a surrogate pair": b'{"id":"a","schema":"Person","properties":{"name":["\\ud800"]}}',
    "latin-1": b'{"id":"a","schema":"Person","properties":{"name":["\xe9"]}}',
    "overlong UTF-8": b'{"id":"\xc0\xaf"}',
    "UTF-16": line().encode("utf-16"),
    "UTF-16 without a mark": line().encode("utf-16-le"),
    "UTF-32": line().encode("utf-32"),
    "a line without end": b"x" * (MAX_LINE_BYTES + 1),
}


@each_case("name", REFUSED)
def test_a_line_that_is_no_entity_is_refused_by_its_number(name):
    good = (line() + "\n").encode() * 2
    data = REFUSED[name] if "UTF" in name else good + REFUSED[name]
    with pytest.raises(ImportRefused) as refused:
        read(data)
    expected = 1 if data is REFUSED[name] else 3
    assert f"line {expected}" in refused.value.why
    assert "Invented" not in str(refused.value)


def test_a_byte_order_mark_is_passed_over():
    (entity,), _ = read(b"\xef\xbb\xbf" + line().encode())
    assert entity.id == "p1"


def test_keys_of_another_store_are_reported_once():
    report = Report()
    text = "\n".join(line(id=f"p{i}", datasets=["x"], first_seen="2026") for i in range(4))
    assert len(list(iter_ftm(io.BytesIO(text.encode()), report))) == 4
    assert [(f.line, f.column, f.concern) for f in report] == [
        (1, "datasets", Concern.STAYS_HOME),
        (1, "first_seen", Concern.STAYS_HOME),
    ]


def test_entities_of_opensanctions_are_read_whole_and_without_doubt():
    beside = {
        "caption": "Ana Invented",
        "referents": ["un-1", "eu-2"],
        "datasets": ["un_sc_sanctions"],
        "first_seen": "2023-04-20T10:31:12",
        "last_seen": "2026-01-02T03:04:05",
        "last_change": "2025-11-01T00:00:00",
        "target": True,
    }
    topics = ["sanction", "sanction.linked", "role.pep", "poi", "crime.terror", "gov.igo"]
    listed = {"name": ["Ana Invented"], "topics": topics, "birthDate": ["1958", "1958-03"]}
    sanction = {"entity": ["NK-1"], "programId": ["UN-INVENTED"], "unscId": ["XXi.001"]}
    text = "\n".join(
        (
            line(id="NK-1", properties=listed, **beside),
            line(id="NK-2", schema="Sanction", properties=sanction, **beside),
        )
    )

    entities, findings = read(text)

    assert [entity.properties for entity in entities] == [
        {name: tuple(values) for name, values in properties.items()}
        for properties in (listed, sanction)
    ]
    assert [finding.column for finding in findings] == [*beside]
    assert {finding.concern for finding in findings} == {Concern.STAYS_HOME}


def test_a_generalised_form_does_not_pass_for_the_value():
    entity = {"name": ["Ana"], "birthDate": ["1970"]}
    (read_again,), findings = read(line(properties=entity, generalised=["birthDate"]))
    assert read_again.properties == {"name": ("Ana",)}
    assert [(f.column, f.concern) for f in findings] == [("Person.birthDate", Concern.STAYS_HOME)]


@pytest.mark.parametrize("names", ["birthDate", ["height"], [["name"]], {"name": 1}, [1]])
def test_what_is_generalised_is_a_property_of_the_entity(names):
    with pytest.raises(ImportRefused):
        read(line(properties={"name": ["Ana"]}, generalised=names))


def test_reads_line_by_line():
    class Endless(io.RawIOBase):
        """A source that never ends; only a reader that streams comes out of it."""

        def readable(self):
            return True

        def readinto(self, buffer):
            data = (line() + "\n").encode()[: len(buffer)]
            buffer[: len(data)] = data
            return len(data)

    report = Report()
    entities = iter_ftm(io.BufferedReader(Endless(), buffer_size=len(line()) + 1), report)
    assert [next(entities).id for _ in range(1000)] == ["p1"] * 1000


def test_ends_where_an_import_may_not_be_longer(monkeypatch):
    monkeypatch.setattr("tearline_client.connectors.importers.source.MAX_IMPORT_BYTES", 1000)
    with pytest.raises(ImportTooLarge):
        read((line() + "\n") * 50)


def test_gathers_parts_of_one_entity():
    report = Report()
    part = {"id": "p1", "schema": "Person"}
    text = "\n".join(
        json.dumps({**part, "properties": {"name": names}}) for names in (["A", "A"], ["B", "A"])
    )
    gathered = gather(iter_ftm(io.BytesIO(text.encode()), report), report)
    assert tuple(gathered.entities) == (
        Entity(id="p1", schema="Person", properties={"name": ("A", "A", "B")}),
    )


def test_parts_that_are_too_much_together_are_refused():
    report = Report()
    values = [str(i) for i in range(MAX_VALUES)]
    text = "\n".join(
        line(properties={"name": [prefix + value for value in values]}) for prefix in "ab"
    )
    with pytest.raises(ImportRefused):
        gather(iter_ftm(io.BytesIO(text.encode()), report), report)


@pytest.mark.parametrize("limit", ["MAX_IMPORT_ENTITIES", "MAX_IMPORT_HELD_BYTES"])
def test_gathers_no_more_than_fits(monkeypatch, limit):
    monkeypatch.setattr(findings_module, limit, 3)
    report = Report()
    text = "\n".join(line(id=f"p{i}") for i in range(4))
    with pytest.raises(ImportTooLarge):
        gather(iter_ftm(io.BytesIO(text.encode()), report), report)


def test_what_is_merged_counts_once(monkeypatch):
    monkeypatch.setattr(findings_module, "MAX_IMPORT_ENTITIES", 3)
    report = Report()
    text = "\n".join(line(id=f"p{i % 3}") for i in range(30))
    assert len(gather(iter_ftm(io.BytesIO(text.encode()), report), report).entities) == 3


def test_a_report_holds_no_more_than_fits(monkeypatch):
    monkeypatch.setattr(findings_module, "MAX_IMPORT_FINDINGS", 3)
    with pytest.raises(ImportTooLarge):
        read("\n".join(line(properties={"birthDate": ["x"]}) for _ in range(4)))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ImportRefused):
        read_ftm(tmp_path / "empty")


def test_only_a_regular_file_of_bounded_size_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "large", "wb") as large:
        large.truncate(MAX_IMPORT_BYTES + 1)
    for name in ("absent", "pipe", ".", "with\0nul"):
        with pytest.raises(ImportRefused):
            read_ftm(tmp_path / name)
    with pytest.raises(ImportTooLarge):
        read_ftm(tmp_path / "large")


def test_reads_the_public_file_whole_and_without_doubt():
    imported = read_ftm(shared("data/ftm_parteispenden.ftm.json"))
    properties = [values for e in imported.entities for values in e.properties.values()]
    assert len(imported.entities) == 475
    assert len(properties) == 2065
    assert sum(map(len, properties)) == 2385
    assert not imported.findings
    assert Counter(e.schema for e in imported.entities)["Payment"] == 290
