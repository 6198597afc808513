"""What a store keeps, row by row, as the exchange means it, whatever database keeps it."""

from dataclasses import dataclass

from tearline.merkle import Frontier
from tearline.receipt import LogOpening
from tearline.standing.stoppage import Reach, Stoppage


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The state of the log.

    Attributes:
        epoch: 16 bytes: which life of the database this is.
        tree: The tree over all entries.
        time_ms: The log's time: of the last entry, or of a later end of packets, Unix milliseconds.
        serial: How many transactions wrote behind each other; some bring no entry.
    """

    epoch: bytes
    tree: Frontier
    time_ms: int
    serial: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRow:
    """What a blind entry hides.

    Attributes:
        idx: The entry's index.
        salt: 32 bytes.
        event: The encoded event.
    """

    idx: int
    salt: bytes
    event: bytes

    @property
    def opening(self) -> LogOpening:
        """The same as nodes are told of it."""
        return LogOpening(index=self.idx, salt=self.salt, event=self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(OpeningRow):
    """What a blind entry hides, and by what it is found.

    Attributes:
        time_ms: The event's time.
        code: What happened.
        outcome: How it ended.
        reason: Code of the error, or empty.
        actor: URI of who acted.
        party: URI the event is about.
        statement: 32 bytes, the statement's id.
        packet: 32 bytes, the manifest's id, or empty.
        agreement: 16 bytes, or empty.
        agencies: URIs of the agencies whose auditors may see it.
    """

    time_ms: int
    code: str
    outcome: str
    reason: str
    actor: str
    party: str
    statement: bytes
    packet: bytes
    agreement: bytes
    agencies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A statement and what became of it.

    Attributes:
        idx: The entry that its receipt tells of.
        id: 32 bytes.
        signer: URI of its (first) signer.
        type: Its type's number.
        natural: An identifier that no other statement of this signer may bear, or None.
        packet: Of a grant, the id of its packet's manifest, or None.
        code: Of its refusal; empty where it was accepted.
        why: What the sender was told of the refusal.
        receipt: The receipt's statement as it travels; empty where its entry was erased.
        signature: 32 bytes, the hash of the attestation over the receipt.
        envelope: The statement as it travels; None where it was refused, and empty where it is
            a grant that was withdrawn.
    """

    idx: int
    id: bytes
    signer: str
    type: int
    natural: bytes | None
    packet: bytes | None
    code: str
    why: str
    receipt: bytes
    signature: bytes
    envelope: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRow:
    """A packet.

    Attributes:
        id: 32 bytes, the id of its manifest.
        statement: The entry of its manifest.
        openings: Its openings, encoded.
        ciphertexts: Its ciphertexts, encoded.
        agreement: 16 bytes.
        accepted_ms: The log's time of its entry.
        ends_ms: When to look whether it has ended; it does not end before.
        sources: Ids of the packets that it was made from.
        corrects: Id of the packet whose place it takes, or empty.
    """

    id: bytes
    statement: int
    openings: bytes
    ciphertexts: bytes
    agreement: bytes
    accepted_ms: int
    ends_ms: int
    sources: tuple[bytes, ...] = ()
    corrects: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow:
    """One version of an agreement, and the entry of its statement."""

    id: bytes
    version: int
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """How far a channel has come: the highest place and the highest mark."""

    sender: str
    recipient: str
    agreement: bytes
    seq: int
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRow:
    """An item of a mailbox.

    Attributes:
        node: Whose mailbox.
        seq: Its place there, from 1.
        statement: The entry of its statement.
        entry: The entry whose opening the node is told.
        agency: URI of the agency in whose room it waits, or empty.
        bytes: What it takes of that room.
        agreement: Of a grant that is to be handed out, 16 bytes; else empty.
    """

    node: str
    seq: int
    statement: int
    entry: int
    agency: str = ""
    agreement: bytes = b""
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailUpdate:
    """What became of an item of a mailbox.

    Attributes:
        node: Whose mailbox.
        seq: Its place there.
        delivered: The entry of its delivery, if that is new.
        status: The latest receipt about it, if that is new.
        held: The entry that says that it is not handed out, if that is new.
        passed: Whether the node's reading went past it now, and it was not handed out.
    """

    node: str
    seq: int
    delivered: int | None = None
    status: int | None = None
    held: int | None = None
    passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnRow:
    """An item of a mailbox that another statement takes the place of.

    Attributes:
        node: Whose mailbox.
        seq: Its place there.
        entry: Of the other statement, its entry, which the node is told of.
        grant: The entry of the grant that stood there; it is deleted where no other mailbox has
            it.
    """

    node: str
    seq: int
    entry: int
    grant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStepRow:
    """The newest step of a case from one agency to another: the entry of its statement."""

    case: bytes
    sender: str
    recipient: str
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRow:
    """The newest standing of an agency under an agreement.

    Attributes:
        agency: URI of the agency.
        agreement: 16 bytes.
        statement: The entry of its statement.
        empty_ms: When the agency's bucket of standings is empty, in log time.
    """

    agency: str
    agreement: bytes
    statement: int
    empty_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppageRow:
    """An interval in which something was suspended under an agreement."""

    agreement: bytes
    stoppage: Stoppage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRow:
    """How far suspensions reach under an agreement, from a version of it on."""

    agreement: bytes
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRow:
    """What was recalled of a packet.

    Attributes:
        packet: 32 bytes, the id of its manifest.
        node: From which node; empty for everybody.
        grant: The one grant, or empty for all.
        slots: Some slots, ascending, or none for all.
    """

    packet: bytes
    node: str
    grant: bytes
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    """An entry whose contents are gone.

    Attributes:
        idx: Its index.
        statement: Of the order that had them erased, the entry of its statement.
        agencies: URIs of the agencies that it named.
    """

    idx: int
    statement: int
    agencies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """A request for records, in one holder's mailbox.

    Attributes:
        packet: 32 bytes, the id of its manifest.
        holder: URI of the node asked.
        asker: URI of the node that asks.
        agreement: 16 bytes.
        version: Of the agreement, as the manifest names it.
        granted_ms: The log's time of the grant.
        stored_ms: The log's time of the holder's first receipt, or None.
        due_ms: When to look whether an answer is overdue: its time does not end before, and ends
            later where something was suspended since. None where none is owed, or its clock
            stands still.
        overdue_ms: The last such time of which the log says that it passed, or None.
        stopped: Whether its clock was found to stand still for a suspension.
        article: The article that it is under.
    """

    packet: bytes
    holder: str
    asker: str
    agreement: bytes
    version: int
    granted_ms: int
    stored_ms: int | None
    due_ms: int | None
    overdue_ms: int | None
    stopped: bool
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStepRow:
    """A step of a request: the entry of its statement, and the log's time of that."""

    packet: bytes
    holder: str
    statement: int
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """The last time that the database was restored.

    Attributes:
        start: Entries from here came back from a mirror, without what they hide.
        stop: Up to here.
        settled: Whether it is known that no entry behind them was signed.
    """

    start: int
    stop: int
    settled: bool
