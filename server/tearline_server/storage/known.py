"""What is asked of the past, and known of it, before a batch is judged."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from itertools import chain

from tearline.event import Event
from tearline.standing.stoppage import Reach, Stoppage
from tearline_server.storage.rows import OpeningRow, RecallRow, RequestRow

Owned = tuple[bytes, str]
"""A packet, by the id of its manifest, and the URI of the agency that names it."""

Release = tuple[bytes, str]
"""A packet, by the id of its manifest, and the URI of the agency or node that was granted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What must be known of the past before a batch can be judged.

    An id that a statement names is asked for together with the party that names it. What belongs
    to others is not found, and costs what an id costs that does not exist.

    Attributes:
        statements: Statements by (id, signer).
        naturals: Identifiers by (signer, natural).
        packets: Packets of an agency, in order; each with its sources, what it corrects, what
            corrects it, and what was recalled of it.
        ending: Packets that the exchange looks at for their end, by the id of their manifest.
        mail: Items by (node, statement id, signer).
        entries: What blind entries hide, by index and an agency that they name.
        agreements: Agreements whose grants that were not handed out are wanted, by id.
        sources: Packets that an agency made or was given something of, in order.
        corrected: Packets of an agency that others are to correct, in order, as in ``packets``.
        derived: Packets of the batch, each with a source.
        superseding: Packets of the batch, each with the one whose place it takes.
        grants: Grants in order: the packet, the URI of the agency that grants it, and that of the
            node that is to have it.
        requests: Requests for records by (manifest id, holder, the node of either side that
            asks).
        envelopes: Statements as they travel, by (id, signer).
        recalls: Packets of which it is wanted what was recalled, by the id of their manifest.
        waiting: What waits in mailboxes, by (node, URI of the agency that sent it).
        rooms: What waits with all nodes of an agency, by (URI of theirs, URI of the sender's).
    """

    statements: frozenset[tuple[bytes, str]] = frozenset()
    naturals: frozenset[tuple[str, bytes]] = frozenset()
    packets: tuple[Owned, ...] = ()
    ending: frozenset[bytes] = frozenset()
    mail: frozenset[tuple[str, bytes, str]] = frozenset()
    entries: frozenset[tuple[int, str]] = frozenset()
    agreements: frozenset[bytes] = frozenset()
    sources: tuple[Owned, ...] = ()
    corrected: tuple[Owned, ...] = ()
    derived: tuple[tuple[bytes, bytes], ...] = ()
    superseding: tuple[tuple[bytes, bytes], ...] = ()
    grants: tuple[tuple[bytes, str, str], ...] = ()
    requests: frozenset[tuple[bytes, str, str]] = frozenset()
    envelopes: frozenset[tuple[bytes, str]] = frozenset()
    recalls: frozenset[bytes] = frozenset()
    waiting: frozenset[tuple[str, str]] = frozenset()
    rooms: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def together(cls, asked: Iterable["Asked"]) -> "Asked":
        """Returns all that several ask; what has an order keeps it."""
        each = list(asked)
        nothing = cls()
        answers = {}
        for found in fields(cls):
            parts = (getattr(one, found.name) for one in each)
            kind = type(getattr(nothing, found.name))
            answers[found.name] = kind(dict.fromkeys(chain.from_iterable(parts)))
        return cls(**answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a statement earlier: the refusal, if it was one, and the signed receipt."""

    code: str
    why: str
    receipt: bytes
    attestation: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPacket:
    """A packet, as grants of it are judged: without its ciphertexts.

    Attributes:
        envelope: Its manifest's statement as it travels.
        openings: Its openings, encoded.
        accepted_ms: The log's time of its entry; 0 where an earlier version took it and the
            entry was erased.
    """

    envelope: bytes
    openings: bytes
    accepted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePacket(StoredPacket):
    """A packet, as it is delivered.

    Attributes:
        ciphertexts: Those that are still here, encoded; empty where none is.
    """

    ciphertexts: bytes


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
class StoredRequest:
    """A request for records, as its next step is judged.

    Attributes:
        row: What was kept of it.
        manifest: Its manifest's statement as it travels.
        agreement: The statement of the agreement that it was made under.
        steps: Its steps in the order of the log: entry, time and statement.
        stoppages: What was suspended of its article, or of all, since its grant.
        reaches: How far that reached, from the version on that counted at its grant.
    """

    row: RequestRow
    manifest: bytes
    agreement: bytes
    steps: Sequence[tuple[int, int, bytes]]
    stoppages: Sequence[Stoppage] = ()
    reaches: Sequence[Reach] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answers to ``Asked``; what is not there is absent.

    In a database that was restored, the log may hold events about statements that are not here:
    by (statement id, code, party). They are not logged again. ``releases`` are the events of
    accepted grants, by the packet and the party that it was granted to: one more than is judged
    by at most, and one alone where it is wanted whether there are any. ``corrects`` says of each
    packet of a line of corrections which one it corrects. ``waiting`` are statements and bytes
    that their recipient has not acknowledged. ``unread`` are packets that were not read, since
    their agency asked for too much at once, and ``untold`` are releases: of them alone, absence
    says nothing.
    """

    statements: Mapping[tuple[bytes, str], Settled] = field(default_factory=dict)
    naturals: Mapping[tuple[str, bytes], bytes] = field(default_factory=dict)
    packets: Mapping[bytes, StoredPacket] = field(default_factory=dict)
    mail: Mapping[tuple[str, bytes], Delivered] = field(default_factory=dict)
    events: Mapping[tuple[bytes, str, str], OpeningRow] = field(default_factory=dict)
    is_restored: bool = False
    entries: Mapping[int, Hidden] = field(default_factory=dict)
    undelivered: Mapping[bytes, Sequence[Undelivered]] = field(default_factory=dict)
    releases: Mapping[Release, Sequence[bytes]] = field(default_factory=dict)
    requests: Mapping[tuple[bytes, str], StoredRequest] = field(default_factory=dict)
    envelopes: Mapping[tuple[bytes, str], bytes] = field(default_factory=dict)
    recalls: Mapping[bytes, Sequence[RecallRow]] = field(default_factory=dict)
    waiting: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    corrects: Mapping[bytes, bytes] = field(default_factory=dict)
    unread: AbstractSet[bytes] = frozenset()
    untold: AbstractSet[Release] = frozenset()
