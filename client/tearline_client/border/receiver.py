"""What enters the house: verified, stored with its keys re-wrapped, then acknowledged.

One bad delivery never blocks the mailbox: it is put aside with its code and its bytes, and
the cursor moves on. Where what is wrong may pass, it is tried again later.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from tearline.agreement import Agreement
from tearline.bodies.requests import items_of
from tearline.channel import Incoming, Mark, Void
from tearline.erasure import Erasure
from tearline.errors import (
    AgreementSuspended,
    BodyUnfit,
    CaseUnfiled,
    ChannelGap,
    ChannelStalled,
    CiphertextMissing,
    CorrectedUnknown,
    EntryNotIncluded,
    FileExposed,
    GrantMisdirected,
    ItemUnknown,
    KeystoreEntryMissing,
    KeystoreUnusable,
    MarkUnequal,
    NotExpired,
    PinUnknown,
    ReceiptForgotten,
    RecordRequestUnknown,
    RetentionUnknown,
    StatementMalformed,
    StepBackwards,
    StoreError,
    SuiteUnknown,
    SuspensionBreached,
    TearlineError,
)
from tearline.grant import Grant
from tearline.identity import agency_uri_of
from tearline.packet import PacketKind
from tearline.proposal import Proposal
from tearline.recall import Recall, TakenBack
from tearline.receipt import LogOpening, Receipt, Status, verify_forward
from tearline.request.step import Note, Side
from tearline.standing import Standing
from tearline.wire.exchange import (
    Cursor,
    Delivery,
    delivery_cursor,
    is_idle,
    parse_delivery,
)
from tearline_client.border.answering import recalled_of, take_recall
from tearline_client.border.correcting import verify_superseding
from tearline_client.border.deriving import verify_taken
from tearline_client.border.filing import verify_filed, verify_part
from tearline_client.border.given import take_consent
from tearline_client.border.obeying import Obeying
from tearline_client.link.incoming import Intake
from tearline_client.link.received import (
    KeptBack,
    Lapsed,
    Received,
    ReceivedCaseStep,
    ReceivedConsent,
    ReceivedGrant,
    ReceivedStep,
    Waiting,
)
from tearline_client.notices import arrival
from tearline_client.state import NodeState
from tearline_client.store.cases import Said
from tearline_client.store.requests import StoredRequest
from tearline_client.store.waiting import WaitingGrant
from tearline_client.views import open_view

_OWN_FAULTS = (StoreError, KeystoreUnusable, FileExposed)
"""Faults of this machine, of which a delivery is not to blame."""
_MAY_PASS = (
    EntryNotIncluded,  # the log is read on
    ChannelStalled,  # the gap closes
    MarkUnequal,  # what was counted comes late
    KeystoreEntryMissing,  # a keystore is restored
    AgreementSuspended,  # it is resumed
    PinUnknown,  # another version is installed
    SuiteUnknown,
    CiphertextMissing,  # it was recalled since, which the node reads further on
    RecordRequestUnknown,  # a request that waits is opened
    CorrectedUnknown,  # what it corrects comes from another node of that agency
    RetentionUnknown,  # the agreement comes, or a clock is set
    StepBackwards,  # what stopped its clock meanwhile comes late
    NotExpired,  # the same
)
"""What may be otherwise later. A key is not among them: one that comes on record after a
statement's entry never counts for it, and every entry before it is read when it is judged."""


