"""Reconciliation report of a connector, and the result of an import.

A report has a finding for every value that is doubtful, carried as text, or not carried. A finding
contains the place and the reason, never the value. Therefore a report may be stored and shown
where the data may not.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import FieldsUnmarked, ImportRefused, ImportTooLarge, MalformedInput
from tearline.limits import MAX_IMPORT_ENTITIES, MAX_IMPORT_FINDINGS, MAX_IMPORT_HELD_BYTES
from tearline.policy.marking import STRICTEST
from tearline.policy.profile import property_category
from tearline.text.choices import listed
from tearline_client.connectors.importers.source import Hidden
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import SCHEMATA
from tearline_client.planning.merged_entities import MergedEntities
from tearline_client.planning.sealed_rows import SealedRows


class Concern(StrEnum):
    """Consequence of a finding for its value."""

    UNVALIDATED = "unvalidated"
    """It is sent unchanged, although it is invalid for its property or cannot be checked."""

    NOT_UNDERSTOOD = "not-understood"
    """It is sent word for word among the notes, because no property fits it."""

    STAYS_HOME = "stays-home"
    """It is not part of the import."""

    UNDERSTOOD = "understood"
    """It had another spelling, and is sent in the canonical one."""

    REPEATED = "repeated"
    """The whole row belongs to entities of earlier rows, and is merged with them."""

    UNRECONCILED = "unreconciled"
    """It contradicts other values of the source, such as a total that is not their sum."""


@immutable
class Finding:
    """One doubtful place in the source.

    Attributes:
        line: Line of the file, from 1; for a record over several lines, its first. 0 for an object
            without a line.
        column: Column of the table, ``Schema.property``, or path in the source.
        part: Number of the value at this place, from 1; 0 for all values.
        concern: Consequence for the value.
        why: The reason, without the value.
        object: Id of the object in the source, or empty.
        value: The canonical form of what a person typed, for that person; no row of a report has
            it. Else empty.
    """

    line: int
    column: str
    part: int
    concern: Concern
    why: str
    object: str = ""
    value: str = field(default="", repr=False)

    @property
    def told(self) -> str:
        """Returns the reason, or else the value that was understood, for its writer."""
        return f"understood as {self.value}" if self.value else self.why


_HELD = 4096  # findings in memory, and read at once; the others are sealed rows
_SCHEMA = "CREATE TABLE finding (place INTEGER PRIMARY KEY, sealed BLOB) STRICT;"


class Report(Collection[Finding]):
    """Findings in the order of the source, in bounded memory.

    Args:
        refuses: Whether too many findings refuse the work, as an import's do. An export counts
            those beyond the bound: a partner's packets do not stop it.

    Attributes:
        made: Number of entities so far; parts with one id and schema count once.
        repeated: Number of rows without a new entity.
        counts: Number of findings by concern.
    """

    def __init__(self, *, refuses: bool = True) -> None:
        self._refuses = refuses
        self._size = 0
        self._held: list[Finding] = []
        self._rows: SealedRows | None = None
        self._once: set[tuple[Concern, str, str]] = set()
        self.made = 0
        self.repeated = 0
        self.counts: Counter[Concern] = Counter()

    def __iter__(self) -> Iterator[Finding]:
        yield from tuple(self._held)
        for place in range(_HELD, self._size, _HELD):
            yield from self._sealed(place)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, finding: object) -> bool:
        return any(each == finding for each in self)

    def add(
        self,
        concern: Concern,
        why: str,
        *,
        line: int = 0,
        column: str = "",
        part: int = 0,
        id: str = "",  # noqa: A002 (the field's term)
        value: str = "",
    ) -> None:
        """Records a finding.

        Args:
            concern: Consequence for the value.
            why: The reason, without the value.
            line: Line of the file, from 1.
            column: Column, ``Schema.property`` or path.
            part: Number of the value there, from 1.
            id: Id of the object in the source.
            value: The canonical form of what a person typed.

        Raises:
            ImportTooLarge: If the report has too many findings, and refuses them.
        """
        if len(self) >= MAX_IMPORT_FINDINGS:
            if self._refuses:
                raise ImportTooLarge(f"over {MAX_IMPORT_FINDINGS} values are doubtful")
            self.counts[concern] += 1
            return
        for text in (why, column, id):
            text.encode()  # a plug-in may give others, which no report could show
        self._keep(
            Finding(
                line=int(line),
                column=column,
                part=int(part),
                concern=Concern(concern),
                why=why,
                object=id,
                value=value,
            )
        )

    def add_once(self, concern: Concern, why: str, *, line: int, column: str) -> None:
        """Records a finding about a whole column, at its first occurrence.

        Args:
            concern: Consequence for the values.
            why: The reason, of which a connector has few; it may have several for one column.
            line: Line of the first of them.
            column: The column.
        """
        if (concern, column, why) not in self._once:
            self._once.add((concern, column, why))
            self.add(concern, why, line=line, column=column)

    def repeat(self, line: int) -> None:
        """Records a row without a new entity; beyond the bound, only counts it."""
        self.repeated += 1
        if len(self) < MAX_IMPORT_FINDINGS:
            why = "the row makes nothing new; what it says is merged with earlier rows"
            self.add(Concern.REPEATED, why, line=line)

    def _keep(self, finding: Finding) -> None:
        self.counts[finding.concern] += 1
        self._size += 1
        if len(self._held) < _HELD:
            self._held.append(finding)
            return
        if self._rows is None:
            self._rows = SealedRows(_SCHEMA, ImportRefused)
        # A finding has names of columns and ids, which may be a person's.
        sealed = self._rows.seal(json.dumps(finding_row(finding)).encode())
        self._rows.execute("INSERT INTO finding VALUES (?, ?)", self._size - 1, sealed)

    def _sealed(self, place: int) -> Iterator[Finding]:
        """Yields the findings of one reading from a place behind those in memory."""
        if self._rows is not None:
            query = "SELECT sealed FROM finding WHERE place >= ? AND place < ? ORDER BY place"
            for (sealed,) in self._rows.execute(query, place, place + _HELD):
                fields = json.loads(self._rows.open(sealed))
                yield Finding(**{**fields, "concern": Concern(fields["concern"])})


def reported(report: Report, *, is_read: bool = False) -> Hidden:
    """Returns the treatment of hidden places that reports each which stays home.

    Args:
        report: Takes the findings.
        is_read: Whether hidden rows and columns are read as the others.
    """

    def tell(line: int, place: str, why: str) -> None:
        report.add(Concern.STAYS_HOME, why, line=line, column=place)

    return Hidden(tell=tell, is_read=is_read)


def finding_row(finding: Finding) -> dict[str, int | str]:
    """Returns a finding as a row of data."""
    return {
        "line": finding.line,
        "column": finding.column,
        "part": finding.part,
        "concern": finding.concern.value,
        "why": finding.why,
        "object": finding.object,
    }


@immutable
class Imported:
    """Result of the import of a complete file.

    Attributes:
        entities: One for each (id, schema), in the order of the source.
        findings: Every finding, in the order of the source.
        repeated: Number of rows without a new entity.
    """

    entities: MergedEntities
    findings: Collection[Finding]
    repeated: int = 0


def gather(entities: Iterable[Entity], report: Report) -> Imported:
    """Returns the result of an import, with the parts of each entity merged.

    Raises:
        ImportRefused: If the import has no entity, or a merged entity is too large.
        ImportTooLarge: If it exceeds the bounds of one import.
        StoreFull: If the disk of temporary files is full.
    """
    held = MergedEntities()
    for entity in entities:
        try:
            held.add(entity)
        except MalformedInput as malformed:
            raise ImportRefused(f"an entity in several parts: {malformed.why}") from None
        report.made = len(held)
        if len(held) > MAX_IMPORT_ENTITIES or held.size_bytes > MAX_IMPORT_HELD_BYTES:
            raise ImportTooLarge(
                f"over {MAX_IMPORT_ENTITIES} entities or {MAX_IMPORT_HELD_BYTES} bytes of them"
            )
    if not held:
        raise ImportRefused("the file holds no entity")
    return Imported(entities=held, findings=report, repeated=report.repeated)


def verify_marked(entities: Iterable[Entity], *, allowed: bool = False) -> Mapping[str, int]:
    """Returns the number of uses of each schema or ``Schema/property`` without a category.

    Args:
        entities: The entities to send.
        allowed: Whether a person allows such fields; they are withheld from every partner.

    Raises:
        FieldsUnmarked: If such a field exists and is not allowed; names the fields.
    """
    found: Counter[str] = Counter()
    for entity in entities:
        if entity.schema not in SCHEMATA:
            found[entity.schema] += 1
        else:
            names = (f"{entity.schema}/{name}" for name in entity.properties)
            found.update(name for name in names if not is_marked(name))
    if found and not allowed:
        raise FieldsUnmarked(told_unmarked(found))
    return found


def told_unmarked(found: Mapping[str, int]) -> str:
    """Returns a text with the schemata and properties without a category, most frequent first."""
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return listed(f"{name} ({count})" for name, count in ordered)


def is_marked(name: str) -> bool:
    """Returns whether the marking profile has a category for ``Schema/property``."""
    schema, _, prop = name.partition("/")
    return property_category(schema, prop) != STRICTEST.category
