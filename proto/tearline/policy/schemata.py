"""The marking profile's table: the category of each property of each schema in use.

Names are those of FollowTheMoney 3.8 (https://followthemoney.tech), with extensions of our
own: what the kinds of ``tearline.bodies`` ask for; ``file`` of a ``Document``, which is the
document itself; and ``Packet``, whose one property is the narrative. A property that is not
listed for a schema is sought in the schemata it extends, in order, depth first; so a schema
lists only what it adds and what it says differently.

``id`` stands for an entity's FollowTheMoney id, which is often a guessable hash of a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One schema of the profile.

    Attributes:
        name: FollowTheMoney's name.
        extends: Names of the schemata it inherits from, in the order they are searched.
        categories: Category by property, of what it adds or says differently.
    """

    name: str
    extends: tuple[str, ...]
    categories: Mapping[str, str]


def _schema(name: str, extends: str, properties_by_category: dict[str, str]) -> Schema:
    categories = {
        prop: category
        for category, properties in properties_by_category.items()
        for prop in properties.split()
    }
    return Schema(
        name=name, extends=tuple(extends.split()), categories=MappingProxyType(categories)
    )


_PROVENANCE = "sourceUrl publisher publisherUrl alephUrl modifiedAt retrievedAt"

_ABSTRACT = (
    _schema(
        "Thing",
        "",
        {
            "reference": f"id wikipediaUrl wikidataId createdAt {_PROVENANCE}",
            # Of a thing of unknown kind, the name could be a person's.
            "identity.subject": "name alias previousName weakAlias",
            "identity.trait": "topics",
            "narrative": "summary description notes keywords indexText",
            "location": "country address",
            "relation": "addressEntity",
            "measure": "program programId",
            "document": "proof",
        },
    ),
    _schema(
        "Interval",
        "",
        {
            "reference": f"id recordId {_PROVENANCE}",
            "time": "startDate endDate date",
            "narrative": "summary description indexText",
            "identity.subject": "namesMentioned",
        },
    ),
    _schema("Interest", "Interval", {"relation": "role status"}),
    _schema("Value", "", {"finance.amount": "amount currency amountUsd amountEur"}),
    _schema("Asset", "Thing Value", {}),
    _schema(
        "Analyzable",
        "",
        {
            "identity.subject": "namesMentioned peopleMentioned",
            "organisation.name": "companiesMentioned",
            "finance.account": "ibanMentioned",
            "contact.handle": "ipMentioned emailMentioned",
            "contact.phone": "phoneMentioned",
            "location": "locationMentioned detectedCountry",
            "document": "detectedLanguage",
        },
    ),
)

_PARTIES = (
    _schema(
        "LegalEntity",
        "Thing",
        {
            "contact.handle": "email website",
            "contact.phone": "phone",
            "organisation.profile": "legalForm taxStatus status sector classification",
            "time": "incorporationDate dissolutionDate",
            "location": "jurisdiction mainCountry",
            # Of a party of unknown kind, a number could be that of a person's papers.
            "identity.identifier": "registrationNumber idNumber taxNumber licenseNumber vatCode"
            " innCode npiCode",
            "organisation.identifier": "bvdId icijId okpoCode ogrnCode leiCode dunsCode"
            " uniqueEntityId opencorporatesUrl",
            "finance.account": "swiftBic",
            "relation": "parent",
        },
    ),
    _schema(
        "Person",
        "LegalEntity",
        {
            "identity.subject": "title firstName secondName middleName fatherName motherName"
            " lastName nameSuffix",
            "identity.birth": "birthDate deathDate",
            "identity.trait": "country nationality citizenship birthPlace birthCountry position"
            " gender ethnicity height weight eyeColor hairColor appearance religion political"
            " education spokenLanguage status classification sector",
            "identity.identifier": "passportNumber socialSecurityNumber",
        },
    ),
    _schema(
        "Organization",
        "LegalEntity",
        {
            "organisation.name": "name alias previousName weakAlias",
            "organisation.profile": "topics",
            "organisation.identifier": "registrationNumber idNumber taxNumber licenseNumber"
            " vatCode innCode npiCode cageCode permId imoNumber giiNumber",
        },
    ),
    _schema(
        "Company",
        "Organization Asset",
        {
            "finance.amount": "capital",
            "organisation.profile": "coatoCode caemCode okvedCode okopfCode fssCode oksmCode",
            "organisation.identifier": "voenCode irsCode ipoCode cikCode jibCode mbsCode ibcRuc"
            " kppCode fnsCode pfrNumber isinCode ticker ricCode",
            "finance.account": "bikCode",
        },
    ),
    _schema("PublicBody", "Organization", {}),
    _schema(
        "Identification",
        "Interval",
        {
            "identity.identifier": "number",
            "identity.trait": "type country authority",
            "relation": "holder",
        },
    ),
    _schema(
        "Passport",
        "Identification",
        {
            "identity.identifier": "passportNumber personalNumber",
            "identity.subject": "surname givenName",
            "identity.birth": "birthDate",
            "identity.trait": "birthPlace gender",
        },
    ),
    _schema(
        "Position",
        "Thing",
        {
            "organisation.profile": "name inceptionDate dissolutionDate numberOfSeats",
            "location": "subnationalArea",
            "relation": "organization",
        },
    ),
)

