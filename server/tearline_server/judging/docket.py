"""The docket: what a batch adds up to while it is judged, one claim after the other.

A later claim of the batch sees what the earlier ones did, just as if each had been committed
alone. Nothing here is written before all of it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tearline.agreement import Agreement
from tearline.errors import ExchangeBusy, TearlineError
from tearline.event import Event, EventCode, EventOutcome
from tearline.identity import agency_uri_of
from tearline.packet import Manifest, Opening
from tearline.receipt import Status
from tearline.request.clock import Interval
from tearline.request.progress import Progress
from tearline.standing.history import Recorded
from tearline.standing.standing import Standing
from tearline.standing.stoppage import Reach, ScopeChange, Stoppage, changed, changes_of
from tearline.standstill import standstill
from tearline.statement import Statement
from tearline.trust import Moment
from tearline.wire.flow import parse_event
from tearline.wire.packets import parse_manifest
from tearline.wire.parts import EncodedParts, parse_parts
from tearline.wire.publications import Outcome, Refused
from tearline.wire.statements import Signed, parse_statement
from tearline_server.storage.columns import Slots
from tearline_server.storage.known import Known, Release, Undelivered
from tearline_server.storage.rows import Head, OpeningRow, RecallRow, RequestStepRow
from tearline_server.turns import Weight

_RETRY_AFTER_MS = 250  # of what was named, as much again is looked up in the next batch


@dataclass(slots=True, kw_only=True)
class Ruling:
    """What becomes of one claim.

    Attributes:
        statement: The statement.
        signer: Who signed it; empty where that is not believed.
        position: Of the entry that its receipt tells of, in the docket; None without one.
        logged: That entry, where the log has held it all along.
        refusal: Why it was refused, or None.
        natural: The identifier that it alone may bear from now on, or None.
        packet: Of a grant, the id of its packet's manifest, or None.
        receipt: The exchange's receipt, once there is one.
    """

    statement: Statement
    signer: str
    position: int | None = None
    logged: OpeningRow | None = None
    refusal: Refused | None = None
    natural: bytes | None = None
    packet: bytes | None = None
    receipt: Signed | None = None

    @property
    def status(self) -> Status:
        """What the receipt says."""
        return Status.ACCEPTED if self.refusal is None else Status.REFUSED

    def outcome(self) -> Outcome:
        """What the publisher is told."""
        return Outcome(about=self.statement.id, receipt=self.receipt, refusal=self.refusal)


@dataclass(frozen=True, kw_only=True)
class PacketFacts:
    """What grants of a packet are judged by.

    Attributes:
        statement: Its manifest's statement.
        manifest: Its manifest.
        openings: By compartment; of every compartment that is not padding.
    """

    statement: Statement
    manifest: Manifest
    openings: Mapping[int, Opening]

    @cached_property
    def compartments(self) -> Mapping[int, int]:
        """The compartment of each slot that is not padding."""
        return {slot: c for c, opening in self.openings.items() for slot in opening.slots}


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRequest:
    """A request for records, as far as the batch and the past have brought it.

    Attributes:
        asker: URI of the node that asks.
        agreement: The version of the agreement that it was made under.
        article: The article.
        progress: How far it has come.
        overdue_ms: The last time at which the log says that it was overdue, or None.
        is_new: Whether this batch brings it.
        stoppages: What was suspended of its article since its grant, before the batch.
        reaches: How far that reached, before the batch.
    """

    asker: str
    agreement: Agreement
    article: str
    progress: Progress
    overdue_ms: int | None
    is_new: bool
    stoppages: Sequence[Stoppage] = ()
    reaches: Sequence[Reach] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """An item for a mailbox: a statement, and the entry that its reader is told of.

    Attributes:
        node: Whose mailbox.
        seq: Its place there.
        statement: Of the statement's own entry, its index.
        entry: The index of the entry told of.
        agency: URI of the agency in whose room it waits; empty for what takes none.
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


