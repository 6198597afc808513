"""Importer of tables, as delimited text or workbooks, by a mapping; see ``importers.mapping``.

Surrounding blanks are removed, and blank cells have no value. Sums, dates, currencies and countries
are read, and an IBAN or BIC has one spelling. A number or date with two readings is refused, unless
the mapping or the other rows of its column decide. Different spellings of an id column identify one
entity.
"""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import ImportRefused, MalformedInput
from tearline.limits import MAX_UPLOADED_TABLE
from tearline.text.choices import listed
from tearline_client.connectors.contract import Importer, Option, OptionKind, Options
from tearline_client.connectors.importers.caveats import Caveats, cell_caveats, plain, unkept
from tearline_client.connectors.importers.column_habits import (
    column_habits,
    pieces_of,
    stated_habits,
    watched,
)
from tearline_client.connectors.importers.dates import iso_date
from tearline_client.connectors.importers.identifiers import check, check_property
from tearline_client.connectors.importers.judgement import CURRENCY, OTHER_CURRENCY
from tearline_client.connectors.importers.mapping import (
    DELIMITERS,
    EntityMapping,
    Fixed,
    FromColumn,
    Link,
    Source,
    TableMapping,
    parse_mapping,
)
from tearline_client.connectors.importers.preview import detect_form
from tearline_client.connectors.importers.readings import PERSON, PROGRAM, Habits, Reading
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather, reported
from tearline_client.connectors.importers.source import (
    HIDDEN,
    Bounds,
    Hidden,
    Stated,
    open_source,
    read_table,
)
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import Property, PropertyType, property_of

_ID_SIZE = 20
# Names of columns that hold markings, in capitals.
_MARKS = re.compile(
    r"\b(?:TLP|PAP|MARKINGS?|CLASSIFICATION|HANDLING|CAVEATS?|DISSEMINATION|ORCON|CLASIFICACIÓN"
    r"|NIVEL DE RESERVA)\b|密级|密級|保密"
)
# Identifiers for which blanks and capitals do not matter.
_OF_ONE_SPELLING = frozenset({"bic", "iban"})


