"""Importer of the consolidated list of the United Nations Security Council (XML).

Each entry becomes a person or legal entity, its sanction, its addresses and its documents. Ids are
those of the list: the permanent reference number.
"""

from collections.abc import Iterator
from typing import BinaryIO

from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.list_entries import (
    Listing,
    day_of,
    joined,
    listed_entries,
    plain,
)
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.importers.xml_records import Element
from tearline_client.planning.entities import Entity

_LIST = "CONSOLIDATED_LIST"
# The list does not distinguish companies, public bodies and groups.
_SCHEMA_BY_ENTRY = {"INDIVIDUAL": "Person", "ENTITY": "LegalEntity"}
_AUTHORITY = "United Nations Security Council"
_NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_NAME_BY_QUALITY = {
    "good": "alias",
    "a.k.a.": "alias",
    "low": "weakAlias",
    "f.k.a.": "previousName",
}
_OF_THE_LIST = frozenset({"VERSIONNUM", "SORT_KEY", "SORT_KEY_LAST_MOD", "LIST_TYPE/VALUE"})
_PARTY = (
    ("NAME_ORIGINAL_SCRIPT", "alias"),
    ("TITLE/VALUE", "title"),
    ("DESIGNATION/VALUE", "position"),
    ("NATIONALITY/VALUE", "nationality"),
    ("NATIONALITY2", "nationality"),
    ("GENDER", "gender"),
    ("COMMENTS1", "notes"),
)
_SANCTION = (
    ("DATAID", "recordId"),
    ("UN_LIST_TYPE", "program"),
    ("LISTED_ON", "listingDate"),
    ("LISTED_ON", "startDate"),
    ("DELISTED_ON", "endDate"),
    ("LAST_DAY_UPDATED/VALUE", "modifiedAt"),
)
_NOTES = (
    ("Submitted by", "SUBMITTED_BY"),
    ("Submitted on", "SUBMITTED_ON"),
)
_ALIAS_NOTES = (
    ("date of birth", "DATE_OF_BIRTH"),
    ("city of birth", "CITY_OF_BIRTH"),
    ("country of birth", "COUNTRY_OF_BIRTH"),
    ("note", "NOTE"),
)
_PASSPORT = "passport"


