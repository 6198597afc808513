"""Incoming deliveries: verified, stored with re-wrapped keys, then acknowledged.

A bad delivery never blocks the mailbox: it is quarantined with its code and bytes, and the cursor
moves on. If the defect may pass, it is retried later.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tearline.errors import (
    AgreementSuspended,
    ChannelGap,
    ChannelStalled,
    CiphertextMissing,
    CorrectedUnknown,
    EntryNotIncluded,
    KeystoreEntryMissing,
    MarkUnequal,
    NotExpired,
    PacketFrozen,
    PinUnknown,
    RecordRequestUnknown,
    RetentionUnknown,
    StatementMalformed,
    StepBackwards,
    SuiteUnknown,
    SuspensionBreached,
    TearlineError,
)
from tearline.identity import agency_uri_of
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Statement, StatementType
from tearline.wire.deliveries import (
    Delivery,
    delivery_cursor,
    delivery_log_size,
    delivery_signers,
    encode_delivery,
    is_idle,
    parse_delivery,
)
from tearline.wire.statements import header_of
from tearline_client.context import NodeContext
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.jobs import OWN_FAULTS
from tearline_client.messages.received import Lapsed, Received, ReceivedGrant, Waiting
from tearline_client.messages.recipient import Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.quarantine import quarantine
from tearline_client.rules.recalls import recalled_of
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.inbox import Evidence, Noted
from tearline_runtime.traces import Attribute, SpanName, span

_MAY_PASS = (
    EntryNotIncluded,  # the log is read further
    ChannelStalled,  # the gap closes
    MarkUnequal,  # the missing statement arrives late
    KeystoreEntryMissing,  # a keystore is restored
    AgreementSuspended,  # the agreement is resumed
    PacketFrozen,  # its source is resumed
    PinUnknown,  # another version is installed
    SuiteUnknown,
    CiphertextMissing,  # it was recalled, as the node reads further on
    RecordRequestUnknown,  # a waiting request is opened
    CorrectedUnknown,  # the corrected packet arrives from another node of that agency
    RetentionUnknown,  # the agreement arrives, or a clock is set
    StepBackwards,  # the step that stopped its clock arrives late
    NotExpired,  # same as above
)
"""Defects that may pass. A missing key is not among them: a key recorded after a statement's entry
never counts for it, and every entry before it is read when it is verified."""


class Receiver:
    """The receiving side of the mailbox.

    Args:
        context: The node.
        handlers: Verify and store each statement type.
    """

    def __init__(
        self, context: NodeContext, handlers: Mapping[StatementType, StatementHandler[Any]]
    ) -> None:
        self._context = context
        self._handlers = handlers
        self._obeying = SuspensionRules(context)
        self._count = 0  # accepted arrivals
        self._tried: tuple[int, int] | None = None  # the state of the log at the last retry
        recipient = Recipient(
            node=context.uri,
            trust=context.trust,
            kem_key=context.kem_key,
            pins=context.policies.pins,
            agreement_at=context.agreement_at,
            policy_under=lambda agreement: context.policies.under(agreement, own=False),
            both_cosigned=context.both_cosigned,
            may_lack_keys=lambda: context.stores.recovery.restored() is not None,
            recalled=lambda grant, statement_id: recalled_of(context, grant, statement_id),
            has_ended=lambda grant: context.has_ended(grant.not_after_ms),
        )
        self._verifier = DeliveryVerifier(recipient, handlers)

    async def read_log(self, deliveries: Sequence[bytes]) -> None:
        """Reads the log further if a delivery's entry is not read yet.

        Raises:
            ExchangeError: If the log cannot be read; the deliveries are not lost, and come again.
            LogError: If the log is not the one followed so far; likewise.
        """
        sizes = filter(None, map(delivery_log_size, deliveries))
        parsed = deliveries if self._context.is_light else ()
        await self._context.read_entries(
            [size - 1 for size in sizes],
            {agency for data in parsed for agency in delivery_signers(data)},
        )

    def take(self, deliveries: Sequence[bytes]) -> Iterator[Received]:
        """Accepts or quarantines deliveries, with one commit before the first result.

        Yields:
            Verified new arrivals.

        Raises:
            StoreError: If one cannot be stored here, even in quarantine; it comes again. Earlier
                ones are stored.
            KeystoreUnusable, FileExposed: If our keys cannot be read; likewise.
        """
        try:
            yield from self._take_together(deliveries)
        except OWN_FAULTS:
            if len(deliveries) == 1:
                raise
            for data in deliveries:
                yield from self._take_together([data])

    def _take_together(self, deliveries: Sequence[bytes]) -> list[Received]:
        if not deliveries:
            return []
        with span(SpanName.RECEIVE) as traced, self._context.stores.database.transaction():
            traced.add(Attribute.DELIVERIES, len(deliveries))
            traced.add(Attribute.BYTES, sum(map(len, deliveries)))
            taken = [self._take_or_put_aside(data) for data in deliveries]
            self._context.stores.inbox.put_cursor(delivery_cursor(deliveries[-1]))
        return [received for received in taken if received is not None]

    def _take_or_put_aside(self, data: bytes) -> Received | None:
        try:
            delivery, entry = _parse(data)
            with self._context.stores.database.part():
                if not self._context.stores.inbox.is_taken(delivery.statements[0].id):
                    return self._take(delivery, data)
                # A repeated statement must have its original entry.
                self._context.stores.log.put_opening(entry)
        except OWN_FAULTS:
            raise
        except TearlineError as error:
            quarantine(self._context, error, evidence_of(data))
        return None

    def try_again(self) -> Iterator[Received]:
        """Accepts quarantined deliveries whose defect has passed.

        It retries all deliveries after the log grew or a delivery arrived, and otherwise only those
        that this process has not tried yet.

        Raises:
            StoreError: If one cannot be stored here.
            KeystoreUnusable, FileExposed: If our keys cannot be read.
        """
        yield from self._open_waiting()
        intake = self._context.stores.inbox
        while self._tried != (grounds := (self._context.stores.log.size, self._count)):
            self._tried = grounds
            for item in intake.put_aside_for(error.code for error in _MAY_PASS):
                try:
                    received = self._take_again(item)
                except OWN_FAULTS:
                    raise
                except TearlineError:
                    continue  # it stays quarantined with its first defect
                if received is not None:
                    yield received

    def _open_waiting(self) -> Iterator[Received]:
        """Opens packets whose awaited cosignature has arrived."""
        stores = self._context.stores
        waiting = stores.awaiting_cosignature
        for grant_id in waiting.due(self._context.cosigned_by_both(), self._context.now_ms()):
            data = waiting.delivery(grant_id)
            if data is None:
                continue  # another process of this node was faster
            received = self._judged_again(data)
            if isinstance(received, Received) and isinstance(received.content, Waiting):
                continue
            if isinstance(received, AgreementSuspended):
                continue  # it waits for the resumption
            with stores.database.transaction():
                opened = waiting.release(grant_id) and self._open(received, data)
            if opened and isinstance(received, Received):
                yield received

    def _open(self, received: Received | TearlineError, data: bytes) -> bool:
        """Stores or quarantines a packet that waited; returns whether it is stored."""
        evidence = evidence_of(data)
        try:
            match received:
                case TearlineError():
                    raise received
                case Received(content=Lapsed() as lapsed):
                    raise lapsed.why
                case Received(content=ReceivedGrant()):
                    with self._context.stores.database.part():
                        self._store(received, evidence)
                    return True
                case Received():
                    pass  # only grants wait; this one was recalled meanwhile
        except OWN_FAULTS:
            raise
        except TearlineError as error:
            quarantine(self._context, error, evidence)
        return False

    def _judged_again(self, data: bytes) -> Received | TearlineError:
        try:
            delivery, _ = _parse(data)
            return self._obeyed(self._verifier.verify(delivery, now_ms=self._context.now_ms()))
        except OWN_FAULTS:
            raise
        except TearlineError as error:
            return error

    def _take_again(self, item: int) -> Received | None:
        intake = self._context.stores.inbox
        with self._context.stores.database.transaction():
            data = intake.evidence(item)
            if data is None:
                return None  # another process of this node was faster
            delivery, _ = _parse(data)
            statement_id = delivery.statements[0].id
            is_taken = intake.is_taken(statement_id)
            received = None if is_taken else self._take(delivery, data)
            intake.release(item, statement_id)
        return received

    def over_quota(self) -> tuple[Noted, ...]:
        """Returns deliveries over quota that have room now and whose defect may have passed."""
        return self._context.stores.inbox.noted(error.code for error in _MAY_PASS)

    def take_late(self, item: Noted, data: bytes) -> list[Received]:
        """Accepts or quarantines a delivery over quota, as fetched again from the exchange.

        Raises:
            StoreError: If it cannot be stored here.
            KeystoreUnusable, FileExposed: If our keys cannot be read.
        """
        intake = self._context.stores.inbox
        with self._context.stores.database.transaction():
            if evidence_of(data).about != item.about:
                intake.set_lost(item.id, item.about)
                return []
            intake.release(item.id, item.about)
            received = self._take_or_put_aside(data)
        return [] if received is None else [received]

    def is_idle(self, data: bytes) -> bool:
        """Returns whether a delivery only states that no mail waits.

        Raises:
            StatementMalformed: If ``data`` is not a delivery, and so has no cursor; kept as
                evidence.
        """
        try:
            return is_idle(data)
        except StatementMalformed as error:
            self._context.alarm(error, data)
            raise

    def rest(self, data: bytes) -> None:
        """Records the epoch, and that the mailbox is read.

        Raises:
            StatementMalformed: If ``data`` is not a delivery.
        """
        stores, cursor = self._context.stores, delivery_cursor(data)
        if cursor.epoch != stores.inbox.cursor().epoch:
            with stores.database.transaction():
                stores.inbox.put_cursor(cursor)
        if stores.recovery.is_unread and not stores.recovery.is_due:
            with stores.database.transaction():
                stores.recovery.note_read()

    def _take(self, delivery: Delivery, data: bytes) -> Received | None:
        """Accepts a delivery, inside the caller's transaction."""
        stores = self._context.stores
        if delivery.entry is None or not self._context.has_entry(delivery.entry.index):
            # First of all, because key records may not be read yet either.
            raise EntryNotIncluded("the log does not reach as far as the delivery says")
        received = self._obeyed(self._verifier.verify(delivery, now_ms=self._context.now_ms()))
        event = stores.log.put_opening(received.opening)
        if received.address is not None:
            agency = agency_uri_of(received.signer.signer)
            if self._context.cosigns(agency):  # an agency of light nodes does not
                stores.cosigning.acted(agency, received.opening.index, event.time_ms)
        evidence = evidence_of(data, delivery)
        self._place(received, evidence)
        self._store(received, evidence)
        stores.inbox.take(received.signed.statement.id)
        if isinstance(received.content, Lapsed):
            # It can no longer be opened, but its place in the channel is filled.
            quarantine(self._context, received.content.why, evidence)
        self._count += 1
        return None if isinstance(received.content, Lapsed | Waiting) else received

    def _obeyed(self, received: Received) -> Received:
        """Returns the arrival; after a breach of a suspension, only the fact that it arrived.

        Raises:
            AgreementSuspended: If it may be accepted later.
        """
        try:
            self._obeying.verify_arrival(received)
        except SuspensionBreached as breach:
            content = received.content
            grant = content.grant if isinstance(content, ReceivedGrant) else None
            return replace(received, content=Lapsed(grant=grant, why=breach))
        return received

    def _store(self, received: Received, evidence: Evidence) -> None:
        """Stores the content of an arrival, and queues a notification for hooks."""
        content = received.content
        if isinstance(content, Lapsed):
            return  # it only takes its place in the channel
        handler = self._handlers[received.signed.statement.type]
        handler.store(self._context, received, content, evidence)
        if (due := handler.notice(received, content)) is not None:
            self._context.stores.notifications.tell(
                due.event, time_ms=received.event.time_ms, once=due.once, **due.ids
            )

    def _place(self, received: Received, evidence: Evidence) -> None:
        address = received.address
        if address is None:
            return
        sender, agreement_id = received.signer.signer, address.agreement_id
        incoming = self._context.stores.channels.incoming(sender, agreement_id)
        try:
            incoming.receive(address.seq, received.signed.statement.id)
        except ChannelGap as gap:
            # It verified and is stored. The missing place raises one alarm, unless grants are held
            # back now and their voids will come.
            missing = f"{sender} {agreement_id.hex()} {incoming.contiguous + 1}"
            if not self._obeying.is_quiet(sender, agreement_id):
                quarantine(self._context, gap, replace(evidence, about=missing.encode()))
        self._context.stores.channels.put_incoming(sender, agreement_id, incoming)


