"""Importer of the European Union's consolidated list of financial sanctions (version 1.1).

The list is XML or CSV; the first bytes tell which. Both make the same entities.

Each entry becomes a person or organization, its sanction, its addresses and its documents. Ids are
those of the list: the EU reference number, and the numbers of names, addresses and documents.
"""

from collections.abc import Iterator
from typing import BinaryIO

from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.eu_table import eu_table_entries, is_eu_table
from tearline_client.connectors.importers.list_entries import (
    Listing,
    joined,
    listed_entries,
    plain,
    referenced,
)
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.importers.xml_records import Element
from tearline_client.planning.entities import Entity

_NAMESPACE = "http://eu.europa.ec/fpi/fsd/export"
_LIST, _ENTRY = "export", "sanctionEntity"
_SCHEMA_BY_SUBJECT = {"person": "Person", "enterprise": "Organization"}
_AUTHORITY = "European Union"
_UNKNOWN_COUNTRIES = ("00", "UNKNOWN")
_GENDERS = {"M": "male", "F": "female"}
# Keys of the database, languages, and the act behind each value, which the entry's own names.
_OF_THE_LIST = frozenset(
    {
        "classificationCode", "logicalId", "nameLanguage", "organisationType", "regulationLanguage",
        "regulationType", *(f"{each}/regulationSummary/@{name}"
        for each in ("nameAlias", "address", "birthdate", "citizenship", "identification")
        for name in (
            "entryIntoForceDate", "numberTitle", "programme", "publicationDate", "publicationUrl",
            "regulationType",
        )),
    }
)  # fmt: skip
_PARTS = ("firstName", "middleName", "lastName")
_PROPERTY_BY_CONTACT = {"EMAIL": "email", "PHONE": "phone", "FAX": "phone", "WEB": "website"}
# Numbers that are no documents.
_PROPERTY_BY_NUMBER = {
    "fiscalcode": "taxNumber",
    "imo": "imoNumber",
    "regnumber": "registrationNumber",
    "swiftbic": "swiftBic",
}
_PASSPORT = "passport"
_DOCUMENT = (
    "identificationTypeCode",
    "identificationTypeDescription",
    "number",
    "latinNumber",
    "issuedBy",
    "issuedDate",
    "validFrom",
    "validTo",
    "nameOnDocument",
    "region",
)
_STATES = ("diplomatic", "knownExpired", "knownFalse", "reportedLost", "revokedByIssuer")
_REGULATION = (
    ("programme", "program"),
    ("numberTitle", "reason"),
    ("publicationDate", "listingDate"),
    ("entryIntoForceDate", "date"),
)


