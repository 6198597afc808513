"""Entries of a sanctions list in XML.

An entry becomes a party, its sanction, and its addresses and documents. Each value of the entry is
carried, carried as text among the party's notes, or reported with its path and the entry's id.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import BinaryIO

from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.importers.identifiers import check_property
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.xml_records import Element, xml_records
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import PropertyType, property_of

# The lists write days as xs:date, xs:dateTime or a part of one; a zone has no meaning for a day.
_DATE = re.compile(
    r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)


def day_of(text: str) -> str:
    """Returns the date that a list writes, without time and zone; another text unchanged."""
    match = _DATE.match(text)
    return match[1] if match else text


def joined(*texts: str) -> str:
    """Returns the texts that are not empty, between commas."""
    return ", ".join(filter(None, texts))


def plain(text: str) -> str:
    """Returns a text with single blanks."""
    return " ".join(text.split())


def listed_entries(
    stream: BinaryIO,
    report: Report,
    *,
    root: str,
    entries: Collection[str],
    reference: Callable[[Element], str],
    namespace: str | None = None,
) -> Iterator[tuple[Element, str]]:
    """Yields each entry of a list with its reference; reports all that stands around entries.

    Args:
        stream: The file.
        report: Takes the findings.
        root: Name of the list's element.
        entries: Names of entries.
        reference: Returns the reference of an entry, or empty.
        namespace: The list's namespace; None: any.

    Raises:
        ImportRefused: If the file is no such list, or an entry has no reference of its own.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    yield from referenced(
        _entries(stream, report, root=root, entries=entries, namespace=namespace),
        reference,
        missing=f"no entry within {root} of {namespace or 'the list'}",
    )


def referenced(
    entries: Iterable[Element], reference: Callable[[Element], str], *, missing: str
) -> Iterator[tuple[Element, str]]:
    """Yields entries, each with its reference.

    Args:
        entries: The entries.
        reference: Returns the reference of an entry, or empty.
        missing: The reason to refuse a file without entries.

    Raises:
        ImportRefused: If there is none, or one has no reference of its own.
    """
    seen: set[str] = set()
    for entry in entries:
        stated = reference(entry)
        if not stated or stated in seen:
            raise ImportRefused(
                f"line {entry.line}: the entry's reference is missing, or not its own"
            )
        seen.add(stated)
        yield entry, stated
    if not seen:
        raise ImportRefused(f"line 1: {missing}")


def _entries(
    stream: BinaryIO,
    report: Report,
    *,
    root: str,
    entries: Collection[str],
    namespace: str | None,
) -> Iterator[Element]:
    for record in xml_records(stream, {root, *entries}):
        is_read = namespace in (None, record.namespace)
        if record.name not in entries or not is_read or record.within(root) is None:
            if record.name in entries:
                why = "an entry outside the list, or in another namespace"
                report.add(Concern.STAYS_HOME, why, line=record.line, column=record.name)
            of_the_list = record.attributes if record.name == root else ()
            report_left(record, report, of_the_list=of_the_list)
        else:
            yield record


_Values = dict[str, dict[str, None]]
"""Values by property; the keys of the inner ones are a set that keeps the order."""


