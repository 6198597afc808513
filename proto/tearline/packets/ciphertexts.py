"""Ciphertexts of a packet under one root, which is all that its manifest says of them.

    leaf_i    SHA-256(0x00 ‖ i ‖ 32 zero bytes ‖ ciphertext_i)
    root      of the RFC 6962 tree over the leaves

Some ciphertexts and their *path* still lead to the root. The path holds the roots of the largest
subtrees without any of these ciphertexts, from left to right. So a party that passes on fewer
ciphertexts makes the path longer, and learns nothing to do so. The zero bytes are part of the
format and stay zero: the field names the root of a large document beside the packet.
Specified in docs/spec/packet-v1.md, P-4; the zeros are explained in docs/adr/0053.
"""

import hashlib
from collections.abc import Iterable, Set
from dataclasses import replace

from tearline.encoding import u32
from tearline.errors import CommitmentMismatch
from tearline.packets.packet import Manifest, PacketParts
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.merkle import leaf_hash, node_hash, root_from_leaf_hashes

_ZEROS = bytes(HASH_SIZE)
_OTHERS = "the ciphertexts are not those that were signed"


class CiphertextTree:
    """Tree over a packet's ciphertexts, of which some are here, and the others' path.

    Args:
        parts: The ciphertexts and the path; at least one ciphertext.

    Raises:
        CommitmentMismatch: If the path is not one of these slots.
    """

    def __init__(self, parts: PacketParts) -> None:
        shown, self._size = parts.ciphertexts, parts.slot_count
        if not shown or max(shown) >= self._size:
            raise CommitmentMismatch(_OTHERS)
        hidden = hidden_subtrees(shown, self._size)
        if len(hidden) != len(parts.path):
            raise CommitmentMismatch("the path of the ciphertexts does not fit them")
        depth = (self._size - 1).bit_length()
        self._levels: list[dict[int, bytes]] = [{} for _ in range(depth + 1)]
        self._levels[0] = {slot: ciphertext_leaf(slot, data) for slot, data in shown.items()}
        for (_start, level, index), root in zip(hidden, parts.path, strict=True):
            self._levels[level][index] = root
        for below, above in zip(self._levels, self._levels[1:], strict=False):
            for index in {each >> 1 for each in below}:
                left, right = below[2 * index], below.get(2 * index + 1)
                above[index] = left if right is None else node_hash(left, right)

    @property
    def root(self) -> bytes:
        """Returns the root, 32 bytes."""
        return self._levels[-1][0]

    def path(self, slots: Iterable[int]) -> tuple[bytes, ...]:
        """Returns the path of fewer slots, each of which is here."""
        places = hidden_subtrees(slots, self._size)
        return tuple([self._levels[level][index] for _start, level, index in places])


def ciphertext_leaf(slot: int, ciphertext: bytes) -> bytes:
    """Returns the leaf of a ciphertext, 32 bytes."""
    return leaf_hash(u32(slot) + _ZEROS + ciphertext)


def ciphertexts_root(ciphertexts: Iterable[bytes]) -> bytes:
    """Returns the root over all ciphertexts of a packet, in the order of their slots."""
    # As ``ciphertext_leaf`` does, without its calls: every packet has all its leaves hashed.
    return root_from_leaf_hashes(
        [
            hashlib.sha256(b"\0" + slot.to_bytes(4, "big") + _ZEROS + data).digest()
            for slot, data in enumerate(ciphertexts)
        ]
    )


def hidden_subtrees(shown: Iterable[int], size: int) -> list[tuple[int, int, int]]:
    """Returns the largest subtrees without a leaf of ``shown``, from left to right.

    Each is its first leaf, its level and its index there. There is none without ``shown``.

    Args:
        shown: Some leaves.
        size: Leaves of the tree; 2,048 at most, so at most twelve levels.
    """
    found: list[tuple[int, int, int]] = []
    indices, width, level = set(shown), size, 0
    while width > 1:
        parents = {index >> 1 for index in indices}
        children = {child for each in parents for child in (2 * each, 2 * each + 1)}
        found += [(each << level, level, each) for each in children - indices if each < width]
        indices, width, level = parents, (width + 1) >> 1, level + 1
    return sorted(found)


def without_ciphertexts(parts: PacketParts, slots: Set[int]) -> PacketParts:
    """Returns parts without the ciphertexts of some slots, with the path of the others.

    Raises:
        CommitmentMismatch: If the path of ``parts`` does not fit them.
    """
    left = {slot: data for slot, data in parts.ciphertexts.items() if slot not in slots}
    path = CiphertextTree(parts).path(left) if left else ()
    return replace(parts, ciphertexts=left, path=path)


def verify_ciphertexts(manifest: Manifest, parts: PacketParts) -> None:
    """Checks that ciphertexts and path lead to the root that ``manifest`` names.

    Raises:
        CommitmentMismatch: If they do not.
    """
    if parts.slot_count != len(manifest.slots):
        raise CommitmentMismatch(_OTHERS)
    is_whole = not parts.path and parts.ciphertexts.keys() == {*range(parts.slot_count)}
    if is_whole:
        root = ciphertexts_root(parts.ciphertexts[slot] for slot in range(parts.slot_count))
    else:
        root = CiphertextTree(parts).root
    if root != manifest.ciphertexts_root:
        raise CommitmentMismatch(_OTHERS)
