"""What enters the house: verified, stored with its keys re-wrapped, then acknowledged.

One bad delivery never blocks the mailbox: it is put aside with its code and its bytes, and
the cursor moves on.
"""

from tearline.agreement import Agreement
from tearline.channel import Incoming, Mark, Void
from tearline.errors import (
    ChannelGap,
    FileExposed,
    GrantExpired,
    GrantMisdirected,
    KeystoreUnusable,
    StatementMalformed,
    StoreError,
    TearlineError,
)
from tearline.receipt import LogOpening, Receipt, Status, verify_forward
from tearline.wire.exchange import (
    Cursor,
    Delivery,
    delivery_cursor,
    is_idle,
    parse_delivery,
)
from tearline_client.incoming import Intake, Lapsed, Received, ReceivedGrant
from tearline_client.state import NodeState


class Receiver:
    """The inbox at work."""

    def __init__(self, state: NodeState) -> None:
        self._state = state
        self._intake = Intake(
            node=state.uri, trust=state.trust, kem_key=state.kem_key, pins=state.policies.pins
        )

    async def take(self, data: bytes) -> Received | None:
        """Takes one delivery in, or puts it aside; durable when this returns.

        Returns:
            What verified and is new; None for what was put aside or taken in before.

        Raises:
            RequestError: If the log could not be read up to the delivery's entry; the
                delivery is not lost, and comes again.
            LogError: If the log is not the one followed so far; the same.
            StoreError: If it could not be stored here; the same.
            KeystoreUnusable, FileExposed: If our keys cannot be read; the same.
        """
        try:
            delivery = parse_delivery(data)
            if delivery.entry is None or not delivery.statements:
                raise StatementMalformed("a delivery brings a statement and its log entry")
        except TearlineError as error:
            self._put_aside(error, data)
            return None
        if delivery.entry.index >= self._state.stores.log.size:
            await self._state.follow()
        try:
            if self._state.stores.intake.is_taken(delivery.statements[0].id):
                self._pass(delivery.cursor, delivery.entry)
                return None
            return self._take(delivery, data)
        except (StoreError, KeystoreUnusable, FileExposed):
            raise  # a fault of this machine, of which the delivery is not to blame
        except TearlineError as error:
            self._put_aside(error, data)
            return None

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

    def _take(self, delivery: Delivery, data: bytes) -> Received | None:
        stores = self._state.stores
        received = self._intake.verify(delivery, now_ms=self._state.now_ms())
        with stores.database.transaction():
            if stores.intake.is_taken(received.signed.statement.id):
                return None  # another process of this node was faster; it moved the cursor
            stores.log.put_opening(received.opening)
            gap = self._place(received)
            self._store(received)
            stores.intake.take(received.signed.statement.id)
            stores.intake.put_cursor(delivery.cursor)
            if gap is not None:
                # It verified and is kept; what is missing before it is what alarms.
                stores.intake.quarantine(gap, data, now_ms=self._state.now_ms())
            if isinstance(received.content, Lapsed):
                # It came too late to be opened, but it came: its place is not missing.
                stores.intake.quarantine(GrantExpired(), data, now_ms=self._state.now_ms())
                return None
        return received

    def _place(self, received: Received) -> ChannelGap | None:
        address = received.address
        if address is None:
            return None
        sender = received.signer.signer
        incoming = self._incoming(sender, address.agreement_id)
        gap = None
        try:
            incoming.receive(address.seq, received.signed.statement.id)
        except ChannelGap as error:
            gap = error
        self._state.stores.channels.put_incoming(sender, address.agreement_id, incoming)
        return gap

    def _incoming(self, sender: str, agreement_id: bytes) -> Incoming:
        return self._state.stores.channels.incoming(sender, agreement_id)

    def _store(self, received: Received) -> None:
        match received.content:
            case ReceivedGrant() as grant:
                self._store_grant(grant)
            case Receipt() as receipt:
                self._store_receipt(received, receipt)
            case Agreement():
                self._state.stores.agreements.put(received.signed)
            case Mark() as mark:
                self._incoming(received.signer.signer, mark.agreement_id).verify_mark(mark)
            case Void() | Lapsed():
                pass  # its place in the channel is all it has to say

    def _store_grant(self, received: ReceivedGrant) -> None:
        packets, now_ms = self._state.stores.packets, self._state.now_ms()
        packet_id = received.manifest_signed.statement.id
        packets.put_packet(
            received.manifest_signed, received.manifest.header.signer, received.parts, now_ms=now_ms
        )
        packets.put_keys(packet_id, received.release, grant_id=received.grant.grant_id)
        packets.put_grant(received.signed, incoming=True, status=Status.STORED)
        for error in received.findings.values():
            self._state.stores.intake.quarantine(error, packet_id, now_ms=now_ms)

    def _store_receipt(self, received: Received, receipt: Receipt) -> None:
        packets = self._state.stores.packets
        grant = packets.grant(receipt.about)
        if grant is None or grant.incoming:
            raise GrantMisdirected("the receipt is about a grant that this node did not make")
        if grant.grant.address.recipient != received.signer.signer:
            raise GrantMisdirected("the receipt is not from the grant's recipient")
        verify_forward(grant.status, receipt.status)
        packets.put_receipt(received.signed, receipt)
        packets.set_status(receipt.about, receipt.status)

    def _put_aside(self, error: TearlineError, data: bytes) -> None:
        cursor = delivery_cursor(data)
        with self._state.stores.database.transaction():
            self._state.stores.intake.quarantine(error, data, now_ms=self._state.now_ms())
            self._state.stores.intake.put_cursor(cursor)

    def _pass(self, cursor: Cursor, entry: LogOpening) -> None:
        with self._state.stores.database.transaction():
            # Said again, it must stand where it stood.
            self._state.stores.log.put_opening(entry)
            self._state.stores.intake.put_cursor(cursor)
