"""What is written and read: rows as the exchange means them, whatever database keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tearline.audit_query import Query
from tearline.event import Event
from tearline.merkle import Frontier, Node
from tearline.receipt import LogOpening


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
class EventRow:
    """What a blind entry hides.

    Attributes:
        idx: The entry's index.
        salt: 32 bytes.
        event: The encoded event.
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

    idx: int
    salt: bytes
    event: bytes
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

    @property
    def opening(self) -> LogOpening:
        """The same as nodes are told of it."""
        return LogOpening(index=self.idx, salt=self.salt, event=self.event)


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
        parts: Its openings and ciphertexts, encoded.
        agreement: 16 bytes.
        accepted_ms: The log's time of its entry.
        ends_ms: When to look whether it has ended; it does not end before.
        sources: Ids of the packets that it was made from.
        corrects: Id of the packet whose place it takes, or empty.
    """

    id: bytes
    statement: int
    parts: bytes
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
    """

    node: str
    seq: int
    statement: int
    entry: int
    agency: str = ""
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
class CaseStepRow:
    """The newest step of a case from one agency to another: the entry of its statement."""

    case: bytes
    sender: str
    recipient: str
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRow:
    """The newest standing of an agency under an agreement: the entry of its statement."""

    agency: str
    agreement: bytes
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChangeRow:
    """What may have changed what is stopped: its statement's entry, and the log's time.

    A standing that suspends or resumes, or a version of the agreement.
    """

    agreement: bytes
    statement: int
    time_ms: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStepRow:
    """A step of a request: the entry of its statement, and the log's time of that."""

    packet: bytes
    holder: str
    statement: int
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one transaction writes. All of it happens, or nothing does.

    Attributes:
        tree: The log's tree with the new entries.
        time_ms: The log's time of them.
        entries: New entries, in order.
        nodes: The nodes of the tree that they completed.
        dropped: Packets of which ciphertexts go, by id, and their parts without them.
        ends: When to look whether packets have ended; None where all their ciphertexts are gone.
    """

    tree: Frontier
    time_ms: int
    entries: Sequence[bytes] = ()
    nodes: Sequence[Node] = ()
    events: Sequence[EventRow] = ()
    attestations: Mapping[bytes, bytes] = field(default_factory=dict)
    statements: Sequence[StatementRow] = ()
    packets: Sequence[PacketRow] = ()
    agreements: Sequence[AgreementRow] = ()
    channels: Sequence[ChannelRow] = ()
    mail: Sequence[MailRow] = ()
    mail_updates: Sequence[MailUpdate] = ()
    standings: Sequence[StandingRow] = ()
    standing_changes: Sequence[StandingChangeRow] = ()
    case_steps: Sequence[CaseStepRow] = ()
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    erased: Sequence[ErasureRow] = ()
    requests_opened: Sequence[RequestRow] = ()
    requests_changed: Sequence[RequestRow] = ()
    request_steps: Sequence[RequestStepRow] = ()
    withdrawn: Sequence[WithdrawnRow] = ()
    recalls: Sequence[RecallRow] = ()
    dropped: Mapping[bytes, bytes] = field(default_factory=dict)
    ends: Mapping[bytes, int | None] = field(default_factory=dict)

    @property
    def waiting(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """What it adds to the room that agencies take in mailboxes, by node and agency."""
        added: dict[tuple[str, str], tuple[int, int]] = {}
        for row in self.mail:
            if row.agency:
                statements, size = added.get((row.node, row.agency), (0, 0))
                added[row.node, row.agency] = (statements + 1, size + row.bytes)
        return added


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What must be known of the past before a batch can be judged.

    Attributes:
        statements: Statements by (id, signer).
        naturals: Identifiers by (signer, natural).
        packets: Packets by the id of their manifest.
        mail: Items by (node, statement id).
        entries: What blind entries hide, by index.
        agreements: Agreements whose grants that were not handed out are wanted, by id.
        sources: Packets that others are said to be made from. What is asked for in ``packets``
            asks for its sources, too, and for what it corrects.
        corrected: Packets that others are to correct: what corrects them, and all that they
            correct.
        requests: Requests for records by (manifest id, holder).
        envelopes: Statements as they travel, by (id, signer).
        recalls: Packets of which it is wanted what was recalled, by the id of their manifest.
        waiting: What waits in mailboxes, by (node, URI of the agency that sent it).
        since: The head that the caller knows; what others wrote behind it is wanted.
    """

    statements: frozenset[tuple[bytes, str]] = frozenset()
    naturals: frozenset[tuple[str, bytes]] = frozenset()
    packets: frozenset[bytes] = frozenset()
    mail: frozenset[tuple[str, bytes]] = frozenset()
    entries: frozenset[int] = frozenset()
    agreements: frozenset[bytes] = frozenset()
    sources: frozenset[bytes] = frozenset()
    corrected: frozenset[bytes] = frozenset()
    requests: frozenset[tuple[bytes, str]] = frozenset()
    envelopes: frozenset[tuple[bytes, str]] = frozenset()
    recalls: frozenset[bytes] = frozenset()
    waiting: frozenset[tuple[str, str]] = frozenset()
    since: Head | None = None

    @classmethod
    def together(cls, asked: Iterable["Asked"], since: Head | None) -> "Asked":
        """All that several ask, and what others wrote behind the head that the caller knows."""
        each = list(asked)
        names = [found.name for found in fields(cls) if found.name != "since"]
        sets = {name: frozenset().union(*(getattr(one, name) for one in each)) for name in names}
        return cls(since=since, **sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a statement earlier: the refusal, if it was one, and the signed receipt."""

    code: str
    why: str
    receipt: bytes
    attestation: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPacket:
    """A packet: its manifest's statement as it travels, and the encoded parts.

    ``accepted_ms`` is the log's time of its entry; 0 where an earlier version took it and the
    entry was erased.
    """

    envelope: bytes
    parts: bytes
    accepted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An item of a mailbox, as a receipt about it is judged.

    Attributes:
        seq: Its place in the mailbox.
        statement: The entry of the statement.
        sender: Who signed the statement.
        type: The statement's type's number.
        packet: Of a grant, the id of its packet's manifest, or None.
        agreement: 16 bytes, the agreement it was sent under, or empty.
        delivered: Whether it was handed out.
        held: Whether it is kept from being handed out.
        status: The latest status that the node gave it, or None.
        passed: Whether the node's reading went past it, and it was not handed out.
    """

    seq: int
    statement: int
    sender: str
    type: int
    packet: bytes | None
    agreement: bytes
    delivered: bool
    held: bool
    status: int | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A grant in a mailbox that was neither handed out nor kept from it.

    Attributes:
        node: Whose mailbox.
        seq: Its place there.
        id: 32 bytes, the grant's statement id.
        statement: The entry of its statement.
        event: The event that says that it was accepted.
    """

    node: str
    seq: int
    id: bytes
    statement: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a blind entry hides, as an order to erase it is judged.

    Attributes:
        event: The encoded event.
        awaited: Whether a node that is told of it in its mailbox has not taken it in yet.
    """

    event: bytes
    awaited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedRow:
    """What a blind entry hides, as the agreement's retention is asked for it.

    Attributes:
        idx: The entry's index.
        time_ms: The event's time.
        event: The encoded event.
        awaited: Whether a node that is told of it in its mailbox has not taken it in yet.
    """

    idx: int
    time_ms: int
    event: bytes
    awaited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request for records, as its next step is judged.

    Attributes:
        row: What was kept of it.
        manifest: Its manifest's statement as it travels.
        agreement: The statement of the agreement that it was made under.
        steps: Its steps in the order of the log: entry, time and statement.
    """

    row: RequestRow
    manifest: bytes
    agreement: bytes
    steps: Sequence[tuple[int, int, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answers to ``Asked``; what is not there is absent.

    In a database that was restored, the log may hold events about statements that are not here:
    by (statement id, code, party). They are not logged again. ``releases`` are the events of
    accepted grants, by the source, or the corrected packet, that they release. ``corrects`` says
    of each packet of a line of corrections which one it corrects. ``standing_changes`` are the
    standings that changed something under the agreements of ``requests``: entry, time and
    statement of each. ``waiting`` are statements and bytes that their recipient has not
    acknowledged. ``news`` is what others wrote behind the head that was asked about, or more; None
    where nobody did.
    """

    statements: Mapping[tuple[bytes, str], Settled] = field(default_factory=dict)
    naturals: Mapping[tuple[str, bytes], bytes] = field(default_factory=dict)
    packets: Mapping[bytes, StoredPacket] = field(default_factory=dict)
    mail: Mapping[tuple[str, bytes], Delivered] = field(default_factory=dict)
    events: Mapping[tuple[bytes, str, str], "OpeningRow"] = field(default_factory=dict)
    is_restored: bool = False
    entries: Mapping[int, Hidden] = field(default_factory=dict)
    undelivered: Mapping[bytes, Sequence[Undelivered]] = field(default_factory=dict)
    releases: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    requests: Mapping[tuple[bytes, str], StoredRequest] = field(default_factory=dict)
    standing_changes: Mapping[bytes, Sequence[tuple[int, int, bytes]]] = field(default_factory=dict)
    envelopes: Mapping[tuple[bytes, str], bytes] = field(default_factory=dict)
    recalls: Mapping[bytes, Sequence[RecallRow]] = field(default_factory=dict)
    waiting: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    corrects: Mapping[bytes, bytes] = field(default_factory=dict)
    news: "Stored | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRow:
    """An entry's index, and the salt and event that it hides."""

    idx: int
    salt: bytes
    event: bytes

    @property
    def opening(self) -> LogOpening:
        """The same as nodes are told of it."""
        return LogOpening(index=self.idx, salt=self.salt, event=self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailItem:
    """An item of a mailbox, as it is delivered.

    Attributes:
        seq: Its place in the mailbox.
        id: 32 bytes, the statement's id.
        sender: Who signed it.
        type: Its type's number.
        statement: The entry of its statement.
        envelope: The statement as it travels.
        packet: Of a grant, the id of its packet's manifest, or None.
        opening: The entry that the node is told of.
        delivered: Whether it was handed out before.
    """

    seq: int
    id: bytes
    sender: str
    type: int
    statement: int
    envelope: bytes
    packet: bytes | None
    opening: OpeningRow
    delivered: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgreement:
    """A version of an agreement: its entry, its statement, and the entry each agency got."""

    statement: int
    envelope: bytes
    entries: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStanding:
    """A newest standing: its entry, its statement, and the entry each agency got."""

    statement: int
    envelope: bytes
    entries: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an exchange holds in memory, as it stands; or what came to it behind a head.

    Attributes:
        head: The log.
        checkpoint: Size and note of the last one signed, or None.
        clear: Every clear entry with its index, in order.
        agreements: Every version of every agreement, in the order of the log.
        standings: The newest standing of each agency under each agreement.
        case_steps: The statement of the newest step of each side of each case.
        channels: Every channel.
        mailboxes: The last place in each mailbox.
    """

    head: Head
    checkpoint: tuple[int, bytes] | None
    clear: Sequence[tuple[int, bytes]]
    agreements: Sequence[StoredAgreement]
    standings: Sequence[StoredStanding]
    case_steps: Sequence[bytes]
    channels: Sequence[ChannelRow]
    mailboxes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What other processes may have written: the log, and what was cosigned of it.

    Attributes:
        cosigned: Sizes of the checkpoints that were; None where it may be any, and evidence.
    """

    cosigned: frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search in the events that one agency may see.

    Attributes:
        agency: URI of the agency: it may see what names it.
        agreements: Agreements that it oversees: it may see what was done under them.
        query: What is asked for.
        after: The index to continue after; -1 from the beginning.
        below: Only entries below this index, which a checkpoint covers.
        limit: How many events at most.
    """

    agency: str
    agreements: tuple[bytes, ...] = ()
    query: Query
    after: int
    below: int
    limit: int
