"""Events of MISP: entities of their objects, and a finding for all that stays at home."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.exporters import misp as exporter
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.misp import iter_misp
from tearline_client.connectors.importers.misp_distribution import NOT_SHARED
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.entities import Entity
from unit.client.connectors.exporters.views import view_by_profile, written

SAMPLES = Path(__file__).parent / "misp_samples"
PERSON, ACCOUNT, SHARE = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(3))


def attribute(relation: str, value: str, number: int = 1, **more: Any) -> dict[str, Any]:
    uuid = f"00000000-0000-4000-9000-{number:012}"
    return {"uuid": uuid, "object_relation": relation, "type": "text", "value": value, **more}


def item(name: str, *attributes: dict[str, Any], uuid: str = PERSON, **more: Any) -> dict[str, Any]:
    return {"uuid": uuid, "name": name, "Attribute": list(attributes), **more}


def event(*objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Event": {"Object": list(objects), **more}}


def read(data: object, report: Report | None = None) -> list[Entity]:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return list(iter_misp(io.BytesIO(text), Report() if report is None else report))


def findings(data: object, concern: Concern = Concern.STAYS_HOME) -> list[tuple[str, str]]:
    report = Report()
    read(data, report)
    return [(each.column, each.why) for each in report if each.concern is concern]


QIU = item("person", attribute("full-name", "Qiu Wenhao"), attribute("gender", "Male", 2))


def test_objects_become_entities() -> None:
    account = item(
        "bank-account", attribute("iban", "DE02120300000000202051"),
        attribute("opened", "2020-01-02T00:00:00.000000+0000", 2), uuid=ACCOUNT,
    )  # fmt: skip
    person, bank = read(event(QIU, account))
    assert (person.id, person.schema) == (f"misp-{PERSON}", "Person")
    assert dict(person.properties) == {"name": ("Qiu Wenhao",), "gender": ("male",)}
    assert bank.properties["openingDate"] == ("2020-01-02",)


@pytest.mark.parametrize(
    "shape",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"response": [one]},
        lambda one: {"response": one},
    ],
)
def test_one_event_and_several_are_read(shape: Any) -> None:
    assert [each.schema for each in read(shape(event(QIU)))] == ["Person"]


def test_a_reference_is_a_property_or_a_link_of_its_own() -> None:
    share = item(
        "ftm-Ownership", attribute("percentage", "60"), uuid=SHARE,
        ObjectReference=[
            {"referenced_uuid": PERSON, "relationship_type": "owner"},
            {"referenced_uuid": ACCOUNT, "relationship_type": "related-to"},
        ],
    )  # fmt: skip
    account = item("bank-account", attribute("iban", "DE02120300000000202051"), uuid=ACCOUNT)
    found = {each.schema: each for each in read(event(share, QIU, account))}
    assert found["Ownership"].properties["owner"] == (f"misp-{PERSON}",)
    assert dict(found["UnknownLink"].properties) == {
        "subject": (f"misp-{SHARE}",), "object": (f"misp-{ACCOUNT}",), "role": ("related-to",),
    }  # fmt: skip


def test_a_reference_to_what_is_no_entity_is_reported() -> None:
    dangling = {**QIU, "ObjectReference": [{"referenced_uuid": SHARE, "relationship_type": "x"}]}
    assert ("ObjectReference", "it refers to no object that becomes an entity") in findings(
        event(dangling)
    )


def test_what_no_property_fits_is_a_remark_and_reported() -> None:
    odd = item("person", attribute("full-name", "Q"), attribute("role", "Suspect", 2),
               attribute("text", "Seen in Fuzhou", 3))  # fmt: skip
    (person,) = read(event(odd))
    assert person.properties["notes"] == ("role: Suspect", "Seen in Fuzhou")
    assert [place for place, _ in findings(event(odd), Concern.NOT_UNDERSTOOD)] == ["Person.role"]


@pytest.mark.parametrize(
    "stays",
    [
        item("file", attribute("filename", "x")),
        item("user-account", attribute("username", "q"), attribute("password", "hunter2", 2)),
        item("person", attribute("full-name", "Q"), attribute("portrait", "q.png", 2, data="AA")),
        item("person", attribute("full-name", "Q"), attribute("alias", "R", 2, deleted=True)),
        item("person", attribute("full-name", "Q"), deleted=True),
    ],
)
def test_what_is_not_carried_is_reported_with_its_uuid(stays: dict[str, Any]) -> None:
    report = Report()
    entities = read(event(stays), report)
    assert not any(word in repr(entities) for word in ("hunter2", "q.png", "'R'"))
    (found,) = report
    assert found.concern is Concern.STAYS_HOME
    assert found.object.startswith("00000000-0000-4000-")


def test_attributes_without_an_object_are_entities_by_their_type() -> None:
    alone = [
        attribute("", "DE02120300000000202051", 1, type="iban"),
        attribute("", "198.51.100.7", 2, type="ip-dst"),
    ]
    report = Report()
    (account,) = read({"Event": {"Attribute": alone}}, report)
    assert (account.schema, account.properties["iban"]) == (
        "BankAccount", ("DE02120300000000202051",),
    )  # fmt: skip
    assert [each.object for each in report] == [alone[1]["uuid"]]


STRICT = "a tag of it, or of its event, is unknown or stricter than the profile's marking"


@pytest.mark.parametrize(
    ("tags", "is_sent"),
    [
        ([], True),
        (["tlp:white"], True),
        (["TLP:GREEN", "PAP:WHITE"], True),
        (["tlp:red"], False),
        (["PAP:RED"], False),
        (["tlp:purple"], False),
        (['tearline:handling="ORCON"'], False),
    ],
)
def test_no_value_is_sent_by_a_milder_marking_than_its_tags(tags: list[str], is_sent: bool) -> None:
    named = [{"name": name} for name in tags]
    on_attribute = event(item("person", attribute("full-name", "Qiu", Tag=named)))
    on_event = event(item("person", attribute("full-name", "Qiu")), Tag=named)
    for data in (on_attribute, on_event):
        assert bool(read(data)) is is_sent
        assert (("Person.name", STRICT) in findings(data)) is not is_sent


@pytest.mark.parametrize(
    "tags", [{"name": "tlp:red"}, "tlp:red", ["tlp:red"], [{"name": ["tlp:red"]}], [{}], 7]
)
def test_tags_that_cannot_be_read_are_the_strictest(tags: Any) -> None:
    name = attribute("full-name", "Qiu")
    assert read(event(item("person", name), Tag=tags)) == []
    assert read(event(item("person", attribute("full-name", "Qiu", Tag=tags)))) == []


def test_what_is_deleted_or_none_of_a_marking_is_reported() -> None:
    account = item("bank-account", attribute("iban", "DE02120300000000202051"), uuid=ACCOUNT)
    gone = {"referenced_uuid": ACCOUNT, "relationship_type": "gone", "deleted": True}
    kept = {"referenced_uuid": ACCOUNT, "relationship_type": "owns", "comment": "since May"}
    tags = [{"name": "estimative-language:confidence"}, {"name": "tlp:clear"}]
    name = attribute("full-name", "Qiu", Tag=tags, first_seen="2026-01-01T00:00:00Z", deleted=0)
    person = item("person", name, ObjectReference=[gone, kept], last_seen="2026-02-01T00:00:00Z")
    data = event(person, account, Tag=tags)
    assert [each.properties.get("role") for each in read(data)] == [None, ("owns",), None]
    assert {place for place, _ in findings(data)} == {
        "ObjectReference", "ObjectReference.comment", "Attribute.Tag", "Attribute.first_seen",
        "Object.last_seen", "Event.Tag",
    }  # fmt: skip


def test_an_attribute_is_as_strict_as_its_event() -> None:
    clear = attribute("full-name", "Qiu", Tag=[{"name": "tlp:clear"}])
    assert read(event(item("person", clear), Tag=[{"name": "tlp:red"}])) == []


GROUP = {"uuid": "4f1f0d8c-7a3e-4f53-8f4a-6a8a0d8f2b11", "name": "Lantern"}
OTHER_GROUP = {"uuid": "4f1f0d8c-7a3e-4f53-8f4a-6a8a0d8f2b12", "name": "Harbour"}
TO_GROUP = {"distribution": "4", "SharingGroup": GROUP}
INHERITED = {"distribution": "5"}
NOT_TO_GROUP: tuple[dict[str, Any], ...] = (
    {"distribution": "0"},
    {"distribution": "1"},
    {"distribution": 2},
    {"distribution": "4"},
    {"distribution": "4", "SharingGroup": OTHER_GROUP},
    {"distribution": "4", "SharingGroup": ["Lantern"]},
    {"distribution": "7"},
    {"distribution": None},
)


def shared(data: object, group: str = "Lantern") -> tuple[list[Entity], list[str]]:
    """The entities that a sharing group may read, and the reasons for values that stay."""
    report = Report()
    found = list(iter_misp(io.BytesIO(json.dumps(data).encode()), report, group=group))
    return found, [each.why for each in report if each.concern is Concern.STAYS_HOME]


@pytest.mark.parametrize("group", [GROUP["name"], GROUP["uuid"], GROUP["uuid"].upper()])
@pytest.mark.parametrize("level", [TO_GROUP, {"distribution": "3"}])
def test_a_sharing_group_gets_values_shared_with_it_or_with_all(
    level: dict[str, Any], group: str
) -> None:
    name = attribute("full-name", "Qiu Wenhao", **INHERITED)
    found, _ = shared(event(item("person", name, **INHERITED), **level), group)
    assert [each.properties["name"] for each in found] == [("Qiu Wenhao",)]


@each_case("level", NOT_TO_GROUP)
def test_an_event_object_or_attribute_for_others_stays_home(level: dict[str, Any]) -> None:
    name = attribute("full-name", "Qiu Wenhao")
    for data in (
        event(item("person", name), **level),
        event(item("person", name, **level), **TO_GROUP),
        event(item("person", {**name, **level}), **TO_GROUP),
    ):
        found, reasons = shared(data)
        assert not any(each.properties for each in found)
        assert NOT_SHARED in reasons
        assert list(iter_misp(io.BytesIO(json.dumps(data).encode()), Report()))  # else it is sent


@pytest.mark.parametrize("level", [{}, INHERITED])
def test_an_event_inherits_no_distribution(level: dict[str, Any]) -> None:
    found, reasons = shared(event(item("person", attribute("full-name", "Qiu Wenhao")), **level))
    assert (found, NOT_SHARED in reasons) == ([], True)


@each_case("level", NOT_TO_GROUP)
def test_no_reference_names_an_object_for_others(level: dict[str, Any]) -> None:
    """The id of an entity is made of its object's UUID, which the group may not know."""
    person = item("person", attribute("full-name", "Qiu Wenhao"), **level)
    link = {"referenced_uuid": PERSON, "relationship_type": "belongs-to"}
    account = item(
        "bank-account",
        attribute("iban", "DE02120300000000202051", 2),
        uuid=ACCOUNT,
        ObjectReference=[link],
    )
    found, _ = shared(event(account, person, **TO_GROUP))
    assert [each.schema for each in found] == ["BankAccount"]
    assert PERSON not in repr(found)


