"""What an import yields: the entities, and every doubt it had about a value.

Nothing is dropped for being doubtful. A finding says where a value stands and why it is
doubtful, never the value itself, so that a report may be shown and kept where its data may not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tearline.errors import FieldsUnmarked, ImportRefused, ImportTooLarge, MalformedInput
from tearline.limits import MAX_IMPORT_ENTITIES, MAX_IMPORT_FINDINGS, MAX_IMPORT_HELD_BYTES
from tearline.policy.marking import STRICTEST
from tearline.policy.profile import property_category
from tearline.text.choices import listed
from tearline_client.connectors.importers.identifiers import check_property
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import SCHEMATA, property_of
from tearline_client.planning.merged_entities import MergedEntities


class Concern(StrEnum):
    """What became of a value there is a finding about."""

    UNVALIDATED = "unvalidated"
    """It travels as it stands, but is not what its property asks for, or cannot be checked."""

    NOT_UNDERSTOOD = "not-understood"
    """It is kept word for word among the notes, for nothing more fitting is known."""

    STAYS_HOME = "stays-home"
    """It is not part of the import."""

    REPEATED = "repeated"
    """All that the row says belongs to entities of earlier rows, and is merged with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt about one place in the source.

    Attributes:
        line: Line of the file, from 1; of a record over several lines, its first.
        column: Column of the table, or ``Schema.property``.
        part: Which value of the place, from 1; 0 for all of it.
        concern: What became of the value.
        why: The reason, without the value.
    """

    line: int
    column: str
    part: int
    concern: Concern
    why: str


class Report:
    """Findings in the order they were made.

    Attributes:
        made: How many entities the import made so far, those of one id and schema as one.
        repeated: How many rows made none.
    """

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._once: set[tuple[Concern, str]] = set()
        self.made = 0
        self.repeated = 0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    def __len__(self) -> int:
        return len(self._findings)

    def add(self, concern: Concern, why: str, *, line: int, column: str, part: int = 0) -> None:
        """Records a doubt.

        Raises:
            ImportTooLarge: If there are more than a report may hold.
        """
        if len(self._findings) >= MAX_IMPORT_FINDINGS:
            raise ImportTooLarge(f"over {MAX_IMPORT_FINDINGS} values are doubtful")
        self._findings.append(
            Finding(line=line, column=column, part=part, concern=concern, why=why)
        )

    def add_once(self, concern: Concern, why: str, *, line: int, column: str) -> None:
        """Records what is true of a whole column, where it is seen first."""
        if (concern, column) not in self._once:
            self._once.add((concern, column))
            self.add(concern, why, line=line, column=column)

    def repeat(self, line: int) -> None:
        """Records that a row made no new entity; beyond the bound it is counted alone."""
        self.repeated += 1
        if len(self._findings) < MAX_IMPORT_FINDINGS:
            why = "the row makes nothing new; what it says is merged with earlier rows"
            self.add(Concern.REPEATED, why, line=line, column="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A whole file, read.

    Attributes:
        entities: One for each (id, schema), in the order of the source.
        findings: Every doubt, in the order of the source.
        repeated: How many rows made no entity that an earlier row had not made.
    """

    entities: Sequence[Entity]
    findings: tuple[Finding, ...]
    repeated: int = 0


def gather(entities: Iterable[Entity], report: Report) -> Imported:
    """The entities of one import, held together, with parts of one entity merged.

    Raises:
        ImportRefused: If there are none, or the parts of one are too much together.
        ImportTooLarge: If there are more than one import may hold.
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
    return Imported(entities=held, findings=tuple(report), repeated=report.repeated)


def verify_marked(entities: Iterable[Entity], *, allowed: bool = False) -> Mapping[str, int]:
    """Returns how often each schema or ``Schema/property`` without a category is used.

    Args:
        entities: What is to be sent.
        allowed: Whether a person allows it; no partner sees anything of such a field.

    Raises:
        FieldsUnmarked: If there is one, and it is not allowed; names them.
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
    """Returns the schemata and properties without a category as words, the most frequent first."""
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return listed(f"{name} ({count})" for name, count in ordered)


def is_marked(name: str) -> bool:
    """Returns whether the marking profile has a category for ``Schema/property``."""
    schema, _, prop = name.partition("/")
    return property_category(schema, prop) != STRICTEST.category


def judge(entity: Entity, report: Report, *, line: int) -> None:
    """Judge every value of an entity by the type of its property."""
    if entity.schema not in SCHEMATA:
        report.add(
            Concern.UNVALIDATED,
            "no such schema in the table of schemata",
            line=line,
            column=entity.schema,
        )
        return
    for name, values in entity.properties.items():
        column = f"{entity.schema}.{name}"
        known = property_of(entity.schema, name)
        if known is None:
            report.add(
                Concern.UNVALIDATED, "the schema has no such property", line=line, column=column
            )
            continue
        for part, value in enumerate(values, 1):
            verdict = check_property(known, value)
            if verdict.normal is None:
                report.add(Concern.UNVALIDATED, verdict.why, line=line, column=column, part=part)