def evidence_of(data: bytes, delivery: Delivery | None = None) -> Evidence:
    """Returns a delivery as evidence, with its own unverified claims.

    Args:
        data: The delivery, as it arrived.
        delivery: The same, if already parsed.
    """
    try:
        delivery = delivery or parse_delivery(data)
        if not delivery.statements:
            raise StatementMalformed("a delivery brings a statement")
    except TearlineError:
        return Evidence(data=data, about=hashlib.sha256(data).digest(), agency="")
    packets = {parts.manifest for parts in delivery.parts}
    if len(packets) > 1:  # no honest exchange sends that, and recalls could not find the packets
        data = encode_delivery(replace(delivery, parts=()))
    return Evidence(
        data=data,
        about=delivery.statements[0].id,
        agency=_agency_of(delivery.statements[0]),
        packet=packets.pop() if len(packets) == 1 else b"",
        place=delivery.cursor,
    )


def _agency_of(statement: Statement) -> str:
    try:
        return agency_uri_of(header_of(statement.body).signer)
    except TearlineError:
        return ""


def _parse(data: bytes) -> tuple[Delivery, LogOpening]:
    delivery = parse_delivery(data)
    if delivery.entry is None or not delivery.statements:
        raise StatementMalformed("a delivery brings a statement and its log entry")
    return delivery, delivery.entry
