"""Packets as MISP events, which PyMISP judges by the published templates of objects."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymisp import MISPAttribute, MISPEvent, MISPObject

from tearline.policy.marking import Marking, Pap, Tlp
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters import misp
from tearline_client.connectors.importers import report
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.misp_templates import REFERENCE, TEMPLATES
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import SCHEMATA, is_reference
from unit.client.connectors.exporters.views import ORIGIN, RED, view_of, written

FREE = Marking(category="organisation.name", tlp=Tlp.CLEAR, handling=(), orcon=False, pap=Pap.CLEAR)
LEAD = [
    Entity(
        id=str(each["id"]),
        schema=str(each["schema"]),
        properties={name: tuple(values) for name, values in each["properties"].items()},
    )
    for each in ENTITIES
]
QIU = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao", "裘文昊")})


def exported(view: ExportedPackets, report: Report | None = None) -> list[dict[str, Any]]:
    """The events of a view, after PyMISP accepted each and each of its objects."""
    told = json.loads(written(misp.EXPORTER, view, report))
    events = [each["Event"] for each in told["response"]]
    for event in events:
        judged(event)
    return events


def judged(event: dict[str, Any]) -> None:
    text = json.dumps(event)
    MISPEvent(strict_validation=True).from_dict(**json.loads(text))
    for each in json.loads(text)["Object"]:
        read = MISPObject(each["name"], strict=True)
        read.from_dict(**each)
        read.to_json()  # asks the template for the relations that it requires
        assert read.attributes
        known = read._definition["attributes"]
        for attribute in each["Attribute"]:
            assert known[attribute["object_relation"]]["misp-attribute"] == attribute["type"]
            MISPAttribute(strict=True).from_dict(
                type=attribute["type"], category=attribute["category"], value=attribute["value"]
            )


def objects(view: ExportedPackets, report: Report | None = None) -> dict[str, dict[str, Any]]:
    """The objects of one event by schema."""
    (event,) = exported(view, report)
    return {each["comment"]: each for each in event["Object"]}


def values(found: dict[str, Any]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for each in found["Attribute"]:
        named.setdefault(each["object_relation"], []).append(each["value"])
    return named


def tags(found: dict[str, Any]) -> list[str]:
    return [each["name"] for each in found["Tag"]]


def test_the_lead_has_an_object_of_a_template_for_each_entity() -> None:
    found = objects(view_of(LEAD))
    assert {schema: each["name"] for schema, each in found.items()} == {
        "Person": "person",
        "Company": "legal-entity",
        "BankAccount": "bank-account",
        "Ownership": "ftm-Ownership",
        "Payment": "transaction",
    }
    assert values(found["Person"])["full-name"] == ["Qiu Wenhao"]
    assert values(found["Person"])["alias"] == ["裘文昊"]
    assert values(found["Person"])["date-of-birth"] == ["1979-03-14"]
    assert values(found["Payment"])["amount"] == ["1847250"]
    assert "currency: USD" in values(found["Payment"])["text"][0]


def test_a_reference_names_the_property_and_the_marking() -> None:
    found = objects(view_of(LEAD))
    told = {
        (each["relationship_type"], each["referenced_uuid"])
        for each in found["Payment"]["ObjectReference"]
    }
    assert told == {
        ("payer", found["Company"]["uuid"]),
        ("beneficiary", found["Person"]["uuid"]),
        ("beneficiaryAccount", found["BankAccount"]["uuid"]),
    }
    assert found["Payment"]["ObjectReference"][0]["comment"].startswith("organisation.name TLP:")


def test_tags_state_the_marking_of_each_attribute() -> None:
    account = Entity(id="a", schema="BankAccount", properties={"iban": ("DE89",), "bic": ("X",)})
    found = objects(view_of([account], markings={"iban": RED}))["BankAccount"]
    marked = {each["object_relation"]: tags(each) for each in found["Attribute"]}
    assert marked["iban"] == [
        "tlp:red",
        "PAP:RED",
        'tearline:handling="ORCON"',
        'tearline:category="finance.account"',
    ]
    assert 'tearline:handling="H1"' in marked["swift"]
    assert "tlp:amber" in marked["swift"]


def test_the_event_is_as_strict_as_the_strictest_attribute() -> None:
    account = Entity(id="a", schema="BankAccount", properties={"iban": ("DE89",), "bic": ("X",)})
    (event,) = exported(view_of([account], markings={"iban": RED}))
    assert tags(event) == [
        "tlp:red",
        "PAP:RED",
        'tearline:handling="H1"',
        'tearline:handling="ORCON"',
        'tearline:not-after="2026-11-13"',
    ]
    assert event["Orgc"]["name"] == ORIGIN


def test_no_event_is_published_or_leaves_the_organisation() -> None:
    for view in (view_of(LEAD), view_of([QIU], markings={"name": FREE, "id": FREE})):
        for event in exported(view):
            assert (event["published"], event["distribution"]) == (False, "0")
            assert not any(each["to_ids"] for o in event["Object"] for each in o["Attribute"])


@pytest.mark.parametrize(
    ("marking", "distribution"),
    [
        (FREE, "5"),
        (RED, "0"),
        (Marking(category="organisation.name", tlp=Tlp.GREEN, handling=(), orcon=False,
                 pap=Pap.CLEAR), "0"),
        (Marking(category="organisation.name", tlp=Tlp.CLEAR, handling=("H2",), orcon=False,
                 pap=Pap.CLEAR), "0"),
        (Marking(category="organisation.name", tlp=Tlp.CLEAR, handling=(), orcon=True,
                 pap=Pap.CLEAR), "0"),
    ],
)  # fmt: skip
def test_an_attribute_follows_a_wider_event_only_if_all_may_pass_it_on(
    marking: Marking, distribution: str
) -> None:
    found = objects(view_of([QIU], markings={"name": marking}))["Person"]
    assert {each["distribution"] for each in found["Attribute"]} == {distribution}
    assert found["distribution"] == distribution


def test_remarks_are_as_strict_as_the_strictest_of_them() -> None:
    odd = Entity(
        id="q", schema="Person",
        properties={"name": ("Q",), "education": ("MA",), "religion": ("none",)},
    )  # fmt: skip
    report = Report()
    found = objects(view_of([odd], markings={"religion": RED}), report)["Person"]
    (remarks,) = [each for each in found["Attribute"] if each["object_relation"] == "text"]
    assert remarks["value"] == "education: MA\nreligion: none"
    assert "tlp:red" in tags(remarks)
    assert 'tearline:handling="H1"' in tags(remarks)
    assert report.counts[Concern.NOT_UNDERSTOOD] == 2


def test_a_generalised_value_is_named_so_and_has_no_relation() -> None:
    born = Entity(id="q", schema="Person", properties={"name": ("Q",), "birthDate": ("1979-03",)})
    found = values(objects(view_of([born], coarse=frozenset({"birthDate"})))["Person"])
    assert "date-of-birth" not in found
    assert found["text"] == ["birthDate (generalised): 1979-03"]


def test_an_entity_without_what_its_template_requires_is_a_reference() -> None:
    anonymous = Entity(id="q", schema="Person", properties={"nationality": ("cn",)})
    found = objects(view_of([anonymous]))["Person"]
    assert found["name"] == REFERENCE.name
    assert values(found)["type"] == ["Person"]
    assert values(found)["comment"] == ["nationality: cn"]
    (identifier,) = values(found)["identifier"]
    assert identifier.startswith("token-")


def test_ids_are_not_exported_and_that_is_reported() -> None:
    report = Report()
    assert "person-qiu" not in json.dumps(exported(view_of(LEAD), report))
    assert [each.column for each in report if each.concern is Concern.STAYS_HOME] == ["id"]


def test_a_reference_to_another_packet_is_reported() -> None:
    share = Entity(id="s", schema="Ownership", properties={"owner": ("q",), "role": ("x",)})
    report = Report()
    found = objects(view_of([share]), report)
    assert set(found) == {"Ownership"}
    assert found["Ownership"]["ObjectReference"] == []
    (missing,) = [each for each in report if each.column == "Ownership.owner"]
    assert missing.object == found["Ownership"]["uuid"]


def test_a_partner_s_many_references_do_not_stop_an_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MAX_IMPORT_FINDINGS", 2)
    share = Entity(id="o", schema="Ownership", properties={"owner": ("a", "b", "c", "d")})
    told = Report(refuses=False)
    assert objects(view_of([share]), told)
    assert told.counts[Concern.STAYS_HOME] >= 4
    assert len(told) == len(list(told)) == 2


def test_uuids_stay_when_more_of_a_packet_becomes_readable() -> None:
    """After a disclosure: the id is known, a value is clear, and a field more is there."""
    before = view_of(
        [Entity(id="q", schema="Person", properties={"name": ("Q",), "birthDate": ("1979",)})],
        coarse=frozenset({"birthDate"}),
    )
    after = view_of(
        [
            Entity(
                id="q", schema="Person",
                properties={"name": ("Q",), "birthDate": ("1979-03-14",), "phone": ("+1",)},
            )
        ]
    )  # fmt: skip
    (first,), (second,) = exported(before), exported(after)
    assert first["uuid"] == second["uuid"]
    assert first["Object"][0]["uuid"] == second["Object"][0]["uuid"]
    named = [
        {each["object_relation"]: each["uuid"] for each in event["Object"][0]["Attribute"]}
        for event in (first, second)
    ]
    assert named[0]["full-name"] == named[1]["full-name"]


def test_no_uuid_is_made_of_a_value() -> None:
    """An id is often a hash of a name, and a UUID of it could be guessed as well."""
    known = [QIU, Entity(id="qiu", schema="Person", properties={"name": ("Another",)})]
    uuids = [
        {each["uuid"] for each in (o, *o["Attribute"])}
        for entity in known
        for o in objects(view_of([entity])).values()
    ]
    assert uuids[1] < uuids[0]


def test_a_value_too_long_for_misp_is_reported() -> None:
    long = Entity(
        id="q", schema="Person", properties={"name": ("Q",), "notes": ("a" * 65_000, "b" * 1000)}
    )
    report = Report()
    assert "b" * 1000 not in json.dumps(exported(view_of([long]), report))
    assert [each.part for each in report if each.column == "Person.notes"] == [2]


@pytest.mark.parametrize("trick", ["\x01", "\x1b[2J", "\u202e", '"}]', "\r\n", "\\"])
def test_no_value_breaks_the_file(trick: str) -> None:
    odd = Entity(id="q", schema="Person", properties={"name": (f"a{trick}b", "c")})
    told = written(misp.EXPORTER, view_of([odd])).decode()
    assert told.replace("\n", "").isprintable()
    assert f"a{trick}b" in "".join(
        text for each in values(objects(view_of([odd]))["Person"]).values() for text in each
    )


def test_the_tables_agree_with_the_published_templates() -> None:
    for schema, template in {**TEMPLATES, "Thing": REFERENCE}.items():
        read = MISPObject(template.name, strict=True)
        known = read._definition["attributes"]
        assert (read.template_uuid, read.template_version) == (template.uuid, template.version)
        assert read["meta-category"] == template.category
        assert template.required <= set(read._definition.get("requiredOneOf", ()))
        for name, relation in (*template.relations.items(), ("", template.remarks)):
            row = known[relation.name]
            assert row["misp-attribute"] == relation.type
            assert bool(row.get("multiple")) is relation.multiple
            assert not name or name in SCHEMATA[schema].properties
            assert not relation.spill or relation.spill in template.relations


IDS = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(
    ["1979-03-14", "1979", "male", "x@y.org", "https://x.org", "480.00", "a\nb"]
)


@st.composite
def drawn(draw: st.DrawFn) -> Entity:
    schema = draw(st.sampled_from([*TEMPLATES, "Substance", "Vessel", "Nonsense"]))
    known = SCHEMATA[schema].properties if schema in SCHEMATA else {"shoe": None}
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=6, unique=True))
    return Entity(
        id=draw(IDS),
        schema=schema,
        properties={
            name: tuple(
                draw(
                    st.lists(
                        IDS if is_reference(schema, name) else TEXTS,
                        min_size=1, max_size=3, unique=True,
                    )
                )
            )
            for name in names
        },
    )  # fmt: skip


@given(
    st.lists(drawn(), min_size=1, max_size=4, unique_by=lambda each: (each.id, each.schema)),
    st.sets(st.sampled_from(["name", "birthDate", "iban", "amount"])),
)
def test_events_hold_only_values_of_the_view_and_all_of_them(
    entities: list[Entity], coarse: set[str]
) -> None:
    view = view_of(entities, coarse=frozenset(coarse))
    events = exported(view)
    told = [each["value"] for event in events for o in event["Object"] for each in o["Attribute"]]
    given_ = {
        (name, value)
        for entity in (each.entity for each in view.entities())
        for name, texts in entity.properties.items()
        if not is_reference(entity.schema, name)
        for value in texts
    }
    joined = "\n".join(told).casefold()
    assert all(value.casefold() in joined for _, value in given_)
    own = {entity.schema for entity in entities}
    for text in told:
        left = text
        # The longest names first: some end with another, as "deregistrationDate" does.
        for name, value in sorted(given_, key=lambda each: (-len(each[0]), each)):
            for spelled in (f"{name} (generalised): {value}", f"{name}: {value}"):
                left = left.replace(spelled, "")
        left = left.strip("\n")
        assert (
            not left
            or left.casefold() in {value.casefold() for _, value in given_}
            or left in own
            or left.startswith("token-")
            or all(line in "\n".join(value for _, value in given_) for line in left.split("\n"))
        )
