"""Bundles of STIX 2.1, judged by the validator and the library of others."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.examples import examples
from tearline.policy.marking import Marking, Pap, Tlp
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters import stix
from tearline_client.connectors.exporters.graph import ENDS
from tearline_client.connectors.exporters.stix_objects import stix_objects
from tearline_client.connectors.exporters.stix_shapes import ENTITY_EXTENSION
from tearline_client.connectors.importers.countries import country_codes
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.marked_entities import EntityKey, Source
from tearline_client.planning.entities import Entity
from unit.client.connectors.exporters.test_graphs import LANTERN, LEAD, PAYMENT, QIU, SHARE
from unit.client.connectors.exporters.views import (
    AMBER,
    ORIGIN,
    RED,
    joined,
    only,
    view_of,
    written,
)

OTHER = "tearline:cn:mps:node-2"
ACCOUNT = Entity(
    id="acc",
    schema="BankAccount",
    properties={"iban": ("DE89370400440532013000",), "bankName": ("Banco",), "bank": ("lantern",)},
)


def bundle(view: ExportedPackets, report: Report | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(stix.EXPORTER, view, report))
    return found


def judged(made: dict[str, Any]) -> list[str]:
    """What the validator of OASIS says in strict mode, and the library of OASIS parses it.

    ``uuid-check`` alone is off: it asks for random ids, which are new in each export.
    """
    import stix2
    from stix2validator import ValidationOptions, validate_instance

    options = ValidationOptions(strict=True, version="2.1", disabled=["uuid-check"])
    result = validate_instance(made, options)
    has_own_type = any(each["type"] == "tearline-entity" for each in made["objects"])
    stix2.parse(made, allow_custom=has_own_type)
    return [str(each) for each in getattr(result, "errors", [])]


def objects_of(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in made["objects"] if each["type"] == kind and "extensions" in each]


def extension(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["extensions"][ENTITY_EXTENSION]
    return found


def texts(data: Any) -> Iterator[str]:
    """Every text of some data, keys included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)


def test_a_lead_is_a_valid_bundle() -> None:
    made = bundle(view_of(LEAD, markings={"iban": RED, "name": AMBER}))
    assert judged(made) == []
    assert {each["name"] for each in objects_of(made, "identity")} >= {"Qiu Wenhao"}
    (share,) = [each for each in objects_of(made, "relationship") if each["description"] in ENDS][
        :1
    ]
    ids = {each["id"] for each in made["objects"]}
    assert {share["source_ref"], share["target_ref"], share["created_by_ref"]} <= ids


def test_ids_stay_the_same_whatever_else_is_exported() -> None:
    alone = {each["id"] for each in objects_of(bundle(view_of([QIU])), "identity")}
    both = {each["id"] for each in objects_of(bundle(view_of([QIU, LANTERN, SHARE])), "identity")}
    assert alone < both
    assert bundle(view_of(LEAD)) == bundle(view_of(LEAD))


def test_an_id_is_the_same_before_and_after_its_entity_s_id_is_disclosed() -> None:
    """An id of FollowTheMoney may be a hash of a name: no id of the export is made of it."""
    shown = view_of([QIU, LANTERN, SHARE])
    hidden = only(
        shown,
        {
            packet: [each for each in opened if not each.field.path.endswith("/id")]
            for packet, opened in shown.fields.items()
        },
    )
    before, after = bundle(hidden), bundle(shown)
    assert [each["id"] for each in before["objects"]] == [each["id"] for each in after["objects"]]
    assert not {"qiu", "lantern", "share"} & set(texts(before))


def test_an_account_has_the_id_that_stix_prescribes_and_is_one_for_all_originators() -> None:
    import stix2

    mine = view_of([ACCOUNT], markings={"iban": RED})
    made = bundle(joined(mine, view_of([ACCOUNT], origin=OTHER, first=9)))
    (account,) = objects_of(made, "user-account")
    assert account["id"] == stix2.UserAccount(user_id="DE89370400440532013000").id
    assert extension(account)["originators"] == sorted([ORIGIN, OTHER])
    assert (
        "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
        in (account["object_marking_refs"])
    )
    assert judged(made) == []


def test_accounts_of_one_number_are_merged_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [
        Entity(
            id=f"a{number}",
            schema="BankAccount",
            properties={"iban": ("DE89370400440532013000",), "notes": (f"note {number}",)},
        )
        for number in range(60)
    ]
    asked = list[str]()
    find = ExportedPackets.find

    def counted(self: ExportedPackets, source: Source, token: str) -> EntityKey | None:
        asked.append(token)
        return find(self, source, token)

    monkeypatch.setattr(ExportedPackets, "find", counted)
    (account,) = objects_of(bundle(view_of(accounts)), "user-account")
    assert len(account["extensions"][ENTITY_EXTENSION]["properties"][0]["values"]) == 60
    assert len(asked) <= 4 * 60