def iter_un(stream: BinaryIO, report: Report) -> Iterator[Entity]:
    """Yields the entities entry by entry, in bounded memory; reports doubtful values.

    Raises:
        ImportRefused: If the file is no such list, or an entry has no reference of its own.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    for entry, reference in listed_entries(
        stream, report, root=_LIST, entries=_SCHEMA_BY_ENTRY.keys(), reference=_reference
    ):
        yield from _entry(entry, reference, report)


def _reference(entry: Element) -> str:
    return plain(entry.text_at("REFERENCE_NUMBER") or entry.text_at("DATAID"))


def _entry(entry: Element, reference: str, report: Report) -> Iterator[Entity]:
    listing = Listing(
        entry,
        party=f"un-{reference}",
        schema=_SCHEMA_BY_ENTRY[entry.name],
        reference=reference,
        report=report,
    )
    listing.put("name", " ".join(entry.texts(*_NAMES)), entry)
    for path, name in _PARTY:
        for element, text in _texts(entry, path):
            listing.put(name, text, element, f"{entry.name}/{path}")
    listing.sanction("authority", _AUTHORITY, entry)
    listing.sanction("authorityId", reference, entry)
    listing.sanction("unscId", reference, entry)
    for path, name in _SANCTION:
        for element, text in _texts(entry, path):
            listing.sanction(name, text, element, f"{entry.name}/{path}")
    for label, path in _NOTES:
        for element, text in _texts(entry, path):
            listing.note(label, text, element, f"{entry.name}/{path}")
    for alias in entry.all(f"{entry.name}_ALIAS"):
        _alias(listing, alias)
    for number, address in enumerate(entry.all(f"{entry.name}_ADDRESS"), 1):
        _address(listing, address, f"address-{number}")
    for birth in entry.all("INDIVIDUAL_DATE_OF_BIRTH"):
        _birth_date(listing, birth)
    for place in entry.all("INDIVIDUAL_PLACE_OF_BIRTH"):
        _birth_place(listing, place)
    for number, document in enumerate(entry.all("INDIVIDUAL_DOCUMENT"), 1):
        _document(listing, document, f"document-{number}")
    yield from listing.entities(of_the_list=_OF_THE_LIST)


def _texts(entry: Element, path: str) -> Iterator[tuple[Element, str]]:
    """Yields the elements at a path that have a text, and marks them as taken."""
    for element in entry.all(path):
        if element.text:
            element.is_taken = True
            yield element, element.text


def _alias(listing: Listing, alias: Element) -> None:
    """Adds the names of an alias, between semicolons, by the quality that the list states."""
    quality = alias.text_at("QUALITY")
    names = alias.text_at("ALIAS_NAME")
    name = _NAME_BY_QUALITY.get(quality.lower())
    if names and name is None:
        listing.doubt("an alias of no known quality", alias)
        listing.note(f"Quality of {plain(names)}", quality, alias)
    for text in names.split(";"):
        listing.put(name or "alias", text, alias)
    for label, path in _ALIAS_NOTES:
        for text in alias.texts(path):
            listing.note(f"Alias {plain(names)}, {label}", text, alias)


def _address(listing: Listing, address: Element, part: str) -> None:
    listing.address(
        part,
        address,
        street=address.text_at("STREET"),
        city=address.text_at("CITY"),
        state=address.text_at("STATE_PROVINCE"),
        postalCode=address.text_at("ZIP_CODE"),
        country=address.text_at("COUNTRY"),
        remarks=address.text_at("NOTE"),
    )


def _birth_date(listing: Listing, birth: Element) -> None:
    """Adds a date as precise as the list states it; a range is a note."""
    kind = birth.text_at("TYPE_OF_DATE")
    date, year = birth.text_at("DATE"), birth.text_at("YEAR")
    first, last = birth.text_at("FROM_YEAR"), birth.text_at("TO_YEAR")
    for text in (date, "" if day_of(date).startswith(year or " ") else year):
        listing.put("birthDate", text, birth)
    if first and first == last:
        listing.put("birthDate", first, birth)
    elif first or last:
        listing.note("Born between", f"{first or '?'} and {last or '?'}", birth)
    if kind.upper() not in ("", "EXACT", "BETWEEN"):
        listing.note(f"Date of birth {joined(date, year, first, last)}", kind.lower(), birth)
    listing.note("Date of birth", birth.text_at("NOTE"), birth)


def _birth_place(listing: Listing, place: Element) -> None:
    parts = [place.text_at(name) for name in ("CITY", "STATE_PROVINCE", "COUNTRY")]
    listing.put("birthPlace", joined(*parts), place)
    listing.put("birthCountry", parts[-1], place)
    listing.note("Place of birth", joined(*place.texts("STREET", "ZIP_CODE", "NOTE")), place)


def _document(listing: Listing, document: Element, part: str) -> None:
    """Adds a document; one without a number is a note."""
    kinds = document.texts("TYPE_OF_DOCUMENT", "TYPE_OF_DOCUMENT2")
    number = document.text_at("NUMBER")
    countries = tuple(dict.fromkeys(document.texts("ISSUING_COUNTRY", "COUNTRY_OF_ISSUE")))
    date = document.text_at("DATE_OF_ISSUE")
    more = document.texts("CITY_OF_ISSUE", "NOTE")
    if not number:
        listing.note("Document", joined(*kinds, *countries, date, *more), document)
        return
    listing.beside(
        "Passport" if any(_PASSPORT in kind.lower() for kind in kinds) else "Identification",
        part,
        document,
        holder=listing.id,
        type=joined(*dict.fromkeys(kinds)),
        number=number,
        country=countries[0] if countries else "",
        startDate=date,
        summary=joined(*countries[1:], *more),
    )


IMPORTER = Importer(
    summary="Send all entries of FILE, the UN Security Council's consolidated list as XML.",
    details="""\
Aliases of low quality are weak aliases. A year of birth between two others is kept as a note.

Example: tearline import un consolidated.xml --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_un(stream, report),
)
