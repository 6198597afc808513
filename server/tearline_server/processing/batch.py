"""Batch: the effects of a batch while its claims are judged in order.

Later claims see the effects of earlier ones, as if each had been committed alone. All effects are
written together, at the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.dataclass.immutable import immutable
from tearline.errors import ExchangeBusy, TearlineError
from tearline.federation.directory import DirectoryEntry
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest, Opening
from tearline.requests.clock import Interval
from tearline.requests.paused_time import standstill
from tearline.requests.progress import Progress
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.statements.receipt import Status
from tearline.statements.statement import Statement
from tearline.suspensions.history import Recorded
from tearline.suspensions.standing import Standing
from tearline.suspensions.stoppage import Reach, ScopeChange, Stoppage, changed, changes_of
from tearline.verification.moment import Moment
from tearline.wire.grants import parse_event
from tearline.wire.packet_parts import EncodedParts, parse_parts
from tearline.wire.packets import parse_manifest
from tearline.wire.publications import Outcome, Refused
from tearline.wire.statements import Signed, parse_statement
from tearline_server.admission.fair_queue import Cost
from tearline_server.storage.columns import Slots
from tearline_server.storage.lookups import LookupResults, Release, Undelivered
from tearline_server.storage.rows import (
    ChannelRow,
    Head,
    MailRow,
    OpeningRow,
    RecallRow,
    RequestStepRow,
)

_RETRY_AFTER_MS = 250  # the next batch looks up as many again


@dataclass(slots=True, kw_only=True)
class Result:
    """Ruling on one claim.

    Attributes:
        statement: The statement.
        signer: URI of its signer; empty if the signature does not verify.
        position: Position, in the batch, of the entry that its receipt names; None if it has none.
        logged: That entry, if the log already held it.
        refusal: The reason for refusal, or None.
        natural: The identifier that it reserves, or None.
        packet: For a grant, the id of its packet's manifest; else None.
        receipt: The exchange's receipt, once signed.
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
        """Returns the status in the receipt."""
        return Status.ACCEPTED if self.refusal is None else Status.REFUSED

    def outcome(self) -> Outcome:
        """Returns the outcome reported to the publisher."""
        return Outcome(about=self.statement.id, receipt=self.receipt, refusal=self.refusal)


@dataclass(frozen=True, kw_only=True)
class PacketFacts:
    """Facts about a packet, as needed to judge grants of it.

    Attributes:
        statement: Its manifest's statement.
        manifest: Its manifest.
        openings: Openings by compartment, for every compartment that is not padding.
        lengths: Bytes of each ciphertext, by slot.
    """

    statement: Statement
    manifest: Manifest
    openings: Mapping[int, Opening]
    lengths: Sequence[int]

    @cached_property
    def compartments(self) -> Mapping[int, int]:
        """Returns the compartment of each slot that is not padding."""
        return {slot: c for c, opening in self.openings.items() for slot in opening.slots}


@immutable
class FollowedRequest:
    """Progress of a request for records, including the current batch.

    Attributes:
        asker: URI of the node that asks.
        agreement: The version of the agreement that it was made under.
        agreed: Entry of that version.
        article: The article.
        progress: Its progress.
        overdue_ms: The last deadline that the log records as missed, or None.
        departed: Whether a party has departed since: then no answer is owed.
        is_new: Whether this batch opened it.
        stoppages: Suspensions of its article since its grant, before the batch.
        reaches: Reaches of those suspensions, before the batch.
    """

    asker: str
    agreement: Agreement
    agreed: int
    article: str
    progress: Progress
    overdue_ms: int | None
    is_new: bool
    departed: bool = False
    stoppages: Sequence[Stoppage] = ()
    reaches: Sequence[Reach] = ()


