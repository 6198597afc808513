"""The FollowTheMoney schemata in use: which properties each has, and of what type.

FollowTheMoney (https://followthemoney.tech) is a data model for people, companies, their
assets and the links between them; its library is too large to depend on, so this is a table
of what we need of version 3.8. Names are FollowTheMoney's own, misspellings included, so that
other readers of the format understand what we write. What ``EXTENSIONS`` lists is ours:
the parts of the kinds in ``tearline.bodies``, whose formats are the rules there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tearline.policy.schemata import SECRET_PROPERTIES


class PropertyType(StrEnum):
    """What the values of a property are; names are FollowTheMoney's."""

    ADDRESS = "address"
    CHECKSUM = "checksum"
    COUNTRY = "country"
    DATE = "date"
    EMAIL = "email"
    ENTITY = "entity"
    GENDER = "gender"
    IBAN = "iban"
    IDENTIFIER = "identifier"
    IP = "ip"
    LANGUAGE = "language"
    MIMETYPE = "mimetype"
    NAME = "name"
    NUMBER = "number"
    PHONE = "phone"
    STRING = "string"
    TEXT = "text"
    TOPIC = "topic"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of a schema.

    Attributes:
        name: FollowTheMoney's name.
        type: What its values are.
        format: Name of the identifier's format where the schema fixes one, else empty.
    """

    name: str
    type: PropertyType
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A schema with all its properties, inherited ones included.

    Attributes:
        name: FollowTheMoney's name.
        abstract: Whether it exists only to be inherited from.
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

NEVER_TRAVELS = frozenset(name for _, name in SECRET_PROPERTIES)
"""Properties that are kept at home whatever their schema: whoever reads one owns the account."""

_ABSTRACT = frozenset({"Thing", "Interval", "Interest", "Value", "Analyzable"})

# Schema -> (schemata it extends, its own properties by type); "imoNumber:imo" is a property
# whose values have the format imo. A schema stands below those it extends.
_TABLE: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Thing",
        "",
        {
            "name": "name alias previousName weakAlias",
            "text": "summary description notes indexText",
            "string": "publisher keywords program",
            "country": "country",
            "address": "address",
            "topic": "topics",
            "entity": "addressEntity proof",
            "identifier": "wikidataId:qid programId",
            "url": "sourceUrl publisherUrl alephUrl wikipediaUrl",
            "date": "createdAt modifiedAt retrievedAt",
        },
    ),
    (
        "Interval",
        "",
        {
            "date": "startDate endDate date modifiedAt retrievedAt",
            "name": "namesMentioned",
            "text": "summary description indexText",
            "string": "recordId publisher",
            "url": "sourceUrl publisherUrl alephUrl",
        },
    ),
    ("Interest", "Interval", {"string": "role status"}),
    ("Value", "", {"number": "amount amountUsd amountEur", "string": "currency"}),
    ("Asset", "Thing Value", {}),
    (
        "Analyzable",
        "",
        {
            "name": "namesMentioned peopleMentioned companiesMentioned",
            "address": "locationMentioned",
            "country": "detectedCountry",
            "language": "detectedLanguage",
            "email": "emailMentioned",
            "phone": "phoneMentioned",
            "iban": "ibanMentioned",
            "ip": "ipMentioned",
        },
    ),
    # Parties.
    (
        "LegalEntity",
        "Thing",
        {
            "email": "email",
            "phone": "phone",
            "url": "website opencorporatesUrl",
            "string": "legalForm taxStatus status sector classification icijId",
            "date": "incorporationDate dissolutionDate",
            "country": "jurisdiction mainCountry",
            "identifier": "registrationNumber idNumber taxNumber licenseNumber vatCode bvdId"
            " okpoCode innCode:inn ogrnCode:ogrn leiCode:lei dunsCode uniqueEntityId:uei"
            " npiCode:npi swiftBic:bic",
            "entity": "parent",
        },
    ),
    (
        "Person",
        "LegalEntity",
        {
            "string": "title firstName secondName middleName fatherName motherName lastName"
            " nameSuffix birthPlace position ethnicity eyeColor hairColor appearance religion"
            " political education",
            "date": "birthDate deathDate",
            "country": "birthCountry nationality citizenship",
            "identifier": "passportNumber socialSecurityNumber:ssn",
            "gender": "gender",
            "number": "height weight",
            "language": "spokenLanguage",
        },
    ),
    ("Organization", "LegalEntity", {"identifier": "cageCode permId imoNumber:imo giiNumber"}),
    (
        "Company",
        "Organization Asset",
        {
            "string": "capital caemCode okvedCode okopfCode fssCode bikCode oksmCode",
            "identifier": "voenCode coatoCode irsCode ipoCode cikCode jibCode mbsCode ibcRuc"
            " kppCode fnsCode pfrNumber isinCode ticker ricCode",
        },
    ),
    ("PublicBody", "Organization", {}),
    (
        "Position",
        "Thing",
        {
            "entity": "organization",
            "date": "inceptionDate dissolutionDate",
            "string": "subnationalArea",
            "number": "numberOfSeats",
        },
    ),
    (
        "Identification",
        "Interval",
        {
            "entity": "holder",
            "identifier": "number",
            "string": "type authority",
            "country": "country",
        },
    ),
    (
        "Passport",
        "Identification",
        {
            "identifier": "passportNumber personalNumber",
            "string": "surname givenName birthPlace",
            "date": "birthDate",
            "gender": "gender",
        },
    ),
    # Links between parties.
    (
        "Ownership",
        "Interest",
        {
            "entity": "owner asset",
            "string": "percentage sharesCount sharesValue sharesCurrency sharesType legalBasis"
            " ownershipType",
        },
    ),
    ("Directorship", "Interest", {"entity": "director organization", "string": "secretary"}),
    ("Membership", "Interest", {"entity": "member organization"}),
    ("Employment", "Interest", {"entity": "employer employee"}),
    ("Representation", "Interest", {"entity": "agent client"}),
    ("Succession", "Interest", {"entity": "predecessor successor"}),
    ("UnknownLink", "Interest", {"entity": "subject object"}),
    ("Family", "Interval", {"entity": "person relative", "string": "relationship"}),
    ("Associate", "Interval", {"entity": "person associate", "string": "relationship"}),
    (
        "Occupancy",
        "Interval",
        {"entity": "holder post", "string": "status", "date": "declarationDate"},
    ),
    (
        "Sanction",
        "Interval",
        {
            "entity": "entity",
            "string": "authority program provisions status duration",
            "text": "reason",
            "country": "country",
            "date": "listingDate",
            "identifier": "authorityId unscId programId",
            "url": "programUrl",
        },
    ),
    # Money.
    (
        "Payment",
        "Interval Value",
        {
            "entity": "payer payerAccount beneficiary beneficiaryAccount contract project",
            "string": "sequenceNumber transactionNumber programme",
            "text": "purpose",
        },
    ),
    ("Debt", "Interval Value", {"entity": "debtor creditor"}),
    (
        "BankAccount",
        "Asset",
        {
            "iban": "iban",
            "identifier": "accountNumber bic:bic",
            "string": "bankName accountType bankAddress",
            "entity": "bank",
            "number": "balance maxBalance",
            "date": "openingDate closingDate balanceDate maxBalanceDate",
        },
    ),
    (
        "CryptoWallet",
        "Thing Value",
        {
            "identifier": "publicKey:wallet",
            "string": "privateKey currencySymbol mangingExchange",
            "entity": "holder",
            "number": "balance",
            "date": "creationDate balanceDate",
        },
    ),
    (
        "Security",
        "Asset",
        {
            "identifier": "isin:isin registrationNumber ticker figiCode:figi",
            "string": "type classification collateral",
            "entity": "issuer",
            "date": "issueDate maturityDate",
        },
    ),
    # Places and things.
    (
        "Address",
        "Thing",
        {
            "address": "full",
            "string": "remarks postOfficeBox street street2 city postalCode region state",
            "country": "country",
            "number": "latitude longitude",
            "identifier": "osmId googlePlaceId",
        },
    ),
    (
        "RealEstate",
        "Asset",
        {
            "string": "censusBlock tenure encumbrance propertyType landType",
            "identifier": "cadastralCode registrationNumber titleNumber",
            "number": "latitude longitude area",
            "date": "createDate",
            "entity": "parent",
        },
    ),
    (
        "Vehicle",
        "Asset",
        {
            "identifier": "registrationNumber",
            "string": "type model",
            "date": "buildDate registrationDate deregistrationDate",
            "entity": "owner operator",
        },
    ),
    (
        "Vessel",
        "Vehicle",
        {
            "identifier": "imoNumber:imo crsNumber callSign mmsi:mmsi",
            "string": "registrationPort navigationArea pastTypes",
            "country": "flag pastFlags",
            "number": "tonnage grossRegisteredTonnage",
            "date": "nameChangeDate",
        },
    ),
    ("Airplane", "Vehicle", {"identifier": "serialNumber icaoCode", "string": "manufacturer"}),
    (
        "Substance",
        "Thing",
        {
            "identifier": "casNumber:cas hsCode:hs",
            "string": "unTable:un-table unit:unit",
            "number": "quantity:amount",
        },
    ),
    # Parts of our own kinds.
    (
        "TransferLeg",
        "Interval Value",
        {
            "string": "side:transfer-side method:transfer-method reference currency:currency"
            " rateCurrency:currency",
            "number": "amount:amount rate:amount",
            "date": "date:day",
            "country": "country",
            "address": "address",
            "entity": "payer payee handler counterLeg",
        },
    ),
    (
        "PrecursorIncident",
        "Interval",
        {
            "string": "act:incident",
            "date": "date:day",
            "country": "country",
            "address": "address",
            "entity": "substance involved",
        },
    ),
    (
        "PreExportNotification",
        "Interval",
        {
            "entity": "exporter importer substance",
            "date": "departureDate:day arrivalDate:day objectionDeadline:day",
            "country": "exportCountry importCountry",
            "string": "exitPoint entryPoint",
            "identifier": "exportPermit importPermit",
        },
    ),
    (
        "OperationalNotice",
        "Interval",
        {
            "string": "act:notice legalBasis contactRole",
            "date": "date:day embargoUntil:day",
            "country": "country",
            "address": "address",
            "entity": "subject",
        },
    ),
    (
        "RecordRequest",
        "Thing",
        {"string": "offence link urgencyReason", "entity": "subject"},
    ),
    ("RequestedItem", "Thing", {"string": "number record", "entity": "request subject"}),
    (
        "Feedback",
        "Interval",
        {
            "identifier": "packet:packet",
            "string": "outcome:outcome reply:reply",
            "date": "date:day",
        },
    ),
    # Communication.
    (
        "UserAccount",
        "Thing",
        {
            "email": "email",
            "phone": "number",
            "string": "service username password",
            "ip": "ipAddress",
            "entity": "owner",
        },
    ),
    (
        "Call",
        "Interval",
        {
            "entity": "caller receiver",
            "phone": "callerNumber receiverNumber",
            "number": "duration",
        },
    ),
    # Records and events.
    ("Note", "Thing Analyzable", {"entity": "entity"}),
    (
        "Document",
        "Thing Analyzable",
        {
            "string": "title author generator crawler fileName extension encoding messageId"
            " processingStatus processingError processingAgent",
            "text": "bodyText translatedText",
            "checksum": "contentHash",
            "mimetype": "mimeType",
            "language": "language translatedLanguage",
            "number": "fileSize",
            "date": "date authoredAt publishedAt processedAt",
            "entity": "parent ancestors",
        },
    ),
    (
        "Event",
        "Interval Analyzable Thing",
        {
            "address": "location",
            "country": "country",
            "string": "important",
            "entity": "organizer involved",
        },
    ),
    ("Trip", "Event", {"entity": "startLocation endLocation vehicle"}),
    (
        "CourtCase",
        "Thing",
        {
            "string": "category type status court",
            "identifier": "caseNumber",
            "date": "fileDate closeDate",
        },
    ),
)


def _schemata() -> Mapping[str, Schema]:
    schemata: dict[str, Schema] = {}
    for name, extends, own in _TABLE:
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
    """The property ``name`` of ``schema``, or None where the table does not know it."""
    known = SCHEMATA.get(schema)
    return known.properties.get(name) if known else None


def is_reference(schema: str, name: str) -> bool:
    """Whether the values of property ``name`` of ``schema`` are ids of other entities."""
    known = property_of(schema, name)
    return known is not None and known.type is PropertyType.ENTITY
