"""Bounds of each node: how much it may publish over time, and how much at once."""

from dataclasses import dataclass

from tearline.errors import ExchangeBusy
from tearline.limits import MAX_NODE_BYTES_S, MAX_NODE_STATEMENTS_S, RATE_BURST_S

_MAX_NODES = 65_536  # forgetting one only means that it may burst again


@dataclass(slots=True)
class _Bucket:
    level: float
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
        passed_s = max(0, now_ms - bucket.time_ms) / 1000
        bucket.level = max(0.0, bucket.level - passed_s * self._per_second)
        bucket.time_ms = now_ms
        excess = bucket.level - self._per_second * RATE_BURST_S
        if excess >= 0:
            wait_ms = int(1000 * excess / self._per_second) + 1
            raise ExchangeBusy("more is published than one node may", retry_after_ms=wait_ms)
        bucket.level += amount


class Bounds:
    """What one node may publish: statements and bytes."""

    def __init__(self) -> None:
        self._statements = Rate(MAX_NODE_STATEMENTS_S)
        self._bytes = Rate(MAX_NODE_BYTES_S)

    def take(self, node: str, *, statements: int, size: int, now_ms: int) -> None:
        """Lets a publication in.

        Raises:
            ExchangeBusy: If the node published too much lately.
        """
        self._statements.take(node, statements, now_ms)
        self._bytes.take(node, size, now_ms)
