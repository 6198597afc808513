"""gRPC service of publications and mailboxes: ``tearline.v1.Exchange``."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from tearline.errors import MailboxFull
from tearline.limits import MAX_PUBLISH_WINDOW
from tearline.wire.deliveries import encode_cursor, encode_delivery, parse_cursor
from tearline.wire.publications import Outcome, encode_outcomes, parse_publication
from tearline.wire.reconcile import encode_reconcile_reply, parse_reconcile_request
from tearline_runtime.grpc import methods
from tearline_runtime.traces import Attribute, current
from tearline_server.admission.authentication import Caller
from tearline_server.grpc.interceptor import CallInterceptor, in_time
from tearline_server.grpc.service import Service
from tearline_server.processing.context import Publisher


class ExchangeService(Service):
    """Service to publish, subscribe, acknowledge and reconcile."""

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {
            methods.PUBLISH: interceptor.unary(methods.PUBLISH, self.publish),
            methods.PUBLISH_STREAM: interceptor.stream_stream(
                methods.PUBLISH_STREAM, self.publish_stream
            ),
            methods.SUBSCRIBE: interceptor.unary_stream(methods.SUBSCRIBE, self.subscribe),
            methods.ACKNOWLEDGE: interceptor.unary(methods.ACKNOWLEDGE, self.acknowledge),
            methods.RECONCILE: interceptor.reading(methods.RECONCILE, self.in_turn(self.reconcile)),
        }

    async def publish(self, caller: Caller, request: bytes) -> bytes:
        """Answers a publication with the outcome of each statement.

        Raises:
            MailboxFull: If no statement was accepted, for lack of room in a mailbox.
        """
        outcomes = await self._publish(caller, request)
        _verify_room(outcomes)
        return encode_outcomes(outcomes)

    async def _publish(self, caller: Caller, request: bytes) -> tuple[Outcome, ...]:
        """Parses and publishes a request, in the node's turn: parsing blocks the event loop."""
        await self._exchange.take_turn(str(caller.node), len(request))
        publication = parse_publication(request)
        if traced := current():
            traced.note(Attribute.STATEMENT, publication.ids())
        publisher = Publisher(node=str(caller.node), agency=str(caller.agency))
        return await self._exchange.publish(publisher, publication, len(request))

    async def publish_stream(
        self, caller: Caller, requests: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """Answers each publication of a stream with its outcomes, in order.

        A full mailbox does not end the stream: the outcomes report it, with a retry delay. The
        stream is read only while fewer messages than the window are in progress.
        """
        window = asyncio.Semaphore(MAX_PUBLISH_WINDOW)
        replies: asyncio.Queue[asyncio.Task[tuple[Outcome, ...]] | None] = asyncio.Queue()

        async def answer(request: bytes) -> tuple[Outcome, ...]:
            return await in_time(self._publish(caller, request))

        async def read() -> None:
            try:
                async for request in requests:
                    await window.acquire()
                    replies.put_nowait(asyncio.create_task(answer(request)))
            finally:
                replies.put_nowait(None)

        reader = asyncio.create_task(read())
        try:
            while (reply := await replies.get()) is not None:
                yield encode_outcomes(await reply)
                window.release()
            await reader
        finally:
            left: list[asyncio.Task[Any]] = [reader]
            while not replies.empty():
                left += filter(None, [replies.get_nowait()])
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)  # retrieves every exception

    async def subscribe(self, caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        """Answers a cursor with deliveries."""
        cursor = parse_cursor(request)
        async for delivery in self._exchange.subscribe(str(caller.node), cursor):
            yield encode_delivery(delivery)

    async def acknowledge(self, caller: Caller, request: bytes) -> bytes:
        """Answers a cursor that is durable at the node with that of its mailbox's newest item."""
        cursor = parse_cursor(request)
        return encode_cursor(await self._exchange.acknowledge(str(caller.node), cursor))

    async def reconcile(self, caller: Caller, request: bytes) -> bytes:
        """Answers a node's position after a loss with the exchange's position."""
        reply = await self._exchange.reconcile(str(caller.node), parse_reconcile_request(request))
        return encode_reconcile_reply(reply)


def _verify_room(outcomes: Sequence[Outcome]) -> None:
    refusals = [each.refusal for each in outcomes if each.receipt is None and each.refusal]
    full = [refusal for refusal in refusals if refusal.code == MailboxFull.code]
    if full and len(refusals) == len(outcomes):
        raise MailboxFull(full[0].why, retry_after_ms=full[0].retry_after_ms)
