"""Table of FollowTheMoney's schemata for parties, their links, and money.

Each schema follows the schemata that it extends, and lists its own properties by type.
``imoNumber:imo`` is a property whose values have the format ``imo``. Names are FollowTheMoney's,
misspellings included.
"""

Row = tuple[str, str, dict[str, str]]
"""Name, schemata it extends, own properties by type."""

PARTIES: tuple[Row, ...] = (
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
            "entity": "addressEntity proof riskSource",
            "identifier": "wikidataId:wikidata programId",
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
            "entity": "proof",
        },
    ),
    ("Interest", "Interval", {"string": "role status"}),
    ("Value", "", {"number": "amount amountUsd amountEur", "string": "currency:currency"}),
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
            "identifier": "ibanMentioned:iban",
            "ip": "ipMentioned",
        },
    ),
    # Parties.
    (
        "LegalEntity",
        "Thing",
        {
            "name": "abbreviation",
            "email": "email",
            "phone": "phone",
            "url": "website opencorporatesUrl",
            "string": "legalForm taxStatus status sector classification icijId",
            "date": "incorporationDate dissolutionDate",
            "country": "jurisdiction mainCountry",
            "identifier": "registrationNumber idNumber taxNumber licenseNumber vatCode bvdId"
            " okpoCode innCode:inn ogrnCode:ogrn leiCode:lei dunsCode uniqueEntityId:uei"
            " npiCode:npi swiftBic:bic uscCode:uscc okvedCode brightQueryId brightQueryOrgId"
            " sayariId",
            "entity": "parent",
        },
    ),
    (
        "Person",
        "LegalEntity",
        {
            "string": "title firstName secondName middleName fatherName motherName lastName"
            " nameSuffix birthPlace position ethnicity eyeColor hairColor appearance religion"
            " political education profession",
            "text": "biography",
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
            "number": "capital",
            "string": "caemCode okopfCode fssCode oksmCode",
            "identifier": "voenCode coatoCode irsCode ipoCode cikCode jibCode mbsCode ibcRuc"
            " kppCode fnsCode pfrNumber isinCode ticker ricCode bikCode",
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
            "string": "percentage sharesCount sharesValue sharesCurrency:currency sharesType"
            " legalBasis ownershipType",
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
        {
            "entity": "holder post",
            "string": "status constituency politicalGroup",
            "date": "declarationDate electionDate periodStart periodEnd",
        },
    ),
    (
        "Sanction",
        "Interval",
        {
            "entity": "entity",
            "string": "authority program provisions status",
            "number": "duration",
            "text": "reason",
            "country": "country",
            "date": "listingDate",
            "identifier": "authorityId unscId programId",
            "url": "programUrl",
        },
    ),
    (
        "Risk",
        "Interval",
        {
            "entity": "entity",
            "string": "authority program status",
            "number": "duration",
            "text": "reason",
            "country": "country",
            "date": "listingDate",
            "identifier": "programId",
            "url": "programUrl",
            "topic": "topics",
        },
    ),
    (
        "Control",
        "Interest",
        {"entity": "controller controlled", "string": "controlType legalBasis"},
    ),
    ("CourtCaseParty", "Interest", {"entity": "case party"}),
    ("Documentation", "Interest", {"entity": "document entity"}),
    ("ProjectParticipant", "Interest", {"entity": "participant project"}),
    (
        "Similar",
        "",
        {"entity": "candidate match", "number": "confidenceScore", "string": "criteria matcher"},
    ),
    # Of version 3.8; removed since.
    (
        "Post",
        "Interest",
        {"entity": "holder", "string": "organization", "identifier": "wikidataId:wikidata"},
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
            "identifier": "iban:iban accountNumber bic:bic",
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
            "identifier": "publicKey:wallet cryptoAddress:wallet accountId",
            # Version 3.8 spelled it mangingExchange.
            "string": "privateKey currencySymbol:currency managingExchange mangingExchange"
            " blockchain custodyType",
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
    # Trade and public money.
    (
        "Contract",
        "Asset",
        {
            "string": "cancelled classification criteria method noticeId numberAwards procedure"
            " procedureNumber status title type",
            "date": "contractDate",
            "language": "language",
            "entity": "authority project",
        },
    ),
    (
        "License",
        "Contract",
        {"number": "area", "string": "commodities reviewDate"},
    ),
    (
        "ContractAward",
        "Value Interest",
        {
            "entity": "supplier contract callForTenders",
            "string": "amended documentNumber documentType lotNumber",
            "text": "decisionReason",
            "identifier": "cpvCode nutsCode",
        },
    ),
    (
        "CallForTenders",
        "Thing Interval",
        {
            "entity": "authority onBehalfOf tenderers",
            "identifier": "authorityReferenceId callId cpvCode nutsCode",
            "date": "awardNoticeDate awardingDate clarificationDeadline contractNoticeDate"
            " publicationDate submissionDeadline",
            "string": "title awardedInLots certificationCheck directive euFunding"
            " evaluationMechanism fallsUnderGPPScope involvesOutcome lotsNames multipleTenders"
            " paymentOptions procedure procurementType relationToThreshold"
            " reverseAuctionsIncluded tendersForLots",
            "number": "maximumNumberOfLots numberOfLots",
            "url": "tedUrl",
        },
    ),
    (
        "Project",
        "Interval Thing Value",
        {"string": "goal phase status", "identifier": "projectId"},
    ),
    (
        "EconomicActivity",
        "Interval",
        {
            "entity": "bankAccount bankForeign bankRub contract contractHolder declarant receiver"
            " sender transport",
            "identifier": "ccdNumber vedCode",
            "string": "ccdValue customsAmount customsProcedure directionOfTransportation"
            " dollarExchRate invoiceAmount vedCodeDescription",
            "country": "departureCountry destinationCountry originCountry tradingCountry",
            "text": "goodsDescription",
        },
    ),
    (
        "TaxRoll",
        "Interval",
        {
            "entity": "taxee",
            "string": "givenName surname income taxPaid wealth",
            "date": "birthDate",
            "country": "country",
        },
    ),
)