def test_of_accounts_of_one_number_a_generalised_value_is_not_told_as_a_clear_one() -> None:
    iban = {"iban": ("DE89370400440532013000",)}
    coarse = Entity(id="a", schema="BankAccount", properties={**iban, "name": ("Q…",)})
    clear = Entity(id="b", schema="BankAccount", properties={**iban, "name": ("Qiu",)})
    made = bundle(joined(view_of([coarse], coarse=frozenset({"name"})), view_of([clear], first=9)))
    (account,) = objects_of(made, "user-account")
    assert account["display_name"] == "Qiu"
    assert account["extensions"][ENTITY_EXTENSION]["properties"] == [
        {"name": "name", "values": ["Q…"], "generalised": True}
    ]


def test_accounts_with_one_number_at_two_banks_are_two() -> None:
    two = [
        Entity(id=bank, schema="BankAccount", properties={"accountNumber": ("7",)})
        for bank in ("a", "b")
    ]
    made = bundle(view_of(two))
    assert len(objects_of(made, "tearline-entity")) == 2
    assert judged(made) == []


def test_a_reference_is_a_relationship() -> None:
    person = replace(QIU, properties={**QIU.properties, "addressEntity": ("home",)})
    home = Entity(id="home", schema="Address", properties={"country": ("mx",), "city": ("Colima",)})
    made = bundle(view_of([person, home, ACCOUNT, LANTERN]))
    told = {
        (each["relationship_type"], each["description"])
        for each in objects_of(made, "relationship")
    }
    assert told == {("located-at", "Person.addressEntity"), ("related-to", "BankAccount.bank")}
    assert judged(made) == []


def test_a_link_without_two_nodes_is_an_entity() -> None:
    made = bundle(view_of([QIU, LANTERN, PAYMENT]))
    (paid,) = objects_of(made, "tearline-entity")
    assert extension(paid)["schema"] == "Payment"
    assert {"name": "amount", "values": ["480.00"]} in extension(paid)["properties"]
    assert judged(made) == []


def test_an_object_is_marked_as_its_strictest_field_and_the_milder_are_named() -> None:
    green = Marking(category="measure", tlp=Tlp.GREEN, handling=(), orcon=False, pap=Pap.GREEN)
    account = Entity(
        id="acc", schema="BankAccount", properties={**ACCOUNT.properties, "currency": ("eur",)}
    )
    made = bundle(view_of([account], markings={"iban": RED, "currency": green}))
    (found,) = objects_of(made, "user-account")
    names = {
        each["id"]: each.get("name") or each["definition"]["statement"]
        for each in made["objects"]
        if each["type"] == "marking-definition"
    }
    assert [
        names[ref].partition(":")[2].partition(" ")[0] or names[ref]
        for ref in found["object_marking_refs"][:2]
    ] == ["RED", "RED"]
    assert {names[ref].partition(":")[0] for ref in found["object_marking_refs"]} == {
        "TLP",
        "PAP",
        "H0",
        "H1",
        "ORCON",
    }
    milder = {names[each["marking_ref"]]: each["selectors"] for each in found["granular_markings"]}
    place = f"extensions.{ENTITY_EXTENSION}.properties.[2]"
    assert extension(found)["properties"][2] == {"name": "currency", "values": ["eur"]}
    assert milder["TLP:GREEN"] == [place]
    assert milder["PAP:GREEN"] == [place]
    assert {label for label, selectors in milder.items() if "user_id" in selectors} == {
        "TLP:RED",
        "PAP:RED",
        "ORCON: its originator controls who gets it",
    }


def test_a_generalised_value_is_named_and_stands_for_no_value() -> None:
    born = replace(QIU, properties={"name": ("Q.",), "birthDate": ("1970-03",)})
    made = bundle(view_of([born], coarse=frozenset({"birthDate", "name"})))
    (found,) = objects_of(made, "tearline-entity")
    assert all(each["generalised"] for each in extension(found)["properties"])


def test_every_country_is_one_of_stix_or_a_value_of_the_extension() -> None:
    places = [
        Entity(id=code, schema="Address", properties={"country": (code,), "city": ("X",)})
        for code in sorted(country_codes())
    ]
    made = bundle(view_of(places))
    assert judged(made) == []
    assert len(objects_of(made, "location")) > 190