@dataclass(slots=True)
class Batch:
    """Effects of a batch.

    Attributes:
        head: The head after which it is written.
        known: The answers about stored state.
        now_ms: The log's time of all its entries.
        items: New entries, in order: clear statements and events.
        results: Rulings on all claims that have an entry.
        repeated: Rulings that repeat those of earlier batches.
        ruled: All rulings of the batch, by statement id and signer.
        naturals: Identifiers reserved by the batch: (signer, natural) to statement id.
        packets: Packets that the batch refers to, by manifest id.
        new_packets: New packets, with their encoded parts.
        agreements: New versions of agreements: id, version, and their statement's entry.
        channels: Changed channels, by (sender, recipient, agreement).
        budgets: Changed budgets, by agency and part.
        mail: New items of mailboxes.
        waiting: Unacknowledged mail including the batch, by node and sending agency.
        statuses: Statuses that nodes reported for items of their mailboxes, by (node, place).
        standings: Newest standings, by agency and agreement: their statement's entry, and the time
            at which the agency's rate bucket for standings is empty.
        changed: Suspensions and resumptions, by agreement.
        reaches: Versions that changed the reach of suspensions, by agreement.
        case_steps: Newest steps of cases, by case, sending and receiving agency.
        held: Withheld grants, by (node, place), and the entries that record it.
        delivered: Grants handed out, by (node, place), and the entries that record it.
        requests: Requests that the batch opens or changes, by manifest id and holder.
        request_steps: Their new steps.
        passed: Grants not handed out although their turn came, by (node, place).
        withdrawn: Withdrawn grants, by (node, place): their entries and their replacements'
            entries.
        recalls: Recalls, by the id of the packet's manifest.
        dropped: Slots whose ciphertexts are deleted, by that id; None for all slots.
        corrects: For each packet of a line, old or new, the packet that it corrects.
        corrected: Packets that another packet replaced.
        ends: Time of the next expiry check, by packet; None once no ciphertext is left.
        erased: Entries whose contents are erased: the order's entry, and the agencies named.
        acknowledged: Places up to which nodes acknowledged their mailbox.
        strangers: Peers refused without a ruling, and the code, one item per refusal.
        trust_changed: Whether keys or members changed.
        directory_due: Whether the batch ends with a directory entry.
        effects: Directory entries whose time changed a member.
    """

    head: Head
    known: LookupResults
    now_ms: int
    items: list[Signed | Event | DirectoryEntry] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    repeated: list[Result] = field(default_factory=list)
    ruled: dict[tuple[bytes, str], Result] = field(default_factory=dict)
    naturals: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    packets: dict[bytes, PacketFacts] = field(default_factory=dict)
    new_packets: list[tuple[Result, EncodedParts]] = field(default_factory=list)
    agreements: list[tuple[bytes, int, int]] = field(default_factory=list)
    channels: dict[tuple[str, str, bytes], ChannelRow] = field(default_factory=dict)
    budgets: dict[tuple[str, BudgetPart], BudgetLevel] = field(default_factory=dict)
    mail: list[MailRow] = field(default_factory=list)
    waiting: dict[tuple[str, str], Cost] = field(default_factory=dict)
    statuses: dict[tuple[str, int], Status] = field(default_factory=dict)
    standings: dict[tuple[str, bytes], tuple[int, int]] = field(default_factory=dict)
    changed: dict[bytes, list[ScopeChange]] = field(default_factory=dict)
    reaches: dict[bytes, list[Reach]] = field(default_factory=dict)
    case_steps: dict[tuple[bytes, str, str], Result] = field(default_factory=dict)
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
    directory_due: bool = False
    effects: list[int] = field(default_factory=list)
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
        """Returns the index of the next entry."""
        return self.head.tree.size + len(self.items)

    @property
    def moment(self) -> Moment:
        """Returns the moment at which the next claim is judged."""
        return Moment(index=self.next_index, time_ms=self.now_ms)

    def moment_of(self, statement_id: bytes) -> Moment:
        """Returns the moment at which a claim's signer is judged.

        This is the moment of the next entry. After a restore, the log may already hold the
        statement's acceptance: then it is the moment of that entry.
        """
        first = self._first_known.get(statement_id)
        if first is None:
            return self.moment
        event = parse_event(first.event)
        if event.outcome is not EventOutcome.OK:
            return self.moment
        return Moment(index=first.idx, time_ms=event.time_ms)

    def log(self, item: Signed | Event | DirectoryEntry) -> int:
        """Appends an entry, and returns its index.

        After a restore, the log may already hold the event: then its existing index is returned.
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
        """Returns the facts of a packet, of this batch or stored earlier; None if unknown.

        Raises:
            ExchangeBusy: If it was not read, because its agency named too many packets at once.
        """
        if packet_id not in self.packets:
            if packet_id in self.known.unread:
                raise ExchangeBusy(
                    "it names more packets than one batch may look up",
                    retry_after_ms=_RETRY_AFTER_MS,
                )
            stored = self.known.packets.get(packet_id)
            if stored is None:
                return None
            statement, parts = parse_statement(stored.envelope), parse_parts(stored.openings)
            self.packets[packet_id] = PacketFacts(
                statement=statement,
                manifest=parse_manifest(statement.body),
                openings={opening.compartment: opening for opening in parts.openings},
                lengths=parts.lengths,
            )
        return self.packets[packet_id]

    def drop(self, packet_id: bytes, slots: Slots | None) -> None:
        """Deletes ciphertexts of a packet; None for all of them."""
        before = self.dropped.get(packet_id, frozenset())
        self.dropped[packet_id] = None if slots is None or before is None else before | slots

    def undelivered(self) -> Iterator[Undelivered]:
        """Yields grants of the batch that it neither withholds nor hands out."""
        first = self.head.tree.size
        for mail in self.mail:
            # Grants already logged before a restore are judged when they are handed out.
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
        """Records that a packet of the batch replaces another."""
        self.corrects[packet_id] = corrected
        self.corrected.add(corrected)

    def releases(self, packet_id: bytes, party: str) -> Sequence[Event]:
        """Returns all grants so far of a source or corrected packet to an agency or node.

        Raises:
            ExchangeBusy: If they were not read, because their agency named too many at once.
        """
        key = (packet_id, party)
        if key in self.known.untold:
            raise ExchangeBusy(
                "it names more releases than one batch may look up", retry_after_ms=_RETRY_AFTER_MS
            )
        if key not in self._releases:
            self._releases[key] = [*map(parse_event, self.known.releases.get(key, ()))]
        return [*self._releases[key], *self._released.get(key, ())]

    def stopped(self, request: FollowedRequest, holder: str) -> tuple[Interval, ...]:
        """Returns the intervals in which a request or its answer could not pass, per the log.

        For a request of this batch, only the batch's own suspensions count. The computed deadline
        may then be too early, never too late.
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
        self, result: Result, before: Standing | None, standing: Standing, entry: int
    ) -> None:
        """Records the scopes that a standing suspends or resumes, compared with the one before."""
        recorded = Recorded(standing=standing, entry=entry, time_ms=self.time_of(result))
        changes = changes_of(before, recorded)
        if changes:
            self.changed.setdefault(standing.agreement_id, []).extend(changes)

    def amend(self, result: Result, before: Agreement, agreement: Agreement, entry: int) -> None:
        """Records a version of an agreement that changes the reach of suspensions."""
        reach = Reach.of(agreement.terms, entry=entry, time_ms=self.time_of(result))
        if reach.terms != Reach.of(before.terms).terms:
            self.reaches.setdefault(agreement.id, []).append(reach)

    def time_of(self, result: Result) -> int:
        """Returns the log's time of a ruling's entry, which may be older than the batch."""
        return parse_event(result.logged.event).time_ms if result.logged else self.now_ms

    def settle(self, result: Result, event: Event) -> int:
        """Logs the ruling on a claim, and returns the index of its entry."""
        result.position = len(self.items)
        result.logged = self._logged(event)
        self.results.append(result)
        return self.log(event)

    def _logged(self, event: Event) -> OpeningRow | None:
        return self.known.events.get((event.statement_id, event.code.value, event.party))


def refused(error: TearlineError) -> Refused:
    """Returns the refusal that reports ``error`` to the sender."""
    wait_ms = error.retry_after_ms if isinstance(error, ExchangeBusy) else None
    return Refused(code=error.code, why=error.why, retry_after_ms=wait_ms)