def read_csv(path: Path, mapping: TableMapping) -> Imported:
    """Returns the entities of a complete table.

    Raises:
        ImportRefused: If the file is no such table, or lacks a column of the mapping.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    report = Report()
    with open_source(path) as stream:
        return gather(iter_csv(stream, mapping, report), report)


def parse_csv(data: bytes, mapping: TableMapping) -> Imported:
    """Returns the entities of a complete text or workbook; raises as ``read_csv``."""
    report, bounds = Report(), Bounds(whole=MAX_UPLOADED_TABLE)
    return gather(iter_csv(BytesIO(data), mapping, report, bounds), report)


def iter_csv(
    stream: BinaryIO, mapping: TableMapping, report: Report, bounds: Bounds | None = None
) -> Iterator[Entity]:
    """Yields entities row by row; reports doubtful values, and rows without a new entity.

    Args:
        stream: The table.
        mapping: The mapping of its columns.
        report: Takes the findings.
        bounds: Bounds of the source.

    Raises:
        ImportRefused: At the first invalid record.
    """
    read = partial(
        read_table,
        stream,
        delimiter=mapping.delimiter,
        encoding=mapping.encoding,
        header=mapping.header,
        bounds=bounds,
    )
    habits: dict[str, Habits] = {}
    if columns := watched(mapping):
        header, rows = read(hidden=Hidden(tell=lambda *_: None, is_read=mapping.hidden))
        habits = column_habits(rows, columns) if columns.keys() <= set(header) else {}
    header, rows = read(hidden=reported(report, is_read=mapping.hidden))
    if missing := sorted(mapping.needed() - set(header)):
        where = "the mapping's header" if mapping.header else "line 1"
        others = [each for each in DELIMITERS if len(header) == 1 and each in header[0]]
        hint = f"; the header is one cell, and holds {others[0]!r}" if others else ""
        if any(HIDDEN in finding.why for finding in report):
            hint += "; some places are hidden: hidden = true in the mapping reads them"
        raise ImportRefused(f"{where}: no column {missing[0]!r}, which the mapping names{hint}")
    taken = mapping.taken()
    for column in header:
        if column not in taken:
            report.add(Concern.STAYS_HOME, "no property takes it", line=1, column=column)
    tellers, marks = _tellers(mapping), [each for each in header if _marks(each, taken)]
    for number, (line, cells) in enumerate(rows, 1):
        row = _Row(
            number=number,
            line=line,
            cells=cells,
            mapping=mapping,
            tellers=tellers,
            habits=habits,
            marks={column: cell_caveats(cells[column]) for column in marks},
            report=report,
        )
        entities, before = tuple(row.entities()), report.made
        yield from entities
        if entities and before and report.made == before:
            report.repeat(line)


def _marks(column: str, taken: Container[str]) -> bool:
    """Returns whether a column holds markings: its name says so, and no property takes it."""
    return column not in taken and bool(_MARKS.search(plain(column).replace("_", " ")))


_Tellers = Mapping[tuple[str, str], tuple[Property, FromColumn]]
"""By entity and column of its id: how a value there is judged."""


def _tellers(mapping: TableMapping) -> _Tellers:
    found: dict[tuple[str, str], tuple[Property, FromColumn]] = {}
    for name, entry in mapping.entities.items():
        others = (each for each in mapping.entities.values() if each is not entry)
        for each in (entry, *others):
            for prop in each.properties:
                known = each.schema.properties(prop)[0]
                for source in each.taken_by(prop):
                    if source.column in entry.id and not source.split:
                        found.setdefault((name, source.column), (known, source))
    return found


@immutable
class _Row:
    number: int
    line: int
    cells: Mapping[str, str]
    mapping: TableMapping
    tellers: _Tellers
    habits: Mapping[str, Habits]
    marks: Mapping[str, Caveats]
    report: Report

    def entities(self) -> Iterator[Entity]:
        """Yields the entities of the row, without values that its markings keep home."""
        caveats = frozenset[str]().union(*self.marks.values())
        for entity in self._entities():
            kept = {
                name: values
                for name, values in entity.properties.items()
                if not unkept(entity.schema, name, caveats)
            }
            if len(kept) < len(entity.properties):
                column = next(iter(self.marks))
                why = "values of the row: its marking is stricter than the profile's, or unknown"
                self.report.add(Concern.STAYS_HOME, why, line=self.line, column=column)
            if kept or not caveats:
                yield replace(entity, properties=kept)

    def _entities(self) -> Iterator[Entity]:
        schemata, found, present = {}, {}, {}
        for name, entry in self.mapping.entities.items():
            is_told = any(self.cells[column].strip() for column in entry.id)
            if not (is_told or any(self.cells[each.column].strip() for each in entry.taken())):
                continue
            schemata[name] = self._schema(entry)
            found[name] = self._own_values(entry, schemata[name])
            if found[name] or is_told:
                present[name] = self._id(name, entry)
        for name, ftm_id in present.items():
            entry, schema = self.mapping.entities[name], schemata[name]
            sources = {**entry.properties}
            for extra in found[name]:
                sources.setdefault(extra, ())
            properties = {
                prop: (*found[name].get(prop, ()), *self._given(some, present))
                for prop, some in sources.items()
                if property_of(schema, prop)
            }
            try:
                yield Entity(
                    id=ftm_id,
                    schema=schema,
                    properties={prop: values for prop, values in properties.items() if values},
                )
            except MalformedInput as malformed:
                raise ImportRefused(f"line {self.line}: {malformed.why}") from None

    def _schema(self, entry: EntityMapping) -> str:
        column = entry.schema.column
        name = entry.schema.names.get(self.cells[column].strip() if column else "")
        if name is None:
            known = listed(map(repr, entry.schema.names))
            raise ImportRefused(
                f"line {self.line}: column {column!r} says no schema; the mapping knows {known}"
            )
        return name

    def _own_values(self, entry: EntityMapping, schema: str) -> dict[str, tuple[str, ...]]:
        """Returns an entity's values from the cells, by property."""
        found: dict[str, tuple[str, ...]] = {}
        beside: dict[str, None] = {}
        for prop in entry.properties:
            known, columns = property_of(schema, prop), tuple(entry.taken_by(prop))
            if known is None:
                self._leave(schema, columns)
                continue
            cells = [each for source in columns for each in self._cell(known, source)]
            if cells:
                found[prop] = tuple(value for value, _ in cells)
            beside |= dict.fromkeys(currency for _, currency in cells if currency)
        if beside:
            self._add_currencies(entry, schema, found, beside)
        return found

    def _add_currencies(
        self,
        entry: EntityMapping,
        schema: str,
        found: dict[str, tuple[str, ...]],
        beside: Iterable[str],
    ) -> None:
        """Adds the currencies beside sums to an entity's; reports one that contradicts others."""
        fixed = tuple(self._given(entry.properties.get(CURRENCY, ()), {}))
        own = dict.fromkeys((*found.get(CURRENCY, ()), *beside))
        found[CURRENCY] = tuple(each for each in own if each not in fixed)
        if len({*own, *fixed}) > 1:
            column = f"{schema}.{CURRENCY}"
            self.report.add(Concern.UNVALIDATED, OTHER_CURRENCY, line=self.line, column=column)

    def _leave(self, schema: str, columns: Iterable[FromColumn]) -> None:
        for source in columns:
            if self.cells[source.column].strip():
                why = f"a {schema} has no such property"
                self.report.add(Concern.STAYS_HOME, why, line=self.line, column=source.column)

    def _cell(self, known: Property, source: FromColumn) -> Iterator[tuple[str, str]]:
        """Yields each value of a cell, with the currency beside it or an empty text.

        Raises:
            ImportRefused: If a value has two readings.
        """
        column = source.column
        for part, text in enumerate(pieces_of(self.cells[column], source), 1):
            if not text:
                continue
            value, reading = self._read(known, source, text)
            place = part if source.split else 0
            if reading.possible:
                key = "date" if known.type is PropertyType.DATE else "decimal"
                raise ImportRefused(
                    f"line {self.line}, column {column!r}: {reading.doubt}; or state `{key}` of"
                    " the column in the mapping, as no other row decides"
                )
            if reading.normal is None:
                self.report.add(
                    Concern.UNVALIDATED, reading.why, line=self.line, column=column, part=place
                )
            elif reading.how:
                value = reading.normal
                if not reading.is_certain:
                    self.report.add_once(
                        Concern.UNDERSTOOD, reading.how, line=self.line, column=column
                    )
            elif known.format in _OF_ONE_SPELLING:
                value = reading.normal
            yield value, reading.currency

    @staticmethod
    def _given(sources: tuple[Source, ...], present: Mapping[str, str]) -> Iterator[str]:
        """Yields fixed values, and links to other entities of the row."""
        for source in sources:
            if isinstance(source, Fixed):
                yield source.value
            elif isinstance(source, Link) and source.entity in present:
                yield present[source.entity]

    def _id(self, name: str, entry: EntityMapping) -> str:
        """Returns an id that depends only on the values of the id columns."""
        parts = [self._told(name, column) for column in entry.id]
        if not any(parts):
            if entry.id:
                self.report.add(
                    Concern.UNVALIDATED,
                    "nothing tells the entity from others, so it stands alone",
                    line=self.line,
                    column=entry.id[0],
                )
            parts = [str(self.number), *self.cells.values()]
        message = b"".join(prefixed(part.encode("utf-8")) for part in (name, *parts))
        return hashlib.sha256(label("table-row") + message).digest()[:_ID_SIZE].hex()

    def _told(self, name: str, column: str) -> str:
        """Returns the value of an id column, in its canonical spelling if it has one."""
        text, teller = self.cells[column].strip(), self.tellers.get((name, column))
        if not text or teller is None:
            return text
        return self._read(*teller, text)[1].normal or text

    def _read(self, known: Property, source: FromColumn, text: str) -> tuple[str, Reading]:
        """Returns a text, as an ISO date if the mapping states its spelling, and its reading."""
        value = (iso_date(text, source.date) or text) if source.date else text
        habits = stated_habits(source)
        if isinstance(self.cells[source.column], Stated):
            habits = PROGRAM
        elif habits == PERSON:
            habits = self.habits.get(source.column, PERSON)
        if source.format:
            return value, check(source.format, value, habits)
        return value, check_property(known, value, habits)


