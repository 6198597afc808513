"""The node's mailbox, read to its end or for ever, stored and acknowledged in batches."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from tearline.errors import TearlineError
from tearline.wire.deliveries import encode_cursor, parse_cursor
from tearline_client.context import NodeContext
from tearline_client.inbox.batches import first, gathered
from tearline_client.inbox.receiver import Receiver
from tearline_client.key_management.records import KeyRecords
from tearline_client.messages.received import Received


class Inbox:
    """Arrivals at a node.

    Args:
        context: The node.
        receiver: Receives each batch.
        records: Notified when no waiting mail can need an ended key.
    """

    def __init__(self, context: NodeContext, receiver: Receiver, records: KeyRecords) -> None:
        self._context = context
        self._receiver = receiver
        self._records = records

    async def arrivals(self, *, wait: bool) -> AsyncIterator[Received]:
        """Yields verified and stored arrivals, one by one; see ``Node.inbox``.

        Raises:
            TwinAtWork: If another copy of this node is running: each would take mail from the
                other.
        """
        self._context.verify_alone()
        self._context.unread.is_behind(self._context.now_ms())
        try:
            async with aclosing(self._taken_in(wait=wait)) as arrivals:
                async for received in arrivals:
                    yield received
        except TearlineError:
            self._context.unread.is_unknown(self._context.now_ms())
            raise

    async def _taken_in(self, *, wait: bool) -> AsyncGenerator[Received]:
        cursor = encode_cursor(self._context.stores.inbox.cursor())
        arrivals = gathered(
            self._context.transport.subscribe(cursor),
            self._context.cosigned,
            self._receiver.is_idle,
        )
        async with aclosing(arrivals):
            async for batch in arrivals:
                if batch.deliveries:
                    self._context.unread.is_behind(self._context.now_ms())
                await self._receiver.read_log(batch.deliveries)
                for received in self._receiver.take(batch.deliveries):
                    yield received
                if not batch.more:
                    if batch.rest is not None:
                        self._receiver.rest(batch.rest)
                    for received_late in self._receiver.try_again():
                        yield received_late
                    async for received_late in self._fetched_again():
                        yield received_late
                self._context.unread.items = await self.unread()
                # after a mere notification, mail to an ended key may still wait
                if batch.rest is not None:
                    self._context.unread.is_read()
                    self._records.destroy_ended()
                    if not wait:
                        return

    async def _fetched_again(self) -> AsyncIterator[Received]:
        """Fetches messages over their sender's quota, once there is room.

        Each is fetched once per free place: it is accepted, or fills that place.
        """
        while items := self._receiver.over_quota():
            for item in items:
                before = encode_cursor(replace(item.place, seq=item.place.seq - 1))
                data = await first(self._context.transport.subscribe(before))
                if data is None:
                    return  # the exchange ends the stream; the next one continues
                for received in self._receiver.take_late(item, data):
                    yield received
            for received in self._receiver.try_again():
                yield received

    async def unread(self) -> int:
        """Acknowledges the stored items; returns the number of items not read yet.

        Raises:
            ExchangeError: If the exchange is out of reach.
        """
        here = self._context.stores.inbox.cursor()
        end = parse_cursor(await self._context.transport.acknowledge(encode_cursor(here)))
        # In another life of the exchange the mailbox is read from its beginning.
        return max(0, end.seq - (here.seq if here.epoch == end.epoch else 0))