class Listing:
    """Conversion of one entry.

    Attributes:
        id: Id of the party.
        schema: Its schema.
        entry: The entry's element.
    """

    def __init__(
        self, entry: Element, *, party: str, schema: str, reference: str, report: Report
    ) -> None:
        self.entry = entry
        self.id = party
        self.schema = schema
        self._reference = reference
        self._report = report
        self._party: _Values = {}
        self._sanction: _Values = {}
        self._beside: list[Entity] = []

    def has(self, name: str, text: str = "") -> bool:
        """Returns whether the party has a value, or this one, of a property."""
        values = self._party.get(name, {})
        return text in values if text else bool(values)

    def put(self, name: str, text: str, element: Element, column: str = "") -> None:
        """Adds a value of the party; a note if its schema lacks the property."""
        if property_of(self.schema, name) is None:
            self.note(name, text, element, column)
        else:
            self._add(self._party, self.schema, name, text, element, column)

    def sanction(self, name: str, text: str, element: Element, column: str = "") -> None:
        """Adds a value of the sanction."""
        self._add(self._sanction, "Sanction", name, text, element, column)

    def note(self, label: str, text: str, element: Element, column: str = "") -> None:
        """Adds a text to the party's notes, because no property fits it."""
        if text:
            self._note(f"{label}: {text}")
            self._report.add(
                Concern.NOT_UNDERSTOOD,
                "kept as a note",
                line=element.line,
                column=column or self._path(element),
                id=self._reference,
            )

    def beside(self, schema: str, part: str, element: Element, **properties: str) -> str:
        """Adds an entity beside the party, and returns its id.

        Args:
            schema: Its schema.
            part: Its id within the entry.
            element: Its place.
            properties: Its values; empty ones are left out.
        """
        ftm_id = f"{self.id}-{part}"
        values: _Values = {}
        for name, text in properties.items():
            self._add(values, schema, name, text, element, "")
        self._beside.append(self._entity(ftm_id, schema, values))
        return ftm_id

    def address(self, part: str, element: Element, **properties: str) -> None:
        """Adds an address; one that is a country alone is a country of the party."""
        given = {name: text for name, text in properties.items() if text}
        if set(given) == {"country"}:
            self.put("country", given["country"], element)
        elif given:
            order = ("street", "postOfficeBox", "city", "postalCode", "state", "region", "country")
            given["full"] = joined(*(given.get(name, "") for name in order))
            linked = self.beside("Address", part, element, **given)
            self._party.setdefault("addressEntity", {})[linked] = None

    def doubt(self, why: str, element: Element, column: str = "") -> None:
        """Reports a value that is carried, but doubtful."""
        self._report.add(
            Concern.UNVALIDATED,
            why,
            line=element.line,
            column=column or self._path(element),
            id=self._reference,
        )

    def entities(self, *, of_the_list: Collection[str]) -> Iterator[Entity]:
        """Yields the entities, and reports the values that none of them has.

        Args:
            of_the_list: Names of elements and attributes about the list, such as keys of its
                database. They are reported once for the whole file.

        Raises:
            ImportRefused: If the party or its sanction is larger than a packet can carry.
        """
        if "name" not in self._party:
            self.doubt("the entry has no name", self.entry)
        yield self._entity(self.id, self.schema, self._party)
        self._sanction["entity"] = {self.id: None}
        yield self._entity(f"{self.id}-sanction", "Sanction", self._sanction)
        yield from self._beside
        report_left(self.entry, self._report, of_the_list=of_the_list, reference=self._reference)

    def _add(
        self,
        values: _Values,
        schema: str,
        name: str,
        text: str,
        element: Element,
        column: str,
    ) -> None:
        known = property_of(schema, name)
        text = plain(text) if name != "notes" else text
        if not text or known is None:
            return
        if known.type is PropertyType.DATE:
            text = day_of(text)
        elif known.type is PropertyType.ENTITY:
            values.setdefault(name, {})[text] = None
            return
        verdict = check_property(known, text)
        if verdict.normal is None:
            self.doubt(verdict.why, element, column)
        elif verdict.how:
            text = verdict.normal
        values.setdefault(name, {})[text] = None

    def _entity(self, ftm_id: str, schema: str, values: _Values) -> Entity:
        try:
            return Entity(
                id=ftm_id,
                schema=schema,
                properties={name: tuple(texts) for name, texts in values.items()},
            )
        except MalformedInput as malformed:
            raise ImportRefused(f"line {self.entry.line}: {malformed.why}") from None

    def _note(self, text: str) -> None:
        self._party.setdefault("notes", {})[text] = None

    def _path(self, element: Element) -> str:
        if element is self.entry:
            return element.name
        return f"{self.entry.name}/{element.name}"


def report_left(
    record: Element,
    report: Report,
    *,
    of_the_list: Collection[str] = (),
    reference: str = "",
) -> None:
    """Reports each element and attribute of a record that has a text and is not taken.

    Args:
        record: The record.
        report: Gets the findings.
        of_the_list: Names or paths within the record about the list, such as keys of its database.
            They are reported once for the whole file.
        reference: Id of the entry.
    """
    for column, line in record.left():
        path = column.partition("/")[2]
        if path in of_the_list or path.rpartition("/")[2].lstrip("@") in of_the_list:
            why = "describes the list, not the party, in each entry that has it"
            report.add_once(Concern.STAYS_HOME, why, line=line, column=column)
        else:
            why = "no property takes it"
            report.add(Concern.STAYS_HOME, why, line=line, column=column, id=reference)