def iter_eu(stream: BinaryIO, report: Report) -> Iterator[Entity]:
    """Yields the entities entry by entry, in bounded memory; reports doubtful values.

    Raises:
        ImportRefused: If the file is no such list, or an entry has no reference of its own.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    if is_eu_table(stream):
        rows = eu_table_entries(stream, report, name=_ENTRY, subjects=_SCHEMA_BY_SUBJECT)
        entries = referenced(rows, _reference, missing="no entry in the table")
    else:
        entries = listed_entries(
            stream, report, root=_LIST, entries={_ENTRY}, reference=_reference, namespace=_NAMESPACE
        )
    for entry, reference in entries:
        yield from _entry(entry, reference, report)


def _reference(entry: Element) -> str:
    given = entry.attributes
    return given.get("euReferenceNumber", "").strip() or given.get("logicalId", "")


def _entry(entry: Element, reference: str, report: Report) -> Iterator[Entity]:
    subject = entry.first("subjectType")
    code = subject.attributes.get("code", "") if subject is not None else ""
    listing = Listing(
        entry,
        party=f"eu-{reference}",
        schema=_SCHEMA_BY_SUBJECT.get(code, "LegalEntity"),
        reference=reference,
        report=report,
    )
    if subject is not None and _attribute(subject, "code") not in _SCHEMA_BY_SUBJECT:
        listing.note("Kind of subject", code, subject)
    for alias in entry.all("nameAlias"):
        _name(listing, alias)
    for birth in entry.all("birthdate"):
        _birth(listing, birth)
    for citizenship in entry.all("citizenship"):
        listing.put("nationality", _country(citizenship), citizenship)
        listing.note("Region of citizenship", _attribute(citizenship, "region"), citizenship)
        _remarks(listing, citizenship)
    for number, address in enumerate(entry.all("address"), 1):
        _address(listing, address, number)
    for number, identification in enumerate(entry.all("identification"), 1):
        _identification(listing, identification, number)
    _remarks(listing, entry)
    _sanction(listing, reference)
    yield from listing.entities(of_the_list=_OF_THE_LIST)


def _sanction(listing: Listing, reference: str) -> None:
    entry = listing.entry
    listing.sanction("authority", _AUTHORITY, entry)
    _attribute(entry, "euReferenceNumber")
    listing.sanction("authorityId", reference, entry)
    listing.sanction("country", "eu", entry)
    listing.sanction("recordId", _attribute(entry, "logicalId"), entry)
    listing.sanction("unscId", _attribute(entry, "unitedNationId"), entry)
    listing.sanction("startDate", _attribute(entry, "designationDate"), entry)
    listing.sanction("summary", _attribute(entry, "designationDetails"), entry)
    for regulation in entry.all("regulation"):
        for name, property_name in _REGULATION:
            text = _attribute(regulation, name)
            listing.sanction(property_name, text, regulation)
        for url in regulation.texts("publicationUrl"):
            listing.sanction("sourceUrl", url, regulation)


def _name(listing: Listing, alias: Element) -> None:
    """Adds a name: the first strong one is the party's name, and weak ones are weak aliases."""
    parts = {name: _attribute(alias, name) for name in _PARTS}
    whole = _attribute(alias, "wholeName") or " ".join(filter(None, parts.values()))
    strong = _attribute(alias, "strong").lower()
    if strong == "false":
        listing.put("weakAlias", whole, alias)
    else:
        if strong != "true":
            listing.doubt("the list does not state whether the name is strong", alias)
        # The list repeats a name for each act that names it.
        if not listing.has("name", whole):
            listing.put("alias" if listing.has("name") else "name", whole, alias)
    for name, text in parts.items():
        if text and text not in whole:
            listing.note(f"{name} of {whole}", text, alias)
    listing.put("title", _attribute(alias, "title"), alias)
    listing.put("position", _attribute(alias, "function"), alias)
    gender = _attribute(alias, "gender")
    listing.put("gender", _GENDERS.get(gender, gender), alias)
    _remarks(listing, alias, whole)


def _birth(listing: Listing, birth: Element) -> None:
    """Adds a date as precise as the list states it, and the place; a range is a note."""
    year, month, day = (_attribute(birth, name) for name in ("year", "monthOfYear", "dayOfMonth"))
    date = _attribute(birth, "birthdate") or _partial(year, month, day)
    listing.put("birthDate", date, birth)
    if not date.startswith(year) or (not date and (month or day)):
        listing.note("Parts of a date of birth", joined(year, month, day), birth)
    first, last = _attribute(birth, "yearRangeFrom"), _attribute(birth, "yearRangeTo")
    if first and first == last:
        listing.put("birthDate", first, birth)
    elif first or last:
        listing.note("Born between", f"{first or '?'} and {last or '?'}", birth)
    if _attribute(birth, "circa").lower() not in ("", "false"):
        listing.note("Date of birth", f"about {joined(date, first, last)}", birth)
    calendar = _attribute(birth, "calendarType")
    if calendar not in ("", "GREGORIAN"):
        listing.note(f"Calendar of the date of birth {joined(date, first, last)}", calendar, birth)
    place = [_attribute(birth, name) for name in ("place", "city", "zipCode", "region")]
    country = _country(birth)
    listing.put("birthPlace", joined(*place, country if any(place) else ""), birth)
    listing.put("birthCountry", country, birth)
    _remarks(listing, birth)


