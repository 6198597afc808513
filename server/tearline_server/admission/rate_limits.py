"""Limits per agency, node and person: rates, and numbers of concurrent calls."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tearline.dataclass.immutable import immutable
from tearline.errors import ExchangeBusy
from tearline.identity import agency_uri_of
from tearline.limits import AGENCY_RATES, NODE_BYTES_S, NODE_STATEMENTS_S, PLACE_S, RATE_BURST_S

_RETRY_AFTER_MS = 1000  # one of the node's own calls may have ended by then
_MAX_NODES = 65_536  # a forgotten node may only burst again


@dataclass(slots=True)
class _Bucket:
    level: int  # thousandths, so that a rate a second is a whole number a millisecond
    time_ms: int


class LeakyBucket:
    """Leaky bucket per source: filled by its actions, leaking at the allowed rate.

    Args:
        per_second: The rate at which it leaks.
        refusal: The reason reported to a source above the rate.
    """

    def __init__(self, per_second: int, refusal: str) -> None:
        self._per_second = per_second
        self._refusal = refusal
        self._buckets: dict[str, _Bucket] = {}

    def take(self, source: str, amount: int, now_ms: int) -> None:
        """Adds ``amount`` to the source's bucket, unless the bucket is full.

        Raises:
            ExchangeBusy: If it is full; includes the retry delay.
        """
        bucket = self._buckets.get(source)
        if bucket is None:
            if len(self._buckets) >= _MAX_NODES:
                self._buckets.clear()
            bucket = self._buckets[source] = _Bucket(level=0, time_ms=now_ms)
        passed_ms = max(0, now_ms - bucket.time_ms)
        bucket.level = max(0, bucket.level - passed_ms * self._per_second)
        bucket.time_ms = now_ms
        excess = bucket.level - self._per_second * RATE_BURST_S * 1000
        if excess >= 0:
            wait_ms = excess // self._per_second + 1
            raise ExchangeBusy(self._refusal, retry_after_ms=wait_ms)
        bucket.level += 1000 * amount


@immutable
class RateLimits:
    """Publication rates of one node, averaged over many seconds."""

    statements: int = NODE_STATEMENTS_S
    bytes: int = NODE_BYTES_S


class NodeRateLimit:
    """Rate per node, and a multiple of it per agency.

    The agency's rate prevents it from gaining capacity by adding nodes.

    Args:
        per_second: The rate of one node.
        excess: The start of the refusal's reason.
    """

    def __init__(self, per_second: int, excess: str) -> None:
        self._nodes = LeakyBucket(per_second, f"{excess} than one node may")
        self._agencies = LeakyBucket(per_second * AGENCY_RATES, f"{excess} than one agency may")

    def take(self, node: str, amount: int, now_ms: int) -> None:
        """Adds ``amount`` to the node and its agency, unless one is above its rate.

        Raises:
            ExchangeBusy: If one is; includes the retry delay.
        """
        self._nodes.take(node, amount, now_ms)
        self._agencies.take(agency_uri_of(node), amount, now_ms)


class Bounds:
    """Publication limits per node and per agency: statements and bytes."""

    def __init__(self, rates: RateLimits) -> None:
        excess = "more is published"
        self._statements = NodeRateLimit(rates.statements, excess)
        self._bytes = NodeRateLimit(rates.bytes, excess)

    def take(self, node: str, *, statements: int, size: int, now_ms: int) -> None:
        """Counts a publication.

        Raises:
            ExchangeBusy: If the node or its agency is above its rate.
        """
        self._statements.take(node, statements, now_ms)
        self._bytes.take(node, size, now_ms)


class ConcurrencyLimit:
    """Concurrent calls of each node, or of each agency.

    Args:
        most: The maximum per source.
        refusal: The reason reported to a source at the maximum.
    """

    def __init__(self, most: int, refusal: str) -> None:
        self._most = most
        self._refusal = refusal
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, source: str) -> Iterator[None]:
        """Counts a call while it lasts.

        Raises:
            ExchangeBusy: If its source has too many.
        """
        self._verify_room(source)
        self._under_way[source] += 1
        try:
            yield
        finally:
            self._under_way[source] -= 1
            if not self._under_way[source]:
                del self._under_way[source]

    def _verify_room(self, source: str) -> None:
        if self._under_way[source] >= self._most:
            raise ExchangeBusy(self._refusal, retry_after_ms=_RETRY_AFTER_MS)


class SourceSlots:
    """Concurrency limit for memory-intensive work, per source, with a queue.

    Args:
        most: Places of one source.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Sources are admitted agencies, bounded by the council.
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def one(self, source: str) -> AsyncIterator[None]:
        """Holds a place while it is needed.

        Raises:
            ExchangeBusy: If none becomes free in time.
        """
        place = self._places_of(source)
        try:
            async with asyncio.timeout(PLACE_S):
                await place.acquire()
        except TimeoutError:
            raise ExchangeBusy(
                "other calls of the same agency are served first", retry_after_ms=_RETRY_AFTER_MS
            ) from None
        try:
            yield
        finally:
            place.release()

    def _places_of(self, source: str) -> asyncio.Semaphore:
        return self._places.setdefault(source, asyncio.Semaphore(self._most))


@dataclass(slots=True)
class _Left:
    """Remaining room of a source, and its waiters."""

    size: int
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    def give(self, size: int) -> None:
        """Returns bytes to the room, and passes them on to waiters in order."""
        self.size += size
        while self.waiting and self.waiting[0][0] <= self.size:
            wanted, turn = self.waiting.popleft()
            if not turn.done():  # a cancelled waiter takes none
                self.size -= wanted
                turn.set_result(None)


class HeldBytes:
    """Bytes of a room that are held."""

    def __init__(self, left: _Left, size: int) -> None:
        self._left = left
        self._size = size

    def shrink(self, size: int) -> None:
        """Gives back all but ``size`` bytes."""
        excess = max(0, self._size - size)
        self._size -= excess
        self._left.give(excess)


class MemoryQuota:
    """Memory budget for large messages, per source in bytes, with a queue.

    Args:
        most: Bytes of one source.
    """

    def __init__(self, most: int) -> None:
        # Sources are admitted agencies, bounded by the council.
        self._left: defaultdict[str, _Left] = defaultdict(lambda: _Left(most))

    @asynccontextmanager
    async def hold(self, source: str, size: int) -> AsyncIterator[HeldBytes]:
        """Holds bytes of a source's room while they are needed; the share can shrink early.

        Raises:
            ExchangeBusy: If they do not become free in time.
        """
        share = await self.take(source, size)
        try:
            yield share
        finally:
            share.shrink(0)

    async def take(self, source: str, size: int) -> HeldBytes:
        """Takes bytes of a source's room; the caller shrinks the share when they are free again.

        Raises:
            ExchangeBusy: If they do not become free in time.
        """
        left = self._left[source]
        await self._take(left, size)
        return HeldBytes(left, size)

    async def _take(self, left: _Left, size: int) -> None:
        if not left.waiting and left.size >= size:
            left.size -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        left.waiting.append((size, turn))
        try:
            async with asyncio.timeout(PLACE_S):
                await turn
        except BaseException as error:
            # The bytes may have been assigned at the same moment.
            left.give(size if turn.done() and not turn.cancelled() else 0)
            if isinstance(error, TimeoutError):
                raise ExchangeBusy(
                    "its agency has too much under way or unread", retry_after_ms=_RETRY_AFTER_MS
                ) from None
            raise
