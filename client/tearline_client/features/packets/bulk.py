"""Sending of thousands of packets: one batch is sealed while the previous one is sent.

Each batch has one signature. It is stored, with the import's progress, before any of it is sent. So
an interrupted import continues after the stored batches, and seals no packet twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ExchangeBusy,
    OutcomeUnknown,
    RecipientKeyExpired,
    RefusedOtherwise,
    StoreBusy,
    error_by_code,
)
from tearline.limits import TREE_SIZES
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_client.features.packets.reissue import reissue
from tearline_client.features.packets.service import PacketService, Persons
from tearline_client.messages.compose import seal_plans
from tearline_client.outbox.outbox import Batch
from tearline_client.outbox.sender import Sender
from tearline_client.planning.release_plan import ReleasePlan

# Statements under one signature. With a larger tree, each message would carry thousands of hashes.
TREE_SIZE = TREE_SIZES[3]
BATCH_BYTES = 8 << 20  # values in clear; sealed in several forms and held twice, under 100 MiB
_REFRESH_AFTER_MS = 60_000  # a tenth of the age at which log and cosignatures are too old to seal
_PATIENCE_S = 600  # maximum wait for a busy exchange before an import is interrupted
_SHORTEST_S = 0.2  # shortest pause, for an exchange that names none


Wait = Callable[[ExchangeBusy, float], Awaitable[None]]
"""Waits a number of seconds for a busy exchange."""


async def pause(busy: ExchangeBusy, wait_s: float) -> None:
    """Waits without a message."""
    await asyncio.sleep(wait_s)


@immutable
class Imported:
    """Outcome of an import.

    Attributes:
        packets: Number of packets sealed and sent.
        refused: Codes and reasons of refusals, by message.
    """

    packets: int
    refused: tuple[tuple[str, str], ...]


class BulkSender:
    """Service for whole sources.

    Args:
        context: The node.
        sender: Its outbox.
        releasing: Checks and stores releases.
        cosigner: Exchanges cosignatures with the partners while it sends.
        synchronise: Synchronises the node, and reads its mailbox, before it sends.
    """

    def __init__(
        self,
        context: NodeContext,
        sender: Sender,
        releasing: PacketService,
        cosigner: Cosigner,
        synchronise: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._cosigner = cosigner
        self._synchronise = synchronise
        self._refreshed_ms: int | None = None
        self._sender = sender
        self._packets = releasing

    def left(self, import_id: bytes, plans: Sequence[ReleasePlan]) -> Sequence[ReleasePlan]:
        """Returns the packets of an import that are not sealed yet.

        Args:
            import_id: 32 bytes that identify source and order: equal for equal plans.
            plans: All packets, in the order of the source.
        """
        return plans[self._context.stores.bulk_sends.sealed(import_id) :]

    def forget(self, import_id: bytes) -> None:
        """Resets an import's progress."""
        with self._context.stores.database.transaction():
            self._context.stores.bulk_sends.forget(import_id)

    def advance(self, import_id: bytes, packets: int, *, behind: int) -> None:
        """Records an import's progress, in the caller's transaction.

        Args:
            import_id: 32 bytes.
            packets: Number of newly stored packets.
            behind: Number of packets stored earlier.

        Raises:
            StoreBusy: If the stored number differs: another process runs the same import.
        """
        if self._context.stores.bulk_sends.sealed(import_id) != behind:
            raise StoreBusy("another process runs the same import")
        self._context.stores.bulk_sends.advance(import_id, packets)

    async def send(
        self,
        import_id: bytes,
        plans: Sequence[ReleasePlan],
        persons: Persons,
        *,
        advance: Callable[[int], None] = lambda packets: None,
        wait: Wait = pause,
    ) -> Imported:
        """Seals, stores and sends the rest of an import.

        Args:
            import_id: 32 bytes that identify source and order: equal for equal plans.
            plans: All packets, in the order of the source, under one agreement.
            persons: The responsible persons.
            advance: Called with the number of newly stored packets.
            wait: Waits for a busy exchange, at most ten minutes for messages in transit.

        Raises:
            TearlineError: As ``PacketService.send``. A repeated call continues from there.
        """
        ids: list[int] = []
        left = self.left(import_id, plans)
        behind = len(plans) - len(left)
        sending: asyncio.Task[None] | None = None
        try:
            for some in batches(left):
                await self._refresh()
                self._packets.verify(some, persons)
                # In a thread, while the event loop sends the previous batch.
                sealed = await asyncio.to_thread(seal_plans, some, self._context.signer.header)
                if sending is not None:
                    await sending
                batch = Batch()
                with self._context.stores.database.transaction():
                    self.advance(import_id, len(some), behind=behind)
                    self._packets.store(batch, some, sealed, persons)
                behind += len(some)
                ids.extend(batch.ids)
                advance(len(some))
                sending = asyncio.create_task(self._flush(batch.ids, wait))
            if sending is not None:
                await sending
        finally:
            if sending is not None and not sending.done():
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
        await self._context.follow()
        if reissue(self._context):
            await self._flush(ids, wait)
            await self._context.follow()
        return Imported(packets=len(left), refused=self._refused(ids))

    async def publish(self, plans: Sequence[ReleasePlan], persons: Persons) -> Batch:
        """Seals, stores and sends one batch, without waiting for a checkpoint.

        Raises:
            TearlineError: As ``PacketService.send``, or the exchange's refusal.
        """
        await self._refresh()
        self._packets.verify(plans, persons)
        sealed = seal_plans(plans, self._context.signer.header)
        batch = Batch()
        with self._context.stores.database.transaction():
            self._packets.store(batch, plans, sealed, persons)
        await self._flush(batch.ids, pause)
        for code, why in self._refused(batch.ids):
            raise (error_by_code(code) or RefusedOtherwise)(why)
        return batch

    async def _refresh(self) -> None:
        """Follows the log and exchanges cosignatures before either is too old to seal on."""
        if self._refreshed_ms is None:
            await self._synchronise()
        elif abs(self._context.now_ms() - self._refreshed_ms) <= _REFRESH_AFTER_MS:
            return
        else:
            await self._cosigner.follow()
            await self._cosigner.turn()
        self._refreshed_ms = self._context.now_ms()

    async def _flush(self, ids: Sequence[int], wait: Wait) -> None:
        """Sends the outbox, and waits for a busy exchange.

        Args:
            ids: The import's messages, by their places in the outbox. It does not wait for others.
            wait: Waits.

        Raises:
            ExchangeBusy: If the exchange accepts no message for too long.
        """
        ends_s = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            stopped = False
            try:
                busy = await self._sender.flush()
            except ExchangeBusy as error:
                busy, stopped = error, True
            if busy is None or not (stopped or self._is_left(ids)):
                return
            if (wait_s := _wait_s(busy, until_s=ends_s)) is None:
                if stopped:
                    raise busy
                return  # its other messages are sent; the outcome of these is reported
            await wait(busy, wait_s)

    def _is_left(self, ids: Sequence[int]) -> bool:
        found = map(self._context.stores.outbox.item, ids)
        return any(item is not None and item.is_waiting for item in found)

    def _refused(self, ids: Sequence[int]) -> tuple[tuple[str, str], ...]:
        refused, returned = [], self._context.stores.returned_grants.all()
        for item in filter(None, map(self._context.stores.outbox.item, ids)):
            if item.is_waiting and not item.code:
                raise (error_by_code(item.fault) or OutcomeUnknown)("it waits in the outbox")
            if item.code and (returned or item.code != RecipientKeyExpired.code):
                refused.append((item.code, item.why))
        return tuple(refused)


def _wait_s(busy: ExchangeBusy, *, until_s: float) -> float | None:
    """Returns the seconds to wait; None without a retry delay, or if it is too long."""
    if busy.retry_after_ms is None:
        return None
    wait_s = max(_SHORTEST_S, busy.retry_after_ms / 1000)
    return wait_s if asyncio.get_running_loop().time() + wait_s <= until_s else None


def batches(plans: Iterable[ReleasePlan]) -> Iterator[Sequence[ReleasePlan]]:
    """Yields runs of plans that one signature can cover and memory can hold."""
    batch: list[ReleasePlan] = []
    statements, size = 0, 0
    for plan in plans:
        weight = sum(len(value) for field in plan.draft.fields for value in field.values)
        more = 1 + len(plan.recipients)
        if batch and (statements + more > TREE_SIZE or size + weight > BATCH_BYTES):
            yield batch
            batch, statements, size = [], 0, 0
        batch.append(plan)
        statements += more
        size += weight
    if batch:
        yield batch
