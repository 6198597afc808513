"""Table of the entities that have an object of their own in STIX 2.1, and of their properties.

An entity of another schema, or without the values that its object requires, is a
``tearline-entity``. Values without a place in an object are in the property extension.
"""

import re
from collections.abc import Callable, Mapping

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.exporters.stix_markings import CREATED, own_id
from tearline_client.connectors.importers.countries import country_codes

FORMAT_IDENTITY = own_id("identity", "format")
"""Id of the identity that defines the extensions."""
ENTITY_EXTENSION = own_id("extension-definition", "entity properties")
"""Id of the property extension: an entity's schema, ids and values."""
OBJECT_EXTENSION = own_id("extension-definition", "entity object")
"""Id of the extension that defines the type ``tearline-entity``."""
ENTITY = "tearline-entity"
RELATED, LOCATED = "related-to", "located-at"

_NOT_ISO = frozenset(
    {"ac", "an", "cp", "cq", "dd", "dg", "ea", "eu", "fx", "ic", "ip", "ta", "un", "xk", "zr", "zz"}
)
"""Codes of FollowTheMoney for territories and former states, which ISO 3166-1 does not assign."""
_ACCOUNT_TYPES = frozenset({"facebook", "ldap", "openid", "skype", "twitter"})
_SECTORS = frozenset(
    {
        "aerospace", "agriculture", "automotive", "chemical", "commercial", "communications",
        "construction", "dams", "defense", "education", "emergency-services", "energy",
        "entertainment", "financial-services", "government", "government-local",
        "government-national", "government-public-services", "government-regional",
        "healthcare", "hospitality-leisure", "infrastructure", "insurance", "manufacturing",
        "mining", "non-profit", "nuclear", "pharmaceuticals", "retail", "technology",
        "telecommunications", "transportation", "utilities", "water",
    }
)  # fmt: skip
"""Sectors of industry that STIX lists."""
_RELATIONS = frozenset({"derived-from", "duplicate-of", LOCATED})
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.0+)?Z\Z", re.ASCII)
_EXACT = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\Z", re.ASCII
)


@immutable
class Place:
    """Place of a property in an object.

    Attributes:
        name: Name of the object's property.
        of: Name of the entity's property, of which the first value has the place.
        is_list: Whether all values have it, as a list; none has unless all can be carried.
        carry: Returns the object's text of a value, or None if it has none.
        restore: Returns the value of an object's text.
    """

    name: str
    of: str
    is_list: bool = False
    carry: Callable[[str], str | None] = lambda value: value
    restore: Callable[[str], str] = lambda text: text


@immutable
class Shape:
    """Object of STIX that stands for an entity.

    Attributes:
        type: Its type.
        places: Places of properties in it.
        requires: Names of the places that it requires.
        fixed: Further properties with their values.
        identified_by: Names of the places from which its id is made, for an observable.
    """

    type: str
    places: tuple[Place, ...]
    requires: frozenset[str]
    fixed: Mapping[str, str]
    identified_by: tuple[str, ...] = ()


def _country(value: str) -> str | None:
    is_known = len(value) == 2 and value in country_codes() and value not in _NOT_ISO
    return value.upper() if is_known else None


def plain_time(text: str) -> str:
    """Returns a time of STIX as FollowTheMoney spells it; a fraction of a second stays."""
    match = _TIME.match(text)
    return match[1] if match else text


def _time(value: str) -> str | None:
    return f"{value}Z" if _EXACT.match(value) else None


def _one_of(known: frozenset[str]) -> Callable[[str], str | None]:
    return lambda value: value if value in known else None


_LABELS = Place(name="labels", of="keywords", is_list=True, carry=lambda value: value or None)


def _party(**fixed: str) -> Shape:
    places = (
        Place(name="name", of="name"),
        Place(name="description", of="description"),
        Place(name="sectors", of="sector", is_list=True, carry=_one_of(_SECTORS)),
        _LABELS,
    )
    return Shape(type="identity", places=places, requires=frozenset({"name"}), fixed=fixed)


def _account(*places: Place, by: tuple[str, ...]) -> Shape:
    return Shape(
        type="user-account",
        places=(*places, Place(name="display_name", of="name")),
        requires=frozenset(by),
        fixed={},
        identified_by=by,
    )


_ORGANIZATION = _party(identity_class="organization")
SHAPES: Mapping[str, Shape] = {
    "Person": _party(identity_class="individual"),
    "LegalEntity": _party(),
    "Organization": _ORGANIZATION,
    "Company": _ORGANIZATION,
    "PublicBody": _ORGANIZATION,
    "Address": Shape(
        type="location",
        places=(
            Place(name="name", of="name"),
            Place(name="description", of="description"),
            Place(name="country", of="country", carry=_country, restore=str.lower),
            Place(name="administrative_area", of="state"),
            Place(name="city", of="city"),
            Place(name="street_address", of="street"),
            Place(name="postal_code", of="postalCode"),
            _LABELS,
        ),
        requires=frozenset({"country"}),
        fixed={},
    ),
    # An account number is unique within a bank alone, so it identifies no account.
    "BankAccount": _account(Place(name="user_id", of="iban"), by=("user_id",)),
    "CryptoWallet": _account(Place(name="user_id", of="publicKey"), by=("user_id",)),
    "UserAccount": _account(
        Place(name="account_login", of="username"),
        Place(name="account_type", of="service", carry=_one_of(_ACCOUNT_TYPES)),
        by=("account_type", "account_login"),
    ),
}
"""The object of each schema that has one, beside links between two entities."""

_LINK_PLACES = (
    Place(name="relationship_type", of="role", carry=_one_of(_RELATIONS)),
    Place(name="start_time", of="startDate", carry=_time, restore=plain_time),
    Place(name="stop_time", of="endDate", carry=_time, restore=plain_time),
)
_UNKNOWN = "UnknownLink"
_DESCRIBED = Place(
    name="description",
    of="description",
    carry=lambda value: None if value in ("", _UNKNOWN) else value,
)


def link_shape(schema: str) -> Shape:
    """Returns the relationship of a link; its description is the schema, if that tells more."""
    return Shape(
        type="relationship",
        places=(*_LINK_PLACES, *((_DESCRIBED,) if schema == _UNKNOWN else ())),
        requires=frozenset(),
        fixed={"relationship_type": RELATED, "description": schema},
    )


_COMMON = {"spec_version": "2.1", "created": CREATED, "modified": CREATED}
VOCABULARY: tuple[dict[str, object], ...] = (
    {
        "type": "identity",
        "id": FORMAT_IDENTITY,
        **_COMMON,
        "name": "Tearline",
        "identity_class": "system",
    },
    {
        "type": "extension-definition",
        "id": ENTITY_EXTENSION,
        **_COMMON,
        "created_by_ref": FORMAT_IDENTITY,
        "name": "Tearline entity properties",
        "description": "Values of an entity by the schemata of FollowTheMoney and of Tearline.",
        "schema": "Properties: schema (text), ids (list of texts), originators (list of texts), "
        "property (text), properties (list of objects with name, values and, for values in "
        "coarser form, generalised).",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    },
    {
        "type": "extension-definition",
        "id": OBJECT_EXTENSION,
        **_COMMON,
        "created_by_ref": FORMAT_IDENTITY,
        "name": "Tearline entity",
        "description": "Entity that no object of STIX stands for.",
        "schema": f"Common properties of a domain object alone, with the extension "
        f"{ENTITY_EXTENSION}.",
        "version": "1.0.0",
        "extension_types": ["new-sdo"],
    },
)
"""Objects that define the extensions."""
