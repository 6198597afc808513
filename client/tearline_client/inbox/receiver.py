"""What enters the house: verified, stored with its keys re-wrapped, then acknowledged.

One bad delivery never blocks the mailbox: it is put aside with its code and its bytes, and
the cursor moves on. Where what is wrong may pass, it is tried again later.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

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
from tearline.statements.statement import Statement
from tearline.wire.deliveries import (
    Delivery,
    delivery_cursor,
    delivery_log_size,
    encode_delivery,
    is_idle,
    parse_delivery,
)
from tearline.wire.statements import header_of
from tearline_client.context import NodeContext
from tearline_client.inbox.dispatch import InboxDispatch
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.jobs import OWN_FAULTS
from tearline_client.messages.received import Lapsed, Received, ReceivedGrant, Waiting
from tearline_client.rules.recall_obedience import recalled_of
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.inbox import Evidence, Noted

_MAY_PASS = (
    EntryNotIncluded,  # the log is read on
    ChannelStalled,  # the gap closes
    MarkUnequal,  # what was counted comes late
    KeystoreEntryMissing,  # a keystore is restored
    AgreementSuspended,  # it is resumed
    PacketFrozen,  # so is what it is made from
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

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._obeying = SuspensionRules(context)
        self._keeping = InboxDispatch(context, self._obeying)
        self._count = 0  # what was taken in
        self._tried: tuple[int, int] | None = None  # on what grounds all was tried again
        self._intake = DeliveryVerifier(
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

    async def read_log(self, deliveries: Iterable[bytes]) -> None:
        """Reads the log on, where an entry of these deliveries stands behind what was read.

        Raises:
            RequestError: If it could not be read; the deliveries are not lost, and come again.
            LogError: If the log is not the one followed so far; the same.
        """
        size = max(map(delivery_log_size, deliveries), default=0)
        if size > self._context.stores.log.size:
            await self._context.follow()

    def take(self, deliveries: Sequence[bytes]) -> Iterator[Received]:
        """Takes deliveries in, or puts them aside: all with one commit, before the first is told.

        Yields:
            What verified and is new; nothing for what was put aside or taken in before.

        Raises:
            StoreError: If one could not be stored here, not even aside; it is not lost, and comes
                again. What came before it is taken in.
            KeystoreUnusable, FileExposed: If our keys cannot be read; the same.
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
        with self._context.stores.database.transaction():
            taken = [self._take_or_put_aside(data) for data in deliveries]
            self._context.stores.inbox.put_cursor(delivery_cursor(deliveries[-1]))
        return [received for received in taken if received is not None]

    def _take_or_put_aside(self, data: bytes) -> Received | None:
        try:
            delivery, entry = _parse(data)
            with self._context.stores.database.part():
                if not self._context.stores.inbox.is_taken(delivery.statements[0].id):
                    return self._take(delivery, data)
                # Said again, it must stand where it stood.
                self._context.stores.log.put_opening(entry)
        except OWN_FAULTS:
            raise
        except TearlineError as error:
            self._keeping.quarantine(error, evidence_of(data))
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
        intake = self._context.stores.inbox
        while self._tried != (grounds := (self._context.stores.log.size, self._count)):
            self._tried = grounds
            for item in intake.put_aside_for(error.code for error in _MAY_PASS):
                try:
                    received = self._take_again(item)
                except OWN_FAULTS:
                    raise
                except TearlineError:
                    continue  # it stays where it is, with what was wrong first
                if received is not None:
                    yield received

    def _open_waiting(self) -> Iterator[Received]:
        """Opens what waited for a cosignature that has come."""
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
                continue  # it waits on until that is resumed
            with stores.database.transaction():
                opened = waiting.release(grant_id) and self._open(received, data)
            if opened and isinstance(received, Received):
                yield received

    def _open(self, received: Received | TearlineError, data: bytes) -> bool:
        """Keeps what waited, or puts it aside; returns whether it is kept."""
        evidence = evidence_of(data)
        try:
            match received:
                case TearlineError():
                    raise received
                case Received(content=Lapsed() as lapsed):
                    raise lapsed.why
                case Received(content=ReceivedGrant() as grant):
                    with self._context.stores.database.part():
                        self._keeping.keep_grant(received, grant, evidence)
                        self._keeping.tell(received)
                    return True
                case Received():
                    pass  # only grants wait; this one was recalled meanwhile
        except OWN_FAULTS:
            raise
        except TearlineError as error:
            self._keeping.quarantine(error, evidence)
        return False

    def _judged_again(self, data: bytes) -> Received | TearlineError:
        try:
            delivery, _ = _parse(data)
            return self._obeyed(self._intake.verify(delivery, now_ms=self._context.now_ms()))
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
        """What its sender had no room for, and has by now, where the reason may have passed."""
        return self._context.stores.inbox.noted(error.code for error in _MAY_PASS)

    def take_late(self, item: Noted, data: bytes) -> list[Received]:
        """Takes in what was over a quota, or puts it aside, as the exchange gave it again.

        Raises:
            StoreError: If it could not be stored here.
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
        """Whether a delivery only says that nothing more waits.

        Raises:
            StatementMalformed: If ``data`` is not a delivery, and so has no place that could be
                passed; kept as evidence.
        """
        try:
            return is_idle(data)
        except StatementMalformed as error:
            self._context.alarm(error, data)
            raise

    def rest(self, data: bytes) -> None:
        """Takes note of the epoch, and that all was read, where nothing waits.

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
        """Takes a delivery in, inside the caller's transaction."""
        stores = self._context.stores
        if delivery.entry is None or delivery.entry.index >= stores.log.size:
            # Before anything else: what the log says of keys is not all read either.
            raise EntryNotIncluded("the log does not reach as far as the delivery says")
        received = self._obeyed(self._intake.verify(delivery, now_ms=self._context.now_ms()))
        event = stores.log.put_opening(received.opening)
        if received.address is not None:
            agency = agency_uri_of(received.signer.signer)
            stores.cosigning.acted(agency, received.opening.index, event.time_ms)
        evidence = evidence_of(data, delivery)
        self._place(received, evidence)
        self._keeping.keep(received, evidence)
        self._keeping.tell(received)
        stores.inbox.take(received.signed.statement.id)
        if isinstance(received.content, Lapsed):
            # It cannot be opened any more, but it came: its place is not missing.
            self._keeping.quarantine(received.content.why, evidence)
        self._count += 1
        return None if isinstance(received.content, Lapsed | Waiting) else received

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

    def _place(self, received: Received, evidence: Evidence) -> None:
        address = received.address
        if address is None:
            return
        sender, agreement_id = received.signer.signer, address.agreement_id
        incoming = self._context.stores.channels.incoming(sender, agreement_id)
        try:
            incoming.receive(address.seq, received.signed.statement.id)
        except ChannelGap as gap:
            # It verified and is kept; what is missing before it is what alarms, once: unless
            # grants are kept back just now, for which voids come.
            missing = f"{sender} {agreement_id.hex()} {incoming.contiguous + 1}"
            if not self._obeying.is_quiet(sender, agreement_id):
                self._keeping.quarantine(gap, replace(evidence, about=missing.encode()))
        self._context.stores.channels.put_incoming(sender, agreement_id, incoming)


def evidence_of(data: bytes, delivery: Delivery | None = None) -> Evidence:
    """A delivery as evidence, by what it says of itself, which nobody has verified.

    Args:
        data: The delivery, as it came.
        delivery: The same, where it was parsed already.
    """
    try:
        delivery = delivery or parse_delivery(data)
        if not delivery.statements:
            raise StatementMalformed("a delivery brings a statement")
    except TearlineError:
        return Evidence(data=data, about=hashlib.sha256(data).digest(), agency="")
    packets = {parts.manifest for parts in delivery.parts}
    if len(packets) > 1:  # no exchange sends that; what is recalled of any could not be found
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
