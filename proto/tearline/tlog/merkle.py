"""Merkle tree of RFC 6962, section 2.1, over SHA-256.

    leaf = SHA-256(0x00 ‖ data)        node = SHA-256(0x01 ‖ left ‖ right)

A node is named by (level, index): the root of the perfect subtree over the leaves from ``index *
2**level`` on. A tree of any size consists of a few perfect subtrees, largest first, one for each
bit of its size: its *frontier*. Appending needs only the frontier. A proof is made from O(log n)
stored nodes, which can be named before they are read, so that a store answers them in one query.

Verifiers have been fooled by empty proofs and empty first trees. Here every verifier checks the
exact number of hashes before it uses a proof.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, repeat

from tearline.dataclass.immutable import immutable
from tearline.errors import EntryNotIncluded, FrontierDamaged, LogInconsistent, ProofMalformed
from tearline.limits import MAX_LOG_SIZE

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeId = tuple[int, int]
"""(level, index) of a perfect subtree; level 0 holds the leaf hashes."""

Node = tuple[int, int, bytes]
"""Level, index and hash of a perfect subtree."""

ReadNode = Callable[[int, int], bytes]
"""Returns the stored hash of the perfect subtree at (level, index)."""


def leaf_hash(data: bytes) -> bytes:
    """Returns the 32-byte hash of an entry; the prefix keeps entries and nodes apart."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns the 32-byte hash of two neighbours."""
    return hashlib.sha256(b"\1" + left + right).digest()


# Whole trees in memory.


def tree_levels(leaf_hashes: Iterable[bytes]) -> tuple[tuple[bytes, ...], ...]:
    """Returns every level of a small tree, the leaves first, the root alone last.

    A hash without a right neighbour is copied unchanged to the level above.
    """
    levels = [tuple(leaf_hashes) or (EMPTY_ROOT,)]
    while len(below := levels[-1]) > 1:
        # As ``node_hash`` does, without its call: a tree has as many nodes as leaves.
        pairs = [
            hashlib.sha256(b"\1" + left + right).digest()
            for left, right in zip(below[::2], below[1::2], strict=False)
        ]
        levels.append((*pairs, *below[2 * len(pairs) :]))
    return tuple(levels)


def root_from_leaf_hashes(leaf_hashes: Iterable[bytes]) -> bytes:
    """Returns the 32-byte root over ``leaf_hashes``."""
    return tree_levels(leaf_hashes)[-1][0]


def tree_path(leaf_hashes: Iterable[bytes], index: int) -> tuple[bytes, ...]:
    """Returns the inclusion proof of leaf ``index`` in a small tree.

    Raises:
        ProofMalformed: If the tree has no such leaf.
    """
    levels = tree_levels(leaf_hashes)
    if not 0 <= index < len(levels[0]):
        raise ProofMalformed("the tree has no such leaf")
    siblings = ((level, (index >> depth) ^ 1) for depth, level in enumerate(levels))
    return tuple(level[sibling] for level, sibling in siblings if sibling < len(level))


# Growing trees.


