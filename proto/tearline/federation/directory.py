"""Directory: the state of every agency in a sparse Merkle tree, and its entries in the log.

An entry ``0x02 ‖ u64(time_ms) ‖ root`` states the tree after all entries before it. A path proves
an agency's state, or that the federation never had it. The federation's own state, its constitution
and the keys of its counted cosigners, stands in the place of the empty URI. Specified in
docs/spec/federation-v1.md.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256, prefixed, u8, u32, u64
from tearline.errors import EntryMismatch, ProofMalformed
from tearline.federation.members import KeyUse
from tearline.limits import MAX_COUNTED_COSIGNERS, MAX_COUNTED_KEYS, MAX_TIME_MS

EMPTY = bytes(32)
MAX_DEPTH = 64
DIRECTORY = b"\2"
"""First byte of a directory entry."""
DIRECTORY_ENTRY_SIZE = 41
KEYS_KEPT = 16  # of each subject, its last ones
COUNTED_KEYS_KEPT = MAX_COUNTED_KEYS // MAX_COUNTED_COSIGNERS  # of each, so that a turn has room
FEDERATION = ""
"""In place of an agency's URI: the federation's own state."""


@immutable
class DirectoryEntry:
    """Entry of the log that states the directory.

    Attributes:
        time_ms: Log time, Unix milliseconds; never decreases.
        root: 32 bytes.
    """

    time_ms: int
    root: bytes

    def encode(self) -> bytes:
        """Returns the 41 bytes of the entry."""
        return DIRECTORY + u64(self.time_ms) + self.root


def parse_directory_entry(entry: bytes) -> DirectoryEntry:
    """Returns the directory entry in an entry of the log.

    Raises:
        EntryMismatch: If it is another entry.
    """
    if entry[:1] != DIRECTORY or len(entry) != DIRECTORY_ENTRY_SIZE:
        raise EntryMismatch("an entry is clear, blind or of the directory")
    time_ms = int.from_bytes(entry[1:9], "big")
    if time_ms > MAX_TIME_MS:
        raise EntryMismatch("the time of the directory is not below 2^63")
    return DirectoryEntry(time_ms=time_ms, root=entry[9:])


@immutable
class KeyState:
    """Key of a node, in the state of its agency.

    Attributes:
        id: 32 bytes.
        subject: Node URI.
        use: ``sign`` or ``cosign``.
        types: Statement types that it may sign, ascending.
        not_before_ms: Start, Unix milliseconds.
        not_after_ms: End, Unix milliseconds.
        index: The entry of its record.
        end: The entry that ended it, plus one; 0 if none did.
    """

    id: bytes
    subject: str
    use: str
    types: tuple[int, ...]
    not_before_ms: int
    not_after_ms: int
    index: int
    end: int

    def counts_at(self, time_s: int) -> bool:
        """Returns whether the key is valid at a time, Unix seconds."""
        return self.not_before_ms // 1000 <= time_s < self.not_after_ms / 1000

    def encode(self) -> bytes:
        """Returns the canonical encoding."""
        return b"".join(
            (
                self.id,
                prefixed(self.subject.encode()),
                prefixed(self.use.encode()),
                u32(len(self.types)),
                *map(u8, self.types),
                *map(u64, (self.not_before_ms, self.not_after_ms, self.index, self.end)),
            )
        )


@immutable
class AgencyState:
    """Agency as the directory states it.

    Attributes:
        uri: Its URI.
        name: Its short name.
        generation: From 1.
        status: ``member``, ``left`` or ``removed``.
        index: The entry of its newest version.
        record: 32 bytes, the statement id of its member record.
        entries: Number of clear entries about it, ever.
        keys: Its nodes' keys, except encryption keys, of each node the last 16, in log order.
    """

    uri: str
    name: str
    generation: int
    status: str
    index: int
    record: bytes
    entries: int
    keys: tuple[KeyState, ...]

    def encode(self) -> bytes:
        """Returns the canonical encoding."""
        return b"".join(
            (
                prefixed(self.uri.encode()),
                prefixed(self.name.encode()),
                u32(self.generation),
                prefixed(self.status.encode()),
                u64(self.index),
                self.record,
                u64(self.entries),
                u32(len(self.keys)),
                *(prefixed(key.encode()) for key in self.keys),
            )
        )

    @property
    def hash(self) -> bytes:
        """Returns SHA-256 of the encoding."""
        return hashlib.sha256(self.encode()).digest()


@immutable
class FederationState:
    """Constitution in force, and the keys that cosign the log for the counted cosigners.

    Attributes:
        decision: 32 bytes, the statement id of the constitutional decision in force.
        index: The entry from which it is in force.
        keys: Of each counted cosigner its newest cosigning keys; see ``counted_keys``.
    """

    decision: bytes
    index: int
    keys: tuple[KeyState, ...]

    def encode(self) -> bytes:
        """Returns the canonical encoding."""
        keys = b"".join(prefixed(key.encode()) for key in self.keys)
        return self.decision + u64(self.index) + u32(len(self.keys)) + keys

    @property
    def hash(self) -> bytes:
        """Returns SHA-256 of the encoding."""
        return hashlib.sha256(self.encode()).digest()


def counted_keys(keys: Iterable[KeyState]) -> tuple[KeyState, ...]:
    """Returns the keys of a counted cosigner that the federation's state lists.

    These are its newest cosigning keys without an end: of each node the last one, then of each the
    one before, and so on. So a node that makes many keys displaces the last one of no other node.

    Args:
        keys: The keys in the state of the agency, whose order the result keeps.
    """
    living = [key for key in keys if key.use == KeyUse.COSIGN.value and not key.end]
    newer: Counter[str] = Counter()
    ranked: list[tuple[int, int]] = []
    for key in sorted(living, key=lambda each: each.index, reverse=True):
        ranked.append((newer[key.subject], -key.index))
        newer[key.subject] += 1
    kept = {-index for _, index in sorted(ranked)[:COUNTED_KEYS_KEPT]}
    return tuple(key for key in living if key.index in kept)


def directory_key(uri: str) -> bytes:
    """Returns the 32-byte position of an agency, or of ``FEDERATION``."""
    return labelled_sha256("directory", uri.encode())


def _leaf(key: bytes, state: bytes) -> bytes:
    return hashlib.sha256(b"\0" + key + state).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _bit(key: bytes, depth: int) -> int:
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


class _Node:
    """Subtree: a leaf with a key, a state and its hash, or two children."""

    __slots__ = ("children", "hash", "key", "state", "stated")

    def __init__(
        self,
        key: bytes = b"",
        state: bytes = b"",
        children: "tuple[_Node | None, _Node | None] | None" = None,
    ) -> None:
        self.key, self.stated, self.children = key, state, children
        if children is None:
            self.state = hashlib.sha256(state).digest()
            self.hash = _leaf(key, self.state)
        else:
            self.hash = _node(*(EMPTY if each is None else each.hash for each in children))


@immutable
class DirectoryProof:
    """Path of the directory to an agency, or to the place that it would have.

    Attributes:
        siblings: Hashes beside the path, from the root down.
        other: Key and state hash of the leaf that stands there instead; None if the place is
            empty, or the agency's own.
    """

    siblings: tuple[bytes, ...]
    other: tuple[bytes, bytes] | None


class Directory:
    """Sparse Merkle tree of states; an update costs one path, and a copy nothing.

    Args:
        states: URI and encoded state of each agency.
    """

    def __init__(self, states: Iterable[tuple[str, bytes]] = ()) -> None:
        self._root: _Node | None = None
        for uri, state in states:
            self.put(uri, state)

    def copy(self) -> "Directory":
        """Returns the tree as it is now, which shares all nodes with this one."""
        found = Directory()
        found._root = self._root
        return found

    @property
    def root(self) -> bytes:
        """Returns the 32-byte root."""
        return EMPTY if self._root is None else self._root.hash

    def put(self, uri: str, state: bytes) -> None:
        """Sets the encoded state of an agency."""
        self._root = _put(self._root, directory_key(uri), state, 0)

    def prove(self, uri: str) -> DirectoryProof:
        """Returns the proof of an agency's state, or of its absence."""
        return self.find(uri)[1]

    def find(self, uri: str) -> tuple[bytes, DirectoryProof]:
        """Returns the encoded state of an agency, empty if it has none, and the proof of it."""
        key, node, siblings = directory_key(uri), self._root, list[bytes]()
        while node is not None and node.children is not None:
            bit = _bit(key, len(siblings))
            beside = node.children[1 - bit]
            siblings.append(EMPTY if beside is None else beside.hash)
            node = node.children[bit]
        if node is None:
            return b"", DirectoryProof(siblings=tuple(siblings), other=None)
        is_own = node.key == key
        proof = DirectoryProof(
            siblings=tuple(siblings), other=None if is_own else (node.key, node.state)
        )
        return node.stated if is_own else b"", proof