@dataclass(slots=True)
class Docket:
    """What a batch adds up to.

    Attributes:
        head: The log behind which it is written.
        known: What was asked of the past.
        now_ms: The log's time of all its entries.
        items: New entries, in order: clear statements and events.
        rulings: What became of each claim that has an entry.
        ruled: All rulings of the batch, by statement id and signer.
        naturals: Identifiers that the batch took: (signer, natural) to statement id.
        packets: Packets that the batch has to do with, by the id of their manifest.
        new_packets: Those it brings, with their encoded parts.
        agreements: New versions of agreements: id, version, and their statement's entry.
        channels: Channels that moved: (sender, recipient, agreement) to (place, mark).
        mail: New items of mailboxes.
        waiting: What waits in mailboxes with what the batch adds, by node and sending agency.
        statuses: What nodes said became of items of their mailboxes, by (node, place).
        standings: Newest standings that came, by agency and agreement: their statement's entry,
            and when the agency's bucket of standings is empty.
        changed: What was suspended or resumed, by agreement.
        reaches: Versions that changed how far that reaches, by agreement.
        case_steps: Newest steps of cases, by case, sending and receiving agency.
        held: Grants that are not handed out, by (node, place), and the entries that say so.
        delivered: Grants that are handed out, by (node, place), and the entries that say so.
        requests: Requests that the batch brings or changes, by manifest id and holder.
        request_steps: Their new steps.
        passed: Grants that are not handed out although their turn has come, by (node, place).
        withdrawn: Grants, by (node, place), their entries and those of what takes their place.
        recalls: What is recalled, by the id of the packet's manifest.
        dropped: The slots whose ciphertexts go, by that id; None for all of them.
        corrects: Which packet each packet of a line corrects, of this batch or from before.
        corrected: Those whose place is taken.
        ends: When to look whether packets have ended; None where no ciphertext is left.
        erased: Entries whose contents go, the order's entry and whom they named.
        acknowledged: Places up to which nodes have taken their mailbox in.
        strangers: Who was refused without a ruling, and the code, once for each time.
        trust_changed: Whether keys or members changed.
    """

    head: Head
    known: Known
    now_ms: int
    items: list[Signed | Event] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    ruled: dict[tuple[bytes, str], Ruling] = field(default_factory=dict)
    naturals: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    packets: dict[bytes, PacketFacts] = field(default_factory=dict)
    new_packets: list[tuple[Ruling, EncodedParts]] = field(default_factory=list)
    agreements: list[tuple[bytes, int, int]] = field(default_factory=list)
    channels: dict[tuple[str, str, bytes], tuple[int, int]] = field(default_factory=dict)
    mail: list[NewMail] = field(default_factory=list)
    waiting: dict[tuple[str, str], Weight] = field(default_factory=dict)
    statuses: dict[tuple[str, int], Status] = field(default_factory=dict)
    standings: dict[tuple[str, bytes], tuple[int, int]] = field(default_factory=dict)
    changed: dict[bytes, list[ScopeChange]] = field(default_factory=dict)
    reaches: dict[bytes, list[Reach]] = field(default_factory=dict)
    case_steps: dict[tuple[bytes, str, str], Ruling] = field(default_factory=dict)
    held: dict[tuple[str, int], int] = field(default_factory=dict)
    delivered: dict[tuple[str, int], int] = field(default_factory=dict)
    requests: dict[tuple[bytes, str], FollowedRequest] = field(default_factory=dict)
    request_steps: list[RequestStepRow] = field(default_factory=list)
    passed: set[tuple[str, int]] = field(default_factory=set)
    withdrawn: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    recalls: dict[bytes, list[RecallRow]] = field(default_factory=dict)
    dropped: dict[bytes, Slots | None] = field(default_factory=dict)
    ends: dict[bytes, int | None] = field(default_factory=dict)
    erased: dict[int, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    strangers: list[tuple[str, str]] = field(default_factory=list)
    trust_changed: bool = False
    corrects: dict[bytes, bytes] = field(init=False)
    corrected: set[bytes] = field(init=False)
    _first_known: dict[bytes, OpeningRow] = field(init=False)
    _releases: dict[Release, list[Event]] = field(init=False, default_factory=dict)
    _released: dict[Release, list[Event]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.corrects = dict(self.known.corrects)
        self.corrected = {*self.corrects.values()}
        self._first_known = {}
        for (about, _, _), row in self.known.events.items():
            if about not in self._first_known or row.idx < self._first_known[about].idx:
                self._first_known[about] = row

    @property
    def next_index(self) -> int:
        """The index that the next entry gets."""
        return self.head.tree.size + len(self.items)

    @property
    def moment(self) -> Moment:
        """The moment at which the next claim is judged."""
        return Moment(index=self.next_index, time_ms=self.now_ms)

    def moment_of(self, statement_id: bytes) -> Moment:
        """The moment at which the signer of a claim is judged.

        It is that of the next entry; or, where the log has held an acceptance of the statement
        all along, as an exchange that was restored may find, that of this entry.
        """
        first = self._first_known.get(statement_id)
        if first is None:
            return self.moment
        event = parse_event(first.event)
        if event.outcome is not EventOutcome.OK:
            return self.moment
        return Moment(index=first.idx, time_ms=event.time_ms)

    def log(self, item: Signed | Event) -> int:
        """Adds an entry, and returns the index it gets; or that which it has had all along.

        An exchange that was restored may be told again of what its log holds already.
        """
        if isinstance(item, Event) and (logged := self._logged(item)):
            return logged.idx
        index = self.next_index
        self.items.append(item)
        if isinstance(item, Event) and item.code is EventCode.GRANT_ACCEPTED:
            for party in (item.party, agency_uri_of(item.party)):
                self._released.setdefault((item.packet, party), []).append(item)
        return index

    def facts(self, packet_id: bytes) -> PacketFacts | None:
        """What is known of a packet, of this batch or from before; None where there is none.

        Raises:
            ExchangeBusy: If it was not read, since its agency asked for too much at once.
        """
        if packet_id not in self.packets:
            if packet_id in self.known.unread:
                raise ExchangeBusy(
                    "it names more packets than are looked up at once",
                    retry_after_ms=_RETRY_AFTER_MS,
                )
            stored = self.known.packets.get(packet_id)
            if stored is None:
                return None
            statement = parse_statement(stored.envelope)
            self.packets[packet_id] = PacketFacts(
                statement=statement,
                manifest=parse_manifest(statement.body),
                openings={o.compartment: o for o in parse_parts(stored.openings).openings},
            )
        return self.packets[packet_id]

    def drop(self, packet_id: bytes, slots: Slots | None) -> None:
        """Deletes ciphertexts of a packet; None for all of them."""
        before = self.dropped.get(packet_id, frozenset())
        self.dropped[packet_id] = None if slots is None or before is None else before | slots

    def undelivered(self) -> Iterator[Undelivered]:
        """Grants that the batch put into mailboxes, and that it neither holds nor hands out."""
        first = self.head.tree.size
        for mail in self.mail:
            # What an earlier life of the log holds is judged when it is handed out.
            event = self.items[mail.entry - first] if mail.entry >= first else None
            place = (mail.node, mail.seq)
            if (
                isinstance(event, Event)
                and event.code is EventCode.GRANT_ACCEPTED
                and place not in self.held
                and place not in self.delivered
            ):
                yield Undelivered(
                    node=mail.node,
                    seq=mail.seq,
                    id=event.statement_id,
                    statement=mail.statement,
                    event=event,
                )

    def correct(self, packet_id: bytes, corrected: bytes) -> None:
        """Notes that the batch brings a packet that takes the place of another."""
        self.corrects[packet_id] = corrected
        self.corrected.add(corrected)

    def releases(self, packet_id: bytes, party: str) -> Sequence[Event]:
        """The grants of a source, or of a corrected packet, to an agency or a node so far.

        Raises:
            ExchangeBusy: If they were not read, since their agency asked for too much at once.
        """
        key = (packet_id, party)
        if key in self.known.untold:
            raise ExchangeBusy(
                "it names more releases than are looked up at once", retry_after_ms=_RETRY_AFTER_MS
            )
        if key not in self._releases:
            self._releases[key] = [*map(parse_event, self.known.releases.get(key, ()))]
        return [*self._releases[key], *self._released.get(key, ())]

    def stopped(self, request: FollowedRequest, holder: str) -> tuple[Interval, ...]:
        """When a request or its answer could not pass, as far as the log goes.

        Of a request that the batch brings, only by what the batch itself holds: so its time may
        be thought to end too early, and never too late.
        """
        agreement = request.agreement
        return standstill(
            changed(request.stoppages, self.changed.get(agreement.id, ())),
            (*request.reaches, *self.reaches.get(agreement.id, ())),
            Reach.of(agreement.terms),
            request.article,
            asker=agency_uri_of(request.asker),
            holder=agency_uri_of(holder),
        )

    def suspend(
        self, ruling: Ruling, before: Standing | None, standing: Standing, entry: int
    ) -> None:
        """Notes the scopes that a standing suspends or resumes after its agency's one before."""
        recorded = Recorded(standing=standing, entry=entry, time_ms=self._time_of(ruling))
        changes = changes_of(before, recorded)
        if changes:
            self.changed.setdefault(standing.agreement_id, []).extend(changes)

    def amend(self, ruling: Ruling, before: Agreement, agreement: Agreement, entry: int) -> None:
        """Notes a version of an agreement, where suspensions reach otherwise from it on."""
        reach = Reach.of(agreement.terms, entry=entry, time_ms=self._time_of(ruling))
        if reach.terms != Reach.of(before.terms).terms:
            self.reaches.setdefault(agreement.id, []).append(reach)

    def _time_of(self, ruling: Ruling) -> int:
        # What an earlier life of this exchange logged stopped clocks then, and not now.
        return parse_event(ruling.logged.event).time_ms if ruling.logged else self.now_ms

    def settle(self, ruling: Ruling, event: Event) -> int:
        """Logs what became of a claim, and returns the index of that entry."""
        ruling.position = len(self.items)
        ruling.logged = self._logged(event)
        self.rulings.append(ruling)
        return self.log(event)

    def _logged(self, event: Event) -> OpeningRow | None:
        return self.known.events.get((event.statement_id, event.code.value, event.party))


def refused(error: TearlineError) -> Refused:
    """The refusal that ``error`` is, as its sender is told."""
    wait_ms = error.retry_after_ms if isinstance(error, ExchangeBusy) else None
    return Refused(code=error.code, why=error.why, retry_after_ms=wait_ms)
