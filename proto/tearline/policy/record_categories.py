"""The marking profile's schemata of things, records, trade and public money."""

from tearline.policy.schema import schema

OBJECTS = (
    schema(
        "Address",
        "Thing",
        {
            "location": "name alias full remarks postOfficeBox street street2 city postalCode"
            " region state latitude longitude osmId googlePlaceId",
        },
    ),
    schema(
        "Territory",
        "Thing",
        {
            "location": "name alias previousName weakAlias fipsCode nutsCode territoryCode zipCode"
            " level partOf",
        },
    ),
    schema(
        "Vehicle",
        "Asset",
        {
            "transport.identifier": "name alias previousName weakAlias registrationNumber",
            "transport.profile": "type model buildDate registrationDate deregistrationDate country"
            " topics",
            "relation": "owner operator",
        },
    ),
    schema(
        "Vessel",
        "Vehicle",
        {
            "transport.identifier": "imoNumber crsNumber callSign mmsi",
            "transport.profile": "flag registrationPort tonnage grossRegisteredTonnage"
            " deadweightTonnage nameChangeDate pastFlags pastTypes",
            "location": "navigationArea",
        },
    ),
    schema(
        "Airplane",
        "Vehicle",
        {
            "transport.identifier": "serialNumber icaoCode",
            "transport.profile": "manufacturer",
        },
    ),
    schema(
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
    schema(
        "Substance",
        "Thing",
        {
            "chemical.substance": "name alias previousName weakAlias casNumber hsCode unTable",
            "chemical.quantity": "quantity unit",
        },
    ),
)

RECORDS = (
    schema("Note", "Thing Analyzable", {"narrative": "name", "relation": "entity"}),
    schema(
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
    schema(
        "Event",
        "Interval Analyzable Thing",
        {
            "narrative": "name alias important",
            "location": "location country",
            "relation": "organizer involved",
        },
    ),
    schema("Trip", "Event", {"location": "startLocation endLocation", "relation": "vehicle"}),
    schema(
        "CourtCase",
        "Thing",
        {
            "narrative": "name",
            "measure": "category type status court caseNumber",
            "time": "fileDate closeDate",
        },
    ),
    schema("Packet", "", {"narrative": "narrative", "reference": "reference"}),
    # Documents of one form.
    schema("Article", "Document", {}),
    schema("Audio", "Document", {"document": "duration samplingRate"}),
    schema("Video", "Document", {"document": "duration"}),
    schema("Image", "Document", {"identity.subject": "credit", "relation": "pictured"}),
    schema("Pages", "Document", {"document": "pdfHash"}),
    schema(
        "Page",
        "",
        {
            "local-id": "id",
            "narrative": "bodyText indexText translatedText",
            "document": "detectedLanguage translatedTextLanguage index",
            "relation": "document",
        },
    ),
    # The names of a table's columns are chosen as freely as any text.
    schema("Table", "Document", {"narrative": "columns", "document": "csvHash rowCount"}),
    schema("PlainText", "Document", {}),
    schema("HyperText", "Document", {"narrative": "bodyHtml"}),
    schema("Folder", "Document", {}),
    schema("Package", "Folder", {}),
    schema("Workbook", "Folder", {}),
    schema(
        "Email",
        "Folder PlainText HyperText",
        {
            "contact.handle": "from to cc bcc sender",
            "narrative": "subject threadTopic headers",
            "document": "inReplyTo",
            "relation": "emitters recipients inReplyToEmail",
        },
    ),
    schema(
        "Message",
        "Interval Folder PlainText HyperText",
        {
            "narrative": "subject threadTopic metadata",
            "document": "inReplyTo",
            "relation": "sender recipients senderAccount recipientAccount inReplyToMessage",
        },
    ),
    schema(
        "Mention",
        "",
        {
            "local-id": "id",
            "identity.subject": "name",
            "location": "contextCountry",
            "contact.handle": "contextEmail",
            "contact.phone": "contextPhone",
            "document": "detectedSchema",
            "relation": "document resolved",
        },
    ),
    schema(
        "Assessment",
        "Thing",
        {"document": "name assessmentId", "time": "publishDate", "relation": "author"},
    ),
)

TRADE = (
    schema(
        "Contract",
        "Asset",
        {
            "finance.transfer": "name alias previousName weakAlias title type classification method"
            " procedure procedureNumber status cancelled criteria numberAwards",
            "reference": "noticeId",
            "time": "contractDate",
            "document": "language",
            "relation": "authority project",
        },
    ),
    schema(
        "License",
        "Contract",
        {"finance.transfer": "commodities", "location": "area", "time": "reviewDate"},
    ),
    schema(
        "ContractAward",
        "Value Interest",
        {
            "relation": "supplier contract callForTenders",
            "reference": "documentNumber",
            "finance.transfer": "amended documentType lotNumber cpvCode",
            "location": "nutsCode",
            "narrative": "decisionReason",
        },
    ),
    schema(
        "CallForTenders",
        "Thing Interval",
        {
            "relation": "authority onBehalfOf tenderers",
            "reference": "authorityReferenceId callId tedUrl",
            "time": "awardNoticeDate awardingDate clarificationDeadline contractNoticeDate"
            " publicationDate submissionDeadline",
            "location": "nutsCode",
            "finance.transfer": "name alias previousName weakAlias title cpvCode awardedInLots"
            " certificationCheck directive euFunding evaluationMechanism fallsUnderGPPScope"
            " involvesOutcome lotsNames maximumNumberOfLots multipleTenders numberOfLots"
            " paymentOptions procedure procurementType relationToThreshold"
            " reverseAuctionsIncluded tendersForLots",
        },
    ),
    schema(
        "Project",
        "Interval Thing Value",
        {
            "finance.transfer": "name alias previousName weakAlias phase status",
            "reference": "projectId",
            "narrative": "goal",
        },
    ),
    schema(
        "EconomicActivity",
        "Interval",
        {
            "relation": "contract contractHolder declarant receiver sender transport",
            "finance.account": "bankAccount bankForeign bankRub",
            "finance.amount": "ccdValue customsAmount dollarExchRate invoiceAmount",
            "finance.transfer": "ccdNumber customsProcedure directionOfTransportation"
            " vedCode vedCodeDescription",
            "location": "departureCountry destinationCountry originCountry tradingCountry",
            "narrative": "goodsDescription",
        },
    ),
    schema(
        "TaxRoll",
        "Interval",
        {
            "relation": "taxee",
            "identity.subject": "givenName surname",
            "identity.birth": "birthDate",
            "finance.amount": "income taxPaid wealth",
            "location": "country",
        },
    ),
)
