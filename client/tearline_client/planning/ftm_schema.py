"""FollowTheMoney schemata, with the type of each property.

FollowTheMoney (https://followthemoney.tech) is a data model for people, companies, their
assets and the links between them. Its library is too large to depend on. These tables
contain all schemata of version 4.11, and older names that some sources still use.
``EXTENSIONS`` lists Tearline's own schemata: the parts of the kinds in ``tearline.bodies``, which
define their formats.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tearline.dataclass.immutable import immutable
from tearline.policy.schema_categories import SECRET_PROPERTIES
from tearline_client.planning.ftm_parties import PARTIES
from tearline_client.planning.ftm_records import RECORDS


class PropertyType(StrEnum):
    """Type of a property's values, by FollowTheMoney's names."""

    ADDRESS = "address"
    CHECKSUM = "checksum"
    COUNTRY = "country"
    DATE = "date"
    EMAIL = "email"
    ENTITY = "entity"
    GENDER = "gender"
    HTML = "html"
    IDENTIFIER = "identifier"
    IP = "ip"
    JSON = "json"
    LANGUAGE = "language"
    MIMETYPE = "mimetype"
    NAME = "name"
    NUMBER = "number"
    PHONE = "phone"
    STRING = "string"
    TEXT = "text"
    TOPIC = "topic"
    URL = "url"


@immutable
class Property:
    """A property of a schema.

    Attributes:
        name: FollowTheMoney's name.
        type: Type of its values.
        format: Identifier format if the schema fixes one, else empty.
    """

    name: str
    type: PropertyType
    format: str = ""


@immutable
class Schema:
    """A schema with all its properties, inherited ones included.

    Attributes:
        name: FollowTheMoney's name.
        abstract: Whether other schemata extend it and no entity uses it.
        properties: Properties by name.
    """

    name: str
    abstract: bool
    properties: Mapping[str, Property]


EXTENSIONS = frozenset(
    {
        "Feedback",
        "OperationalNotice",
        "PreExportNotification",
        "PrecursorIncident",
        "RecordRequest",
        "RequestedItem",
        "Substance",
        "TransferLeg",
    }
)
"""Schemata of ours that FollowTheMoney does not know."""

GENERALISED = "generalised"
"""The key beside an entity under which properties stand whose values are in coarser form."""

NEVER_TRAVELS = frozenset(name for _, name in SECRET_PROPERTIES)
"""Properties that are kept at home whatever their schema: whoever reads one owns the account."""

_ABSTRACT = frozenset({"Thing", "Interval", "Interest", "Value", "Analyzable"})


def _schemata() -> Mapping[str, Schema]:
    schemata: dict[str, Schema] = {}
    for name, extends, own in (*PARTIES, *RECORDS):
        properties: dict[str, Property] = {}
        for parent in extends.split():
            properties.update(schemata[parent].properties)
        for kind, words in own.items():
            for word in words.split():
                prop, _, form = word.partition(":")
                properties[prop] = Property(name=prop, type=PropertyType(kind), format=form)
        schemata[name] = Schema(
            name=name, abstract=name in _ABSTRACT, properties=MappingProxyType(properties)
        )
    return MappingProxyType(schemata)


SCHEMATA: Mapping[str, Schema] = _schemata()
"""Every schema in use, by name."""


def property_of(schema: str, name: str) -> Property | None:
    """Returns the property ``name`` of ``schema``, or None if it is unknown."""
    known = SCHEMATA.get(schema)
    return known.properties.get(name) if known else None


def is_reference(schema: str, name: str) -> bool:
    """Returns whether the values of property ``name`` of ``schema`` are ids of other entities."""
    known = property_of(schema, name)
    return known is not None and known.type is PropertyType.ENTITY
