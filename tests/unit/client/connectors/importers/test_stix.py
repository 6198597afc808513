"""Bundles of STIX 2.1 as entities: of this program, of others, and hostile ones."""

import io
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.exporters import stix as exporter
from tearline_client.connectors.exporters.stix_markings import TLP_IDS
from tearline_client.connectors.exporters.stix_shapes import ENTITY_EXTENSION
from tearline_client.connectors.importers.report import Concern, Report, gather
from tearline_client.connectors.importers.stix import iter_stix
from tearline_client.connectors.importers.stix_markings import Definitions
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import is_reference
from unit.client.connectors.exporters.test_graphs import LEAD
from unit.client.connectors.exporters.views import ORIGIN, view_by_profile, written

BESIDE = {"created", "modified", "created_by_ref"}
SAMPLES = Path(__file__).parent / "stix_samples"
ID = "identity--733c5838-34d9-4fbf-949c-62aba761184c"
PLACE = "location--a6e9345f-5a15-4c29-8bb3-7dcc5d168d64"


def read(data: bytes) -> tuple[Sequence[Entity], Report]:
    report = Report()
    return gather(iter_stix(io.BytesIO(data), report), report).entities, report


def bundle(*objects: dict[str, Any], **more: Any) -> bytes:
    made = {"type": "bundle", "id": "bundle--" + ID.partition("--")[2], "objects": objects}
    return json.dumps({**made, **more}).encode()


def person(**more: Any) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": ID,
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": "Qiu Wenhao",
        "identity_class": "individual",
        **more,
    }


def told(report: Report, concern: Concern = Concern.STAYS_HOME) -> set[tuple[str, str]]:
    """Column and object of each finding that names an object."""
    return {
        (each.column, each.object) for each in report if each.concern is concern and each.object
    }


def exported(entities: Sequence[Entity]) -> bytes:
    return written(exporter.EXPORTER, view_by_profile(entities))


def plain(entities: Sequence[Entity]) -> set[tuple[str, str, str]]:
    """Schema, property and value of each value that is no reference."""
    return {
        (each.schema, name, value)
        for each in entities
        for name, values in each.properties.items()
        if not is_reference(each.schema, name)
        for value in values
    }


def links(entities: Sequence[Entity]) -> int:
    return sum(
        len(values)
        for each in entities
        for name, values in each.properties.items()
        if is_reference(each.schema, name)
    )


def test_an_exported_bundle_comes_back_with_all_values_and_links() -> None:
    more = [
        Entity(id="home", schema="Address", properties={"country": ("mx",), "city": ("Colima",)}),
        Entity(
            id="ana",
            schema="Person",
            properties={
                "name": ("Ana", "安娜"),
                "addressEntity": ("home",),
                "birthDate": ("1979",),
            },
        ),
        Entity(id="acc", schema="BankAccount", properties={"accountNumber": ("7",)}),
        Entity(id="paid", schema="Payment", properties={"payer": ("ana",), "amount": ("5.10",)}),
        Entity(id="doc", schema="Documentation", properties={"entity": ("paid",)}),
    ]
    before = [*LEAD, *more]
    after, report = read(exported(before))
    originator = ("Organization", "name", ORIGIN)
    assert plain(after) == plain(before) | {originator}
    assert links(after) == links(before)
    ids = {each.id for each in after}
    assert all(
        value in ids
        for each in after
        for name, values in each.properties.items()
        if is_reference(each.schema, name)
        for value in values
    )
    assert not report.counts[Concern.UNVALIDATED]


def test_a_second_round_changes_nothing_more() -> None:
    once, _ = read(exported(LEAD))
    twice, _ = read(exported(once))
    assert plain(once) <= plain(twice)
    assert links(once) == links(twice)


def test_equal_files_make_equal_entities() -> None:
    assert list(read(exported(LEAD))[0]) == list(read(exported(LEAD))[0])


def test_objects_of_another_program() -> None:
    location = {
        "type": "location",
        "spec_version": "2.1",
        "id": PLACE,
        "country": "MX",
        "latitude": 12.50,
    }
    relation = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": "relationship--57b56a43-b8b0-4cba-9deb-34e3e1faed9e",
        "relationship_type": "located-at",
        "source_ref": ID,
        "target_ref": PLACE,
    }
    made = person(roles=["courier"], labels=["x"], confidence=80)
    entities, report = read(bundle(made, location, relation))
    assert [(each.schema, dict(each.properties)) for each in entities] == [
        ("Person", {"name": ("Qiu Wenhao",), "notes": ("roles: courier",), "keywords": ("x",)}),
        ("Address", {"country": ("mx",), "latitude": ("12.5",)}),
        ("UnknownLink", {"role": ("located-at",), "subject": (ID,), "object": (PLACE,)}),
    ]
    assert told(report) == {("identity.confidence", ID)}
    assert told(report, Concern.NOT_UNDERSTOOD) == {("identity.roles", ID)}


