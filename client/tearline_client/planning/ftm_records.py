"""Table of FollowTheMoney's schemata for places, things and records, and of Tearline's own."""

from tearline_client.planning.ftm_parties import Row

RECORDS: tuple[Row, ...] = (
    # Places and things.
    (
        "Address",
        "Thing",
        {
            "address": "full",
            "string": "remarks postOfficeBox street street2 city postalCode region state",
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
            "number": "tonnage grossRegisteredTonnage deadweightTonnage",
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
    (
        "Territory",
        "Thing",
        {
            "identifier": "fipsCode nutsCode territoryCode zipCode",
            "string": "level",
            "entity": "partOf",
        },
    ),
    # Parts of Tearline's own kinds.
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
            "phone": "phone number",  # version 3.8 called it number
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
    # Documents of one form.
    ("Article", "Document", {}),
    ("Audio", "Document", {"number": "duration samplingRate"}),
    ("Video", "Document", {"number": "duration"}),
    ("Image", "Document", {"string": "credit", "entity": "pictured"}),
    ("Pages", "Document", {"checksum": "pdfHash"}),
    (
        "Page",
        "",
        {
            "text": "bodyText indexText translatedText",
            "language": "detectedLanguage",
            "string": "translatedTextLanguage",
            "number": "index",
            "entity": "document",
        },
    ),
    ("Table", "Document", {"json": "columns", "checksum": "csvHash", "number": "rowCount"}),
    ("PlainText", "Document", {}),
    ("HyperText", "Document", {"html": "bodyHtml"}),
    ("Folder", "Document", {}),
    ("Package", "Folder", {}),
    ("Workbook", "Folder", {}),
    (
        "Email",
        "Folder PlainText HyperText",
        {
            "string": "from to cc bcc sender subject threadTopic inReplyTo",
            "json": "headers",
            "entity": "emitters recipients inReplyToEmail",
        },
    ),
    (
        "Message",
        "Interval Folder PlainText HyperText",
        {
            "string": "subject threadTopic inReplyTo",
            "json": "metadata",
            "entity": "sender recipients senderAccount recipientAccount inReplyToMessage",
        },
    ),
    (
        "Mention",
        "",
        {
            "name": "name",
            "country": "contextCountry",
            "email": "contextEmail",
            "phone": "contextPhone",
            "string": "detectedSchema",
            "entity": "document resolved",
        },
    ),
    # Of version 3.8; removed since.
    (
        "Assessment",
        "Thing",
        {"string": "assessmentId", "entity": "author", "date": "publishDate"},
    ),
)
