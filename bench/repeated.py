"""A log of a thousand million entries in no memory: one subtree of 256 entries, repeated."""

from collections.abc import Iterable

from tearline.tlog.merkle import Frontier, NodeId, leaf_hash, node_hash, tree_levels

_WIDTH_BITS = 8


class RepeatedLog:
    """Log whose tree repeats a subtree, and ends with entries of its own.

    Args:
        repeated: How often it repeats the 256 entries.
        last: Leaf hashes behind them.
    """

    def __init__(self, repeated: int, last: Iterable[bytes]) -> None:
        leaves = [leaf_hash(b"entry %d" % number) for number in range(1 << _WIDTH_BITS)]
        self._below = tree_levels(leaves)
        self._above = [self._below[-1][0]]
        while len(self._above) < 48:
            self._above.append(node_hash(self._above[-1], self._above[-1]))
        self._repeated = repeated << _WIDTH_BITS
        bits = [bit for bit in range(repeated.bit_length()) if repeated >> bit & 1]
        whole = Frontier(
            size=self._repeated, hashes=tuple(self._above[bit] for bit in reversed(bits))
        )
        self.frontier, nodes = whole.append(last)
        self._nodes: dict[NodeId, bytes] = {(level, at): node for level, at, node in nodes}

    def node(self, level: int, index: int) -> bytes:
        """Returns the node at a place of the tree."""
        if (index + 1) << level > self._repeated:
            return self._nodes[level, index]
        if level > _WIDTH_BITS:
            return self._above[level - _WIDTH_BITS]
        nodes = self._below[level]
        return nodes[index % len(nodes)]