class Receiver:
    """The inbox at work."""

    def __init__(self, state: NodeState) -> None:
        self._state = state
        self._obeying = Obeying(state)
        self._count = 0  # what was taken in
        self._tried: tuple[int, int] | None = None  # on what grounds all was tried again
        self._intake = Intake(
            node=state.uri,
            trust=state.trust,
            kem_key=state.kem_key,
            pins=state.policies.pins,
            agreement_at=state.agreement_at,
            both_cosigned=state.both_cosigned,
            may_lack_keys=lambda: state.stores.recovery.restored() is not None,
            recalled=lambda grant, statement_id: recalled_of(state, grant, statement_id),
        )

    async def take(self, data: bytes) -> Received | None:
        """Takes one delivery in, or puts it aside; durable when this returns.

        Returns:
            What verified and is new; None for what was put aside or taken in before.

        Raises:
            RequestError: If the log could not be read up to the delivery's entry; the
                delivery is not lost, and comes again.
            LogError: If the log is not the one followed so far; the same.
            StoreError: If it could not be stored here, not even aside; the same.
            KeystoreUnusable, FileExposed: If our keys cannot be read; the same.
        """
        try:
            delivery, entry = _parse(data)
        except TearlineError as error:
            self._put_aside(error, data)
            return None
        if entry.index >= self._state.stores.log.size:
            await self._state.follow()
        try:
            if self._state.stores.intake.is_taken(delivery.statements[0].id):
                self._pass(delivery.cursor, entry)
                return None
            return self._take(delivery, data, delivery.cursor)
        except _OWN_FAULTS:
            raise
        except TearlineError as error:
            self._put_aside(error, data, delivery.statements[0].id)
            return None

    def try_again(self) -> Iterator[Received]:
        """Takes in what was put aside for a reason that has passed since.

        Nothing is tried twice on the same grounds: only what this process did not try yet, and
        everything once the log grew or something came.

        Raises:
            StoreError: If it could not be stored here.
            KeystoreUnusable, FileExposed: If our keys cannot be read.
        """
        yield from self._open_waiting()
        intake = self._state.stores.intake
        while self._tried != (grounds := (self._state.stores.log.size, self._count)):
            self._tried = grounds
            for item in intake.put_aside_for(error.code for error in _MAY_PASS):
                try:
                    received = self._take_again(item)
                except _OWN_FAULTS:
                    raise
                except TearlineError:
                    continue  # it stays where it is, with what was wrong first
                if received is not None:
                    yield received

    def _open_waiting(self) -> Iterator[Received]:
        """Opens what waited for a cosignature that has come."""
        stores = self._state.stores
        for waiting in stores.waiting.all():
            data = stores.waiting.delivery(waiting.id)
            if data is None:
                continue  # another process of this node was faster
            received = self._judged_again(data)
            if isinstance(received, Received) and isinstance(received.content, Waiting):
                continue
            if isinstance(received, AgreementSuspended):
                continue  # it waits on until that is resumed
            with stores.database.transaction():
                if not stores.waiting.release(waiting.id):
                    continue
                match received:
                    case TearlineError():
                        self._quarantine(received, data, about=waiting.id)
                    case Received(content=Lapsed() as lapsed):
                        self._quarantine(lapsed.why, data, about=waiting.id)
                    case Received(content=ReceivedGrant() as grant):
                        self._store_grant(received, grant)
                        self._tell(received)
            if isinstance(received, Received) and isinstance(received.content, ReceivedGrant):
                yield received

    def _judged_again(self, data: bytes) -> Received | TearlineError:
        try:
            delivery, _ = _parse(data)
            return self._obeyed(self._intake.verify(delivery, now_ms=self._state.now_ms()))
        except _OWN_FAULTS:
            raise
        except TearlineError as error:
            return error

    def _take_again(self, item: int) -> Received | None:
        intake = self._state.stores.intake
        data = intake.evidence(item)
        if data is None:
            return None  # another process of this node was faster
        delivery, _ = _parse(data)
        is_taken = intake.is_taken(delivery.statements[0].id)
        received = None if is_taken else self._take(delivery, data, None)
        with self._state.stores.database.transaction():
            intake.release(item)
        return received

    def is_idle(self, data: bytes) -> bool:
        """Whether a delivery only says that nothing more waits.

        Raises:
            StatementMalformed: If ``data`` is not a delivery, and so has no place that could be
                passed; kept as evidence.
        """
        try:
            return is_idle(data)
        except StatementMalformed as error:
            self._state.alarm(error, data)
            raise

    def rest(self, data: bytes) -> None:
        """Takes note of the epoch, where nothing waits.

        Raises:
            StatementMalformed: If ``data`` is not a delivery.
        """
        stores, cursor = self._state.stores, delivery_cursor(data)
        if cursor.epoch != stores.intake.cursor().epoch:
            with stores.database.transaction():
                stores.intake.put_cursor(cursor)

    def _take(self, delivery: Delivery, data: bytes, cursor: Cursor | None) -> Received | None:
        """Takes a delivery in, and moves the cursor with it, unless it comes from aside."""
        stores = self._state.stores
        if delivery.entry is None or delivery.entry.index >= stores.log.size:
            # Before anything else: what the log says of keys is not all read either.
            raise EntryNotIncluded("the log does not reach as far as the delivery says")
        received = self._obeyed(self._intake.verify(delivery, now_ms=self._state.now_ms()))
        with stores.database.transaction():
            if stores.intake.is_taken(received.signed.statement.id):
                return None  # another process of this node was faster; it moved the cursor
            event = stores.log.put_opening(received.opening)
            if received.address is not None:
                agency = agency_uri_of(received.signer.signer)
                stores.cosigning.acted(agency, received.opening.index, event.time_ms)
            self._place(received, data)
            self._store(received, data)
            self._tell(received)
            stores.intake.take(received.signed.statement.id)
            if cursor is not None:
                stores.intake.put_cursor(cursor)
            closed = isinstance(received.content, Lapsed | Waiting)
            if isinstance(received.content, Lapsed):
                # It cannot be opened any more, but it came: its place is not missing.
                why = received.content.why
                self._quarantine(why, data, about=received.signed.statement.id)
        self._count += 1
        return None if closed else received

    def _obeyed(self, received: Received) -> Received:
        """What may be taken in; of what broke a suspension, only that it came.

        Raises:
            AgreementSuspended: If it may be taken in later.
        """
        try:
            self._obeying.verify_arrival(received)
        except SuspensionBreached as breach:
            content = received.content
            grant = content.grant if isinstance(content, ReceivedGrant) else None
            return replace(received, content=Lapsed(grant=grant, why=breach))
        return received

    def _place(self, received: Received, data: bytes) -> None:
        address = received.address
        if address is None:
            return
        sender, agreement_id = received.signer.signer, address.agreement_id
        incoming = self._incoming(sender, agreement_id)
        try:
            incoming.receive(address.seq, received.signed.statement.id)
        except ChannelGap as gap:
            # It verified and is kept; what is missing before it is what alarms, once: unless
            # grants are kept back just now, for which voids come.
            missing = f"{sender} {agreement_id.hex()} {incoming.contiguous + 1}"
            if not self._obeying.is_quiet(sender, agreement_id):
                self._quarantine(gap, data, about=missing.encode())
        self._state.stores.channels.put_incoming(sender, agreement_id, incoming)

    def _incoming(self, sender: str, agreement_id: bytes) -> Incoming:
        return self._state.stores.channels.incoming(sender, agreement_id)

    def _store(self, received: Received, data: bytes) -> None:
        match received.content:
            case ReceivedGrant() as grant:
                self._store_grant(received, grant)
            case ReceivedStep() as step:
                self._store_step(received, step)
            case Receipt() as receipt:
                self._store_receipt(received, receipt, data)
            case Agreement(id=agreement_id):
                entry, time_ms = received.opening.index, received.event.time_ms
                self._obeying.take_terms(received.signed, agreement_id, entry, time_ms)
            case Erasure():
                self._erase(received)
            case ReceivedConsent() as content:
                take_consent(self._state, received, content)
            case Proposal():
                place, time_ms = received.opening.index, received.event.time_ms
                self._state.stores.proposals.put(received.signed, place=place, time_ms=time_ms)
            case ReceivedCaseStep() as case_step:
                self._store_case_step(received, case_step)
            case Mark() as mark:
                self._store_mark(received, mark)
            case Standing() as standing:
                entry, time_ms = received.opening.index, received.event.time_ms
                self._obeying.take(received.signed, standing, entry, time_ms)
            case Waiting(grant=grant):
                self._wait(received, grant, data)
            case Recall() as recall:
                take_recall(self._state, received, recall)
            case TakenBack():
                self._state.stores.packets.put_grant(
                    received.signed, incoming=True, status=Status.ERASED
                )
            case KeptBack():
                self._obeying.take_held(received.signed.statement, received.event)
            case Void() | Lapsed():
                pass  # its place in the channel is all it has to say

    def _wait(self, received: Received, grant: Grant, data: bytes) -> None:
        stores = self._state.stores
        stores.waiting.put(
            WaitingGrant(
                id=received.signed.statement.id,
                packet=grant.packet,
                sender=received.signer.signer,
                time_ms=received.event.time_ms,
            ),
            data,
        )
        stores.packets.put_grant(received.signed, incoming=True, status=Status.STORED)

    def _store_step(self, received: Received, content: ReceivedStep) -> None:
        """Keeps a step that follows, or may once the log is seen to hold one of ours.

        Raises:
            RecordRequestError: If it does not follow, or would undo what did.
        """
        requests, step = self._state.stores.requests, content.step
        request = requests.request(step.request, received.signer.signer)
        before = requests.replayed(request, self._state.agency)
        index, time_ms = received.opening.index, received.event.time_ms
        requests.put_theirs(request, received.signed, content.note, index, time_ms)
        after = requests.replayed(request, self._state.agency)
        waits = any(each.is_pending for each in requests.steps(request))
        waits = waits or step.number > before.progress.taken[request.side.other] + 1
        if index in after.unfit and not waits:
            raise after.unfit[index]
        if after.unfit.keys() - before.unfit.keys() - {index}:
            raise StepBackwards("it stands in the log before what excludes it")
        requests.count(request, after.unfit)
        finding = content.finding
        if finding is None and content.note is not None:
            finding = self._judge_outcomes(request, content.note)
        if finding is not None:
            self._quarantine(finding, received.signed.statement.body, about=step.request)

    def _judge_outcomes(self, request: StoredRequest, note: Note) -> TearlineError | None:
        view = open_view(self._state.stores.packets, request.packet, node=self._state.uri).view
        asked = items_of(opened.field for opened in view.best())
        strange = [item.number for item in note.items if item.number not in asked]
        return ItemUnknown(f"item {strange[0]}") if strange else None

    def _erase(self, received: Received) -> None:
        stores = self._state.stores
        gone = stores.erasures.erase(received.signed, received.opening.index)
        for opened in gone:
            stores.packets.forget_receipts(opened.event.statement_id, opened.opening.index)

    def _store_grant(self, arrived: Received, received: ReceivedGrant) -> None:
        packets, now_ms = self._state.stores.packets, self._state.now_ms()
        packet_id = received.manifest_signed.statement.id
        verify_taken(packets, received.manifest, received.view, node=self._state.uri)
        verify_superseding(self._state, received.manifest)
        self._state.stores.corrections.put(packet_id, received.manifest.supersedes)
        packets.put_packet(
            received.manifest_signed, received.manifest.header.signer, received.parts, now_ms=now_ms
        )
        packets.put_keys(packet_id, received.release, grant_id=received.grant.grant_id)
        packets.put_grant(received.signed, incoming=True, status=Status.STORED)
        for slot, error in received.findings.items():
            self._quarantine(error, packet_id, about=packet_id + slot.to_bytes(4))
        try:
            verify_filed(self._state.stores.cases, received.manifest)
        except CaseUnfiled as error:
            self._quarantine(error, packet_id, about=packet_id + b"case")
        if received.problems:  # the first is evidence enough: a reader is told of all of them
            problem = received.problems[0]
            unfit = BodyUnfit(f"{received.manifest.kind.value}: {problem.path}: {problem.why}")
            self._quarantine(unfit, packet_id, about=packet_id)
        if received.manifest.kind is PacketKind.RECORD_REQUEST:
            self._state.stores.requests.begin(
                packet_id,
                arrived.signer.signer,
                Side.HOLDER,
                index=arrived.opening.index,
                time_ms=arrived.event.time_ms,
            )

    def _tell(self, received: Received) -> None:
        due = arrival(received)
        if due is not None:
            time_ms = received.event.time_ms
            self._state.stores.notices.tell(due.event, time_ms=time_ms, once=due.once, **due.ids)

    def _store_case_step(self, received: Received, content: ReceivedCaseStep) -> None:
        said = Said(
            statement=received.signed.statement.id,
            step=content.step,
            note=content.note,
            mine=False,
        )
        verify_part(self._state.stores.cases, said)
        self._state.stores.cases.put_step(said)

    def _store_receipt(self, received: Received, receipt: Receipt, data: bytes) -> None:
        packets = self._state.stores.packets
        grant = packets.grant(receipt.about)
        if grant is None and self._state.stores.recovery.restored() is not None:
            # The grant was made after the backup; that there was one is all we know now.
            self._quarantine(ReceiptForgotten(), data, about=received.signed.statement.id)
            return
        if grant is None or grant.incoming:
            raise GrantMisdirected("the receipt is about a grant that this node did not make")
        if grant.grant.address.recipient != received.signer.signer:
            raise GrantMisdirected("the receipt is not from the grant's recipient")
        verify_forward(grant.status, receipt.status)
        self._state.stores.requests.store(
            grant.grant.packet,
            received.signer.signer,
            index=received.opening.index,
            time_ms=received.event.time_ms,
        )
        packets.put_receipt(received.signed, receipt)
        packets.set_status(receipt.about, receipt.status)

    def _store_mark(self, received: Received, mark: Mark) -> None:
        channels, peer = self._state.stores.channels, mark.header.signer
        incoming = self._incoming(peer, mark.agreement_id)
        incoming.receive_mark(
            mark,
            sent=channels.sent(peer, mark.agreement_id),
            held=self._obeying.is_quiet(peer, mark.agreement_id),
        )
        self._state.stores.standings.put_mark(
            received.signed, own=False, entry=received.opening.index
        )
        channels.put_incoming(peer, mark.agreement_id, incoming)
        self._state.stores.recovery.confirm(peer, mark.agreement_id, incoming.confirmed)

    def _put_aside(self, error: TearlineError, data: bytes, about: bytes = b"") -> None:
        cursor = delivery_cursor(data)
        with self._state.stores.database.transaction():
            self._quarantine(error, data, about=about or hashlib.sha256(data).digest())
            self._state.stores.intake.put_cursor(cursor)

    def _quarantine(self, error: TearlineError, evidence: bytes, *, about: bytes) -> None:
        now_ms, stores = self._state.now_ms(), self._state.stores
        stores.intake.quarantine(error, evidence, about=about, now_ms=now_ms)
        once = error.code.encode() + about
        stores.notices.tell("quarantined", time_ms=now_ms, once=once, code=error.code)

    def _pass(self, cursor: Cursor, entry: LogOpening) -> None:
        with self._state.stores.database.transaction():
            # Said again, it must stand where it stood.
            self._state.stores.log.put_opening(entry)
            self._state.stores.intake.put_cursor(cursor)


def _parse(data: bytes) -> tuple[Delivery, LogOpening]:
    delivery = parse_delivery(data)
    if delivery.entry is None or not delivery.statements:
        raise StatementMalformed("a delivery brings a statement and its log entry")
    return delivery, delivery.entry
