"""Bounds of each node: how much it may publish over time, and how much at once."""

from dataclasses import dataclass

from tearline.errors import ExchangeBusy
from tearline.limits import NODE_BYTES_S, NODE_STATEMENTS_S, RATE_BURST_S

_MAX_NODES = 65_536  # forgetting one only means that it may burst again


@dataclass(slots=True)
class _Bucket:
    level: int  # thousandths, so that a rate a second is a whole number a millisecond
    time_ms: int


class Rate:
    """A leaky bucket for each node: fills with what it publishes, leaks at the allowed rate.

    Args:
        per_second: What leaks in a second.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: dict[str, _Bucket] = {}

    def take(self, node: str, amount: int, now_ms: int) -> None:
        """Lets ``amount`` in, if the bucket is not full.

        Raises:
            ExchangeBusy: If it is, saying when it will not be.
        """
        bucket = self._buckets.get(node)
        if bucket is None:
            if len(self._buckets) >= _MAX_NODES:
                self._buckets.clear()
            bucket = self._buckets[node] = _Bucket(level=0, time_ms=now_ms)
        passed_ms = max(0, now_ms - bucket.time_ms)
        bucket.level = max(0, bucket.level - passed_ms * self._per_second)
        bucket.time_ms = now_ms
        excess = bucket.level - self._per_second * RATE_BURST_S * 1000
        if excess >= 0:
            wait_ms = excess // self._per_second + 1
            raise ExchangeBusy("more is published than one node may", retry_after_ms=wait_ms)
        bucket.level += 1000 * amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one node may publish in a second, over many seconds."""

    statements: int = NODE_STATEMENTS_S
    bytes: int = NODE_BYTES_S


class Bounds:
    """What one node may publish: statements and bytes."""

    def __init__(self, rates: Rates) -> None:
        self._statements = Rate(rates.statements)
        self._bytes = Rate(rates.bytes)

    def take(self, node: str, *, statements: int, size: int, now_ms: int) -> None:
        """Lets a publication in.

        Raises:
            ExchangeBusy: If the node published too much lately.
        """
        self._statements.take(node, statements, now_ms)
        self._bytes.take(node, size, now_ms)
