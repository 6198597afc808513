"""Connected components of a graph, in twelve bytes for each node."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

_NUMBER = "I"  # an unsigned number of four bytes
_NONE = (1 << 32) - 1


PlaceOf = Callable[[str], int | None]
"""Returns the place of a node with an id, one and the same for each id; None without one."""


class Components:
    """Components of a graph in order of their first nodes; holds four bytes for each node.

    Attributes:
        first: First node of each component, ascending.

    Args:
        size: Number of nodes, which are numbered from 0.
        edges: Pairs of connected nodes.
    """

    def __init__(self, size: int, edges: Iterable[tuple[int, int]]) -> None:
        parent = array(_NUMBER, range(size))

        def root(node: int) -> int:
            while parent[node] != node:  # union-find, halving paths
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        for source, target in edges:
            parent[root(target)] = root(source)
        self._next = array(_NUMBER, [_NONE]) * size  # node of the same component
        last = array(_NUMBER, [_NONE]) * size  # by the root of a component
        self.first = array(_NUMBER)
        for node in range(size):
            its_root = root(node)
            if last[its_root] == _NONE:
                self.first.append(node)
            else:
                self._next[last[its_root]] = node
            last[its_root] = node

    def __len__(self) -> int:
        return len(self.first)

    def __iter__(self) -> Iterator[Iterator[int]]:
        return map(self.nodes, range(len(self.first)))

    def nodes(self, component: int) -> Iterator[int]:
        """Yields the nodes of a component in ascending order."""
        node = self.first[component]
        while node != _NONE:
            yield node
            node = self._next[node]


def linked_components(
    links: Iterable[tuple[str, Iterable[str]]], size: int, place_of: PlaceOf
) -> Components:
    """Returns the components of nodes that are linked by references and by equal ids.

    Args:
        links: The id of each node, and the ids that it refers to.
        size: Number of nodes.
        place_of: Returns the place of an id. References to an unknown id connect no nodes.
    """
    return Components(
        size,
        (
            (place, target)
            for place, (own, references) in enumerate(links)
            for each in chain((own,), references)
            if (target := place_of(each)) is not None
        ),
    )
