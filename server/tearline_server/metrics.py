"""What is measured while the exchange works, in the text format that Prometheus reads.

Numbers, names of methods and codes of errors: who talks with whom, and how much, is for nobody
who watches machines. The nodes that cosign are named, as the log shows them to everybody.

What has labels is there from the beginning, at 0, so that its first event is a growth; what has no
value is not there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from tearline.errors import concrete_errors
from tearline.gauges import OptionalGauge, tell_build
from tearline_server.storage.reading import Backlog

MEDIA_TYPE = CONTENT_TYPE_PLAIN_1_0_0

# Seconds: from an echo on loopback to the longest that a caller should wait.
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# How calls end, and what becomes of statements: ``ok``, and codes of these branches.
_ENDS = ("TL-REQ", "TL-TLS", "TL-STO")
_MEMBERS = ("TL-AGR", "TL-CAS", "TL-MBX", "TL-POL", "TL-RFI", "TL-TRU")
_REFUSALS = (*_MEMBERS, "TL-GRT", "TL-LOG", "TL-PKT", "TL-REQ")
_STATEMENTS = (1, 4, 16, 64, 256, 1024)  # to the bound of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How an exchange is at one moment.

    Attributes:
        ready: Whether it can sign, append and read.
        disk_low: Whether it takes no packets for want of room.
        time_right: Whether its clock is to be trusted, and the log not ahead of it.
        free_bytes: Room on the disk of the database; None where that is not looked at.
        queued_statements: Statements that wait for their commit.
        queued_bytes: Their bytes.
        questions: Questions to the database that wait or are being answered.
        backlog: What waits in all mailboxes, as it was when it was last looked at.
        unheard_s: Seconds since it was last known what other processes wrote; None on a file.
        under_way_s: For how long a batch has been judged and written, seconds; 0 for none.
        entries: Entries of the log that are durable.
        covered: Entries that the newest checkpoint covers.
        cosigned: Entries under the newest checkpoint that an agency cosigned.
        cosigners_behind: For each node that cosigns, the entries that it has not cosigned yet.
        standbys: Synchronous standbys of the database; None where none must be there.
        signed_ms: When the newest checkpoint was signed, Unix milliseconds; 0 for none in
            this life.
        lags: For each subscription, how many places of its mailbox it is behind.
    """

    ready: bool
    disk_low: bool
    time_right: bool
    free_bytes: int | None
    queued_statements: int
    queued_bytes: int
    questions: int
    backlog: Backlog
    unheard_s: float | None
    under_way_s: float
    entries: int
    covered: int
    cosigned: int
    cosigners_behind: Mapping[str, int]
    standbys: int | None
    signed_ms: int
    lags: tuple[int, ...]


