"""Bounds of each agency, node and person: publications and calls, over time and at once."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from tearline.errors import ExchangeBusy
from tearline.identity import agency_uri_of
from tearline.limits import AGENCY_RATES, NODE_BYTES_S, NODE_STATEMENTS_S, PLACE_S, RATE_BURST_S

_RETRY_AFTER_MS = 1000  # a call of a node's own may have ended by then
_MAX_NODES = 65_536  # forgetting one only means that it may burst again


@dataclass(slots=True)
class _Bucket:
    level: int  # thousandths, so that a rate a second is a whole number a millisecond
    time_ms: int


class Rate:
    """A leaky bucket for each source: fills with what it does, leaks at the allowed rate.

    Args:
        per_second: What leaks in a second.
        refusal: What is said to whoever does more.
    """

    def __init__(self, per_second: int, refusal: str) -> None:
        self._per_second = per_second
        self._refusal = refusal
        self._buckets: dict[str, _Bucket] = {}

    def take(self, source: str, amount: int, now_ms: int) -> None:
        """Lets ``amount`` in, if the bucket is not full.

        Raises:
            ExchangeBusy: If it is, saying when it will not be.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one node may publish in a second, over many seconds."""

    statements: int = NODE_STATEMENTS_S
    bytes: int = NODE_BYTES_S


class NodeRate:
    """A rate of each node, and a few times that for all nodes of its agency together.

    So names of nodes, which cost an agency nothing, get it no more.

    Args:
        per_second: What one node may in a second.
        excess: What is said of whoever does more.
    """

    def __init__(self, per_second: int, excess: str) -> None:
        self._nodes = Rate(per_second, f"{excess} than one node may")
        self._agencies = Rate(per_second * AGENCY_RATES, f"{excess} than one agency may")

    def take(self, node: str, amount: int, now_ms: int) -> None:
        """Lets ``amount`` in, if neither the node nor its agency did too much lately.

        Raises:
            ExchangeBusy: If one did, saying when it may again.
        """
        self._nodes.take(node, amount, now_ms)
        self._agencies.take(agency_uri_of(node), amount, now_ms)


class Bounds:
    """What one node may publish, and its agency: statements and bytes."""

    def __init__(self, rates: Rates) -> None:
        excess = "more is published"
        self._statements = NodeRate(rates.statements, excess)
        self._bytes = NodeRate(rates.bytes, excess)

    def take(self, node: str, *, statements: int, size: int, now_ms: int) -> None:
        """Lets a publication in.

        Raises:
            ExchangeBusy: If the node or its agency published too much lately.
        """
        self._statements.take(node, statements, now_ms)
        self._bytes.take(node, size, now_ms)


class Calls:
    """Calls under way of each node, or of each agency.

    Args:
        most: What one may have.
        refusal: What is said to a caller that has them.
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


class Places:
    """Places at something that takes memory: each source has some of its own, and waits for one.

    Args:
        most: Places of one source.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Sources are agencies that were admitted: no more than trust lists name.
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def one(self, source: str) -> AsyncIterator[None]:
        """Takes a place while it is needed.

        Raises:
            ExchangeBusy: If none becomes free in time.
        """
        place = self._places_of(source)
        try:
            async with asyncio.timeout(PLACE_S):
                await place.acquire()
        except TimeoutError:
            raise ExchangeBusy(
                "others of the same agency are served first", retry_after_ms=_RETRY_AFTER_MS
            ) from None
        try:
            yield
        finally:
            place.release()

    def _places_of(self, source: str) -> asyncio.Semaphore:
        return self._places.setdefault(source, asyncio.Semaphore(self._most))


@dataclass(slots=True)
class _Left:
    """What is left of a source's room, and who waits for some of it."""

    size: int
    waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    def give(self, size: int) -> None:
        """Takes some back, and hands it on, first come, first served."""
        self.size += size
        while self.waiting and self.waiting[0][0] <= self.size:
            wanted, turn = self.waiting.popleft()
            if not turn.done():  # whoever went away wants none
                self.size -= wanted
                turn.set_result(None)


class Share:
    """Bytes of a room that are held."""

    def __init__(self, left: _Left, size: int) -> None:
        self._left = left
        self._size = size

    def shrink(self, size: int) -> None:
        """Gives back all but ``size``, where it holds more."""
        excess = max(0, self._size - size)
        self._size -= excess
        self._left.give(excess)


class Room:
    """Memory for what is large, in bytes: each source has some of its own, and waits for it.

    Args:
        most: Bytes of one source.
    """

    def __init__(self, most: int) -> None:
        # Sources are agencies that were admitted: no more than trust lists name.
        self._left: defaultdict[str, _Left] = defaultdict(lambda: _Left(most))

    @asynccontextmanager
    async def hold(self, source: str, size: int) -> AsyncIterator[Share]:
        """Holds so many bytes of a source's room while they are needed; or fewer, once that shows.

        Raises:
            ExchangeBusy: If they do not become free in time.
        """
        left = self._left[source]
        await self._take(left, size)
        share = Share(left, size)
        try:
            yield share
        finally:
            share.shrink(0)

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
            # It may have been handed its bytes at the same moment.
            left.give(size if turn.done() and not turn.cancelled() else 0)
            if isinstance(error, TimeoutError):
                raise ExchangeBusy(
                    "its agency leaves too much unread", retry_after_ms=_RETRY_AFTER_MS
                ) from None
            raise
