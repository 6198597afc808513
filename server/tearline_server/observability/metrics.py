"""Metrics of a running exchange, in the text format of Prometheus.

They contain numbers, method names and error codes, and never pairs of communicating parties.
Cosigning nodes are named, because the log is public about them. Series with labels exist from the
start, at 0, so that the first event is an increase. Gauges without a value are omitted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from tearline.dataclass.immutable import immutable
from tearline.errors import concrete_errors
from tearline_runtime.metrics import OptionalGauge, tell_build
from tearline_server.storage.reads import Backlog

MEDIA_TYPE = CONTENT_TYPE_PLAIN_1_0_0

# Seconds: from an echo on loopback to the longest acceptable wait.
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# Outcomes of calls and statements: ``ok``, and codes of these branches.
_ENDS = ("TL-REQ", "TL-TLS", "TL-STO")
_MEMBERS = ("TL-AGR", "TL-CAS", "TL-MBX", "TL-POL", "TL-RFI", "TL-TRU")
_REFUSALS = (*_MEMBERS, "TL-GRT", "TL-LOG", "TL-PKT", "TL-REQ")
_STATEMENTS = (1, 4, 16, 64, 256, 1024)  # up to the bound of a batch


@immutable
class Snapshot:
    """State of an exchange at one moment.

    Attributes:
        ready: Whether it can sign, append and read.
        disk_low: Whether it refuses packets for lack of disk space.
        time_right: Whether its clock is trusted and the log is not ahead of it.
        free_bytes: Free bytes on the disk of the database; None if not monitored.
        queued_statements: Statements that wait for their commit.
        queued_bytes: Their bytes.
        questions: Database queries that are queued or running.
        backlog: Unacknowledged mail, as last counted.
        unheard_s: Seconds since the last read of other processes' writes; None on a file.
        under_way_s: Seconds since the current batch began; 0 for none.
        entries: Durable entries of the log.
        covered: Entries that the newest checkpoint covers.
        cosigned: Entries under the newest checkpoint cosigned by an agency.
        cosigners_behind: For each cosigning node, the entries that it has yet to cosign.
        standbys: Synchronous standbys of the database; None if none are required.
        signed_ms: Time of the newest checkpoint, Unix milliseconds; 0 if before this process.
        lags: For each subscription, its distance from the end of its mailbox.
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
    """Instruments of one exchange."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        tell_build("tearline_", self._registry)
        self._answers = self._counter("calls", "Finished calls.", "method", "code")
        self._seconds = Histogram(
            "tearline_call_seconds",
            "Duration of unary calls.",
            ("method",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._calls = self._gauge(
            "calls_under_way", "Running calls, including those not yet admitted and long ones."
        )
        self._arriving = self._gauge("calls_arriving", "Calls that wait for their next message.")
        self._silent = self._counter(
            "connections_without_call",
            "Connections that made no call; refused certificates are among them.",
        )
        self._streams = self._gauge("streams", "Running long calls.", "method")
        self._messages = self._counter("stream_messages", "Messages of long calls.", "method")
        self._unread = self._gauge("unread_publications", "Publications that wait to be parsed.")
        self._unread_bytes = self._gauge(
            "unread_bytes", "Bytes of publications that wait to be parsed."
        )
        self._outcomes = self._counter("statements", "Judged statements.", "code")
        self._waits = self._histogram(
            "submission_seconds", "Time from queueing until durable.", _SECONDS
        )
        self._commits = self._histogram(
            "commit_seconds", "Time to judge and write a batch.", _SECONDS
        )
        self._disk = self._histogram(
            "commit_disk_seconds", "Part of it spent waiting for the disk.", _SECONDS
        )
        self._under_way = self._gauge(
            "commit_under_way_seconds", "Age of the current batch; 0 for none."
        )
        self._sizes = self._histogram("commit_statements", "Statements per batch.", _STATEMENTS)
        self._failures = self._counter("commits_failed", "Batches that could not be written.")
        # Prometheus gives each target a label ``job``: a label of this name would be renamed.
        self._jobs = self._counter("jobs_failed", "Failed runs, per job.", "name")
        self._ends = self._optional(
            "certificate_end_timestamp_seconds", "End of the TLS certificate."
        )
        self._authority_ends = self._optional(
            "authority_end_timestamp_seconds", "End of the exchange's CA certificate."
        )
        self._skipped = self._gauge(
            "authorities_skipped", "CA certificates of members outside the profile."
        )
        self._ready = self._gauge("ready", "Whether the exchange can sign, append and read.")
        self._time_right = self._gauge(
            "time_right", "Whether the clock is trusted and the log is not ahead of it."
        )
        self._disk_low = self._optional(
            "disk_low", "Whether packets are refused for lack of disk space."
        )
        self._free = self._optional(
            "disk_free_bytes", "Free bytes on the disk of the database file."
        )
        self._questions = self._gauge(
            "store_questions", "Database queries that are queued or running."
        )
        self._mail = self._gauge(
            "mail_waiting_statements", "Unacknowledged statements in all mailboxes."
        )
        self._mail_bytes = self._gauge(
            "mail_waiting_bytes", "Unacknowledged bytes in all mailboxes."
        )
        self._most = self._gauge(
            "mailbox_fullest_statements", "The most statements one agency has waiting for one node."
        )
        self._most_bytes = self._gauge(
            "mailbox_fullest_bytes", "The most bytes one agency has waiting for one node."
        )
        self._unheard = self._optional(
            "unheard_seconds", "Time since the last read of other processes' writes."
        )
        self._queued = self._gauge("queued_statements", "Statements that wait for their commit.")
        self._queued_bytes = self._gauge("queued_bytes", "Bytes that wait for their commit.")
        self._entries = self._gauge("log_entries", "Durable entries of the log.")
        self._covered = self._gauge("log_covered_entries", "Entries under the newest checkpoint.")
        self._cosigned = self._gauge(
            "log_cosigned_entries", "Entries under the newest checkpoint cosigned by an agency."
        )
        self._cosigners = self._gauge(
            "cosigner_behind_entries", "Entries that a node has yet to cosign.", "cosigner"
        )
        self._standbys = self._optional("standbys", "Synchronous standbys of the database.")
        self._signed = self._optional(
            "checkpoint_timestamp_seconds", "Time of the newest checkpoint."
        )
        self._subscriptions = self._gauge("subscriptions", "Mailboxes being read.")
        self._lag = self._gauge(
            "mailbox_lag_items", "Items that the slowest subscription is behind."
        )
        for code in _codes(_REFUSALS):
            self._outcomes.labels(code)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"tearline_{name}", about, labels, registry=self._registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"tearline_{name}", about, labels, registry=self._registry)

    def _optional(self, name: str, about: str) -> OptionalGauge:
        return OptionalGauge(f"tearline_{name}", about, self._registry)

    def silent(self, connections: int) -> None:
        """Counts connections that made no call."""
        self._silent.inc(connections)

    def serves(self, method: str, *, is_long: bool) -> None:
        """Registers the series of a method; ``is_long`` if a stream answers it."""
        for code in (*_codes(_ENDS), "cancelled"):
            self._answers.labels(method, code)
        if is_long:
            self._streams.labels(method)
            self._messages.labels(method)
        else:
            self._seconds.labels(method)

    def register_job(self, job: str) -> None:
        """Registers the series of a job."""
        self._jobs.labels(job)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"tearline_{name}", about, buckets=buckets, registry=self._registry)

    def ended(self, method: str, code: str) -> None:
        """Counts a finished call, by the code of its error, or ``ok``."""
        self._answers.labels(method, code).inc()

    def answered(self, method: str, seconds: float) -> None:
        """Records the duration of an answered unary call."""
        self._seconds.labels(method).observe(seconds)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Counts a call while it runs, admitted or not."""
        with self._calls.track_inprogress():
            yield

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Counts a call while it waits for its next message."""
        with self._arriving.track_inprogress():
            yield

    @contextmanager
    def unread(self, size: int) -> Iterator[None]:
        """Counts a publication and its bytes while it waits to be parsed."""
        self._unread.inc()
        self._unread_bytes.inc(size)
        try:
            yield
        finally:
            self._unread.dec()
            self._unread_bytes.dec(size)

    @contextmanager
    def streaming(self, method: str) -> Iterator[Callable[[], None]]:
        """Counts a long call while it runs; yields a function that counts its messages."""
        streams, messages = self._streams.labels(method), self._messages.labels(method)
        streams.inc()
        try:
            yield messages.inc
        finally:
            streams.dec()

    def written(self, seconds: float) -> None:
        """Records the time from queueing until durable."""
        self._waits.observe(seconds)

    def committed(self, statements: int, seconds: float, disk_s: float) -> None:
        """Records a durable batch: its statements, its time, and the disk's part of it."""
        self._commits.observe(seconds)
        self._disk.observe(disk_s)
        self._sizes.observe(statements)

    def failed(self) -> None:
        """Counts a batch that could not be written."""
        self._failures.inc()

    def judged(self, codes: Iterable[str]) -> None:
        """Counts statements by the code of their refusal; an empty code means ``ok``."""
        numbers: dict[str, int] = {}
        for code in codes:
            numbers[code] = numbers.get(code, 0) + 1
        for code, number in numbers.items():
            self._outcomes.labels(code or "ok").inc(number)

    def count_failed_job(self, job: str) -> None:
        """Counts a failed run of a job."""
        self._jobs.labels(job).inc()

    def authority(self, end_s: int) -> None:
        """Records the end of the CA certificate, Unix seconds."""
        self._authority_ends.set(end_s)

    def skipped_authorities(self, number: int) -> None:
        """Records the CA certificates of members that do not count."""
        self._skipped.set(number)

    def certified(self, end_s: int) -> None:
        """Records the end of the TLS certificate, Unix seconds."""
        self._ends.set(end_s)

    def text(self, snapshot: Snapshot) -> bytes:
        """Returns all current metrics in the text format."""
        self._ready.set(snapshot.ready)
        self._disk_low.set(None if snapshot.free_bytes is None else snapshot.disk_low)
        self._time_right.set(snapshot.time_right)
        self._free.set(snapshot.free_bytes)
        self._questions.set(snapshot.questions)
        self._mail.set(snapshot.backlog.statements)
        self._mail_bytes.set(snapshot.backlog.bytes)
        self._most.set(snapshot.backlog.most_statements)
        self._most_bytes.set(snapshot.backlog.most_bytes)
        self._unheard.set(snapshot.unheard_s)
        self._queued.set(snapshot.queued_statements)
        self._queued_bytes.set(snapshot.queued_bytes)
        self._under_way.set(snapshot.under_way_s)
        self._entries.set(snapshot.entries)
        self._covered.set(snapshot.covered)
        self._cosigned.set(snapshot.cosigned)
        self._cosigners.clear()
        for cosigner, entries in snapshot.cosigners_behind.items():
            self._cosigners.labels(cosigner).set(entries)
        self._standbys.set(snapshot.standbys)
        self._signed.set(snapshot.signed_ms / 1000 if snapshot.signed_ms else None)
        self._subscriptions.set(len(snapshot.lags))
        self._lag.set(max(snapshot.lags, default=0))
        return generate_latest(self._registry)


def _codes(branches: tuple[str, ...]) -> list[str]:
    """Returns ``ok``, and every code of some branches of the error tree."""
    return ["ok", *(error.code for error in concrete_errors() if error.code.startswith(branches))]
