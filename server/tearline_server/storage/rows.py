"""Rows of the store, independent of the database."""

from tearline.dataclass.immutable import immutable
from tearline.statements.receipt import LogOpening
from tearline.suspensions.stoppage import Reach, Stoppage
from tearline.tlog.merkle import Frontier


@immutable
class Head:
    """State of the log.

    Attributes:
        epoch: 16 bytes, the epoch of the database; a restore begins a new one.
        tree: The tree over all entries.
        time_ms: The log's time, Unix milliseconds: of the last entry, or of a later expiry of
            packets.
        serial: The number of committed transactions; some add no entry.
    """

    epoch: bytes
    tree: Frontier
    time_ms: int
    serial: int = 0


@immutable
class OpeningRow:
    """Contents of a blind entry.

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
        """Returns the opening as nodes receive it."""
        return LogOpening(index=self.idx, salt=self.salt, event=self.event)


@immutable
class EventRow(OpeningRow):
    """Contents of a blind entry, with the columns that searches use.

    Attributes:
        time_ms: The event's time.
        code: The event code.
        outcome: The outcome.
        reason: Code of the error, or empty.
        actor: URI of the actor.
        party: URI of the party that the event is about.
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


@immutable
class StatementRow:
    """Statement, and the ruling on it.

    The receipt is not stored: it follows from the entry, and is signed again for each retry.

    Attributes:
        idx: Index of the entry that its receipt names.
        id: 32 bytes.
        signer: URI of its (first) signer.
        type: Number of its type.
        natural: An identifier that no other statement of this signer may use, or None.
        packet: For a grant, the id of its packet's manifest; else None.
        code: Code of its refusal; empty if it was accepted.
        why: Reason of the refusal, as reported to the sender.
        envelope: The encoded statement; None if it was refused, empty for a withdrawn grant.
    """

    idx: int
    id: bytes
    signer: str
    type: int
    natural: bytes | None
    packet: bytes | None
    code: str
    why: str
    envelope: bytes | None


@immutable
class PacketRow:
    """Packet.

    Attributes:
        id: 32 bytes, the id of its manifest.
        statement: Index of its manifest's entry.
        openings: Its openings, encoded.
        ciphertexts: Its ciphertexts, encoded.
        agreement: 16 bytes.
        accepted_ms: The log's time of its entry.
        ends_ms: Time of the next expiry check; the packet does not end earlier.
        sources: Ids of the packets that it was made from.
        corrects: Id of the packet that it replaces, or empty.
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


@immutable
class AgreementRow:
    """Version of an agreement, and the index of its statement's entry."""

    id: bytes
    version: int
    statement: int


@immutable
class ChannelRow:
    """Position of a channel.

    Attributes:
        sender: URI of the sending node.
        recipient: URI of the receiving node.
        agreement: 16 bytes.
        seq: Its highest place.
        mark: Its highest mark.
        empty_ms: Time at which its bucket of marks is empty, in log time.
    """

    sender: str
    recipient: str
    agreement: bytes
    seq: int = 0
    mark: int = 0
    empty_ms: int = 0


@immutable
class MailRow:
    """Item of a mailbox.

    Attributes:
        node: URI of the mailbox's node.
        seq: Its place in the mailbox, from 1.
        statement: Index of its statement's entry.
        entry: Index of the entry whose opening the node receives.
        agency: URI of the agency whose room it uses, or empty.
        bytes: Bytes of that room that it uses.
        agreement: For a grant to be handed out, 16 bytes; else empty.
    """

    node: str
    seq: int
    statement: int
    entry: int
    agency: str = ""
    agreement: bytes = b""
    bytes: int = 0


@immutable
class MailUpdate:
    """Change to an item of a mailbox.

    Attributes:
        node: URI of the mailbox's node.
        seq: Its place in the mailbox.
        delivered: Index of the delivery's entry, if new.
        status: Status of the latest receipt about it, if new.
        held: Index of the entry that records that it is withheld, if new.
        passed: Whether the node now read past it although it was not handed out.
    """

    node: str
    seq: int
    delivered: int | None = None
    status: int | None = None
    held: int | None = None
    passed: bool = False


@immutable
class WithdrawnRow:
    """Mailbox item replaced by another statement.

    Attributes:
        node: URI of the mailbox's node.
        seq: Its place in the mailbox.
        entry: Index of the other statement's entry, which the node receives.
        grant: Index of the withdrawn grant's entry; the grant is deleted if no other mailbox holds
            it.
    """

    node: str
    seq: int
    entry: int
    grant: int


@immutable
class CaseStepRow:
    """Newest step of a case from one agency to another: index of its statement's entry."""

    case: bytes
    sender: str
    recipient: str
    statement: int


@immutable
class StandingRow:
    """Newest standing of an agency under an agreement.

    Attributes:
        agency: URI of the agency.
        agreement: 16 bytes.
        statement: Index of its statement's entry.
        empty_ms: Time at which the agency's rate bucket for standings is empty, in log time.
    """

    agency: str
    agreement: bytes
    statement: int
    empty_ms: int = 0


@immutable
class StoppageRow:
    """Interval of a suspension under an agreement."""

    agreement: bytes
    stoppage: Stoppage


@immutable
class ReachRow:
    """Reach of suspensions under an agreement, from one of its versions on."""

    agreement: bytes
    reach: Reach


@immutable
class RecallRow:
    """Recall of a packet.

    Attributes:
        packet: 32 bytes, the id of its manifest.
        node: The node it is recalled from; empty for all recipients.
        grant: The one grant, or empty for all.
        slots: The recalled slots, ascending; empty for all.
    """

    packet: bytes
    node: str
    grant: bytes
    slots: tuple[int, ...]


@immutable
class ErasureRow:
    """Entry whose contents were erased.

    Attributes:
        idx: Its index.
        statement: Index of the entry of the erasure order.
        agencies: URIs of the agencies that the entry named.
    """

    idx: int
    statement: int
    agencies: tuple[str, ...]


@immutable
class RequestRow:
    """Request for records, in one holder's mailbox.

    Attributes:
        packet: 32 bytes, the id of its manifest.
        holder: URI of the node asked.
        asker: URI of the node that asks.
        agreement: 16 bytes.
        version: Version of the agreement, as the manifest names it.
        granted_ms: The log's time of the grant.
        stored_ms: The log's time of the holder's first receipt, or None.
        due_ms: Time of the next overdue check. The deadline is not earlier; it is later after a
            suspension. None if no answer is owed, or its clock stands still.
        overdue_ms: The last deadline that the log records as missed, or None.
        stopped: Whether a suspension stopped its clock at the last check.
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


@immutable
class RequestStepRow:
    """Step of a request: index of its statement's entry, and the log's time of it."""

    packet: bytes
    holder: str
    statement: int
    time_ms: int


@immutable
class Restoration:
    """Restore of the database.

    Attributes:
        start: First entry that came from a mirror, without its contents.
        stop: Index after the last such entry.
        settled: Whether it is known that no later entry was signed.
    """

    start: int
    stop: int
    settled: bool