_FINANCE = (
    _schema(
        "Payment",
        "Interval Value",
        {
            "finance.transfer": "sequenceNumber transactionNumber purpose programme contract"
            " project",
            "relation": "payer beneficiary",
            "finance.account": "payerAccount beneficiaryAccount",
        },
    ),
    _schema(
        "BankAccount",
        "Asset",
        {
            "finance.account": "name alias previousName weakAlias bankName accountNumber iban bic"
            " bank accountType bankAddress country address",
            "finance.amount": "balance maxBalance",
            "time": "openingDate closingDate balanceDate maxBalanceDate",
        },
    ),
    _schema(
        "CryptoWallet",
        "Thing Value",
        {
            "finance.account": "name alias previousName weakAlias publicKey currencySymbol"
            " mangingExchange",  # FollowTheMoney's spelling
            "finance.amount": "balance",
            "time": "creationDate balanceDate",
            "relation": "holder",
        },
    ),
    _schema(
        "Security",
        "Asset",
        {
            "finance.account": "name isin registrationNumber ticker figiCode",
            "finance.transfer": "type classification collateral",
            "relation": "issuer",
            "time": "issueDate maturityDate",
        },
    ),
    _schema("Debt", "Interval Value", {"relation": "debtor creditor"}),
)

_COMMUNICATION = (
    _schema(
        "UserAccount",
        "Thing",
        {
            "contact.handle": "name alias previousName weakAlias service email username ipAddress",
            "contact.phone": "number",
            "relation": "owner",
        },
    ),
    _schema(
        "Call",
        "Interval",
        {
            "contact.phone": "callerNumber receiverNumber",
            "relation": "caller receiver",
            "time": "duration",
        },
    ),
)

_RELATIONS = (
    _schema(
        "Ownership",
        "Interest",
        {
            "relation": "owner asset percentage sharesCount sharesCurrency sharesType legalBasis"
            " ownershipType",
            "finance.amount": "sharesValue",
        },
    ),
    _schema("Directorship", "Interest", {"relation": "director organization secretary"}),
    _schema("Membership", "Interest", {"relation": "member organization"}),
    _schema("Employment", "Interest", {"relation": "employer employee"}),
    _schema("Representation", "Interest", {"relation": "agent client"}),
    _schema("UnknownLink", "Interest", {"relation": "subject object"}),
    _schema("Associate", "Interval", {"relation": "person associate relationship"}),
    _schema("Family", "Interval", {"relation": "person relative relationship"}),
    _schema("Succession", "Interest", {"relation": "predecessor successor"}),
    _schema("Occupancy", "Interval", {"relation": "holder post status", "time": "declarationDate"}),
    _schema(
        "Sanction",
        "Interval",
        {
            "measure": "authority authorityId unscId program programId programUrl provisions"
            " status duration reason country listingDate startDate endDate date",
            "relation": "entity",
        },
    ),
)

