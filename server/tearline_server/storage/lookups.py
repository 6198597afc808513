"""Questions about stored state, and their answers, for judging a batch."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, fields
from itertools import chain
from operator import attrgetter

from tearline.audit.event import Event
from tearline.dataclass.immutable import immutable
from tearline.suspensions.stoppage import Reach, Stoppage
from tearline_server.storage.rows import OpeningRow, RecallRow, RequestRow

Owned = tuple[bytes, str]
"""Id of a packet's manifest, and URI of the agency that names the packet."""

Release = tuple[bytes, str]
"""Id of a packet's manifest, and URI of the agency or node that received a grant of it."""


@immutable
class Lookups:
    """Keys of the stored state that a batch needs before it is judged.

    Each id is looked up together with the party that names it. Items of other parties are not
    found, at the same cost as an id that does not exist.

    Attributes:
        statements: Statements by (id, signer).
        naturals: Identifiers by (signer, natural).
        packets: Packets of an agency, in order; each with its sources, its corrections in both
            directions, and its recalls.
        ending: Packets to check for expiry, by manifest id.
        mail: Mailbox items by (node, statement id, signer).
        entries: Contents of blind entries, by (index, an agency that the entry names).
        agreements: Agreements, by id, whose undelivered grants are needed.
        sources: Source packets that an agency made or received, in order.
        corrected: Packets of an agency to be corrected, in order, looked up like ``packets``.
        derived: Packets of the batch, each with a source.
        superseding: Packets of the batch, each with the packet that it replaces.
        grants: Grants in order: packet, URI of the granting agency, URI of the receiving node.
        requests: Requests for records by (manifest id, holder, asking node of either side).
        envelopes: Encoded statements by (id, signer).
        recalls: Packets whose recalls are needed, by manifest id.
        waiting: Mailbox contents to count, by (node, URI of the sending agency).
        rooms: Mailbox contents to count at all nodes of an agency, by (its URI, URI of the sending
            agency).
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
    def together(cls, asked: Iterable["Lookups"]) -> "Lookups":
        """Returns the union of several requests; ordered fields keep their order."""
        each = list(asked)
        nothing = cls()
        answers = {}
        for found in fields(cls):
            parts = map(attrgetter(found.name), each)
            kind = type(getattr(nothing, found.name))
            answers[found.name] = kind(dict.fromkeys(chain.from_iterable(parts)))
        return cls(**answers)


@immutable
class Settled:
    """Earlier ruling on a statement.

    Attributes:
        code: Code of the refusal; empty if the statement was accepted.
        why: Reason of the refusal, as reported to the sender.
        logged: The entry that the receipt names; None if its contents were erased.
    """

    code: str
    why: str
    logged: OpeningRow | None

    @classmethod
    def of_columns(
        cls, code: str, why: str, idx: int | None, salt: bytes, event: bytes
    ) -> "Settled":
        """Returns the ruling from its own columns and those of its entry, null if erased."""
        logged = None if idx is None else OpeningRow(idx=idx, salt=salt, event=event)
        return cls(code=code, why=why, logged=logged)


@immutable
class StoredPacket:
    """Stored packet without its ciphertexts, as needed to judge grants.

    Attributes:
        envelope: Encoded statement of its manifest.
        openings: Its openings, encoded.
        accepted_ms: The log's time of its entry; 0 if an earlier version accepted it and the entry
            was erased.
    """

    envelope: bytes
    openings: bytes
    accepted_ms: int


@immutable
class WholePacket(StoredPacket):
    """Stored packet with its ciphertexts, as needed for delivery.

    Attributes:
        ciphertexts: The ciphertexts still stored, encoded; empty if there are none.
    """

    ciphertexts: bytes


@immutable
class Delivered:
    """Mailbox item, as needed to judge a receipt about it.

    Attributes:
        seq: Its place in the mailbox.
        statement: Index of the statement's entry.
        sender: URI of the statement's signer.
        type: Number of the statement's type.
        packet: For a grant, the id of its packet's manifest; else None.
        agreement: 16 bytes, the agreement it was sent under; or empty.
        delivered: Whether it was handed out.
        held: Whether it is withheld from delivery.
        status: The latest status that the node reported, or None.
        passed: Whether the node read past it although it was not handed out.
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


@immutable
class Undelivered:
    """Grant in a mailbox that was neither handed out nor withheld.

    Attributes:
        node: URI of the mailbox's node.
        seq: Its place in the mailbox.
        id: 32 bytes, the grant's statement id.
        statement: Index of its statement's entry.
        event: The event that records its acceptance.
    """

    node: str
    seq: int
    id: bytes
    statement: int
    event: Event


@immutable
class Hidden:
    """Contents of a blind entry, as needed to judge an order to erase it.

    Attributes:
        event: The encoded event.
        awaited: Whether a node has yet to acknowledge a mailbox item about this entry.
    """

    event: bytes
    awaited: bool


@immutable
class StoredRequest:
    """Stored request for records, as needed to judge its next step.

    Attributes:
        row: Its row.
        manifest: Encoded statement of its manifest.
        agreement: Encoded statement of the agreement that it was made under.
        agreed: Entry of that statement.
        steps: Its steps in the order of the log: entry, time and statement.
        stoppages: Suspensions of its article, or of the whole agreement, since its grant.
        reaches: Reaches of those suspensions, from the version in force at its grant.
    """

    row: RequestRow
    manifest: bytes
    agreement: bytes
    agreed: int
    steps: Sequence[tuple[int, int, bytes]]
    stoppages: Sequence[Stoppage] = ()
    reaches: Sequence[Reach] = ()


@immutable
class LookupResults:
    """Answers to ``Lookups``; items that were not found are absent.

    * ``events``: after a restore, the log may hold events about statements that are not stored, by
      (statement id, code, party). They are not logged again.
    * ``releases``: events of accepted grants, by packet and recipient. One more event than the
      judge's limit is read; a single one where only existence matters.
    * ``corrects``: for each packet of a line of corrections, the packet that it corrects.
    * ``waiting``: statements and bytes that their recipient has not acknowledged.
    * ``unread`` and ``untold``: packets and releases left unread because their agency named too
      many at once. Absence is not an answer for these.
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
