"""A table in CSV, read by a mapping of its columns to properties.

The mapping is a TOML file that names the entities of a row, the columns that tell one from
another, and where the values of their properties come from::

    delimiter = ";"

    [entities.owner]
    schema = "Person"
    id = ["Name", "Born"]

    [entities.owner.properties]
    name = ["Name", { column = "Also known as", split = "|" }]
    birthDate = { column = "Born", date = "%d.%m.%Y" }
    idNumber = { column = "CURP", format = "curp" }
    country = { value = "mx" }

    [entities.wallet]
    schema = "CryptoWallet"
    id = ["Address"]

    [entities.wallet.properties]
    publicKey = "Address"
    holder = { entity = "owner" }

Values lose the blanks around them; blank cells have none. Names of countries become codes.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tearline.encoding import label, prefixed
from tearline.errors import ImportRefused, MalformedInput, MappingMalformed
from tearline.limits import MAX_COLUMNS, MAX_MAPPING_BYTES
from tearline_client.importers.dates import is_date_format, iso_date
from tearline_client.importers.findings import Concern, Imported, Report, gather
from tearline_client.importers.identifiers import FORMATS, check, check_property
from tearline_client.importers.source import open_source, read_table
from tearline_client.planning.entities import Entity
from tearline_client.planning.schemata import (
    NEVER_TRAVELS,
    SCHEMATA,
    Property,
    PropertyType,
    property_of,
)

_DELIMITERS = (",", ";", "|", "\t")
_ID_SIZE = 20
# Enumerations that sources spell in words; everything else keeps the source's spelling.
_SPELLED_AS_CODES = frozenset({PropertyType.COUNTRY, PropertyType.GENDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class FromColumn:
    """Values from a cell: divided at ``split``, read by ``date``, judged by ``format``."""

    column: str
    split: str = ""
    date: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The same value in every row."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The id of another entity of the same row."""

    entity: str