def test_each_object_without_a_schema_is_reported() -> None:
    malware = {"type": "malware", "id": "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b"}
    _, report = read(bundle(person(), malware))
    assert told(report) == {("malware", malware["id"])}


def test_a_relationship_to_an_object_without_a_schema_is_reported() -> None:
    malware = "malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b"
    made = [
        {"type": "relationship", "id": "relationship--" + ID[10:], "relationship_type": "uses",
         "source_ref": ID, "target_ref": malware},
        {"type": "note", "id": "note--" + ID[10:], "content": "x", "object_refs": [malware, ID]},
    ]  # fmt: skip
    entities, report = read(bundle(person(), *made))
    assert [each.schema for each in entities] == ["Person", "Note"]
    assert entities[1].properties["entity"] == (ID,)
    assert told(report) == {
        ("relationship", made[0]["id"]), ("note.object_refs", made[1]["id"]),
    }  # fmt: skip


def test_a_value_with_a_stricter_marking_than_the_profile_stays_home() -> None:
    ref = TLP_IDS[max(TLP_IDS)]
    other = person(id=ID.replace("733c", "833c"), name="Ana")
    entities, report = read(bundle(person(object_marking_refs=[ref]), other))
    assert [each.properties["name"] for each in entities] == [("Ana",)]
    assert ("identity.name", ID) in told(report)


def test_a_class_with_a_stricter_marking_than_the_name_is_not_shown_by_the_schema() -> None:
    made = person(
        object_marking_refs=[TLP_IDS[max(TLP_IDS)]],
        granular_markings=[{"marking_ref": TLP_IDS[min(TLP_IDS)], "selectors": ["name"]}],
    )
    entities, report = read(bundle(made))
    assert [each.schema for each in entities] == ["LegalEntity"]
    assert "identity.identity_class" in {each.column for each in report}


def test_many_selectors_take_little_work_for_each_value() -> None:
    ref = TLP_IDS[max(TLP_IDS)]
    selectors = [f"labels.[{number}]" for number in range(3_000)]
    items = [str(number) for number in range(3_001)]
    made = person(labels=items, granular_markings=[{"marking_ref": ref, "selectors": selectors}])
    labels = Definitions().labels(made, is_own=False)
    calls = list[str]()
    sys.setprofile(lambda frame, event, _: calls.append(event))
    try:
        found = [labels.at(place) for place in ("labels", "labels.[2999]", "labels.[3000]", "name")]
    finally:
        sys.setprofile(None)
    assert [len(each) for each in found] == [1, 1, 0, 0]
    assert len(calls) < 500


def test_a_selector_deeper_than_any_value_is_not_read() -> None:
    granular = [{"marking_ref": TLP_IDS[min(TLP_IDS)], "selectors": ["a" + ".a" * 200]}]
    made = person(granular_markings=granular)
    assert Definitions().labels(made, is_own=False).at("name") == {"?"}


def test_a_granular_marking_keeps_one_value_home() -> None:
    granular = [{"marking_ref": TLP_IDS[max(TLP_IDS)], "selectors": ["description"]}]
    entities, report = read(bundle(person(description="source X", granular_markings=granular)))
    assert "description" not in entities[0].properties
    assert told(report) == {("identity.description", ID)}


@pytest.mark.parametrize("name", ["sectors", "roles", "labels"])
def test_a_marking_of_one_item_keeps_that_item_home(name: str) -> None:
    granular = [{"marking_ref": TLP_IDS[max(TLP_IDS)], "selectors": [f"{name}.[1]"]}]
    made = person(**{name: ["open", "canary-3f"]}, granular_markings=granular)
    entities, report = read(bundle(made))
    assert "open" in repr(entities[0])
    assert "canary" not in repr(entities)
    assert (f"identity.{name}", ID) in told(report)


