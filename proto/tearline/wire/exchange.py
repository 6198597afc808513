"""What a node and the exchange send each other. None of it is signed as a whole.

Statements inside are verified one by one, so an envelope needs no single spelling; it is
bounded and its parts are parsed strictly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput, StatementMalformed
from tearline.limits import (
    MAX_CHECKPOINT_BYTES,
    MAX_COMPARTMENTS,
    MAX_LOG_SIZE,
    MAX_MESSAGE_BYTES,
    MAX_SLOTS,
    MAX_TEXT_BYTES,
)
from tearline.packet import PacketParts
from tearline.receipt import LogOpening
from tearline.statement import HASH_SIZE, Attestation, SignedTree, Statement
from tearline.v1 import exchange_pb2 as pb
from tearline.v1 import packet_pb2
from tearline.wire.codec import decode, serialize
from tearline.wire.flow import read_log_opening, write_log_opening
from tearline.wire.packets import encode_opening, parse_opening
from tearline.wire.statements import (
    Bundle,
    Signed,
    bundle,
    encode_attestation,
    parse_attestation,
    read_bundle,
    read_signed,
    read_statement,
    write_bundle,
    write_signed,
    write_statement,
)

EPOCH_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What a node publishes in one message.

    Attributes:
        bundles: Statements of the publisher, as subtrees of what it signed.
        order: In which order to take the statements of the bundles, by their number there:
            their positions in the trees are random. Empty: as they stand.
        signed: Statements that carry their own attestations: co-signed or certified ones.
        parts: Openings and ciphertexts of the packets among them.
    """

    bundles: tuple[Bundle, ...] = ()
    order: tuple[int, ...] = ()
    signed: tuple[Signed, ...] = ()
    parts: tuple[PacketParts, ...] = ()

    def statements(self) -> tuple[Statement, ...]:
        """Every statement in it: those of the bundles in their order, then the signed ones.

        Raises:
            StatementMalformed: If the order is not one of exactly these statements.
        """
        return self._statements

    @cached_property
    def _statements(self) -> tuple[Statement, ...]:
        bundled = [statement for bundle in self.bundles for statement in bundle.statements()]
        if self.order:
            if sorted(self.order) != list(range(len(bundled))):
                raise StatementMalformed("the order is not one of the statements sent")
            bundled = [bundled[number] for number in self.order]
        return (*bundled, *(signed.statement for signed in self.signed))

    def ids(self) -> list[bytes]:
        """The id of every statement in it, in their order."""
        return [statement.id for statement in self._statements]

    def attestations(self) -> dict[bytes, Attestation]:
        """Every attestation in it, by hash."""
        found = {bundle.attestation.hash: bundle.attestation for bundle in self.bundles}
        for signed in self.signed:
            found.update(signed.attestations)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal that the exchange gives no receipt for, since it believes no signer."""

    code: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one statement: the exchange's receipt, and why if it was refused.

    Attributes:
        about: 32 bytes, the statement's id.
        receipt: The signed receipt, of acceptance or refusal; None where the signer is unknown.
        refusal: Code and reason, to this sender only.
    """

    about: bytes
    receipt: Signed | None
    refusal: Refused | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a node has read its mailbox.

    Attributes:
        epoch: 16 bytes, which life of the exchange's database; empty for none yet.
        seq: Of the last delivery that is durable at the node.
    """

    epoch: bytes
    seq: int

    def __post_init__(self) -> None:
        if len(self.epoch) not in (0, EPOCH_SIZE) or not 0 <= self.seq < MAX_LOG_SIZE:
            raise StatementMalformed("the cursor is not possible")


START = Cursor(epoch=b"", seq=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One item of a mailbox.

    Attributes:
        cursor: Where it stands.
        statements: The addressed statement first; behind a grant, the manifest it releases.
        attestations: Of those statements, by hash.
        parts: The ciphertexts that this recipient was granted; never openings.
        entry: The opened log entry of its acceptance.

    A delivery without statements says that the mailbox is read up to its cursor; the stream
    then waits for more. It tells a caller that came for what is there that it may go.
    """

    cursor: Cursor
    statements: tuple[Statement, ...]
    attestations: Mapping[bytes, Attestation]
    parts: tuple[PacketParts, ...] = ()
    entry: LogOpening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRange:
    """A run of log entries and a checkpoint over at least them.

    Attributes:
        start: Index of the first entry.
        entries: The entries.
        checkpoint: A signed note.
    """

    start: int
    entries: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEvent:
    """An event and its inclusion proof in a tree of ``size`` entries."""

    entry: LogOpening
    path: tuple[bytes, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEvents:
    """A page of events with proofs under one checkpoint.

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
    """An auditor's query.

    Attributes:
        query: Its text.
        after: The log index to continue after; -1 begins at the beginning.
        limit: How many events at most; 0 for all.
        follow: Whether to go on with what comes.
        export: Whether it is for a file that leaves the house, and logged as such.
    """

    query: str
    after: int
    limit: int
    follow: bool = False
    export: bool = False


def publication_of(
    tree: SignedTree, numbers: Sequence[int], parts: Sequence[PacketParts] = ()
) -> Publication:
    """Some statements of a tree as one publication, to be taken in the order of ``numbers``."""
    by_position = sorted(numbers, key=lambda number: tree.positions[number])
    place = {number: index for index, number in enumerate(by_position)}
    return Publication(
        bundles=(bundle(tree, numbers),),
        order=tuple(place[number] for number in numbers),
        parts=tuple(parts),
    )


def encode_publication(publication: Publication) -> bytes:
    """The encoding of a publication."""
    return serialize(
        pb.Publish(
            bundles=[write_bundle(bundle) for bundle in publication.bundles],
            order=publication.order,
            signed=[write_signed(signed) for signed in publication.signed],
            parts=[_write_parts(parts) for parts in publication.parts],
        )
    )


def parse_publication(data: bytes) -> Publication:
    """A publication from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Publish, data, maximum=MAX_MESSAGE_BYTES)
    return Publication(
        bundles=tuple(read_bundle(bundle) for bundle in message.bundles),
        order=tuple(message.order),
        signed=tuple(read_signed(signed) for signed in message.signed),
        parts=tuple(_read_parts(parts) for parts in message.parts),
    )


