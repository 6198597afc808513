"""Translators of runs of log entries, each with a checkpoint that covers it."""

from dataclasses import dataclass

from tearline.errors import StatementMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE, MAX_MESSAGE_BYTES
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.codec import decode, serialize


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRange:
    """Run of log entries with a checkpoint over at least them.

    Attributes:
        start: Index of the first entry.
        entries: The entries.
        checkpoint: A signed note.
    """

    start: int
    entries: tuple[bytes, ...]
    checkpoint: bytes


def encode_entries_request(start: int, end: int) -> bytes:
    """Returns a request for entries ``start`` to ``end``, exclusive.

    An ``end`` of 0 requests all entries up to the newest checkpoint.
    """
    return serialize(pb.EntriesRequest(start=start, end=end))


def parse_entries_request(data: bytes) -> tuple[int, int]:
    """Returns the requested range of log entries.

    Raises:
        StatementMalformed: If ``data`` is not such a request.
    """
    message = decode(pb.EntriesRequest, data, maximum=256)
    if not (message.start < MAX_LOG_SIZE and message.end < MAX_LOG_SIZE):
        raise StatementMalformed("the range is beyond any log")
    return message.start, message.end


def encode_entries(entries: EntryRange) -> bytes:
    """Returns the encoding of a run of log entries."""
    return serialize(
        pb.Entries(
            start=entries.start,
            entries=entries.entries,
            checkpoint=entries.checkpoint.decode("utf-8"),
        )
    )


def parse_entries(data: bytes) -> EntryRange:
    """Returns a run of log entries from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Entries, data, maximum=MAX_MESSAGE_BYTES)
    return EntryRange(
        start=message.start,
        entries=tuple(message.entries),
        checkpoint=read_checkpoint(message.checkpoint),
    )


def read_checkpoint(text: str) -> bytes:
    """Returns the bytes of a checkpoint's signed note.

    Raises:
        StatementMalformed: If it is too large.
    """
    note = text.encode("utf-8")
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise StatementMalformed("the checkpoint is too large")
    return note
