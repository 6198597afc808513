"""Bundles of others, imported and exported again: all that is lost or changed is declared."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cases import each_case
from support.examples import examples
from support.paths import shared
from tearline.errors import ImportRefused
from tearline.policy.marking import Tlp
from tearline_client.connectors.exporters.stix_markings import TLP_IDS
from tearline_client.connectors.exporters.stix_shapes import ENTITY, ENTITY_EXTENSION
from unit.client.connectors.exporters.test_stix import judged, texts
from unit.client.connectors.importers.test_stix import (
    BESIDE,
    ID,
    PLACE,
    SAMPLES,
    bundle,
    exported,
    person,
    read,
)

Made = Mapping[str, Any]
LEVELS = {ref: level for level, ref in TLP_IDS.items()} | {
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
OF_ALL = {"type", "id", "spec_version", "object_marking_refs", "granular_markings"}
SHARED_SAMPLE = "data/stix21_granular_markings.json"


def again(data: bytes) -> tuple[dict[str, list[Made]], set[tuple[str, str]]]:
    """Returns the objects that came back by original id, and the places that are reported."""
    entities, report = read(data)
    back: dict[str, list[Made]] = {}
    ids: dict[str, str] = {}
    written = json.loads(exported(entities))
    for made in written["objects"]:
        own = made.get("extensions", {}).get(ENTITY_EXTENSION, {})
        for each in own.get("ids", []):
            ids[made["id"]] = each
    for made in written["objects"]:
        if ENTITY_EXTENSION in made.get("extensions", {}):
            ends = {end: ids[made[end]] for end in ("source_ref", "target_ref") if end in made}
            origin = ids.get(made["id"], ends.get("source_ref", ""))
            back.setdefault(origin, []).append({**made, **ends})
    return back, {(each.column, each.object) for each in report}


def level_at(made: Made, name: str) -> Tlp:
    """Returns the strictest level of a property's values: a granular one precedes the object's."""
    granular = {
        selector: LEVELS[part["marking_ref"]]
        for part in made.get("granular_markings", ())
        for selector in part["selectors"]
        if selector == name or selector.startswith(f"{name}.")
    }
    whole = [LEVELS[ref] for ref in made.get("object_marking_refs", ()) if ref in LEVELS]
    inherited = [] if name in granular else whole
    return max([*granular.values(), *inherited, Tlp.CLEAR])


def spelled(text: str) -> str:
    return text.casefold().removesuffix("z").removesuffix(".000")


def verify_declared(data: bytes) -> None:
    """Checks each property of each object: it comes back as marked, or is reported."""
    back, reported = again(data)
    for made in json.loads(data)["objects"]:
        kind, origin = made["type"], made["id"]
        found = back.get(origin, [])
        told = {spelled(text) for each in found for text in texts(each)}
        levels = [LEVELS[ref] for each in found for ref in each["object_marking_refs"][:1]]
        for name in made.keys() - OF_ALL:
            path = name if name.isidentifier() else "(other)"
            told_of = {
                (kind, origin),
                (f"{kind}.{path}", origin),
                (f"{kind}.{path}", ""),
                (name, ""),
            }
            if told_of & reported:
                continue
            if name == "identity_class" and is_said_by_schema(made[name], found):
                continue
            values = made[name] if isinstance(made[name], list) else [made[name]]
            assert {spelled(str(each)) for each in values} <= told, (kind, name)
            if level_at(made, name) > Tlp.CLEAR:
                assert max(levels) >= level_at(made, name), (kind, name)


def is_said_by_schema(class_: str, found: list[Made]) -> bool:
    """Returns whether each value stayed home, or came back under the schema of a class."""
    schemas = {"individual": "Person", "organization": "Organization"}
    own = [each["extensions"][ENTITY_EXTENSION] for each in found if each["type"] == ENTITY]
    return len(own) == len(found) and all(each["schema"] == schemas.get(class_) for each in own)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_a_sample_of_others_loses_only_what_is_reported(path: Path) -> None:
    verify_declared(path.read_bytes())
    assert judged(json.loads(exported(read(path.read_bytes())[0]))) == []


def test_the_shared_sample_loses_only_what_is_reported() -> None:
    verify_declared(shared(SHARED_SAMPLE).read_bytes())


def test_these_properties_come_back_in_their_places() -> None:
    """The table of docs/howto/stix.md."""
    location = {
        "type": "location", "spec_version": "2.1", "id": PLACE, "name": "Port",
        "country": "MX", "administrative_area": "Colima", "city": "Manzanillo",
        "street_address": "Puerto 4", "postal_code": "28200", "labels": ["port"],
    }  # fmt: skip
    account = {
        "type": "user-account", "spec_version": "2.1", "account_type": "twitter",
        "account_login": "qiu", "display_name": "Q", "user_id": "17",
        "id": "user-account--0d5b424b-93b8-5cd8-ac36-306e1789d63c",
    }  # fmt: skip
    relation = {
        "type": "relationship", "spec_version": "2.1", "relationship_type": "located-at",
        "id": "relationship--57b56a43-b8b0-4cba-9deb-34e3e1faed9e",
        "description": "seen there", "source_ref": ID, "target_ref": PLACE,
        "start_time": "2026-01-01T00:00:00Z", "stop_time": "2026-02-01T12:30:00Z",
    }  # fmt: skip
    party = person(description="A courier", sectors=["chemical", "retail"], labels=["x", "y"])
    before = [party, location, account, relation]
    back, reported = again(bundle(*before))
    for made in before:
        (found,) = back[made["id"]]
        kept = {name: found.get(name) for name in made.keys() - {"id", *BESIDE, "user_id"}}
        assert kept == {name: made[name] for name in kept}
    assert {place for place, origin in reported if origin} == {"user-account.user_id"}


@each_case(
    ("name", "value"),
    [
        ("identity_class", "group"),
        ("lang", "es"),
        ("confidence", 80),
        ("external_references", [{"source_name": "x", "url": "https://example.org"}]),
        ("extensions", {"extension-definition--" + ID[10:]: {"extension_type": "property"}}),
        ("labels", []),
        ("sectors", "chemical"),
        ("x_new", None),
        ("granular_markings", [{"lang": "es", "selectors": ["name"]}]),
    ],
)
def test_a_property_that_no_entity_has_is_reported(name: str, value: Any) -> None:
    data = bundle(person(**{name: value}))
    if name == "sectors":  # one text stands for a list of one
        verify_declared(data)
        return
    _, report = read(data)
    assert (f"identity.{name}", ID) in {(each.column, each.object) for each in report}


def test_what_describes_the_bundle_is_reported() -> None:
    _, report = read(bundle(person(), x_from="A", **{"A canary!": 1}))
    assert [each.column for each in report][-2:] == ["bundle.x_from", "bundle.(other)"]


def test_a_bundle_of_stix_2_0_is_refused() -> None:
    with pytest.raises(ImportRefused, match=r"not of STIX 2\.1"):
        read(bundle(person(), spec_version="2.0"))


def test_what_another_program_adds_to_an_exported_object_is_reported() -> None:
    entities, _ = read(bundle(person()))
    written = json.loads(exported(entities))
    made = next(each for each in written["objects"] if each.get("name") == "Qiu Wenhao")
    made["extensions"]["extension-definition--" + ID[10:]] = {"x": "y"}
    made |= {"confidence": 80, "roles": ["courier"]}
    _, report = read(json.dumps(written).encode())
    told = {each.column for each in report if each.object == made["id"]}
    assert told >= {"identity.extensions", "identity.confidence", "identity.roles"}


TEXTS = st.sampled_from(["Qiu", "chemical", "x", "2026-01-01T00:00:00.000Z", "a b", "裘"])
VALUES = st.one_of(
    TEXTS,
    st.lists(TEXTS, max_size=3, unique=True),
    st.sampled_from([7, 12.5, True, None, {"a": "b"}, [1], [["x"]]]),
)
REFS = st.sampled_from([None, *LEVELS])
SELECTORS = st.sampled_from(["name", "labels", "labels.[0]", "sectors.[1]", "city", "content"])
NAMES = {
    "identity": "name description identity_class sectors contact_information roles",
    "location": "name description region country administrative_area city latitude longitude",
    "user-account": "user_id account_login account_type display_name is_privileged credential",
    "email-addr": "value display_name belongs_to_ref",
    "file": "name size hashes mime_type ctime contains_refs",
    "note": "content abstract authors object_refs",
    "relationship": "relationship_type description start_time stop_time",
    "malware": "name is_family",
}
FIXED = {
    "identity_class": ["individual", "organization", "group", "class"],
    "country": ["MX", "CN"],
    "relationship_type": ["located-at", "duplicate-of", "works-for"],
    "start_time": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z", "2027-01-01T00:00:00Z"],
    "stop_time": ["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"],
    "account_type": ["twitter", "x"],
}


@st.composite
def bundles(draw: st.DrawFn) -> bytes:
    """Bundles of some objects with any of their properties, and properties of any data."""
    kinds = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=5))
    ids = [f"{kind}--{UUID(int=place)}" for place, kind in enumerate(kinds)]
    ends = st.sampled_from([*ids, ID, PLACE])
    return bundle(*(dict(_drawn(draw, each, ends)) for each in ids), person(id=ID))


def _drawn(
    draw: st.DrawFn, object_id: str, ends: st.SearchStrategy[str]
) -> Iterator[tuple[str, Any]]:
    kind = object_id.partition("--")[0]
    yield from {"type": kind, "id": object_id, "spec_version": "2.1"}.items()
    common = ["labels", "confidence", "external_references", "x_own", "lang"]
    names = draw(st.sets(st.sampled_from([*NAMES[kind].split(), *common])))
    for name in sorted(names):
        yield name, draw(st.sampled_from(FIXED[name]) if name in FIXED else VALUES)
    if kind == "relationship":
        yield from {"source_ref": draw(ends), "target_ref": draw(ends)}.items()
    if kind == "note":
        yield "object_refs", draw(st.lists(ends, max_size=3, unique=True))
    if ref := draw(REFS):
        yield "object_marking_refs", [ref]
    if ref := draw(REFS):
        yield "granular_markings", [{"marking_ref": ref, "selectors": [draw(SELECTORS)]}]


@settings(max_examples=examples(60))
@given(bundles())
def test_any_bundle_loses_only_what_is_reported(data: bytes) -> None:
    verify_declared(data)
