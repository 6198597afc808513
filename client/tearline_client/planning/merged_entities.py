"""Store of the entities of a large source: merged on arrival, grouped on demand.

A source of 100,000 rows makes several hundred thousand entities. They lie in a temporary database,
so memory is bounded whatever the size of the source.
"""

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import overload

from tearline.errors import ImportRefused
from tearline_client.planning.connected_components import linked_components
from tearline_client.planning.entities import (
    Entity,
    Group,
    filled_groups,
    links,
    merge_entities,
)
from tearline_client.planning.sealed_rows import SealedRows

_SCHEMA = """
CREATE TABLE entity (place INTEGER PRIMARY KEY, id BLOB, schema BLOB, sealed BLOB) STRICT;
CREATE UNIQUE INDEX entity_by_id ON entity (id, schema);
"""
_READ_AT_ONCE = 256  # entities
_RECENT = 4096  # ids of which the places are remembered


class MergedEntities(Sequence[Entity]):
    """One entity for each (id, schema), in order of first appearance.

    Attributes:
        size_bytes: Size of all entities as lines.

    Raises:
        StoreFull: From each method, if the disk of temporary files is full.
        ImportRefused: From each method, if the disk fails.
    """

    def __init__(self) -> None:
        self._rows = SealedRows(_SCHEMA, ImportRefused)
        self._size = 0
        self.size_bytes = 0

    def add(self, entity: Entity) -> None:
        """Adds an entity, or merges it with the entity of the same id and schema.

        Raises:
            MalformedInput: If the merged entity exceeds the bounds of a packet.
        """
        names = self._rows.hash(entity.id), self._rows.hash(entity.schema)
        line = _encoded(entity)
        found = self._rows.execute(
            "SELECT place, sealed FROM entity WHERE id = ? AND schema = ?", *names
        )
        for place, sealed in found:
            earlier = self._rows.open(sealed)
            if line != earlier:
                line = _encoded(*merge_entities((_decoded(earlier), entity)))
                self._rows.execute(
                    "UPDATE entity SET sealed = ? WHERE place = ?", self._rows.seal(line), place
                )
                self.size_bytes += len(line) - len(earlier)
            return
        self._rows.execute(
            "INSERT INTO entity VALUES (?, ?, ?, ?)", self._size, *names, self._rows.seal(line)
        )
        self._size += 1
        self.size_bytes += len(line)

    def place_of(self, ftm_id: str) -> int | None:
        """Returns the place of an entity with an id, always the same one; None without one."""
        found = self._rows.execute(
            "SELECT place FROM entity WHERE id = ? LIMIT 1", self._rows.hash(ftm_id)
        )
        return found[0][0] if found else None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Entity]:
        return self._between(0, self._size)

    @overload
    def __getitem__(self, place: int) -> Entity: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Entity]: ...

    def __getitem__(self, place: int | slice) -> Entity | Sequence[Entity]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(self._size)))
        number = range(self._size)[place]
        return next(self._between(number, number + 1))

    def _between(self, begin: int, end: int) -> Iterator[Entity]:
        for place in range(begin, end, _READ_AT_ONCE):
            for (sealed,) in self._rows.execute(
                "SELECT sealed FROM entity WHERE place >= ? AND place < ? ORDER BY place",
                place,
                min(place + _READ_AT_ONCE, end),
            ):
                yield _decoded(self._rows.open(sealed))


class Groups(Sequence[Group]):
    """Groups as ``connected_groups`` returns them, each made on demand.

    The payments of one account are one component of any size, so a group is made from the entities
    behind the last one. Groups that are asked for in order are made once.

    Args:
        entities: The entities, one for each (id, schema).
    """

    def __init__(self, entities: MergedEntities) -> None:
        self._entities = entities
        self._place_of = lru_cache(_RECENT)(entities.place_of)
        self._components = linked_components(map(links, entities), len(entities), self._place_of)
        self._starts = array("Q")  # the first group of each component
        self._component = self._group = -1  # the last one that was made
        self._last: Group
        self._further: Iterator[Group] = iter(())
        size = 0
        for number in range(len(self._components)):
            self._starts.append(size)
            size += sum(1 for _ in self._groups(number))
        self._size = size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> Group: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Group]: ...

    def __getitem__(self, place: int | slice) -> Group | Sequence[Group]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self._size))]
        if not 0 <= place < self._size:
            raise IndexError(place)
        number = bisect_right(self._starts, place) - 1
        wanted = place - self._starts[number]
        if self._component != number or wanted < self._group:
            self._component, self._group = number, -1
            self._further = self._groups(number)
        while self._group < wanted:
            self._last = next(self._further)
            self._group += 1
        return self._last

    def _groups(self, number: int) -> Iterator[Group]:
        """Yields the groups of one component."""
        entities = map(self._entities.__getitem__, self._components.nodes(number))
        return filled_groups(entities, self._place_of)


def _encoded(entity: Entity) -> bytes:
    held = (entity.id, entity.schema, dict(entity.properties))
    return json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()


def _decoded(line: bytes) -> Entity:
    ftm_id, schema, properties = json.loads(line)
    return Entity(
        id=ftm_id,
        schema=schema,
        properties={name: tuple(values) for name, values in properties.items()},
    )