def _address(listing: Listing, address: Element, number: int) -> None:
    place = _attribute(address, "place")
    part = address.attributes.get("logicalId") or str(number)
    listing.address(
        f"address-{part}",
        address,
        street=joined(place, _attribute(address, "street")),
        postOfficeBox=_attribute(address, "poBox"),
        city=_attribute(address, "city"),
        postalCode=_attribute(address, "zipCode"),
        region=_attribute(address, "region"),
        country=_country(address),
    )
    if _attribute(address, "asAtListingTime").lower() not in ("", "false"):
        listing.note("Address", "as at the time of listing", address)
    for contact in address.all("contactInfo"):
        kind, value = _attribute(contact, "key"), _attribute(contact, "value")
        name = _PROPERTY_BY_CONTACT.get(kind)
        if name is None:
            listing.note(kind or "Contact", value, contact)
        else:
            listing.put(name, value, contact)
            if kind == "FAX":
                listing.note("Fax", value, contact)
    _remarks(listing, address)


def _identification(listing: Listing, document: Element, number: int) -> None:
    """Adds a document, or a number of the party; a document without a number is a note."""
    given = {name: _attribute(document, name) for name in _DOCUMENT}
    kind = given["identificationTypeCode"]
    label = given["identificationTypeDescription"] or kind or "Document"
    numbers = tuple(dict.fromkeys(filter(None, (given["number"], given["latinNumber"]))))
    country = _country(document)
    dates = (given["issuedDate"], given["validFrom"], given["validTo"])
    more = [name for name in _STATES if _attribute(document, name).lower() == "true"]
    more += [f"{name} {given[name]}" for name in ("nameOnDocument", "region") if given[name]]
    more += document.texts("remark")
    if numbers and kind not in _PROPERTY_BY_NUMBER:
        listing.beside(
            "Passport" if _PASSPORT in kind else "Identification",
            f"document-{document.attributes.get('logicalId') or number}",
            document,
            holder=listing.id,
            type=label,
            number=numbers[0],
            country=country,
            authority=given["issuedBy"],
            startDate=given["validFrom"] or given["issuedDate"],
            endDate=given["validTo"],
            summary=joined(*numbers[1:], *_issued(*dates), *more),
        )
        return
    for text in numbers:
        listing.put(_PROPERTY_BY_NUMBER[kind], text, document)
    told = joined(country, given["issuedBy"], *dates, *more)
    if told:
        listing.note(joined(label, *numbers), told, document)
    elif kind not in _PROPERTY_BY_NUMBER:
        listing.note("Document", given["identificationTypeDescription"] or kind, document)


def _issued(issued: str, start: str, end: str) -> Iterator[str]:
    """Yields the day of issue if the validity begins on another day."""
    if issued and start and issued != start:
        yield f"issued {issued}"


def _partial(year: str, month: str, day: str) -> str:
    """Returns the date that the parts make, as precise as they are."""
    if not (year and month):
        return year
    return "-".join((year, month.zfill(2), *([day.zfill(2)] if day else ())))


def _attribute(element: Element, name: str) -> str:
    """Returns an attribute with single blanks, and marks it as taken."""
    return plain(element.attribute(name))


def _country(element: Element) -> str:
    """Returns the name or code of an element's country that is known, else any, or empty."""
    given = [
        text
        for name in ("countryDescription", "countryIso2Code")
        if (text := _attribute(element, name)) not in ("", *_UNKNOWN_COUNTRIES)
    ]
    return next((text for text in given if country_code(text)), next(iter(given), ""))


def _remarks(listing: Listing, element: Element, of: str = "") -> None:
    for text in element.texts("remark"):
        if element is listing.entry:
            listing.put("notes", text, element)
        else:
            listing.note(f"Remark on {of or element.name}", text, element)


IMPORTER = Importer(
    summary="Send all entries of FILE, the EU's consolidated list of sanctions as XML or CSV.",
    details="""\
The file is the full list of version 1.1, in XML or CSV; its beginning tells which. Names that \
the list calls weak are weak aliases. A year of birth between two others is kept as a note.

Example: tearline import eu sanctions.xml --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_eu(stream, report),
)