def test_keys_of_the_event_are_reported_once() -> None:
    told = findings({"response": [event(QIU, info="A lead", Galaxy=[{"name": "x"}]),
                                  event(info="Another", warnings={"x": "y"})]})  # fmt: skip
    assert [place for place, _ in told] == ["Event.info", "Event.Galaxy", "Event.warnings"]


@each_case(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"Event": 1}',
        b'{"other": {}}',
        b'{"Event": {"Object": [1]}}',
        b'{"Event": {"Object": {}}}',
        b'{"Event": {}} {}',
        b'{"Event": {}, "Event": {}}',
        b'{"Event": {"info": NaN}}',
        b'{"Event": {"info": "\xff"}}',
        b'{"Event": {"info": ' + b"[" * 200_000 + b"}}",
        b"[" * 200_000,
        b'{"Event": {"Object": [{"name": "person", "uuid": "../../x"}]}}',
        json.dumps(event(QIU, QIU)).encode(),
        json.dumps(event(item("person", attribute("full-name", "a\0b")))).encode(),
        json.dumps(event(item("person", {"uuid": ACCOUNT, "value": ["x"]}))).encode(),
        b'{"Event": {"Object": [{"uuid": "' + PERSON.encode() + b'", "name": "person", '
        b'"Attribute": [{"uuid": "' + ACCOUNT.encode() + b'", "object_relation": "full-name", '
        b'"value": "\\ud800"}]}]}}',
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused):
        read(data)