def _put(node: _Node | None, key: bytes, state: bytes, depth: int) -> _Node:
    if node is None or node.key == key:
        return _Node(key, state)
    if node.children is None:
        above: list[_Node | None] = [None, None]
        above[_bit(node.key, depth)] = node
        children = above
    else:
        children = list(node.children)
    bit = _bit(key, depth)
    children[bit] = _put(children[bit], key, state, depth + 1)
    return _Node(children=(children[0], children[1]))


def verify_directory(root: bytes, uri: str, state: bytes | None, proof: DirectoryProof) -> None:
    """Checks the hash of an agency's state, or its absence, under a directory's root.

    Args:
        root: 32 bytes, from a directory entry.
        uri: The agency.
        state: The state's hash; None for absence.
        proof: The path.

    Raises:
        ProofMalformed: If the path does not lead to the root, or proves the contrary.
    """
    key, depth = directory_key(uri), len(proof.siblings)
    hashes = (*proof.siblings, *(proof.other or ()), *((state,) if state is not None else ()))
    if depth > MAX_DEPTH or any(len(each) != len(EMPTY) for each in hashes):
        raise ProofMalformed("a path of the directory has at most 64 hashes of 32 bytes")
    if state is not None:
        if proof.other is not None:
            raise ProofMalformed("the path proves another agency")
        found = _leaf(key, state)
    elif proof.other is None:
        found = EMPTY
    else:
        other, held = proof.other
        if other == key or any(_bit(other, each) != _bit(key, each) for each in range(depth)):
            raise ProofMalformed("the path proves the contrary, or leads elsewhere")
        found = _leaf(other, held)
    for level in reversed(range(depth)):
        pair = (found, proof.siblings[level])
        found = _node(*(pair if _bit(key, level) == 0 else reversed(pair)))
    if found != root:
        raise ProofMalformed("the path leads to another directory")
