"""Bounds of each node and person: what may be published, and called, over time and at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tearline.errors import ExchangeBusy
from tearline.limits import NODE_BYTES_S, NODE_STATEMENTS_S, RATE_BURST_S

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


class Bounds:
    """What one node may publish: statements and bytes."""

    def __init__(self, rates: Rates) -> None:
        refusal = "more is published than one node may"
        self._statements = Rate(rates.statements, refusal)
        self._bytes = Rate(rates.bytes, refusal)

    def take(self, node: str, *, statements: int, size: int, now_ms: int) -> None:
        """Lets a publication in.

        Raises:
            ExchangeBusy: If the node published too much lately.
        """
        self._statements.take(node, statements, now_ms)
        self._bytes.take(node, size, now_ms)


class Calls:
    """How many calls each node has under way.

    Args:
        most: What one may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, node: str) -> Iterator[None]:
        """A call, while it lasts.

        Raises:
            ExchangeBusy: If the node has too many.
        """
        if self._under_way[node] >= self._most:
            raise ExchangeBusy(
                "the node has too many calls under way", retry_after_ms=_RETRY_AFTER_MS
            )
        self._under_way[node] += 1
        try:
            yield
        finally:
            self._under_way[node] -= 1
            if not self._under_way[node]:
                del self._under_way[node]
