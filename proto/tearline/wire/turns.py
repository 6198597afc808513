"""Codecs of a light node's turns."""

from tearline.federation.cosigning import MAX_PATH
from tearline.federation.directory import (
    DIRECTORY,
    DIRECTORY_ENTRY_SIZE,
    MAX_DEPTH,
    DirectoryEntry,
    DirectoryProof,
    parse_directory_entry,
)
from tearline.federation.turns import (
    EntryPart,
    Leaf,
    Leaves,
    LeavesRequest,
    LightEntries,
    LightEntriesRequest,
    LightEntry,
    Turn,
    TurnRequest,
)
from tearline.limits import (
    MAX_COUNTED_KEYS,
    MAX_LIGHT_INDEXES,
    MAX_LOG_SIZE,
    MAX_MESSAGE_BYTES,
    MAX_TURN_LEAVES,
)
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.note import KEY_HASH_SIZE, NoteSignature
from tearline.v1 import light_pb2 as pb
from tearline.wire.table import (
    BYTES,
    NUMBER,
    TEXT,
    below,
    checked,
    enum,
    hash_path,
    many,
    part,
    sized,
    table,
    translated,
)

_HASHES = "a turn holds hashes of 32 bytes, and paths of no more than a tree has"
_MANY = "a turn names more keys than the counted cosigners have"


def _write_other(other: tuple[bytes, bytes] | None) -> bytes:
    return b"".join(other or ())


def _read_other(field: bytes) -> tuple[bytes, bytes] | None:
    return (field[:HASH_SIZE], field[HASH_SIZE:]) if field else None


def _leaf(state: bytes, siblings: tuple[bytes, ...], other: tuple[bytes, bytes] | None) -> Leaf:
    return Leaf(state=state, proof=DirectoryProof(siblings=siblings, other=other))


DIRECTORY_LEAF = table(
    pb.DirectoryLeaf,
    _leaf,
    maximum=MAX_MESSAGE_BYTES,
    state=BYTES,
    siblings=hash_path(MAX_DEPTH, _HASHES).at("proof.siblings"),
    other=checked(
        translated(BYTES, _write_other, _read_other),
        lambda field: len(field) in (0, 2 * HASH_SIZE),
        _HASHES,
    ).at("proof.other"),
)
encode_leaf = DIRECTORY_LEAF.encode
"""Returns the bytes of a state with its proof."""
parse_leaf = DIRECTORY_LEAF.parse_envelope
"""Returns a state with its proof, not yet verified."""

_LINE = table(
    pb.NoteLine,
    NoteSignature,
    name=TEXT,
    key_hash=sized(KEY_HASH_SIZE, "a key's hash in a note has four bytes"),
    payload=BYTES,
)

TURN_REQUEST = table(
    pb.LightTurnRequest,
    TurnRequest,
    size=NUMBER,
    decision=sized(HASH_SIZE, _HASHES),
    keys=many(sized(HASH_SIZE, _HASHES), most=MAX_COUNTED_KEYS, why=_MANY),
)
encode_turn_request = TURN_REQUEST.encode
"""Returns the bytes of a light node's question."""
parse_turn_request = TURN_REQUEST.parse_envelope
"""Returns a light node's question."""

TURN = table(
    pb.LightTurn,
    Turn,
    maximum=MAX_MESSAGE_BYTES,
    size=NUMBER,
    root=sized(HASH_SIZE, _HASHES),
    lines=many(part(_LINE), most=MAX_COUNTED_KEYS, why=_MANY),
    directory=checked(
        translated(BYTES, DirectoryEntry.encode, parse_directory_entry),
        lambda field: len(field) == DIRECTORY_ENTRY_SIZE and field.startswith(DIRECTORY),
        "a turn holds a directory entry",
    ),
    last=hash_path(MAX_PATH, _HASHES),
    consistency=hash_path(MAX_PATH, _HASHES),
    federation=part(DIRECTORY_LEAF),
    amendment=BYTES,
    keys=many(BYTES, most=MAX_COUNTED_KEYS, why=_MANY),
    own=part(DIRECTORY_LEAF),
)
encode_turn = TURN.encode
"""Returns the bytes of a turn."""
parse_turn = TURN.parse_envelope
"""Returns a turn, not yet verified."""

_ASKED = "a question names fewer agencies and entries"

LEAVES_REQUEST = table(
    pb.LeavesRequest,
    LeavesRequest,
    size=NUMBER,
    agencies=many(TEXT, most=MAX_TURN_LEAVES, why=_ASKED),
)
encode_leaves_request = LEAVES_REQUEST.encode
"""Returns the bytes of a question for states."""
parse_leaves_request = LEAVES_REQUEST.parse_envelope
"""Returns a question for states."""

LEAVES = table(
    pb.Leaves,
    Leaves,
    maximum=MAX_MESSAGE_BYTES,
    size=NUMBER,
    leaves=many(part(DIRECTORY_LEAF), most=MAX_TURN_LEAVES, why=_ASKED),
)
encode_leaves = LEAVES.encode
"""Returns the bytes of states with their proofs."""
parse_leaves = LEAVES.parse_envelope
"""Returns states with their proofs, not yet verified."""

LIGHT_ENTRIES_REQUEST = table(
    pb.LightEntriesRequest,
    LightEntriesRequest,
    size=NUMBER,
    indexes=many(below(MAX_LOG_SIZE, _ASKED), most=MAX_LIGHT_INDEXES, why=_ASKED),
    agency=TEXT,
    part=enum(EntryPart),
    start=below(MAX_LOG_SIZE, _ASKED),
)
encode_light_entries_request = LIGHT_ENTRIES_REQUEST.encode
"""Returns the bytes of a question for entries."""
parse_light_entries_request = LIGHT_ENTRIES_REQUEST.parse_envelope
"""Returns a question for entries."""

_ENTRY = table(
    pb.LightEntry,
    LightEntry,
    index=NUMBER,
    entry=BYTES,
    path=hash_path(MAX_PATH, _HASHES),
)

LIGHT_ENTRIES = table(
    pb.LightEntries,
    LightEntries,
    maximum=MAX_MESSAGE_BYTES,
    entries=many(part(_ENTRY)),
    next=NUMBER,
)
encode_light_entries = LIGHT_ENTRIES.encode
"""Returns the bytes of entries with their proofs."""
parse_light_entries = LIGHT_ENTRIES.parse_envelope
"""Returns entries with their proofs, not yet verified."""
