"""Codecs of runs of log entries, each with a checkpoint that covers it."""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE, MAX_MESSAGE_BYTES
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.codec import decode, serialize
from tearline.wire.table import BYTES, FLAG, NUMBER, SIGNED_NOTE, many, table, translated


@immutable
class EntryRange:
    """Run of log entries with a checkpoint over at least them.

    Attributes:
        start: Index of the first entry.
        entries: The entries.
        checkpoint: A signed note.
        more: Whether the log has more entries than the checkpoint covers.
    """

    start: int
    entries: tuple[bytes, ...]
    checkpoint: bytes
    more: bool = False


def encode_entries_request(start: int, end: int, *, to_directory: bool = False) -> bytes:
    """Returns a request for entries ``start`` to ``end``, exclusive.

    An ``end`` of 0 requests all entries up to the newest checkpoint; ``to_directory`` those up to
    the last one that ends with a directory, if it covers the first.
    """
    return serialize(pb.EntriesRequest(start=start, end=end, to_directory=to_directory))


def parse_entries_request(data: bytes) -> tuple[int, int, bool]:
    """Returns the requested range of log entries, and whether it ends with a directory.

    Raises:
        StatementMalformed: If ``data`` is not such a request.
    """
    message = decode(pb.EntriesRequest, data, maximum=256)
    if not (message.start < MAX_LOG_SIZE and message.end < MAX_LOG_SIZE):
        raise StatementMalformed("the range is beyond any log")
    return message.start, message.end, message.to_directory


def _read_checkpoint(text: str) -> bytes:
    note = text.encode("utf-8")
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise StatementMalformed("the checkpoint is too large")
    return note


CHECKPOINT = translated(SIGNED_NOTE, bytes.decode, _read_checkpoint)
"""Signed note of a checkpoint, of a bounded size."""

ENTRIES = table(
    pb.Entries,
    EntryRange,
    maximum=MAX_MESSAGE_BYTES,
    start=NUMBER,
    entries=many(BYTES),
    checkpoint=CHECKPOINT,
    more=FLAG,
)
encode_entries = ENTRIES.encode
"""Returns the encoding of a run of log entries."""
parse_entries = ENTRIES.parse_envelope
"""Returns a run of log entries from its encoding."""
