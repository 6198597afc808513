"""A mapping of a table's columns to the properties of entities.

It is a TOML file. It names the entities of a row, the columns that identify them, and the
sources of their properties' values::

    delimiter = ";"
    encoding = "cp1252"
    header = ["Name", "Born", "Kind", "Account", "Amount"]

    [entities.party]
    schema = { column = "Kind", values = { P = "Person", C = "Company" } }
    id = ["Name", "Born"]

    [entities.party.properties]
    name = ["Name", { column = "Also known as", split = "|" }]
    birthDate = { column = "Born", date = "%d.%m.%Y" }
    idNumber = { column = "CURP", format = "curp" }
    country = { value = "mx" }

    [entities.payment]
    schema = "Payment"
    id = "row"

    [entities.payment.properties]
    amount = { column = "Amount", decimal = "," }
    payer = { entity = "party" }

With ``id = "row"`` each row is a separate entity. ``header`` names the columns of a file without
a header.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import MappingMalformed
from tearline.limits import MAX_COLUMNS, MAX_MAPPING_BYTES
from tearline_client.connectors.importers.dates import is_date_format
from tearline_client.connectors.importers.identifiers import FORMATS, check_property, is_read
from tearline_client.connectors.importers.readings import MARKS
from tearline_client.connectors.importers.source import ENCODINGS
from tearline_client.planning.ftm_schema import (
    NEVER_TRAVELS,
    SCHEMATA,
    Property,
    PropertyType,
    property_of,
)
from tearline_runtime.file_keys import KeyTable, key_tables

KEYS = key_tables(__package__, "mapping_keys.toml")
DELIMITERS = {",": "a comma", ";": "a semicolon", "|": "a bar", "\t": "a tab"}
"""Delimiters of cells, each with its name."""

_CONCRETE = tuple(name for name, schema in SCHEMATA.items() if not schema.abstract)
ROW = "row"
"""The ``id`` that tells each row from all others."""


@immutable
class FromColumn:
    """Values from a cell: divided at ``split``, read by ``date`` or ``decimal``, then checked.

    Attributes:
        column: The column.
        split: Text between several values of a cell, or empty.
        date: Spelling of a day, or empty.
        decimal: Sign before decimals, or empty.
        format: Format of identifiers, or empty.
    """

    column: str
    split: str = ""
    date: str = ""
    decimal: str = ""
    format: str = ""


@immutable
class Fixed:
    """The same value in every row."""

    value: str


@immutable
class Link:
    """The id of another entity of the same row."""

    entity: str


Source = FromColumn | Fixed | Link


@immutable
class SchemaMapping:
    """Schema of an entity.

    Attributes:
        column: The column that selects the schema, or empty if all rows have the same one.
        names: Names of schemata by the column's value; for one schema, by the empty text.
    """

    column: str
    names: Mapping[str, str]

    def properties(self, name: str) -> list[Property]:
        """Returns the property ``name`` of each schema that has it."""
        found = (property_of(schema, name) for schema in dict.fromkeys(self.names.values()))
        return [known for known in found if known is not None]


@immutable
class EntityMapping:
    """Mapping of a row to one entity.

    Attributes:
        schema: Its schema, or the column that selects it.
        id: Columns whose values together identify it; empty if each row is a separate entity.
        properties: Sources of each property's values.
    """

    schema: SchemaMapping
    id: tuple[str, ...]
    properties: Mapping[str, tuple[Source, ...]]

    def taken(self) -> Iterator[FromColumn]:
        """Yields each column that is a source of values."""
        for prop in self.properties:
            yield from self.taken_by(prop)

    def taken_by(self, prop: str) -> Iterator[FromColumn]:
        """Yields each column that is a source of one property."""
        for source in self.properties[prop]:
            if isinstance(source, FromColumn):
                yield source


@immutable
class TableMapping:
    """Mapping of a row to entities.

    Attributes:
        delimiter: Delimiter of cells.
        encoding: Text encoding of the file, one of ``ENCODINGS``.
        header: Names of the columns if the file has no header; else empty.
        hidden: Whether hidden rows and columns of a workbook are read.
        entities: Entities of a row, by their names in the mapping.
    """

    delimiter: str
    encoding: str
    header: tuple[str, ...]
    hidden: bool
    entities: Mapping[str, EntityMapping]

    def taken(self) -> set[str]:
        """Returns the columns that supply a property's value or select a schema."""
        entities = self.entities.values()
        taken = {source.column for entity in entities for source in entity.taken()}
        return taken | {entity.schema.column for entity in entities if entity.schema.column}

    def needed(self) -> set[str]:
        """Returns the columns that a table must have: ``taken``, and the id columns."""
        return self.taken().union(*(entity.id for entity in self.entities.values()))


