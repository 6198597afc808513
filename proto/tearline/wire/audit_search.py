"""Auditors' queries of the log, and the proven events of the answers."""

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput, StatementMalformed
from tearline.limits import MAX_LOG_SIZE, MAX_MESSAGE_BYTES, MAX_TEXT_BYTES
from tearline.statements.receipt import LogOpening
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.grants import LOG_OPENING
from tearline.wire.log_entries import CHECKPOINT
from tearline.wire.table import (
    BYTES,
    FLAG,
    NUMBER,
    TEXT,
    checked,
    many,
    part,
    table,
    translated,
)


@immutable
class ProvenEvent:
    """Event with its inclusion proof in a tree of ``size`` entries."""

    entry: LogOpening
    path: tuple[bytes, ...]
    size: int


@immutable
class ProvenEvents:
    """Page of events with proofs under one checkpoint.

    Attributes:
        events: In the order of the log.
        checkpoint: A signed note.
        next: Index to continue after, or None at the end.
    """

    events: tuple[ProvenEvent, ...]
    checkpoint: bytes
    next: int | None


@immutable
class SearchRequest:
    """Auditor's query.

    Attributes:
        query: Its text.
        after: The log index to continue after; -1 starts at the beginning.
        limit: Maximum number of events; 0 for all.
        follow: Whether to continue with new events.
        export: Whether it is for an exported file, and logged as such.
    """

    query: str
    after: int
    limit: int
    follow: bool = False
    export: bool = False


def _write_next(index: int | None) -> str:
    return "" if index is None else str(index)


def _read_next(text: str) -> int | None:
    try:
        return parse_decimal(text, maximum=MAX_LOG_SIZE) if text else None
    except MalformedInput as error:
        raise StatementMalformed(error.why) from None


_PROVEN_EVENT = table(
    pb.ProvenEvent, ProvenEvent, entry=part(LOG_OPENING), path=many(BYTES), size=NUMBER
)

PROVEN_EVENTS = table(
    pb.ProvenEvents,
    ProvenEvents,
    maximum=MAX_MESSAGE_BYTES,
    events=many(part(_PROVEN_EVENT)),
    checkpoint=CHECKPOINT,
    next=translated(TEXT, _write_next, _read_next),
)
encode_proven_events = PROVEN_EVENTS.encode
"""Returns the encoding of a page of proven events."""
parse_proven_events = PROVEN_EVENTS.parse_envelope
"""Returns a page of proven events from its encoding."""

_SEARCH_BOUNDS = "the query is too long, or continues beyond any log"

SEARCH = table(
    pb.SearchRequest,
    SearchRequest,
    maximum=2 * MAX_TEXT_BYTES,
    query=checked(TEXT, lambda query: len(query) <= MAX_TEXT_BYTES, _SEARCH_BOUNDS),
    # Positions are shifted by one, so that 0 is "from the beginning".
    after=checked(
        translated(NUMBER, lambda after: after + 1, lambda after: after - 1),
        MAX_LOG_SIZE.__gt__,
        _SEARCH_BOUNDS,
    ),
    limit=NUMBER,
    follow=FLAG,
    export=FLAG,
)
encode_search = SEARCH.encode
"""Returns the encoding of an auditor's query."""
parse_search = SEARCH.parse_envelope
"""Returns an auditor's query from its encoding."""
