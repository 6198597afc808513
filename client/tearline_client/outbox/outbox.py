"""The way of every act to the exchange: stored and queued, sent, its outcome read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from tearline.errors import (
    EXCHANGE_AWAY,
    ActQueued,
    OutcomeUnknown,
    RecipientKeyExpired,
    TearlineError,
    error_by_code,
)
from tearline.statements.receipt import Status
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.messages.sent import Sent, verify_accepted
from tearline_client.outbox.duties import Duties
from tearline_client.outbox.sender import Sender
from tearline_client.store.outbox import OutboxItem


@dataclass(slots=True, kw_only=True)
class Batch:
    """Messages of one act.

    Attributes:
        statements: Their statements.
        ids: Their places in the outbox.
        packets: Manifest ids of the packets that the act sends, 32 bytes each.
    """

    statements: tuple[Signed, ...] = ()
    ids: tuple[int, ...] = ()
    packets: tuple[bytes, ...] = ()

    def add(
        self, statements: Sequence[Signed], ids: Sequence[int], packets: Sequence[bytes] = ()
    ) -> None:
        """Adds queued messages, and the packets that they send."""
        self.statements += tuple(statements)
        self.ids += tuple(ids)
        self.packets += tuple(packets)


class Outbox:
    """Outbox of a node, as acts use it.

    Args:
        context: The node.
        sender: Sends what is queued.
        duties: Seal anew what came back.
        synchronise: Synchronises the node, once in a command.
        read_mailbox: Synchronises it likewise, and reads its mailbox each time.
    """

    def __init__(
        self,
        context: NodeContext,
        sender: Sender,
        duties: Duties,
        synchronise: Callable[[], Awaitable[None]],
        read_mailbox: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._sender = sender
        self._duties = duties
        self._synchronise = synchronise
        self._read_mailbox = read_mailbox

    async def read_mailbox(self) -> TearlineError | None:
        """Synchronises the node and reads its mailbox, for an act that sends.

        Returns:
            The error if the exchange is unreachable, or None.
        """
        try:
            await self._read_mailbox()
        except EXCHANGE_AWAY as error:
            return error
        return None

    @asynccontextmanager
    async def sending(self, *, first: bool = False, sync: bool = False) -> AsyncIterator[Batch]:
        """Runs the context as one transaction, which stores and queues an act; then sends it.

        Args:
            first: Whether the act precedes all others in the queue.
            sync: Whether the node synchronises between: the act itself needs no fresh log.

        Raises:
            MembershipEnded: If this agency is no longer a member; nothing is stored.
            ActQueued: If the exchange is unreachable; the act is stored, and sent later.
        """
        self._context.verify_member()
        batch = Batch()
        with self._context.stores.database.transaction():
            yield batch
        with self._queueing(batch.packets, first=first):
            if sync:
                await self._synchronise()
            await self._sender.flush()

    async def flush(self, *, first: bool = False) -> None:
        """Sends the queued messages; raises as ``sending``."""
        with self._queueing(first=first):
            await self._sender.flush()

    async def publish(self, *statements: Signed, sync: bool = False) -> None:
        """Stores and sends complete statements as one message; see ``sending``.

        The exchange judges the statements of one message in their order; messages that are in
        transit together may overtake each other.

        Raises:
            TearlineError: The first refusal.
        """
        async with self.sending(sync=sync) as batch:
            message = Publication(signed=statements)
            batch.add(statements, self._sender.store_publications([message]))
        verify_accepted(await self.outcome(batch))

    async def outcome(self, batch: Batch) -> Sent:
        """Reads the log, sends anew what came back, and returns the outcome of a sent act.

        Raises:
            ActQueued: If the exchange became unreachable before it answered.
            TearlineError: If a message has no answer yet: the exchange's fault or
                ``OutcomeUnknown``; it is sent again later.
        """
        anew: Mapping[bytes, bytes] = {}
        try:
            await self._context.follow()
            if anew := self._duties.reseal():
                await self._sender.flush()
                await self._context.follow()
        except EXCHANGE_AWAY as error:
            if anew or any(item.is_waiting for item in self._items(batch)):
                raise self.queued(error, packets=batch.packets) from error
            # Every message has its answer, so the act is done.
        stores, items = self._context.stores, self._items(batch)
        for item in items:
            if item.is_waiting and not item.code:
                raise (error_by_code(item.fault) or OutcomeUnknown)(
                    "the message waits in the outbox"
                )
        sent = [anew.get(each.statement.id, each.statement.id) for each in batch.statements]
        found = [stores.receipts.of(statement_id) for statement_id in sent]
        made_good = all(any(r.status is Status.ACCEPTED for r in each) for each in found)
        refused = [
            (item.code, item.why)
            for item in items
            if item.code and not (made_good and item.code == RecipientKeyExpired.code)
        ]
        return Sent(
            packets=batch.packets,
            receipts=tuple(receipt for each in found for receipt in each),
            refused=tuple(refused),
        )

    def _items(self, batch: Batch) -> list[OutboxItem]:
        found = map(self._context.stores.outbox.item, batch.ids)
        return [item for item in found if item is not None]

    def queued(
        self,
        missed: TearlineError,
        *,
        number: int = 0,
        packets: tuple[bytes, ...] = (),
        first: bool = False,
    ) -> ActQueued:
        """Returns the error that states an act's place in the queue.

        Args:
            missed: The error of the exchange.
            number: The decision; 0, or a removed one, if it is signed and last in the outbox.
            packets: Packets that it will send.
            first: Whether it precedes all others, as a suspension does.
        """
        stores = self._context.stores
        place = 1 if first else stores.outbox.waiting() + stores.decisions.place(number)
        why = f"it is number {place} in the queue ({missed.code})"
        return ActQueued(why, place=place, packets=packets)

    @contextmanager
    def _queueing(self, packets: tuple[bytes, ...] = (), *, first: bool = False) -> Iterator[None]:
        try:
            yield
        except ActQueued:
            raise
        except EXCHANGE_AWAY as error:
            raise self.queued(error, packets=packets, first=first) from error