def parse_mapping(data: bytes) -> TableMapping:
    """Returns the mapping in a TOML file.

    Raises:
        MappingMalformed: If it is too long, not TOML, has an unknown key, or names an unknown
            schema, property, format, encoding or entity.
    """
    if len(data) > MAX_MAPPING_BYTES:
        raise MappingMalformed(f"over {MAX_MAPPING_BYTES} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise MappingMalformed("not a TOML file in UTF-8") from None
    _known_keys("the file", table, KEYS["file"])
    delimiter, encoding = table.get("delimiter", ","), table.get("encoding", "utf-8")
    if delimiter not in DELIMITERS:
        raise MappingMalformed("delimiter is a comma, semicolon, bar or tab")
    if encoding not in ENCODINGS:
        raise MappingMalformed(f"encoding is one of {', '.join(ENCODINGS)}")
    header = _texts("header", table["header"]) if "header" in table else ()
    if len(set(header)) != len(header):
        raise MappingMalformed("header names a column twice")
    hidden = table.get("hidden", False)
    if not isinstance(hidden, bool):
        raise MappingMalformed("hidden is true or false")
    entities = _table("entities", table.get("entities"))
    return TableMapping(
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        hidden=hidden,
        entities={name: _entity_mapping(name, entry, entities) for name, entry in entities.items()},
    )


def _known_keys(where: str, table: Mapping[str, Any], keys: KeyTable) -> None:
    if unknown := keys.unknown(table):
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
    _known_keys(where, table, KEYS["entity"])
    schema = _schema(f"{where}.schema", table.get("schema"))
    properties = _table(f"{where}.properties", table.get("properties"))
    return EntityMapping(
        schema=schema,
        id=() if table.get("id") == ROW else _texts(f"{where}.id", table.get("id")),
        properties={
            prop: _sources(f"{where}.properties.{prop}", schema, prop, value, entities)
            for prop, value in properties.items()
        },
    )


def _schema(where: str, value: object) -> SchemaMapping:
    if not isinstance(value, dict):
        return SchemaMapping(column="", names={"": _schema_name(where, value)})
    _known_keys(where, value, KEYS["schema"])
    column, names = value.get("column"), value.get("values", {name: name for name in _CONCRETE})
    if not isinstance(column, str) or not column or not isinstance(names, dict) or not names:
        raise MappingMalformed(f"{where}: a column is expected, and values of it by schema")
    return SchemaMapping(
        column=column, names={text: _schema_name(where, name) for text, name in names.items()}
    )


def _schema_name(where: str, name: object) -> str:
    if not isinstance(name, str) or name not in _CONCRETE:
        raise MappingMalformed(f"{where}: no such schema")
    return name


def _sources(
    where: str, schema: SchemaMapping, prop: str, value: object, entities: Mapping[str, Any]
) -> tuple[Source, ...]:
    found = schema.properties(prop)
    if not found or prop in NEVER_TRAVELS:
        names = " nor ".join(dict.fromkeys(schema.names.values()))
        raise MappingMalformed(f"{where}: {names} has no property of that name that may travel")
    sources = tuple(
        _source(where, item) for item in (value if isinstance(value, list) else [value])
    )
    if not sources:
        raise MappingMalformed(f"{where}: a source of values is expected")
    for source in sources:
        if any(isinstance(source, Link) != (p.type is PropertyType.ENTITY) for p in found):
            raise MappingMalformed(f"{where}: links and only links are given as an entity")
        if isinstance(source, Link) and source.entity not in entities:
            raise MappingMalformed(f"{where}: the mapping has no such entity")
        if isinstance(source, Fixed) and not all(
            check_property(known, source.value).normal for known in found
        ):
            raise MappingMalformed(f"{where}: the fixed value is not what the property asks for")
        if isinstance(source, FromColumn) and source.format and source.format not in FORMATS:
            raise MappingMalformed(
                f"{where}: no such format; known are {', '.join(sorted(FORMATS))}"
            )
        if isinstance(source, FromColumn) and source.decimal not in ("", *MARKS):
            raise MappingMalformed(f"{where}: decimal is a point or a comma")
        if isinstance(source, FromColumn) and source.date and not is_date_format(source.date):
            raise MappingMalformed(f"{where}: a date is spelled with %d, %m or %b, and %Y")
    return tuple(
        Fixed(value=check_property(found[0], each.value).normal or each.value)
        if isinstance(each, Fixed) and is_read(found[0])
        else each
        for each in sources
    )


def _source(where: str, item: object) -> Source:
    if isinstance(item, str):
        item = {"column": item}
    table = _table(where, item)
    if not all(isinstance(value, str) and value for value in table.values()):
        raise MappingMalformed(f"{where}: texts are expected")
    if "value" in table:
        _known_keys(where, table, KEYS["fixed"])
        return Fixed(value=table["value"])
    if "entity" in table:
        _known_keys(where, table, KEYS["link"])
        return Link(entity=table["entity"])
    _known_keys(where, table, KEYS["column"])
    if "column" not in table:
        raise MappingMalformed(f"{where}: a column, a value or an entity is expected")
    return FromColumn(**table)
