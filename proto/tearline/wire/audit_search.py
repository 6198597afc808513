"""Auditors' and parties' queries of the log, and the proven events of the answers."""

from dataclasses import dataclass

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput, StatementMalformed
from tearline.limits import MAX_LOG_SIZE, MAX_MESSAGE_BYTES, MAX_TEXT_BYTES
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import exchange_pb2 as pb
from tearline.wire.codec import decode, serialize
from tearline.wire.grants import read_log_opening, write_log_opening
from tearline.wire.log_entries import read_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEvent:
    """Event with its inclusion proof in a tree of ``size`` entries."""

    entry: LogOpening
    path: tuple[bytes, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


def encode_proof_request(statement_id: bytes, size: int) -> bytes:
    """Returns a request for the proven events of a statement.

    Args:
        statement_id: 32 bytes.
        size: Entries of the proofs' tree; 0 for the newest.
    """
    return serialize(pb.ProofRequest(statement_id=statement_id, size=size))


def parse_proof_request(data: bytes) -> tuple[bytes, int]:
    """Returns statement id and tree size of a request for proofs.

    Raises:
        StatementMalformed: If ``data`` is not such a request.
    """
    message = decode(pb.ProofRequest, data, maximum=256)
    if len(message.statement_id) != HASH_SIZE or message.size >= MAX_LOG_SIZE:
        raise StatementMalformed("a proof is asked for by a statement id of 32 bytes")
    return message.statement_id, message.size


def encode_proven_events(page: ProvenEvents) -> bytes:
    """Returns the encoding of a page of proven events."""
    return serialize(
        pb.ProvenEvents(
            events=[
                pb.ProvenEvent(
                    entry=write_log_opening(event.entry), path=event.path, size=event.size
                )
                for event in page.events
            ],
            checkpoint=page.checkpoint.decode("utf-8"),
            next="" if page.next is None else str(page.next),
        )
    )


def parse_proven_events(data: bytes) -> ProvenEvents:
    """Returns a page of proven events from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.ProvenEvents, data, maximum=MAX_MESSAGE_BYTES)
    try:
        following = parse_decimal(message.next, maximum=MAX_LOG_SIZE) if message.next else None
    except MalformedInput as error:
        raise StatementMalformed(error.why) from None
    return ProvenEvents(
        events=tuple(
            ProvenEvent(
                entry=read_log_opening(event.entry), path=tuple(event.path), size=event.size
            )
            for event in message.events
        ),
        checkpoint=read_checkpoint(message.checkpoint),
        next=following,
    )


def encode_search(request: SearchRequest) -> bytes:
    """Returns the encoding of an auditor's query."""
    # Positions are shifted by one, so that 0 is "from the beginning".
    return serialize(
        pb.SearchRequest(
            query=request.query,
            after=request.after + 1,
            limit=request.limit,
            follow=request.follow,
            export=request.export,
        )
    )


def parse_search(data: bytes) -> SearchRequest:
    """Returns an auditor's query from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.SearchRequest, data, maximum=2 * MAX_TEXT_BYTES)
    if len(message.query) > MAX_TEXT_BYTES or message.after >= MAX_LOG_SIZE:
        raise StatementMalformed("the query is too long, or continues beyond any log")
    return SearchRequest(
        query=message.query,
        after=message.after - 1,
        limit=message.limit,
        follow=message.follow,
        export=message.export,
    )
