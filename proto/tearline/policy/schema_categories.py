"""Marking profile's table: the category of each property of each schema in use.

Names are those of FollowTheMoney 4.11 (https://followthemoney.tech), with the different names of
3.8 and our own extensions: properties for the kinds of ``tearline.bodies``; ``file`` of a
``Document``, which is the document itself; and ``Packet`` with one property, the narrative. A
property that is not listed for a schema is looked up in its parent schemata, in order, depth first.
A schema therefore lists only added and changed properties.

``id`` is an entity's FollowTheMoney id, which is often a guessable hash of a name. Readers know
entities by their tokens; an agreement discloses ids only by a share of ``local-id``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tearline.policy.record_categories import OBJECTS, RECORDS, TRADE
from tearline.policy.schema import Schema, schema

_PROVENANCE = "sourceUrl publisher publisherUrl alephUrl modifiedAt retrievedAt"

_ABSTRACT = (
    schema(
        "Thing",
        "",
        {
            "local-id": "id",
            "reference": f"wikipediaUrl wikidataId createdAt {_PROVENANCE}",
            # The name of a thing of unknown kind could be a person's.
            "identity.subject": "name alias previousName weakAlias",
            "identity.trait": "topics",
            "narrative": "summary description notes keywords indexText",
            "location": "country address",
            "relation": "addressEntity riskSource",
            "measure": "program programId",
            "document": "proof",
        },
    ),
    schema(
        "Interval",
        "",
        {
            "local-id": "id",
            "reference": f"recordId {_PROVENANCE}",
            "time": "startDate endDate date",
            "narrative": "summary description indexText",
            "identity.subject": "namesMentioned",
            "document": "proof",
        },
    ),
    schema("Interest", "Interval", {"relation": "role status"}),
    schema("Value", "", {"finance.amount": "amount currency amountUsd amountEur"}),
    schema("Asset", "Thing Value", {}),
    schema(
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
    schema(
        "LegalEntity",
        "Thing",
        {
            "contact.handle": "email website",
            "contact.phone": "phone",
            "organisation.profile": "legalForm taxStatus status sector classification okvedCode",
            "identity.subject": "abbreviation",
            "time": "incorporationDate dissolutionDate",
            "location": "jurisdiction mainCountry",
            # A number of a party of unknown kind could be that of a person's papers.
            "identity.identifier": "registrationNumber idNumber taxNumber licenseNumber vatCode"
            " innCode npiCode",
            "organisation.identifier": "bvdId icijId okpoCode ogrnCode leiCode dunsCode"
            " uniqueEntityId opencorporatesUrl uscCode brightQueryId brightQueryOrgId sayariId",
            "finance.account": "swiftBic",
            "relation": "parent",
        },
    ),
    schema(
        "Person",
        "LegalEntity",
        {
            "identity.subject": "title firstName secondName middleName fatherName motherName"
            " lastName nameSuffix",
            "identity.birth": "birthDate deathDate",
            "identity.trait": "country nationality citizenship birthPlace birthCountry position"
            " gender ethnicity height weight eyeColor hairColor appearance religion political"
            " education spokenLanguage status classification sector profession",
            "narrative": "biography",
            "identity.identifier": "passportNumber socialSecurityNumber",
        },
    ),
    schema(
        "Organization",
        "LegalEntity",
        {
            "organisation.name": "name alias previousName weakAlias abbreviation",
            "organisation.profile": "topics",
            "organisation.identifier": "registrationNumber idNumber taxNumber licenseNumber"
            " vatCode innCode npiCode cageCode permId imoNumber giiNumber",
        },
    ),
    schema(
        "Company",
        "Organization Asset",
        {
            "finance.amount": "capital",
            "organisation.profile": "coatoCode caemCode okopfCode fssCode oksmCode",
            "organisation.identifier": "voenCode irsCode ipoCode cikCode jibCode mbsCode ibcRuc"
            " kppCode fnsCode pfrNumber isinCode ticker ricCode",
            "finance.account": "bikCode",
        },
    ),
    schema("PublicBody", "Organization", {}),
    schema(
        "Identification",
        "Interval",
        {
            "identity.identifier": "number",
            "identity.trait": "type country authority",
            "relation": "holder",
        },
    ),
    schema(
        "Passport",
        "Identification",
        {
            "identity.identifier": "passportNumber personalNumber",
            "identity.subject": "surname givenName",
            "identity.birth": "birthDate",
            "identity.trait": "birthPlace gender",
        },
    ),
    schema(
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
    schema(
        "Payment",
        "Interval Value",
        {
            "finance.transfer": "sequenceNumber transactionNumber purpose programme contract"
            " project",
            "relation": "payer beneficiary",
            "finance.account": "payerAccount beneficiaryAccount",
        },
    ),
    schema(
        "BankAccount",
        "Asset",
        {
            "finance.account": "name alias previousName weakAlias bankName accountNumber iban bic"
            " bank accountType bankAddress country address",
            "finance.amount": "balance maxBalance",
            "time": "openingDate closingDate balanceDate maxBalanceDate",
        },
    ),
    schema(
        "CryptoWallet",
        "Thing Value",
        {
            "finance.account": "name alias previousName weakAlias publicKey cryptoAddress accountId"
            " currencySymbol blockchain custodyType managingExchange mangingExchange",
            "finance.amount": "balance",
            "time": "creationDate balanceDate",
            "relation": "holder",
        },
    ),
    schema(
        "Security",
        "Asset",
        {
            "finance.account": "name isin registrationNumber ticker figiCode",
            "finance.transfer": "type classification collateral",
            "relation": "issuer",
            "time": "issueDate maturityDate",
        },
    ),
    schema("Debt", "Interval Value", {"relation": "debtor creditor"}),
)

_COMMUNICATION = (
    schema(
        "UserAccount",
        "Thing",
        {
            "contact.handle": "name alias previousName weakAlias service email username ipAddress",
            "contact.phone": "phone number",
            "relation": "owner",
        },
    ),
    schema(
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
    schema(
        "Ownership",
        "Interest",
        {
            "relation": "owner asset percentage sharesCount sharesCurrency sharesType legalBasis"
            " ownershipType",
            "finance.amount": "sharesValue",
        },
    ),
    schema("Directorship", "Interest", {"relation": "director organization secretary"}),
    schema("Membership", "Interest", {"relation": "member organization"}),
    schema("Employment", "Interest", {"relation": "employer employee"}),
    schema("Representation", "Interest", {"relation": "agent client"}),
    schema("UnknownLink", "Interest", {"relation": "subject object"}),
    schema("Associate", "Interval", {"relation": "person associate relationship"}),
    schema("Family", "Interval", {"relation": "person relative relationship"}),
    schema("Succession", "Interest", {"relation": "predecessor successor"}),
    schema("Post", "Interest", {"relation": "holder organization", "reference": "wikidataId"}),
    schema("Control", "Interest", {"relation": "controller controlled controlType legalBasis"}),
    schema("CourtCaseParty", "Interest", {"relation": "case party"}),
    schema("Documentation", "Interest", {"relation": "document entity"}),
    schema("ProjectParticipant", "Interest", {"relation": "participant project"}),
    schema(
        "Similar",
        "",
        {"local-id": "id", "relation": "candidate match confidenceScore criteria matcher"},
    ),
    schema(
        "Occupancy",
        "Interval",
        {
            "relation": "holder post status",
            "time": "declarationDate electionDate periodStart periodEnd",
            "location": "constituency",
            "identity.trait": "politicalGroup",
        },
    ),
    schema(
        "Risk",
        "Interval",
        {
            "measure": "authority program programId programUrl status duration country listingDate",
            "narrative": "reason",
            "identity.trait": "topics",
            "relation": "entity",
        },
    ),
    schema(
        "Sanction",
        "Interval",
        {
            "measure": "authority authorityId unscId program programId programUrl provisions"
            " status duration reason country listingDate startDate endDate date",
            "relation": "entity",
        },
    ),
)

_KINDS = (
    schema(
        "TransferLeg",
        "Interval Value",
        {
            "finance.transfer": "side method reference",
            "finance.amount": "rate rateCurrency",
            "location": "country address",
            "relation": "payer payee handler counterLeg",
        },
    ),
    schema(
        "PrecursorIncident",
        "Interval",
        {"operation": "act", "location": "country address", "relation": "substance involved"},
    ),
    schema(
        "PreExportNotification",
        "Interval",
        {
            "relation": "exporter importer substance",
            "time": "departureDate arrivalDate objectionDeadline",
            "location": "exportCountry importCountry exitPoint entryPoint",
            "organisation.identifier": "exportPermit importPermit",
        },
    ),
    schema(
        "OperationalNotice",
        "Interval",
        {
            "operation": "act legalBasis embargoUntil contactRole",
            "location": "country address",
            "relation": "subject",
        },
    ),
    schema(
        "RecordRequest",
        "Thing",
        # Subject and reason of a request to a partner; any other text is a narrative.
        {"relation": "offence link urgencyReason subject"},
    ),
    schema(
        "RequestedItem",
        "Thing",
        {"reference": "number request", "relation": "record subject"},
    ),
    schema("Feedback", "Interval", {"reference": "packet", "operation": "outcome reply"}),
)

SCHEMATA: Mapping[str, Schema] = MappingProxyType(
    {
        each.name: each
        for each in (
            *_ABSTRACT,
            *_PARTIES,
            *_FINANCE,
            *_COMMUNICATION,
            *_RELATIONS,
            *OBJECTS,
            *_KINDS,
            *RECORDS,
            *TRADE,
        )
    }
)
"""Every schema of the profile, by name."""

SECRET_PROPERTIES = frozenset({("CryptoWallet", "privateKey"), ("UserAccount", "password")})
"""Properties that may never be sent: their holder controls the account."""