def _write_parts(parts: PacketParts) -> pb.PacketParts:
    return pb.PacketParts(
        manifest=parts.manifest,
        openings=[encode_opening(opening) for opening in parts.openings],
        ciphertexts=[
            packet_pb2.Ciphertext(slot=slot, data=parts.ciphertexts[slot])
            for slot in sorted(parts.ciphertexts)
        ],
    )


def _read_parts(message: pb.PacketParts) -> PacketParts:
    slots = [ciphertext.slot for ciphertext in message.ciphertexts]
    if len(message.manifest) != HASH_SIZE or slots != sorted(set(slots)):
        raise StatementMalformed("a packet's parts name a manifest, and each slot once, in order")
    if len(slots) > MAX_SLOTS or len(message.openings) > MAX_COMPARTMENTS:
        raise StatementMalformed("the parts are more than a packet has")
    return PacketParts(
        manifest=message.manifest,
        openings=tuple(parse_opening(data) for data in message.openings),
        ciphertexts={c.slot: c.data for c in message.ciphertexts},
    )


def encode_parts(parts: PacketParts) -> bytes:
    """The encoding of what stands beside a manifest."""
    return serialize(_write_parts(parts))


def parse_parts(data: bytes) -> PacketParts:
    """What stands beside a manifest, from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not that.
    """
    return _read_parts(decode(pb.PacketParts, data, maximum=MAX_MESSAGE_BYTES))


def encode_outcomes(outcomes: tuple[Outcome, ...]) -> bytes:
    """The encoding of a reply to a publication."""
    return serialize(
        pb.PublishReply(
            outcomes=[
                pb.Outcome(
                    about=outcome.about,
                    receipt=None if outcome.receipt is None else write_signed(outcome.receipt),
                    refusal=None
                    if outcome.refusal is None
                    else pb.Refusal(code=outcome.refusal.code, why=outcome.refusal.why),
                )
                for outcome in outcomes
            ]
        )
    )


def parse_outcomes(data: bytes) -> tuple[Outcome, ...]:
    """A reply to a publication from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.PublishReply, data, maximum=MAX_MESSAGE_BYTES)
    return tuple(
        Outcome(
            about=outcome.about,
            receipt=read_signed(outcome.receipt) if outcome.HasField("receipt") else None,
            refusal=Refused(code=outcome.refusal.code, why=outcome.refusal.why[:MAX_TEXT_BYTES])
            if outcome.HasField("refusal")
            else None,
        )
        for outcome in message.outcomes
    )


def encode_cursor(cursor: Cursor) -> bytes:
    """The encoding of a cursor."""
    return serialize(pb.Cursor(epoch=cursor.epoch, seq=cursor.seq))


def parse_cursor(data: bytes) -> Cursor:
    """A cursor from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Cursor, data, maximum=256)
    return Cursor(epoch=message.epoch, seq=message.seq)