_OBJECTS = (
    _schema(
        "Address",
        "Thing",
        {
            "location": "name alias full remarks postOfficeBox street street2 city postalCode"
            " region state latitude longitude osmId googlePlaceId",
        },
    ),
    _schema(
        "Vehicle",
        "Asset",
        {
            "transport.identifier": "name alias previousName weakAlias registrationNumber",
            "transport.profile": "type model buildDate registrationDate deregistrationDate country"
            " topics",
            "relation": "owner operator",
        },
    ),
    _schema(
        "Vessel",
        "Vehicle",
        {
            "transport.identifier": "imoNumber crsNumber callSign mmsi",
            "transport.profile": "flag registrationPort tonnage grossRegisteredTonnage"
            " nameChangeDate pastFlags pastTypes",
            "location": "navigationArea",
        },
    ),
    _schema(
        "Airplane",
        "Vehicle",
        {
            "transport.identifier": "serialNumber icaoCode",
            "transport.profile": "manufacturer",
        },
    ),
    _schema(
        "RealEstate",
        "Asset",
        {
            "location": "name latitude longitude censusBlock cadastralCode area registrationNumber"
            " titleNumber tenure propertyType landType",
            "finance.transfer": "encumbrance",
            "time": "createDate",
            "relation": "parent",
        },
    ),
    _schema(
        "Substance",
        "Thing",
        {
            "chemical.substance": "name alias previousName weakAlias casNumber hsCode unTable",
            "chemical.quantity": "quantity unit",
        },
    ),
)

_KINDS = (
    _schema(
        "TransferLeg",
        "Interval Value",
        {
            "finance.transfer": "side method reference rate rateCurrency",
            "location": "country address",
            "relation": "payer payee handler counterLeg",
        },
    ),
    _schema(
        "PrecursorIncident",
        "Interval",
        {"operation": "act", "location": "country address", "relation": "substance involved"},
    ),
    _schema(
        "PreExportNotification",
        "Interval",
        {
            "relation": "exporter importer substance",
            "time": "departureDate arrivalDate objectionDeadline",
            "location": "exportCountry importCountry exitPoint entryPoint",
            "organisation.identifier": "exportPermit importPermit",
        },
    ),
    _schema(
        "OperationalNotice",
        "Interval",
        {
            "operation": "act legalBasis embargoUntil contactRole",
            "location": "country address",
            "relation": "subject",
        },
    ),
    _schema(
        "RecordRequest",
        "Thing",
        # Why a partner is asked, and what about; whatever else is to be told is a narrative.
        {"relation": "offence link urgencyReason subject"},
    ),
    _schema(
        "RequestedItem",
        "Thing",
        {"reference": "number request", "relation": "record subject"},
    ),
    _schema("Feedback", "Interval", {"reference": "packet", "operation": "outcome reply"}),
)

_RECORDS = (
    _schema("Note", "Thing Analyzable", {"narrative": "name", "relation": "entity"}),
    _schema(
        "Document",
        "Thing Analyzable",
        {
            "document": "name contentHash title author generator crawler fileSize fileName"
            " extension encoding messageId mimeType language translatedLanguage processingStatus"
            " processingError processingAgent processedAt",
            "narrative": "bodyText translatedText file",
            "time": "date authoredAt publishedAt",
            "relation": "parent ancestors",
        },
    ),
    _schema(
        "Event",
        "Interval Analyzable Thing",
        {
            "narrative": "name alias important",
            "location": "location country",
            "relation": "organizer involved",
        },
    ),
    _schema("Trip", "Event", {"location": "startLocation endLocation", "relation": "vehicle"}),
    _schema(
        "CourtCase",
        "Thing",
        {
            "narrative": "name",
            "measure": "category type status court caseNumber",
            "time": "fileDate closeDate",
        },
    ),
    _schema("Packet", "", {"narrative": "narrative"}),
)

SCHEMATA: Mapping[str, Schema] = MappingProxyType(
    {
        schema.name: schema
        for schema in (
            *_ABSTRACT,
            *_PARTIES,
            *_FINANCE,
            *_COMMUNICATION,
            *_RELATIONS,
            *_OBJECTS,
            *_KINDS,
            *_RECORDS,
        )
    }
)
"""Every schema of the profile, by name."""

SECRET_PROPERTIES = frozenset({("CryptoWallet", "privateKey"), ("UserAccount", "password")})
"""What never travels: whoever holds it is the account's owner, to all the world."""