def test_a_value_above_the_bound_is_refused_with_its_line() -> None:
    with pytest.raises(ImportRefused, match="line 2"):
        read(b'{"Event":\n{"info": "' + b"x" * (5 << 20) + b'"}}')


class Long(io.RawIOBase):
    """An event of many objects, made as it is read."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        self._pieces = self._made()
        self._left = b""
        return place

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    def _made(self) -> Iterator[bytes]:
        yield b'{"Event":{"Object":['
        for number in range(self._number):
            uuid = f"00000000-0000-4000-8000-{number:012}"
            one = json.dumps(item("person", attribute("full-name", "Qiu " * 250), uuid=uuid))
            yield (b"," if number else b"") + one.encode()
        yield b"]}}"


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_misp.py::test_objects_become_entities"
)
def test_memory_is_that_of_one_object_and_the_uuids() -> None:
    tracemalloc.start()
    try:
        assert sum(1 for _ in iter_misp(Long(20_000), Report())) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def exported(entities: list[Entity], report: Report | None = None) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        written(exporter.EXPORTER, view_by_profile(entities), report)
    )
    return found["response"]


def told(events: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (each["name"], one["object_relation"], one["value"])
        for found in events
        for each in found["Event"]["Object"]
        for one in each["Attribute"]
    }


def test_an_export_comes_back_and_is_exported_again_the_same() -> None:
    entities = [
        Entity(
            id=str(each["id"]),
            schema=str(each["schema"]),
            properties={
                name: tuple(values)
                for name, values in each["properties"].items()
                if name != "notes"  # guarded, so an import does not send it
            },
        )
        for each in ENTITIES
    ]
    first = exported(entities)
    assert told(first)
    strict = read({"response": first})  # its event is as strict as the strictest of its fields
    for each in first:
        each["Event"]["Tag"] = []
    again = exported(read({"response": first}))
    assert len(strict) < len(read({"response": first}))
    assert told(again) == told(first)
    kinds = [
        sorted(r["relationship_type"] for o in e["Event"]["Object"] for r in o["ObjectReference"])
        for events in (first, again)
        for e in events
    ]
    assert kinds[0] == kinds[1] != []


def test_events_of_others_lose_only_what_is_reported() -> None:
    """MISP → Tearline → MISP: each attribute is carried, is a remark, or has a finding."""
    for path in sorted(SAMPLES.glob("*.json")):
        report = Report()
        entities = list(iter_misp(io.BytesIO(path.read_bytes()), report))
        left = {each.object for each in report if each.concern is Concern.STAYS_HOME}
        values = " ".join(value for _, _, value in told(exported(entities))) if entities else ""
        assert entities
        for each in _all_attributes(json.loads(path.read_bytes())):
            value = each["value"].removesuffix("T00:00:00.000000+0000")
            if each["type"] == "nationality":  # comes back as its code
                value = country_code(value) or value
            carried = value in values
            assert carried or {each.get("uuid"), each["of"]} & left, each


def _all_attributes(data: Any) -> Iterator[dict[str, Any]]:
    for one in data["response"]:
        yield from ({**each, "of": ""} for each in one["Event"].get("Attribute", ()))
        for each in one["Event"].get("Object", ()):
            yield from ({**found, "of": each["uuid"]} for found in each.get("Attribute", ()))
