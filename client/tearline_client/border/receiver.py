"""What enters the house: verified, stored with its keys re-wrapped, then acknowledged.

One bad delivery never blocks the mailbox: it is put aside with its code and its bytes, and
the cursor moves on. Where what is wrong may pass, it is tried again later.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from tearline.errors import (
    AgreementSuspended,
    ChannelGap,
    ChannelStalled,
    CiphertextMissing,
    CorrectedUnknown,
    EntryNotIncluded,
    FileExposed,
    KeystoreEntryMissing,
    KeystoreUnusable,
    MarkUnequal,
    NotExpired,
    PinUnknown,
    RecordRequestUnknown,
    RetentionUnknown,
    StatementMalformed,
    StepBackwards,
    StoreError,
    SuiteUnknown,
    SuspensionBreached,
    TearlineError,
)
from tearline.identity import agency_uri_of
from tearline.receipt import LogOpening
from tearline.wire.deliveries import Cursor, Delivery, delivery_cursor, is_idle, parse_delivery
from tearline_client.border.answering import recalled_of
from tearline_client.border.keeping import Keeping
from tearline_client.border.obeying import Obeying
from tearline_client.link.incoming import Intake
from tearline_client.link.received import (
    Lapsed,
    Received,
    ReceivedGrant,
    Waiting,
)
from tearline_client.state import NodeState

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
        self._keeping = Keeping(state, self._obeying)
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
                        self._keeping.quarantine(received, data, about=waiting.id)
                    case Received(content=Lapsed() as lapsed):
                        self._keeping.quarantine(lapsed.why, data, about=waiting.id)
                    case Received(content=ReceivedGrant() as grant):
                        self._keeping.keep_grant(received, grant)
                        self._keeping.tell(received)
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
            self._keeping.keep(received, data)
            self._keeping.tell(received)
            stores.intake.take(received.signed.statement.id)
            if cursor is not None:
                stores.intake.put_cursor(cursor)
            closed = isinstance(received.content, Lapsed | Waiting)
            if isinstance(received.content, Lapsed):
                # It cannot be opened any more, but it came: its place is not missing.
                why = received.content.why
                self._keeping.quarantine(why, data, about=received.signed.statement.id)
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
        incoming = self._state.stores.channels.incoming(sender, agreement_id)
        try:
            incoming.receive(address.seq, received.signed.statement.id)
        except ChannelGap as gap:
            # It verified and is kept; what is missing before it is what alarms, once: unless
            # grants are kept back just now, for which voids come.
            missing = f"{sender} {agreement_id.hex()} {incoming.contiguous + 1}"
            if not self._obeying.is_quiet(sender, agreement_id):
                self._keeping.quarantine(gap, data, about=missing.encode())
        self._state.stores.channels.put_incoming(sender, agreement_id, incoming)

    def _put_aside(self, error: TearlineError, data: bytes, about: bytes = b"") -> None:
        cursor = delivery_cursor(data)
        with self._state.stores.database.transaction():
            self._keeping.quarantine(error, data, about=about or hashlib.sha256(data).digest())
            self._state.stores.intake.put_cursor(cursor)

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
