from support.cases import each_case
from tearline.policy.profile import property_category
from tearline.policy.schema_categories import SCHEMATA as PROFILE
from tearline.policy.schema_categories import SECRET_PROPERTIES
from tearline_client.connectors.importers.identifiers import FORMATS
from tearline_client.planning.ftm_schema import (
    EXTENSIONS,
    NEVER_TRAVELS,
    SCHEMATA,
    PropertyType,
    is_reference,
    property_of,
)

# The profile's own: the narrative of a packet is no entity.
NO_ENTITY = {"Packet"}


def test_inherits_from_every_ancestor():
    company = SCHEMATA["Company"].properties
    assert {"name", "amount", "registrationNumber", "imoNumber", "isinCode"} <= set(company)
    assert SCHEMATA["Passport"].properties["holder"].type is PropertyType.ENTITY


def test_has_the_schemata_of_the_marking_profile():
    assert set(SCHEMATA) == set(PROFILE) - NO_ENTITY


@each_case("schema", sorted(SCHEMATA))
def test_every_property_has_a_category(schema):
    unmarked = {
        name
        for name in SCHEMATA[schema].properties
        if property_category(schema, name) == "unmarked" and (schema, name) not in SECRET_PROPERTIES
    }
    assert unmarked == set()


def test_every_format_can_be_checked():
    formats = {p.format for schema in SCHEMATA.values() for p in schema.properties.values()}
    assert formats - {""} <= FORMATS


def test_references_are_known_by_their_type():
    assert is_reference("Payment", "payer")
    assert is_reference("Vessel", "owner")
    assert not is_reference("Payment", "purpose")
    assert not is_reference("Payment", "noSuchProperty")
    assert not is_reference("NoSuchSchema", "payer")
    assert property_of("Vessel", "imoNumber").format == "imo"


def test_secrets_are_known_by_name():
    assert {"privateKey", "password"} == NEVER_TRAVELS


def test_extensions_are_marked_as_ours():
    assert set(SCHEMATA) > EXTENSIONS > {"Substance", "TransferLeg", "Feedback"}
    assert property_of("Substance", "casNumber").format == "cas"