def test_a_marking_within_a_value_of_an_export_keeps_the_value_home() -> None:
    made = json.loads(exported([Entity(id="q", schema="Person", properties={"alias": ("Q",)})]))
    (found,) = (each for each in made["objects"] if each["type"] == "tearline-entity")
    place = f"extensions.{ENTITY_EXTENSION}.properties.[0].values.[0]"
    found["granular_markings"] = [{"marking_ref": TLP_IDS[max(TLP_IDS)], "selectors": [place]}]
    entities, _ = read(json.dumps(made).encode())
    assert [each.schema for each in entities] == ["Organization"]


@pytest.mark.parametrize(
    "markings",
    [
        {"object_marking_refs": TLP_IDS[max(TLP_IDS)]},
        {"object_marking_refs": [7]},
        {"granular_markings": {"selectors": ["name"]}},
        {"granular_markings": ["name"]},
        {"granular_markings": [{"selectors": ["name"]}]},
        {"granular_markings": [{"marking_ref": None, "selectors": ["name"]}]},
        {"granular_markings": [{"marking_ref": TLP_IDS[max(TLP_IDS)], "selectors": "name"}]},
    ],
)
def test_markings_that_cannot_be_read_keep_the_object_home(markings: dict[str, Any]) -> None:
    other = person(id=ID.replace("733c", "833c"), name="Ana")
    entities, report = read(bundle(person(**markings), other))
    assert [each.properties["name"] for each in entities] == [("Ana",)]
    assert ("identity.name", ID) in told(report)


def test_a_marking_without_a_definition_counts_as_stricter() -> None:
    ref = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db"
    with pytest.raises(ImportRefused, match="no entity"):
        read(bundle(person(object_marking_refs=[ref])))


def test_a_statement_of_another_program_is_reported_and_keeps_its_objects_home() -> None:
    ref = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db"
    mark = {"type": "marking-definition", "id": ref, "definition": {"statement": "(c) A"}}
    other = person(id=ID.replace("733c", "833c"), name="Ana")
    entities, report = read(bundle(mark, person(object_marking_refs=[ref]), other))
    assert [each.properties["name"] for each in entities] == [("Ana",)]
    assert {("marking-definition", ref), ("identity.name", ID)} <= told(report)


def test_the_newest_version_alone_is_carried_and_a_revoked_object_is_not() -> None:
    newer = person(name="Qiu W.", modified="2026-01-01T00:00:00.5Z")
    entities, report = read(bundle(newer, person()))
    assert [each.properties["name"] for each in entities] == [("Qiu W.",)]
    assert told(report) == {("modified", ID)}
    with pytest.raises(ImportRefused, match="no entity"):
        read(bundle(person(revoked=True)))


def test_a_repeated_object_is_counted() -> None:
    entities, report = read(bundle(person(), person()))
    assert (len(entities), report.repeated) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"object_marking_refs": [TLP_IDS[max(TLP_IDS)]]},
        {"granular_markings": [{"marking_ref": TLP_IDS[max(TLP_IDS)], "selectors": ["name"]}]},
        {"revoked": True},
    ],
)
def test_copies_of_one_version_with_different_markings_stay_home(other: dict[str, Any]) -> None:
    beside = person(id=ID.replace("733c", "833c"), name="Ana")
    for copies in ((person(**other), person()), (person(), person(**other), person())):
        entities, report = read(bundle(*copies, beside))
        assert [each.properties["name"] for each in entities] == [("Ana",)]
        assert told(report) == {("object", ID)}
    newer = person(name="Qiu W.", modified="2026-01-01T00:00:00.5Z")
    entities, _ = read(bundle(person(**other), newer, person()))
    assert [each.properties["name"] for each in entities] == [("Qiu W.",)]


def test_secrets_of_accounts_stay_home() -> None:
    account = {
        "type": "user-account",
        "id": "user-account--0d5b424b-93b8-5cd8-ac36-306e1789d63c",
        "account_login": "qiu",
        "credential": "hunter2",
    }
    entities, report = read(bundle(account))
    assert dict(entities[0].properties) == {"username": ("qiu",)}
    assert told(report) == {("user-account.credential", account["id"])}


def test_a_finding_holds_no_value() -> None:
    made = person(**{"x" * 5: "canary", "Canary!": {"canary": ["canary"]}, "name": "canary"})
    _, report = read(bundle(made, person(id=ID.replace("733c", "833c"))))
    assert "anary" not in repr(list(report))


