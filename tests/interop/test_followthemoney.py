"""What we write is FollowTheMoney: its own library reads every line and agrees with our table.

Needs the package ``followthemoney`` (4.11.2), which compiles PyICU and so asks for a C++
compiler, pkg-config and libicu-dev. ``make interop`` installs it in a place of its own.
"""

import json
import warnings
from collections import Counter

import pytest

from support.entities import read_entities
from support.paths import shared
from tearline.policy.profile import property_category
from tearline.policy.schema_categories import SECRET_PROPERTIES
from tearline_client.connectors.exporters.ftm import (
    encode_entity,
    without_extension,
)
from tearline_client.connectors.importers.countries import country_codes, country_names
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.connectors.importers.identifiers import check_property
from tearline_client.connectors.importers.ofac import read_ofac
from tearline_client.planning.entities import (
    Entity,
    connected_groups,
    fields_of,
)
from tearline_client.planning.ftm_schema import EXTENSIONS, SCHEMATA, property_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its warnings are not ours
    pytest.importorskip("followthemoney", reason="run by `make interop`")
    from followthemoney import model
    from followthemoney.types import registry
    from rigour.territories import get_ftm_countries

pytestmark = pytest.mark.filterwarnings("default")

# Checks of ours for properties whose format FollowTheMoney leaves open.
OWN_FORMATS = {"wallet", "mmsi"}
PUBLIC = [
    (read_ftm, "data/ftm_parteispenden.ftm.json"),
    (read_ofac, "data/ofac_sdn_drugs_tco_2024-05-03.csv"),
]
# What version 3.8 had and this one has not: sources still say so.
EARLIER_SCHEMATA = {"Assessment", "Post"}
ID_LESS = {"Analyzable", "Value"}  # beside others' parents alone: no entity is one
EARLIER_PROPERTIES = {
    ("Company", "ibcRuc"),
    ("CryptoWallet", "mangingExchange"),
    ("UserAccount", "number"),
}


def exported(read, file):
    """A public file as a partner exports it who was granted all of it."""
    fields = [
        field
        for group in connected_groups(read(shared(file)).entities)
        for field in fields_of(group, key=bytes(32), agreement_id=bytes(16))
    ]
    return [json.loads(encode_entity(entity)) for entity in read_entities(fields)]


def test_the_table_has_every_schema_of_the_library():
    assert set(SCHEMATA) - EXTENSIONS - EARLIER_SCHEMATA == set(model.schemata)


@pytest.mark.parametrize("name", sorted(model.schemata))
def test_the_table_is_the_librarys(name):
    theirs = model.get(name)
    assert theirs.abstract == SCHEMATA[name].abstract
    assert {
        (p.name, str(p.type), "" if p.format in OWN_FORMATS else p.format)
        for p in SCHEMATA[name].properties.values()
        if (name, p.name) not in EARLIER_PROPERTIES
    } == {(p.name, p.type.name, p.format or "") for p in theirs.properties.values() if not p.stub}


@pytest.mark.parametrize(("read", "file"), PUBLIC)
def test_the_library_reads_every_line_and_loses_nothing(read, file):
    ours, theirs = Counter(), Counter()
    for data in exported(read, file):
        proxy = model.get_proxy(data)
        assert not proxy.schema.abstract
        for name, values in data["properties"].items():
            ours.update((data["schema"], name, value) for value in values)
        for prop, value in proxy.itervalues():
            theirs[(proxy.schema.name, prop.name, value)] += 1
    assert theirs == ours
    assert ours


@pytest.mark.parametrize(("read", "file"), PUBLIC)
def test_what_the_library_finds_invalid_we_reported(read, file):
    unreported = Counter()
    for data in exported(read, file):
        schema = model.get(data["schema"])
        for name in schema.required:
            assert data["properties"].get(name), (data["schema"], name)
        for name, values in data["properties"].items():
            known = property_of(data["schema"], name)
            for value in values:
                valid = schema.properties[name].type.validate(value)
                if not valid and check_property(known, value).normal is not None:
                    unreported[(data["schema"], name)] += 1
    assert unreported == Counter()


@pytest.mark.parametrize("name", sorted(model.schemata))
def test_every_property_of_the_library_has_a_category(name):
    names = {"id", *(p.name for p in model.get(name).properties.values() if not p.stub)}
    secret = {prop for schema, prop in SECRET_PROPERTIES if schema == name}
    assert {p for p in names - secret if property_category(name, p) == "unmarked"} == (
        {"id"} if name in ID_LESS else set()
    )


def test_an_unresolved_reference_still_is_one():
    family = Entity(id="f", schema="Family", properties={"person": ("a",), "relative": ("b",)})
    (group,) = connected_groups([family])
    fields = fields_of(group, key=bytes(32), agreement_id=bytes(16))
    (received,) = read_entities(f for f in fields if not f[0].endswith("/id"))
    proxy = model.get_proxy(json.loads(encode_entity(received)), cleaned=False)
    assert proxy.id == received.id
    assert proxy.get("person") == list(received.properties["person"])


def test_a_mark_beside_an_entity_is_context():
    person = Entity(id="a", schema="Person", properties={"birthDate": ("1970",)})
    proxy = model.get_proxy(json.loads(encode_entity(person, generalised={"birthDate"})))
    assert proxy.get("birthDate") == ["1970"]
    assert proxy.context["generalised"] == ["birthDate"]


def test_a_substance_is_read_as_an_asset():
    substance = Entity(
        id="s", schema="Substance", properties={"name": ("Safrole",), "casNumber": ("94-59-7",)}
    )
    proxy = model.get_proxy(json.loads(encode_entity(without_extension(substance))), cleaned=False)
    assert proxy.caption == "Safrole"
    assert proxy.get("notes") == ["casNumber: 94-59-7"]


def test_countries_are_the_librarys():
    assert country_codes() == {territory.code for territory in get_ftm_countries()}
    assert {
        name: code for name, code in country_names() if registry.country.clean(name) != code
    } == {}
