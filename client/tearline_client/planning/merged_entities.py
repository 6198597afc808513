"""Compact store of the entities of a large source: merged on arrival, grouped on demand.

A source of 100,000 rows makes several hundred thousand entities. An object takes about a
kilobyte. This store holds each entity as a line of JSON until it is read.
"""

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import overload

from tearline_client.planning.connected_components import components
from tearline_client.planning.entities import (
    Entity,
    Group,
    filled_groups,
    links,
    merge_entities,
)


class MergedEntities(Sequence[Entity]):
    """One entity for each (id, schema), in order of first appearance.

    Attributes:
        size_bytes: Size of all entities as lines.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._places: dict[tuple[str, str], int] = {}
        self.size_bytes = 0

    def add(self, entity: Entity) -> None:
        """Adds an entity, or merges it with the entity of the same id and schema.

        Raises:
            MalformedInput: If the merged entity exceeds the bounds of a packet.
        """
        place = self._places.setdefault((entity.id, entity.schema), len(self._lines))
        line = _encoded(entity)
        if place == len(self._lines):
            self._lines.append(b"")
        elif line != self._lines[place]:
            line = _encoded(*merge_entities((self[place], entity)))
        self.size_bytes += len(line) - len(self._lines[place])
        self._lines[place] = line

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Entity]:
        return map(_decoded, self._lines)

    @overload
    def __getitem__(self, place: int) -> Entity: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Entity]: ...

    def __getitem__(self, place: int | slice) -> Entity | Sequence[Entity]:
        if isinstance(place, slice):
            return tuple(map(_decoded, self._lines[place]))
        return _decoded(self._lines[place])


class Groups(Sequence[Group]):
    """Groups as ``connected_groups`` returns them, each made on demand.

    Args:
        entities: The entities, one for each (id, schema).
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._entities = entities
        self._present = frozenset(entity.id for entity in entities)
        self._components = components(map(links, entities))
        self._starts = array("Q")  # the first group of each component
        self._made: tuple[int, tuple[Group, ...]] = (-1, ())
        size = 0
        for number in range(len(self._components)):
            self._starts.append(size)
            size += len(self._groups(number))
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
        return self._groups(number)[place - self._starts[number]]

    def _groups(self, number: int) -> tuple[Group, ...]:
        """Returns the groups of one component; the groups of the last component are cached."""
        if self._made[0] != number:
            entities = [self._entities[place] for place in self._components[number]]
            self._made = (number, tuple(filled_groups(entities, self._present)))
        return self._made[1]


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
