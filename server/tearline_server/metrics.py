"""What is measured while the exchange works, in the text format that Prometheus reads.

Numbers, names of methods and codes of errors alone: who talks with whom, and how much, is for
nobody who watches machines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

MEDIA_TYPE = CONTENT_TYPE_PLAIN_1_0_0

# Seconds: from an echo on loopback to the longest that a caller should wait.
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STATEMENTS = (1, 4, 16, 64, 256, 1024)  # to the bound of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How an exchange is at one moment.

    Attributes:
        ready: Whether it can sign, append and read.
        disk_low: Whether it takes no packets for want of room.
        queued_statements: Statements that wait for their commit.
        queued_bytes: Their bytes.
        entries: Entries of the log that are durable.
        covered: Entries that the newest checkpoint covers.
        signed_ms: When that was signed, Unix milliseconds; 0 for none in this life.
        lags: For each subscription, how many places of its mailbox it is behind.
    """

    ready: bool
    disk_low: bool
    queued_statements: int
    queued_bytes: int
    entries: int
    covered: int
    signed_ms: int
    lags: tuple[int, ...]


class Metrics:
    """The instruments of one exchange."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers = self._counter("calls", "Calls that ended.", "method", "code")
        self._seconds = Histogram(
            "tearline_call_seconds",
            "How long a call of one answer took.",
            ("method",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._streams = self._gauge("streams", "Long calls under way.", "method")
        self._messages = self._counter("stream_messages", "Messages of long calls.", "method")
        self._waits = self._histogram(
            "submission_seconds", "From the queue until durable.", _SECONDS
        )
        self._commits = self._histogram("commit_seconds", "Judging and writing a batch.", _SECONDS)
        self._sizes = self._histogram("commit_statements", "Statements of a batch.", _STATEMENTS)
        self._failures = self._counter("commits_failed", "Batches that could not be written.")
        self._ready = self._gauge("ready", "Whether it can sign, append and read.")
        self._disk_low = self._gauge("disk_low", "Whether no packets are taken for want of room.")
        self._queued = self._gauge("queued_statements", "Statements that wait for their commit.")
        self._queued_bytes = self._gauge("queued_bytes", "Bytes that wait for their commit.")
        self._entries = self._gauge("log_entries", "Entries of the log that are durable.")
        self._covered = self._gauge("log_covered_entries", "Those under the newest checkpoint.")
        self._signed = self._gauge(
            "checkpoint_timestamp_seconds", "When the newest checkpoint was signed; 0 for never."
        )
        self._subscriptions = self._gauge("subscriptions", "Mailboxes that are being read.")
        self._lag = self._gauge("mailbox_lag_items", "How far the slowest of them is behind.")

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"tearline_{name}", about, labels, registry=self._registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"tearline_{name}", about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"tearline_{name}", about, buckets=buckets, registry=self._registry)

    def ended(self, method: str, code: str) -> None:
        """A call ended: with the code of its error, or ``ok``."""
        self._answers.labels(method, code).inc()

    def answered(self, method: str, seconds: float) -> None:
        """A call of one message got its one answer."""
        self._seconds.labels(method).observe(seconds)

    @contextmanager
    def streaming(self, method: str) -> Iterator[Callable[[], None]]:
        """A long call, while it lasts; gives what is to be called for each of its messages."""
        streams, messages = self._streams.labels(method), self._messages.labels(method)
        streams.inc()
        try:
            yield messages.inc
        finally:
            streams.dec()

    def written(self, seconds: float) -> None:
        """What was queued is durable."""
        self._waits.observe(seconds)

    def committed(self, statements: int, seconds: float) -> None:
        """A batch was judged and is durable."""
        self._commits.observe(seconds)
        self._sizes.observe(statements)

    def failed(self) -> None:
        """A batch could not be written."""
        self._failures.inc()

    def text(self, vitals: Vitals) -> bytes:
        """Everything, as of now."""
        self._ready.set(vitals.ready)
        self._disk_low.set(vitals.disk_low)
        self._queued.set(vitals.queued_statements)
        self._queued_bytes.set(vitals.queued_bytes)
        self._entries.set(vitals.entries)
        self._covered.set(vitals.covered)
        self._signed.set(vitals.signed_ms / 1000)
        self._subscriptions.set(len(vitals.lags))
        self._lag.set(max(vitals.lags, default=0))
        return generate_latest(self._registry)