def test_the_times_are_those_of_the_packets() -> None:
    (found,) = objects_of(bundle(view_of([QIU])), "identity")
    assert found["created"] == found["modified"] == "2026-11-30T00:53:20.123Z"


def test_objects_can_be_served_one_by_one() -> None:
    view = view_of(LEAD)
    assert list(stix_objects(view, Report())) == bundle(view)["objects"]


@pytest.mark.parametrize("trick", ["\x01", "\x1b[2J", "\u202e", '"}]}', "\r\n", "\\u0000"])
def test_no_value_breaks_the_file(trick: str) -> None:
    odd = Entity(id=f"q{trick}", schema="Person", properties={"name": (f"a{trick}b",)})
    told = written(stix.EXPORTER, view_of([odd]))
    assert all(char.isprintable() or char == "\n" for char in told.decode())
    (found,) = objects_of(json.loads(told), "identity")
    assert (found["name"], extension(found)["ids"]) == (f"a{trick}b", [f"q{trick}"])


def test_a_relationship_keeps_its_references() -> None:
    paid = replace(PAYMENT, properties={**PAYMENT.properties, "payer": ("qiu",)})
    paid = replace(paid, properties={**paid.properties, "beneficiaryAccount": ("acc",)})
    made = bundle(view_of([QIU, LANTERN, ACCOUNT, paid]))
    (link,) = [
        each for each in objects_of(made, "relationship") if each["description"] == "Payment"
    ]
    assert {"name": "beneficiaryAccount", "values": ["acc"]} in extension(link)["properties"]
    assert judged(made) == []


NAMES = st.sampled_from(
    [
        "name",
        "iban",
        "username",
        "service",
        "owner",
        "asset",
        "payer",
        "zzz",
        "beneficiary",
        "country",
        "addressEntity",
        "description",
        "holder",
    ]
)
IDS = st.sampled_from(["a", "b", "c", "mx", "twitter"])
SCHEMAS = st.sampled_from(
    [
        "Person",
        "Ownership",
        "Payment",
        "Nonsense",
        "BankAccount",
        "Address",
        "UserAccount",
        "CryptoWallet",
        "Documentation",
    ]
)
ENTITIES = st.lists(
    st.builds(
        Entity,
        id=IDS,
        schema=SCHEMAS,
        properties=st.dictionaries(
            NAMES, st.lists(IDS, min_size=1, max_size=3, unique=True).map(tuple), max_size=5
        ),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda entity: (entity.id, entity.schema),
)


@settings(max_examples=examples(25))
@given(ENTITIES, st.sets(NAMES, max_size=3))
def test_any_view_is_a_valid_bundle_with_each_id_once(
    entities: list[Entity], coarse: set[str]
) -> None:
    made = bundle(view_of(entities, coarse=frozenset(coarse), markings={"iban": RED}))
    assert judged(made) == []
    ids = [each["id"] for each in made["objects"]]
    assert len(set(ids)) == len(ids)
    for each in objects_of(made, "relationship"):
        assert {each["source_ref"], each["target_ref"]} <= set(ids)


@given(ENTITIES)
def test_every_value_is_carried(entities: list[Entity]) -> None:
    told = set(texts(bundle(view_of(entities))))
    for entity in entities:
        for name, values in entity.properties.items():
            if name not in {"owner", "asset", "payer", "beneficiary", "addressEntity", "holder"}:
                assert set(values) <= told | {text.lower() for text in told}


@given(ENTITIES, st.data())
def test_a_bundle_is_that_of_its_readable_fields_alone(
    entities: list[Entity], data: st.DataObject
) -> None:
    """Fields that are not readable change no id, object or count: they are not in the view."""
    named = [
        replace(
            entity,
            properties={
                name: tuple(f"{value}-canary-{place}-{name}" for value in values)
                if name in ("description", "zzz")
                else values
                for name, values in entity.properties.items()
            },
        )
        for place, entity in enumerate(entities)
    ]
    view = view_of(named)
    kept = {
        packet: tuple(each for each in opened if data.draw(st.booleans()))
        for packet, opened in view.fields.items()
    }
    gone = {
        value.decode()
        for packet, opened in view.fields.items()
        for each in opened
        if each not in kept[packet]
        for value in each.field.values
        if b"canary" in value
    }
    part = only(view, kept)
    assert not gone & set(texts(bundle(part)))
    readable = only(view, {packet: opened for packet, opened in kept.items() if opened})
    assert bundle(part) == bundle(readable)