@immutable
class Frontier:
    """State of a tree that suffices for appending.

    Attributes:
        size: Leaves in the tree.
        hashes: The hash of each perfect subtree, 32 bytes, largest first; in a store these are
            the nodes that ``frontier_nodes(size)`` names, in that order.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_LOG_SIZE or len(self.hashes) != self.size.bit_count():
            raise FrontierDamaged("a tree of this size does not have this many subtrees")
        if any(len(subtree) != HASH_SIZE for subtree in self.hashes):
            raise FrontierDamaged("a subtree's hash has the wrong size")

    def append(
        self, leaf_hashes: Iterable[bytes], *, lowest: int = 0
    ) -> "tuple[Frontier, list[Node]]":
        """Returns the tree with ``leaf_hashes`` added, and every completed node.

        The nodes come level by level, the leaves first. Each is final: a store writes it once.

        Args:
            leaf_hashes: 32 bytes each.
            lowest: The level below which completed nodes are left out.
        """
        old, added = list(self.hashes), list(leaf_hashes)
        level, start, size = 0, self.size, self.size + len(added)
        new: list[bytes] = []  # the frontier of the levels that grow, the lowest first
        nodes: list[Node] = []
        while added:
            if level >= lowest:
                nodes += zip(repeat(level), count(start), added)
            if start & 1:  # a left neighbour has waited for it
                added.insert(0, old.pop())
            if len(added) & 1:
                new.append(added.pop())
            added = [node_hash(*pair) for pair in zip(added[::2], added[1::2], strict=True)]
            level, start = level + 1, start >> 1
        return Frontier(size=size, hashes=(*old, *reversed(new))), nodes

    def root(self) -> bytes:
        """Returns the 32-byte root of the tree."""
        return _join(self.hashes) if self.hashes else EMPTY_ROOT


def _join(subtrees: Sequence[bytes]) -> bytes:
    """Returns the root over perfect subtrees of falling size."""
    root = subtrees[-1]
    for subtree in reversed(subtrees[:-1]):
        root = node_hash(subtree, root)
    return root


# Proofs from stored nodes. A proof is a sequence of ranges of leaves, one hash each.

_Range = tuple[int, int]


def _subtrees(leaves: _Range) -> Iterator[NodeId]:
    """Yields the perfect subtrees of a range, largest first."""
    start, end = leaves
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _inclusion_ranges(index: int, size: int) -> list[_Range]:
    """Returns the siblings from the leaf to the root (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size <= MAX_LOG_SIZE:
        raise ProofMalformed("the tree has no such leaf")
    start, end = 0, size
    ranges: list[_Range] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[_Range]:
    """Returns the ranges that join the old tree to both roots (RFC 6962, section 2.1.2)."""
    if not 0 < old <= new <= MAX_LOG_SIZE:
        raise ProofMalformed("there is no such pair of trees")
    start, end = 0, new
    ranges: list[_Range] = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # a subtree that is the whole old tree is left out: its hash is the old root
        ranges.append((start, end))
    return ranges[::-1]


def _split(width: int) -> int:
    """Returns the largest power of two below ``width``, where RFC 6962 splits a tree."""
    return 1 << (width - 1).bit_length() - 1


def _named(ranges: list[_Range]) -> list[NodeId]:
    return [node for leaves in ranges for node in _subtrees(leaves)]


def _hashed(ranges: list[_Range], read_node: ReadNode) -> tuple[bytes, ...]:
    return tuple(_join([read_node(*node) for node in _subtrees(leaves)]) for leaves in ranges)


def frontier_nodes(size: int) -> list[NodeId]:
    """Returns the nodes of the frontier of a tree of ``size`` leaves, largest first."""
    return list(_subtrees((0, size)))


def inclusion_nodes(index: int, size: int) -> list[NodeId]:
    """Returns the stored nodes that an inclusion proof reads.

    Raises:
        ProofMalformed: If a tree of ``size`` leaves has no leaf ``index``.
    """
    return _named(_inclusion_ranges(index, size))


def inclusion_proof(index: int, size: int, read_node: ReadNode) -> tuple[bytes, ...]:
    """Returns the hashes that lead from leaf ``index`` to the root of the first ``size`` leaves.

    Raises:
        ProofMalformed: If a tree of ``size`` leaves has no leaf ``index``.
    """
    return _hashed(_inclusion_ranges(index, size), read_node)


def consistency_nodes(old: int, new: int) -> list[NodeId]:
    """Returns the stored nodes that a consistency proof reads.

    Raises:
        ProofMalformed: Unless ``0 < old <= new``.
    """
    return _named(_consistency_ranges(old, new))


def consistency_proof(old: int, new: int, read_node: ReadNode) -> tuple[bytes, ...]:
    """Returns the hashes that prove the first ``new`` leaves to extend the first ``old``.

    Raises:
        ProofMalformed: Unless ``0 < old <= new``.
    """
    return _hashed(_consistency_ranges(old, new), read_node)


# Verifying.


def _require_hashes(hashes: Sequence[bytes], count: int) -> None:
    # Hashes of other sizes would let 31 ‖ 33 bytes pass for 32 ‖ 32.
    if len(hashes) != count or any(map(HASH_SIZE.__ne__, map(len, hashes))):
        raise ProofMalformed("a hash too many, too few, or not of 32 bytes")


def _climb(node: bytes, siblings: Sequence[bytes], index: int) -> list[bytes]:
    """Returns node ``index`` and its ancestors, with a sibling for each level."""
    nodes = [node]
    for sibling in siblings:
        node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        nodes.append(node)
        index >>= 1
    return nodes


def root_from_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """Returns the root to which ``proof`` leads from leaf ``index`` of ``size``.

    An aligned subtree of ``2**h`` leaves in a tree of a power of two is proved as leaf ``index >>
    h`` of ``size >> h``, with its root in place of the leaf's hash.

    Raises:
        ProofMalformed: If position, size and proof do not match.
    """
    if not 0 <= index < size <= MAX_LOG_SIZE:
        raise ProofMalformed("the tree has no such leaf")
    # Below ``inner`` the path to the leaf and the path to the last leaf have parted.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    _require_hashes((leaf_hash, *proof), 1 + inner + border)
    return _join([*reversed(proof[inner:]), _climb(leaf_hash, proof[:inner], index)[-1]])


def verify_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Checks that the tree of ``size`` leaves under ``root`` has this leaf at ``index``.

    Raises:
        ProofMalformed: If position, size and proof do not match.
        EntryNotIncluded: If the proof leads to another root.
    """
    if root_from_inclusion(index, size, leaf_hash, proof) != root:
        raise EntryNotIncluded(f"entry {index} of {size}")


def tree_before(index: int, size: int, proof: Sequence[bytes]) -> Frontier:
    """Returns the tree of the leaves before ``index``, from a verified inclusion proof.

    Its subtrees are the proof's siblings on the left.
    """
    inner = (index ^ (size - 1)).bit_length()
    left = [node for level, node in enumerate(proof[:inner]) if index >> level & 1]
    return Frontier(size=index, hashes=tuple(reversed([*left, *proof[inner:]])))


class InclusionVerifier:
    """Verifier of leaves of one tree, one after the other.

    Two paths are equal above the subtree where they meet. Therefore only the part below is hashed
    again, and nearby leaves need only a few hashes each. It accepts exactly the proofs that
    ``verify_inclusion`` accepts.

    Args:
        size: Leaves of the tree.
        root: Its root, 32 bytes.
    """

    def __init__(self, size: int, root: bytes) -> None:
        self._size = size
        self._root = root
        self._last: tuple[int, list[bytes], tuple[bytes, ...]] | None = None

    def verify(self, index: int, leaf_hash: bytes, proof: Sequence[bytes]) -> None:
        """Checks that the tree has this leaf at ``index``.

        Raises:
            ProofMalformed: If position, size and proof do not match.
            EntryNotIncluded: If the proof leads to another root.
        """
        path = tuple(proof)
        nodes = self._joined(index, leaf_hash, path)
        if nodes is None:
            verify_inclusion(index, self._size, leaf_hash, path, self._root)
            inner = (index ^ (self._size - 1)).bit_length()
            nodes = _climb(leaf_hash, path[:inner], index)
        self._last = index, nodes, path

    def _joined(self, index: int, leaf_hash: bytes, path: tuple[bytes, ...]) -> list[bytes] | None:
        """Returns the nodes above the leaf, if its path joins the last one; otherwise None."""
        if self._last is None or not 0 <= index < self._size:
            return None
        known, nodes, proven = self._last
        height = (index ^ known).bit_length()  # where the subtrees of both are one
        # The last of these nodes stands on the tree's right border, where subtrees are not perfect.
        if height >= len(nodes) - 1 or path[height:] != proven[height:]:
            return None
        _require_hashes((leaf_hash, *path[:height]), 1 + height)
        below = _climb(leaf_hash, path[:height], index)
        return below[:-1] + nodes[height:] if below[-1] == nodes[height] else None


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Checks that the tree under ``root2`` extends the whole tree under ``root1``.

    An empty first tree is refused: every tree extends it, so such a proof is meaningless. Verifiers
    that accepted it were tricked into a forged history.

    Raises:
        ProofMalformed: If sizes and proof do not match.
        LogInconsistent: If the proof does not lead to both roots.
    """
    if not 0 < size1 <= size2 <= MAX_LOG_SIZE:
        raise ProofMalformed("there is no such pair of trees")
    if size1 == size2:
        _require_hashes(proof, 0)
        if root1 != root2:
            raise LogInconsistent(f"two roots for size {size1}")
        return
    # The last perfect subtree of the first tree is where both climbs begin.
    height = (size1 & -size1).bit_length() - 1
    index = (size1 - 1) >> height
    last = (size2 - 1) >> height
    inner = (index ^ last).bit_length()
    border = (index >> inner).bit_count()
    # If the first tree is exactly that subtree, the proof leaves out its hash.
    hashes = proof if index else (root1, *proof)
    _require_hashes(hashes, 1 + inner + border)
    start, *path = hashes
    siblings, left = path[:inner], path[inner:][::-1]
    inside = [node for depth, node in enumerate(siblings) if index >> depth & 1]
    first = _join([*left, *reversed(inside), start])
    second = _join([*left, _climb(start, siblings, index)[-1]])
    if first != root1 or second != root2:
        raise LogInconsistent(f"sizes {size1} and {size2}")