class Metrics:
    """The instruments of one exchange."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        tell_build("tearline_", self._registry)
        self._answers = self._counter("calls", "Calls that ended.", "method", "code")
        self._seconds = Histogram(
            "tearline_call_seconds",
            "How long a call of one answer took.",
            ("method",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._calls = self._gauge(
            "calls_under_way", "Calls under way, from before they are admitted; long ones too."
        )
        self._arriving = self._gauge("calls_arriving", "Calls whose next message is awaited.")
        self._streams = self._gauge("streams", "Long calls under way.", "method")
        self._messages = self._counter("stream_messages", "Messages of long calls.", "method")
        self._unread = self._gauge("unread_publications", "Publications that wait to be read.")
        self._unread_bytes = self._gauge("unread_bytes", "Their bytes.")
        self._outcomes = self._counter("statements", "Statements that were judged.", "code")
        self._waits = self._histogram(
            "submission_seconds", "From the queue until durable.", _SECONDS
        )
        self._commits = self._histogram("commit_seconds", "Judging and writing a batch.", _SECONDS)
        self._disk = self._histogram(
            "commit_disk_seconds", "Of that, waiting for the disk in the end.", _SECONDS
        )
        self._under_way = self._gauge(
            "commit_under_way_seconds", "For how long a batch has been under way; 0 for none."
        )
        self._sizes = self._histogram("commit_statements", "Statements of a batch.", _STATEMENTS)
        self._failures = self._counter("commits_failed", "Batches that could not be written.")
        self._chores = self._counter("chores_failed", "Chores that failed, of each.", "chore")
        self._ends = self._optional(
            "certificate_end_timestamp_seconds", "When the TLS certificate ends."
        )
        self._authority_ends = self._optional(
            "authority_end_timestamp_seconds", "When the exchange's CA, which certifies it, ends."
        )
        self._ready = self._gauge("ready", "Whether it can sign, append and read.")
        self._time_right = self._gauge(
            "time_right", "Whether the clock is to be trusted, and the log not ahead of it."
        )
        self._disk_low = self._optional(
            "disk_low", "Whether no packets are taken for want of room."
        )
        self._free = self._optional("disk_free_bytes", "Room on the disk of the database's file.")
        self._questions = self._gauge(
            "store_questions", "Questions to the database that wait or are being answered."
        )
        self._mail = self._gauge("mail_waiting_statements", "What waits in all mailboxes.")
        self._mail_bytes = self._gauge("mail_waiting_bytes", "Its bytes.")
        self._most = self._gauge(
            "mailbox_fullest_statements", "The most that one agency has waiting for one node."
        )
        self._most_bytes = self._gauge("mailbox_fullest_bytes", "The same in bytes.")
        self._unheard = self._optional(
            "unheard_seconds", "Since it was last known what other processes wrote."
        )
        self._queued = self._gauge("queued_statements", "Statements that wait for their commit.")
        self._queued_bytes = self._gauge("queued_bytes", "Bytes that wait for their commit.")
        self._entries = self._gauge("log_entries", "Entries of the log that are durable.")
        self._covered = self._gauge("log_covered_entries", "Those under the newest checkpoint.")
        self._cosigned = self._gauge(
            "log_cosigned_entries", "Those under the newest checkpoint that an agency cosigned."
        )
        self._cosigners = self._gauge(
            "cosigner_behind_entries", "Entries that a node has yet to cosign.", "cosigner"
        )
        self._standbys = self._optional("standbys", "Synchronous standbys of the database.")
        self._signed = self._optional(
            "checkpoint_timestamp_seconds", "When the newest checkpoint was signed."
        )
        self._subscriptions = self._gauge("subscriptions", "Mailboxes that are being read.")
        self._lag = self._gauge("mailbox_lag_items", "How far the slowest of them is behind.")
        for code in _codes(_REFUSALS):
            self._outcomes.labels(code)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"tearline_{name}", about, labels, registry=self._registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"tearline_{name}", about, labels, registry=self._registry)

    def _optional(self, name: str, about: str) -> OptionalGauge:
        return OptionalGauge(f"tearline_{name}", about, self._registry)

    def serves(self, method: str, *, is_long: bool) -> None:
        """Calls of a method are taken; ``is_long`` where they are answered by a stream."""
        for code in (*_codes(_ENDS), "cancelled"):
            self._answers.labels(method, code)
        if is_long:
            self._streams.labels(method)
            self._messages.labels(method)
        else:
            self._seconds.labels(method)

    def chore_begins(self, chore: str) -> None:
        """The exchange does something by itself from now on."""
        self._chores.labels(chore)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"tearline_{name}", about, buckets=buckets, registry=self._registry)

    def ended(self, method: str, code: str) -> None:
        """A call ended: with the code of its error, or ``ok``."""
        self._answers.labels(method, code).inc()

    def answered(self, method: str, seconds: float) -> None:
        """A call of one message got its one answer."""
        self._seconds.labels(method).observe(seconds)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """A call, while it lasts, whether or not it is admitted."""
        with self._calls.track_inprogress():
            yield

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """A call, while its next message is awaited."""
        with self._arriving.track_inprogress():
            yield

    @contextmanager
    def unread(self, size: int) -> Iterator[None]:
        """A publication of so many bytes, while it waits to be read."""
        self._unread.inc()
        self._unread_bytes.inc(size)
        try:
            yield
        finally:
            self._unread.dec()
            self._unread_bytes.dec(size)

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

    def committed(self, statements: int, seconds: float, disk_s: float) -> None:
        """A batch was judged and is durable; part of the time the disk was waited for."""
        self._commits.observe(seconds)
        self._disk.observe(disk_s)
        self._sizes.observe(statements)

    def failed(self) -> None:
        """A batch could not be written."""
        self._failures.inc()

    def judged(self, codes: Iterable[str]) -> None:
        """Statements have their outcomes: for each the code of its refusal, or nothing."""
        for code in codes:
            self._outcomes.labels(code or "ok").inc()

    def chore_failed(self, chore: str) -> None:
        """Something that the exchange does by itself failed this time."""
        self._chores.labels(chore).inc()

    def authority(self, end_s: int) -> None:
        """Those certificates are issued by a CA that ends then, Unix seconds."""
        self._authority_ends.set(end_s)

    def certified(self, end_s: int) -> None:
        """Clients are met with a certificate that ends then, Unix seconds."""
        self._ends.set(end_s)

    def text(self, vitals: Vitals) -> bytes:
        """Everything, as of now."""
        self._ready.set(vitals.ready)
        self._disk_low.set(None if vitals.free_bytes is None else vitals.disk_low)
        self._time_right.set(vitals.time_right)
        self._free.set(vitals.free_bytes)
        self._questions.set(vitals.questions)
        self._mail.set(vitals.backlog.statements)
        self._mail_bytes.set(vitals.backlog.bytes)
        self._most.set(vitals.backlog.most_statements)
        self._most_bytes.set(vitals.backlog.most_bytes)
        self._unheard.set(vitals.unheard_s)
        self._queued.set(vitals.queued_statements)
        self._queued_bytes.set(vitals.queued_bytes)
        self._under_way.set(vitals.under_way_s)
        self._entries.set(vitals.entries)
        self._covered.set(vitals.covered)
        self._cosigned.set(vitals.cosigned)
        self._cosigners.clear()
        for cosigner, entries in vitals.cosigners_behind.items():
            self._cosigners.labels(cosigner).set(entries)
        self._standbys.set(vitals.standbys)
        self._signed.set(vitals.signed_ms / 1000 if vitals.signed_ms else None)
        self._subscriptions.set(len(vitals.lags))
        self._lag.set(max(vitals.lags, default=0))
        return generate_latest(self._registry)


def _codes(branches: tuple[str, ...]) -> list[str]:
    """``ok``, and every code of some branches of the error tree."""
    return ["ok", *(error.code for error in concrete_errors() if error.code.startswith(branches))]