def _detect(stream: BinaryIO, options: Options) -> str:
    """Returns the detected form of a table, and that of the mapping if it is another."""
    form, mapping = detect_form(stream), parse_mapping(str(options["mapping"]).encode())
    if not form.encoding:
        return "a workbook (XLSX), of which the first visible sheet is read"
    mark = "with" if form.has_mark else "without"
    told = f"{form.encoding.upper()} {mark} a byte order mark, "
    told += f"{DELIMITERS[form.delimiter]} between cells" if form.delimiter else "no table"
    is_same = form.delimiter in ("", mapping.delimiter) and form.encoding == mapping.encoding
    if is_same:
        return told
    return (
        f"{told}; the mapping states {mapping.encoding.upper()}, and"
        f" {DELIMITERS[mapping.delimiter]} between cells"
    )


def _read(stream: BinaryIO, options: Options, report: Report) -> Iterator[Entity]:
    return iter_csv(stream, parse_mapping(str(options["mapping"]).encode()), report)


IMPORTER = Importer(
    summary="Send all entities of FILE, a CSV or XLSX whose columns a mapping explains.",
    details="""\
Of an XLSX, the first visible sheet is read. Formulas are not computed: the value that was saved \
stands for them. The mappings in the home are those that the console saves. With --dry-run, the \
command also says the encoding, the byte order mark and the delimiter that the file seems to have.

Example: tearline import csv accounts.csv --mapping accounts.toml --to mx-prosecutor --agreement \
narcotics-2026 --article money-laundering --purpose criminal-investigation""",
    read=_read,
    detect=_detect,
    options=(
        Option(
            name="mapping",
            kind=OptionKind.MAPPING,
            required=True,
            help="TOML file that maps columns to properties, or the name of a mapping in the home.",
        ),
    ),
)