@each_case(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"type":"bundle"}',
        b'{"type":"report","objects":[]}',
        b'{"type":"bundle","objects":[]}',
        b'{"type":"bundle","objects":[1]}',
        b'{"type":"bundle","objects":[{}]}',
        b'{"type":"bundle","objects":[{"type":"identity"}]}',
        b'{"type":"bundle","type":"bundle","objects":[]}',
        b'{"type":"bundle","objects":[}',
        b'{"type":"bundle","objects":[{"type":"identity","a":NaN}]}',
        b'{"objects":[' + b"[" * 200_000,
        b'{"objects":' + b'{"a":' * 200_000,
        b'{"objects":[{"a":' + b"9" * 1_000_000 + b"}]}",
        b'{"objects":[{"a":1.' + b"9" * 1_000_000 + b"}]}",
        b'{"objects":["' + b"a" * (5 << 20) + b'"]}',
        '{"objects":[]}'.encode("utf-16"),
        b'{"objects":["\xff"]}',
        bundle(person(id="malware" + ID[8:])),
        bundle(person(id=ID + "\n")),
        bundle(person(spec_version="2.0")),
        bundle(person(name="\ud800")),
        bundle(person(name="a\0b")),
        bundle(person(name=["x" * 30_000 + str(each) for each in range(64)])),
        bundle(person()) + b"{}",
        bundle(person())[:-1],
        bundle(person()).replace(b'"name"', b'"name": "x", "name"'),
    ],
)
def test_a_hostile_file_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused):
        read(data)


def test_a_number_of_a_million_digits_is_not_computed() -> None:
    data = bundle(person()).replace(b'"name"', b'"x_n": ' + b"9" * 1_000_000 + b', "name"')
    with pytest.raises(ImportRefused, match="too long a number"):
        read(data)


def test_a_bomb_of_brackets_is_refused_as_such() -> None:
    data = bundle(person()).replace(b'"name"', b'"x_n": ' + b"[" * 100_000 + b', "name"')
    with pytest.raises(ImportRefused, match="nested too deep"):
        read(data)


def test_a_byte_order_mark_is_no_character_of_the_file() -> None:
    assert len(read(b"\xef\xbb\xbf" + bundle(person()))[0]) == 1


def test_objects_that_refer_to_each_other_in_a_circle_are_read() -> None:
    one = "note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"
    two = one.replace("0061", "0062")
    notes = [
        {"type": "note", "id": mine, "content": "see", "object_refs": [other]}
        for mine, other in ((one, two), (two, one), (ID.replace("identity", "note"),) * 2)
    ]
    assert len(read(bundle(*notes))[0]) == 3


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_stix.py::test_an_exported_bundle_comes_back_with_all_values_and_links"
)
def test_a_large_bundle_is_read_object_by_object() -> None:
    def written(count: int) -> io.BytesIO:
        objects = (person(id=f"identity--{number:08x}{ID[18:]}") for number in range(count))
        return io.BytesIO(bundle(*objects))

    def peak(count: int) -> int:
        stream = written(count)
        tracemalloc.start()
        assert sum(1 for _ in iter_stix(stream, Report())) == count
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    few, many = peak(500), peak(5_000)
    assert (many - few) / 4_500 < 400  # the id and version of each object alone


@pytest.mark.parametrize(
    ("name", "entities", "home"),
    [
        (
            "malicious-email-indicator-with-attachment.json",
            {"Organization": 1},
            {"attack-pattern", "indicator", "relationship"},
        ),
        (
            "indicators-for-C2-with-COA.json",
            {"Organization": 1},
            {"course-of-action", "indicator", "malware", "relationship"},
        ),
    ],
)
def test_public_samples(name: str, entities: dict[str, int], home: set[str]) -> None:
    found, report = read((SAMPLES / name).read_bytes())
    assert Counter(each.schema for each in found) == entities
    assert {each.column for each in report if "." not in each.column} - BESIDE == home


def test_each_value_of_a_public_sample_is_carried_or_reported() -> None:
    """Independent of the reader: every property of every object is an entity's or has a finding."""
    for path in SAMPLES.glob("*.json"):
        found, report = read(path.read_bytes())
        carried = {each.id: {v for vs in each.properties.values() for v in vs} for each in found}
        left = told(report)
        for made in json.loads(path.read_bytes())["objects"]:
            for name, value in made.items():
                if (
                    (made["type"], made["id"]) in left
                    or name in {"type", "id", "spec_version", "identity_class", *BESIDE}
                    or (f"{made['type']}.{name}", made["id"]) in left
                ):
                    continue
                assert value in carried[made["id"]], (made["id"], name)