Source = FromColumn | Fixed | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMapping:
    """How a row makes one entity.

    Attributes:
        schema: Name of its schema.
        id: Columns whose values together tell it from others.
        properties: Where the values of each property come from.
    """

    schema: str
    id: tuple[str, ...]
    properties: Mapping[str, tuple[Source, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """How a row makes entities.

    Attributes:
        delimiter: What stands between cells.
        entities: Entities of a row, by the mapping's own names for them.
    """

    delimiter: str
    entities: Mapping[str, EntityMapping]

    def taken(self) -> set[str]:
        """Columns whose values become values of a property."""
        return {
            source.column
            for entity in self.entities.values()
            for sources in entity.properties.values()
            for source in sources
            if isinstance(source, FromColumn)
        }

    def needed(self) -> set[str]:
        """Columns that a table must have: those taken, and those that make ids."""
        return self.taken().union(*(entity.id for entity in self.entities.values()))


def parse_mapping(data: bytes) -> TableMapping:
    """The mapping in a TOML file.

    Raises:
        MappingMalformed: If it is too long, not TOML, has a key that is not known, or names a
            schema, property, format or entity that does not exist.
    """
    if len(data) > MAX_MAPPING_BYTES:
        raise MappingMalformed(f"over {MAX_MAPPING_BYTES} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise MappingMalformed("not a TOML file in UTF-8") from None
    _known_keys("the file", table, {"delimiter", "entities"})
    delimiter = table.get("delimiter", ",")
    if delimiter not in _DELIMITERS:
        raise MappingMalformed("delimiter is a comma, semicolon, bar or tab")
    entities = _table("entities", table.get("entities"))
    return TableMapping(
        delimiter=delimiter,
        entities={name: _entity_mapping(name, entry, entities) for name, entry in entities.items()},
    )


def read_csv(path: Path, mapping: TableMapping) -> Imported:
    """Read a whole table, or nothing of it.

    Raises:
        ImportRefused: If the file is no such table, or lacks a column that the mapping names.
        ImportTooLarge: If it is more than one import may hold.
    """
    report = Report()
    with open_source(path) as stream:
        return gather(iter_csv(stream, mapping, report), report)


def iter_csv(stream: BinaryIO, mapping: TableMapping, report: Report) -> Iterator[Entity]:
    """Entities row by row, in bounded memory; doubts go to ``report``.

    Raises:
        ImportRefused: At the first record that does not fit.
    """
    header, rows = read_table(stream, delimiter=mapping.delimiter)
    if missing := sorted(mapping.needed() - set(header)):
        raise ImportRefused(f"line 1: no column {missing[0]!r}, which the mapping names")
    taken = mapping.taken()
    for column in header:
        if column not in taken:
            report.add(Concern.STAYS_HOME, "no property takes it", line=1, column=column)
    for line, row in rows:
        yield from _Row(line=line, cells=row, mapping=mapping, report=report).entities()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    cells: Mapping[str, str]
    mapping: TableMapping
    report: Report

    def entities(self) -> Iterator[Entity]:
        found = {name: self._own_values(entry) for name, entry in self.mapping.entities.items()}
        present = {
            name: self._id(name, entry)
            for name, entry in self.mapping.entities.items()
            if found[name] or any(self.cells[column].strip() for column in entry.id)
        }
        for name, ftm_id in present.items():
            entry = self.mapping.entities[name]
            properties = {
                prop: (*found[name].get(prop, ()), *self._given(sources, present))
                for prop, sources in entry.properties.items()
            }
            try:
                yield Entity(
                    id=ftm_id,
                    schema=entry.schema,
                    properties={prop: values for prop, values in properties.items() if values},
                )
            except MalformedInput as malformed:
                raise ImportRefused(f"line {self.line}: {malformed.why}") from None

    def _own_values(self, entry: EntityMapping) -> dict[str, tuple[str, ...]]:
        """What the cells say of an entity, by property."""
        found: dict[str, tuple[str, ...]] = {}
        for prop, sources in entry.properties.items():
            known = SCHEMATA[entry.schema].properties[prop]
            values = tuple(
                value
                for source in sources
                if isinstance(source, FromColumn)
                for value in self._cell(known, source)
            )
            if values:
                found[prop] = values
        return found

    def _cell(self, known: Property, source: FromColumn) -> Iterator[str]:
        cell = self.cells[source.column]
        pieces = cell.split(source.split) if source.split else [cell]
        for part, text in enumerate((piece.strip() for piece in pieces), 1):
            if not text:
                continue
            value = (iso_date(text, source.date) or text) if source.date else text
            verdict = check(source.format, value) if source.format else check_property(known, value)
            if verdict.normal is None:
                self.report.add(
                    Concern.UNVALIDATED,
                    verdict.why,
                    line=self.line,
                    column=source.column,
                    part=part if source.split else 0,
                )
            elif known.type in _SPELLED_AS_CODES:
                value = verdict.normal
            yield value

    @staticmethod
    def _given(sources: tuple[Source, ...], present: Mapping[str, str]) -> Iterator[str]:
        """Values that no cell holds: fixed ones, and links to what else is in the row."""
        for source in sources:
            if isinstance(source, Fixed):
                yield source.value
            elif isinstance(source, Link) and source.entity in present:
                yield present[source.entity]

    def _id(self, name: str, entry: EntityMapping) -> str:
        """The same for the same values in these columns, in whatever row or file."""
        parts = [self.cells[column].strip() for column in entry.id]
        if not any(parts):
            self.report.add(
                Concern.UNVALIDATED,
                "nothing tells the entity from others, so it stands alone",
                line=self.line,
                column=entry.id[0],
            )
            parts = [str(self.line), *self.cells.values()]
        message = b"".join(prefixed(part.encode("utf-8")) for part in (name, *parts))
        return hashlib.sha256(label("table-row") + message).digest()[:_ID_SIZE].hex()


def _known_keys(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(table) - known):
        raise MappingMalformed(f"{where}: no such key: {unknown[0]!r}")


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise MappingMalformed(f"{where}: a table with at least one entry is expected")
    return value


def _texts(where: str, value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not 0 < len(value) <= MAX_COLUMNS
        or not all(isinstance(item, str) and item for item in value)
    ):
        raise MappingMalformed(f"{where}: a list of texts is expected")
    return tuple(value)


def _entity_mapping(name: str, entry: object, entities: Mapping[str, Any]) -> EntityMapping:
    where = f"entities.{name}"
    table = _table(where, entry)
    _known_keys(where, table, {"schema", "id", "properties"})
    schema = table.get("schema")
    if not isinstance(schema, str) or schema not in SCHEMATA or SCHEMATA[schema].abstract:
        raise MappingMalformed(f"{where}: no such schema")
    properties = _table(f"{where}.properties", table.get("properties"))
    return EntityMapping(
        schema=schema,
        id=_texts(f"{where}.id", table.get("id")),
        properties={
            prop: _sources(f"{where}.properties.{prop}", schema, prop, value, entities)
            for prop, value in properties.items()
        },
    )


def _sources(
    where: str, schema: str, prop: str, value: object, entities: Mapping[str, Any]
) -> tuple[Source, ...]:
    known = property_of(schema, prop)
    if known is None or prop in NEVER_TRAVELS:
        raise MappingMalformed(f"{where}: {schema} has no property of that name that may travel")
    sources = tuple(
        _source(where, item) for item in (value if isinstance(value, list) else [value])
    )
    if not sources:
        raise MappingMalformed(f"{where}: a source of values is expected")
    for source in sources:
        if isinstance(source, Link) != (known.type is PropertyType.ENTITY):
            raise MappingMalformed(f"{where}: links and only links are given as an entity")
        if isinstance(source, Link) and source.entity not in entities:
            raise MappingMalformed(f"{where}: the mapping has no such entity")
        if isinstance(source, Fixed) and check_property(known, source.value).normal is None:
            raise MappingMalformed(f"{where}: the fixed value is not what the property asks for")
        if isinstance(source, FromColumn) and source.format and source.format not in FORMATS:
            raise MappingMalformed(
                f"{where}: no such format; known are {', '.join(sorted(FORMATS))}"
            )
        if isinstance(source, FromColumn) and source.date and not is_date_format(source.date):
            raise MappingMalformed(f"{where}: a date is spelled with %d, %m or %b, and %Y")
    return sources


def _source(where: str, item: object) -> Source:
    if isinstance(item, str):
        item = {"column": item}
    table = _table(where, item)
    if not all(isinstance(value, str) and value for value in table.values()):
        raise MappingMalformed(f"{where}: texts are expected")
    if "value" in table:
        _known_keys(where, table, {"value"})
        return Fixed(value=table["value"])
    if "entity" in table:
        _known_keys(where, table, {"entity"})
        return Link(entity=table["entity"])
    _known_keys(where, table, {"column", "split", "date", "format"})
    if "column" not in table:
        raise MappingMalformed(f"{where}: a column, a value or an entity is expected")
    return FromColumn(**table)