def encode_delivery(delivery: Delivery) -> bytes:
    """The encoding of a delivery."""
    return serialize(
        pb.Delivery(
            epoch=delivery.cursor.epoch,
            seq=delivery.cursor.seq,
            attestations=[encode_attestation(a) for a in delivery.attestations.values()],
            statements=[write_statement(statement) for statement in delivery.statements],
            parts=[_write_parts(parts) for parts in delivery.parts],
            entry=None if delivery.entry is None else write_log_opening(delivery.entry),
        )
    )


def parse_delivery(data: bytes) -> Delivery:
    """A delivery from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES)
    attestations = [parse_attestation(data) for data in message.attestations]
    return Delivery(
        cursor=Cursor(epoch=message.epoch, seq=message.seq),
        statements=tuple(read_statement(statement) for statement in message.statements),
        attestations={attestation.hash: attestation for attestation in attestations},
        parts=tuple(_read_parts(parts) for parts in message.parts),
        entry=read_log_opening(message.entry) if message.HasField("entry") else None,
    )


def is_idle(data: bytes) -> bool:
    """Whether a delivery only says that nothing more waits.

    Raises:
        StatementMalformed: If ``data`` is not a delivery.
    """
    return not decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES).statements


def delivery_cursor(data: bytes) -> Cursor:
    """The cursor of a delivery whose rest may be malformed, so that it can be passed over.

    Raises:
        StatementMalformed: If not even the cursor can be read.
    """
    message = decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES)
    return Cursor(epoch=message.epoch, seq=message.seq)


def encode_entries_request(start: int, end: int) -> bytes:
    """Asks for entries ``start`` to ``end``, exclusive; 0 asks up to the newest checkpoint."""
    return serialize(pb.EntriesRequest(start=start, end=end))


def parse_entries_request(data: bytes) -> tuple[int, int]:
    """The range of log entries asked for.

    Raises:
        StatementMalformed: If ``data`` is not such a request.
    """
    message = decode(pb.EntriesRequest, data, maximum=256)
    if not (message.start < MAX_LOG_SIZE and message.end < MAX_LOG_SIZE):
        raise StatementMalformed("the range is beyond any log")
    return message.start, message.end


def encode_entries(entries: EntryRange) -> bytes:
    """The encoding of a run of log entries."""
    return serialize(
        pb.Entries(
            start=entries.start,
            entries=entries.entries,
            checkpoint=entries.checkpoint.decode("utf-8"),
        )
    )


def parse_entries(data: bytes) -> EntryRange:
    """A run of log entries from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Entries, data, maximum=MAX_MESSAGE_BYTES)
    return EntryRange(
        start=message.start,
        entries=tuple(message.entries),
        checkpoint=_note(message.checkpoint),
    )


def encode_proof_request(statement_id: bytes, size: int) -> bytes:
    """Asks for the events about a statement, proven in a tree of ``size`` (0: the newest)."""
    return serialize(pb.ProofRequest(statement_id=statement_id, size=size))


def parse_proof_request(data: bytes) -> tuple[bytes, int]:
    """Statement id and tree size of a request for proofs.

    Raises:
        StatementMalformed: If ``data`` is not such a request.
    """
    message = decode(pb.ProofRequest, data, maximum=256)
    if len(message.statement_id) != HASH_SIZE or message.size >= MAX_LOG_SIZE:
        raise StatementMalformed("a proof is asked for by a statement id of 32 bytes")
    return message.statement_id, message.size


def encode_proven_events(page: ProvenEvents) -> bytes:
    """The encoding of a page of proven events."""
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
    """A page of proven events from its encoding.

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
        checkpoint=_note(message.checkpoint),
        next=following,
    )


def encode_search(request: SearchRequest) -> bytes:
    """The encoding of an auditor's query."""
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
    """An auditor's query from its encoding.

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


def _note(text: str) -> bytes:
    note = text.encode("utf-8")
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise StatementMalformed("the checkpoint is too large")
    return note
