"""Habits of a table's columns: a column as a whole shows how its numbers and dates are written.

A row that has one reading only, such as 1.234,50 or 25/04/2026, decides for the others. Rows that
contradict each other decide nothing.
"""

from collections.abc import Iterable, Iterator, Mapping

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.importers.dates import ORDERS
from tearline_client.connectors.importers.identifiers import check_property
from tearline_client.connectors.importers.mapping import FromColumn, TableMapping
from tearline_client.connectors.importers.readings import MARKS, PERSON, Habits
from tearline_client.connectors.importers.source import Stated
from tearline_client.planning.ftm_schema import Property, PropertyType

_OF_NUMBERS = tuple(Habits(decimal=mark) for mark in MARKS)
_OF_DATES = tuple(Habits(order=order) for order in ORDERS)


@immutable
class Watched:
    """A column whose rows may decide.

    Attributes:
        known: Its property.
        source: Its place in the mapping.
        alternatives: The habits between which they decide.
    """

    known: Property
    source: FromColumn
    alternatives: tuple[Habits, ...]

    def shown(self, cell: str) -> Iterator[Habits]:
        """Yields the habits that a cell shows: it has a reading by one of them alone."""
        for piece in pieces_of(cell, self.source):
            if piece.isdigit():
                continue
            readings = {
                each: check_property(self.known, piece, each).normal for each in self.alternatives
            }
            possible = [each for each, normal in readings.items() if normal is not None]
            if len(possible) == 1:
                yield possible[0]


def pieces_of(cell: str, source: FromColumn) -> Iterator[str]:
    """Yields the values of a cell, with empty ones, without the blanks around them."""
    yield from (each.strip() for each in (cell.split(source.split) if source.split else [cell]))


def stated_habits(source: FromColumn) -> Habits:
    """Returns the habits that a mapping states of a column."""
    first = {source.date.find(each): each[1] for each in ("%d", "%m") if each in source.date}
    order = {"d": "dmy", "m": "mdy"}[first[min(first)]] if len(first) == 2 else ""
    return Habits(decimal=source.decimal, order=order)


def watched(mapping: TableMapping) -> dict[str, Watched]:
    """Returns the columns of numbers and dates of which the mapping states no spelling."""
    found = {}
    for entry in mapping.entities.values():
        for prop in entry.properties:
            known = entry.schema.properties(prop)[0]
            for source in entry.taken_by(prop):
                is_number = known.type is PropertyType.NUMBER
                if stated_habits(source) != PERSON:
                    continue
                if is_number or known.type is PropertyType.DATE:
                    alternatives = _OF_NUMBERS if is_number else _OF_DATES
                    found[source.column] = Watched(
                        known=known, source=source, alternatives=alternatives
                    )
    return found


def column_habits(
    rows: Iterable[tuple[int, Mapping[str, str]]], columns: Mapping[str, Watched]
) -> dict[str, Habits]:
    """Returns the habits of the columns that show one."""
    shown: dict[str, set[Habits]] = {column: set() for column in columns}
    for _, cells in rows:
        for column, each in columns.items():
            cell = cells[column]
            if cell and not isinstance(cell, Stated):
                shown[column].update(each.shown(cell))
    return {column: next(iter(some)) for column, some in shown.items() if len(some) == 1}
