"""What leaves the house: stored sealed, sent in order, settled by the exchange's receipts."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tearline.channel import Address, Mark, Void, VoidReason
from tearline.errors import (
    EntryMismatch,
    ExchangeMisbehaved,
    OutcomeUnknown,
    RequestError,
    StatementMalformed,
    TearlineError,
    TlsError,
)
from tearline.receipt import Receipt, Status
from tearline.statement import ActedBy, Statement, StatementType
from tearline.wire.exchange import (
    Outcome,
    Publication,
    encode_publication,
    parse_outcomes,
    parse_publication,
)
from tearline.wire.flow import (
    encode_mark,
    encode_receipt,
    encode_void,
    parse_event,
    parse_grant,
    parse_receipt,
)
from tearline.wire.statements import Signed
from tearline_client.outgoing import Composition, sign_together
from tearline_client.state import NodeState
from tearline_client.store.outbox import OutboxItem
from tearline_client.store.packets import StoredGrant

TREE_LIMIT = 512  # receipts and marks under one signature
TURN_S = 30  # how long to wait for another process that sends: a call that gets no answer
_ASK_AGAIN_S = 0.05


class Sender:
    """The outbox at work.

    Args:
        state: The node.
        lock: A file whose lock keeps two processes from sending at once: places in a channel
            must reach the exchange in order.
    """

    def __init__(self, state: NodeState, lock: Path) -> None:
        self._state = state
        self._turn = _Turn(lock)

    def store(self, composition: Composition) -> tuple[int, ...]:
        """Stores packets, keys, grants and the messages, inside the caller's transaction."""
        stores, now_ms = self._state.stores, self._state.now_ms()
        for packet in composition.packets:
            packet_id = packet.manifest.statement.id
            stores.packets.put_packet(packet.manifest, self._state.uri, packet.parts, now_ms=now_ms)
            stores.packets.put_keys(packet_id, packet.keys)
            self.store_grants(packet.grants)
        return self.store_publications(composition.publications)

    def store_grants(self, grants: Sequence[Signed]) -> None:
        """Stores our grants as not yet accepted, inside the caller's transaction."""
        for grant in grants:
            self._state.stores.packets.put_grant(grant, incoming=False, status=None)

    def store_publications(self, publications: Sequence[Publication]) -> tuple[int, ...]:
        """Puts messages into the outbox, inside the caller's transaction; returns their ids."""
        return self._state.stores.outbox.put([encode_publication(p) for p in publications])

    async def flush(self) -> None:
        """Sends what waits, in order, until nothing does.

        Raises:
            RequestError: If the exchange is out of reach; what waits stays, and is sent again
                as the same bytes.
            TlsError: If the exchange does not let this node in; the same.
        """
        async with self._turn.taken():
            while (item := self._state.stores.outbox.next_waiting()) is not None:
                await self._send(item)

    async def _send(self, item: OutboxItem) -> None:
        stores = self._state.stores
        with stores.database.transaction():
            stores.outbox.mark_unknown(item.id)
        publication = parse_publication(item.publication)
        statements = publication.statements()
        try:
            reply = await self._state.transport.publish(item.publication)
        except (RequestError, TlsError):
            raise  # about the exchange or the caller, not about what is sent
        except TearlineError as refusal:
            # Refused as a whole, before any statement was looked at: nothing was taken.
            self._settle(item, statements, (), refusal.code, refusal.why)
            return
        outcomes = parse_outcomes(reply)
        if [outcome.about for outcome in outcomes] != [s.id for s in statements]:
            error = ExchangeMisbehaved("the outcomes are not those of what was published")
            self._state.alarm(error, reply)
            raise error
        receipts = tuple(self._verified_receipt(outcome, reply) for outcome in outcomes)
        refused = [o.refusal for o in outcomes if o.refusal is not None]
        code, why = (refused[0].code, refused[0].why) if refused else ("", "")
        self._settle(item, statements, receipts, code, why)

    def _verified_receipt(self, outcome: Outcome, reply: bytes) -> tuple[Signed, Receipt] | None:
        trust = self._state.trust
        try:
            if outcome.receipt is None:
                if outcome.refusal is None:
                    raise ExchangeMisbehaved("an outcome is neither a receipt nor a refusal")
                return None
            statement = outcome.receipt.statement
            signer = trust.verify(
                statement, outcome.receipt.attestations, at=self._state.next_moment()
            )
            receipt = parse_receipt(statement.body)
            if signer.signer != trust.trust_list.exchange.uri or receipt.about != outcome.about:
                raise ExchangeMisbehaved("the receipt is not the exchange's word on this statement")
            refused = receipt.status is Status.REFUSED
            if refused != (outcome.refusal is not None) or receipt.entry is None:
                raise ExchangeMisbehaved("receipt and refusal contradict each other")
            if parse_event(receipt.entry.event).statement_id != receipt.about:
                raise EntryMismatch("the log entry is about another statement")
        except TearlineError as error:
            self._state.alarm(error, reply)
            raise
        return outcome.receipt, receipt

    def _settle(
        self,
        item: OutboxItem,
        statements: Sequence[Statement],
        receipts: Sequence[tuple[Signed, Receipt] | None],
        code: str,
        why: str,
    ) -> None:
        stores = self._state.stores
        accepted = set()
        with stores.database.transaction():
            for verified in receipts:
                if verified is None:
                    continue
                signed, receipt = verified
                stores.packets.put_receipt(signed, receipt)
                if receipt.status is Status.ACCEPTED:
                    accepted.add(receipt.about)
                grant = stores.packets.grant(receipt.about)
                if (
                    grant is not None
                    and not grant.incoming
                    and (grant.status or 0) < receipt.status
                ):
                    stores.packets.set_status(receipt.about, receipt.status)
            for statement in statements:
                if statement.id not in accepted and statement.type is StatementType.GRANT:
                    stores.packets.set_status(statement.id, Status.REFUSED)
            voids = [s for s in statements if s.id not in accepted and _is_addressed(s)]
            if voids:
                self._void(voids)
            stores.outbox.settle(item.id, code=code, why=why)

    def _void(self, refused: Sequence[Statement]) -> None:
        """Fills the places of refused statements, before anything later is sent."""
        header = self._state.signer.header
        bodies = []
        for statement in refused:
            address = _address_of(statement)
            if address is not None:
                void = Void(header=header, address=address, reason=VoidReason.REFUSED)
                bodies.append((StatementType.VOID, encode_void(void)))
        if bodies:
            _, publication = sign_together(self._state.signer, bodies)
            self._state.stores.outbox.put([encode_publication(publication)], urgent=True)

    def tell(self) -> None:
        """Queues receipts for every incoming grant whose grantor knows less than we do."""
        while self._tell_some():
            pass

    def _tell_some(self) -> bool:
        stores = self._state.stores
        # Asked in the transaction: another process of this node may be telling, too.
        with stores.database.transaction():
            untold = stores.packets.untold()
            if untold:
                self.store_receipts([(grant, None) for grant in untold])
        return bool(untold)

    def store_receipts(self, grants: Sequence[tuple[StoredGrant, ActedBy | None]]) -> None:
        """Queues one receipt for each grant, inside the caller's transaction.

        Raises:
            StatementMalformed: If a grant has no status of ours.
        """
        stores, now_ms = self._state.stores, self._state.now_ms()
        bodies = []
        for stored, acted_by in grants:
            if stored.status is None:
                raise StatementMalformed("an incoming grant has a status")
            grant = stored.grant
            sender, agreement_id = grant.header.signer, grant.address.agreement_id
            receipt = Receipt(
                header=self._state.signer.header,
                address=Address(
                    recipient=sender,
                    agreement_id=agreement_id,
                    seq=stores.channels.next_seq(sender, agreement_id),
                ),
                about=stored.signed.statement.id,
                status=stored.status,
                code="",
                entry=None,
                acted_by=acted_by,
                time_ms=now_ms,
            )
            bodies.append((StatementType.RECEIPT, encode_receipt(receipt)))
            stores.packets.set_told(receipt.about, receipt.status)
        _, publication = sign_together(self._state.signer, bodies)
        stores.outbox.put([encode_publication(publication)])

    def mark(self) -> int:
        """Queues a mark for every channel that moved since the last one; returns how many."""
        stores, now_ms = self._state.stores, self._state.now_ms()
        with stores.database.transaction():
            bodies = []
            for channel in stores.channels.all():
                numbers = (channel.sent, channel.received)
                if numbers == channel.marked or numbers == (0, 0):
                    continue
                mark = Mark(
                    header=self._state.signer.header,
                    recipient=channel.peer,
                    agreement_id=channel.agreement_id,
                    counter=stores.channels.next_mark(channel.peer, channel.agreement_id, *numbers),
                    highest_sent=channel.sent,
                    highest_received=channel.received,
                    time_ms=now_ms,
                )
                bodies.append((StatementType.MARK, encode_mark(mark)))
            for start in range(0, len(bodies), TREE_LIMIT):
                _, publication = sign_together(
                    self._state.signer, bodies[start : start + TREE_LIMIT]
                )
                stores.outbox.put([encode_publication(publication)])
        return len(bodies)


def _is_addressed(statement: Statement) -> bool:
    return statement.type in (StatementType.GRANT, StatementType.RECEIPT)


def _address_of(statement: Statement) -> Address | None:
    match statement.type:
        case StatementType.GRANT:
            return parse_grant(statement.body).address
        case _:
            return parse_receipt(statement.body).address


class _Turn:
    """Lets one task of one process send at a time; the others wait.

    Args:
        path: A file to lock; the kernel lets go of it when the process ends, however.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Waits for the turn, and has it inside.

        Raises:
            OutcomeUnknown: If another process does not end its turn.
        """
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        async with self._tasks:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                await _lock(descriptor)
                yield
            finally:
                os.close(descriptor)


async def _lock(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + TURN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if loop.time() > deadline:
                raise OutcomeUnknown("another process of this node is sending") from None
            # The kernel would wait without asking, and the whole loop with it.
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            return
