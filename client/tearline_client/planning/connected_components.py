"""Connected components of a graph of references, in a few bytes for each node."""

from array import array
from collections.abc import Iterable, Sequence


def components(links: Iterable[tuple[str, Iterable[str]]]) -> Sequence[Sequence[int]]:
    """Returns the positions of the nodes of each connected component.

    Args:
        links: The id of each node, and the ids that it refers to. Several nodes may share an
            id. References to an unknown id connect no nodes.
    """
    number: dict[str, int] = {}
    owners, sources, targets = array("Q"), array("Q"), array("Q")
    for own, references in links:
        owners.append(number.setdefault(own, len(number)))
        for reference in references:
            sources.append(owners[-1])
            targets.append(number.setdefault(reference, len(number)))
    parent = array("Q", range(len(number)))
    present = bytearray(len(number))
    for node in owners:
        present[node] = True

    def root(node: int) -> int:
        while parent[node] != node:  # union-find, halving paths
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for source, target in zip(sources, targets, strict=True):
        if present[target]:
            parent[root(target)] = root(source)
    found: dict[int, array[int]] = {}
    for place, node in enumerate(owners):
        found.setdefault(root(node), array("Q")).append(place)
    return tuple(found.values())
