"""Metrics of a running node, in the text format of Prometheus.

They contain only numbers, error codes and kinds, and name no person, partner, packet, request or
case. Series with labels exist from the beginning; a series without a value is absent.
"""

from collections import Counter
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector
from prometheus_client import Counter as Total
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from tearline.dataclass.immutable import immutable
from tearline.errors import concrete_errors
from tearline.federation.members import KeyUse
from tearline.requests.step import Side
from tearline_client.status import NodeStatus
from tearline_client.store.outbox import OutboxState
from tearline_runtime.metrics import OptionalGauge, tell_build

MEDIA_TYPE = CONTENT_TYPE_PLAIN_1_0_0

# A round fails with codes of these branches.
_FAILURES = ("TL-KEY", "TL-LOG", "TL-REQ", "TL-STO", "TL-TLS", "TL-TRU")


@immutable
class Snapshot:
    """State of a node at one moment.

    Attributes:
        ready: Whether it reaches the exchange, has a fresh copy of the log, can store, and has a
            signing key that counts.
        reached_ms: Time of the last round, Unix milliseconds; 0 if this process did none.
        jobs: Items that wait for background work, by job.
        free_bytes: Room on the disk of the home.
        failed: Failed rounds of this process, by the code of their error.
        status: Facts of the node itself, as ``node status`` shows them.
        checkpoint_s: Signing time of the newest checkpoint that was read, Unix seconds; 0 for
            none.
        cosigned: Entries in the largest tree that this node cosigned.
        partner_cosigned_s: Time of the last known cosignature of a partner, Unix seconds, by its
            clock; 0 for none.
        ahead_of_cosignature: Packets that wait for their sender's cosignature.
        for_second: Decisions that wait for a second person.
        recalls_open: Partners' recalls that a person may still decide on.
        recalls_overdue: Our recalls whose answer is late.
        requests_overdue: Requests whose answer is late, by the side that is ours.
        kept_too_long: Entries of the log that should have been erased, as last counted.
        audit_backlog: Entries of the own access log that a receiver of the audit has not confirmed;
            None without a receiver.
        audit_since_ms: Time of the oldest of them, Unix milliseconds; 0 for none.
    """

    ready: bool
    reached_ms: int
    jobs: Mapping[str, int]
    free_bytes: int
    failed: Mapping[str, int]
    status: NodeStatus
    checkpoint_s: int
    cosigned: int
    partner_cosigned_s: int
    ahead_of_cosignature: int
    for_second: int
    recalls_open: int
    recalls_overdue: int
    requests_overdue: Mapping[Side, int]
    kept_too_long: int
    audit_backlog: int | None = None
    audit_since_ms: int = 0


class Metrics:
    """Instruments of one node."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        tell_build("tearline_node_", self._registry)
        self._ready = self._gauge("ready", "Whether it is in touch, up to date and can store.")
        self._reached = self._optional("contact_timestamp_seconds", "When the last round was done.")
        self._free = self._gauge("disk_free_bytes", "Room on the disk of the home.")
        self._failed = Total(
            "tearline_node_rounds_failed", "Rounds that failed.", ("code",), registry=self._registry
        )
        for error in concrete_errors():
            if error.code.startswith(_FAILURES):
                self._failed.labels(error.code)
        self._light = self._gauge("light", "Whether this is a light node.")
        self._followed = self._gauge(
            "followed_agencies", "Agencies whose entries a light node reads beside its own."
        )
        self._entries = self._gauge(
            "log_entries",
            "Entries of the log that are verified; of a light node, of its last turn.",
        )
        self._checkpoint = self._optional(
            "log_checkpoint_timestamp_seconds", "When the checkpoint over them was signed."
        )
        self._cosigned = self._gauge("log_cosigned_entries", "Entries that this node cosigned.")
        self._partner = self._optional(
            "partner_cosigned_timestamp_seconds", "When a partner cosigned last."
        )
        self._stopped = self._gauge(
            "sending_stopped", "Whether nothing is sent until a person decides."
        )
        self._ended = self._gauge(
            "membership_ended", "Whether this agency is no longer a member of the federation."
        )
        self._outbox = self._gauge("outbox_items", "Items of the outbox.", "state")
        self._oldest = self._optional(
            "outbox_oldest_timestamp_seconds", "Since when the oldest waits."
        )
        self._faults = self._gauge("outbox_faults", "Items that are kept from being sent.", "code")
        self._unread = self._optional(
            "inbox_behind_timestamp_seconds", "Since when the mailbox was not read to its end."
        )
        self._unread_items = self._optional(
            "inbox_behind_items", "Items of the mailbox that are not read yet."
        )
        self._jobs = self._gauge("jobs_waiting", "Items that wait for background work.", "name")
        self._behind = self._gauge("inbox_behind_gap", "What came and waits behind a gap.")
        self._unsigned = self._gauge(
            "inbox_uncosigned", "Packets that wait for their sender's cosignature."
        )
        self._aside = self._gauge("put_aside", "What did not verify, and alarms.", "code")
        self._beyond = self._gauge(
            "over_quota", "What did not verify, of which only the id is kept."
        )
        self._second = self._gauge("decisions_waiting", "Decisions that wait for a second person.")
        self._recalls = self._gauge("recalls_waiting", "Recalls that wait for a decision here.")
        self._late_recalls = self._gauge("recalls_overdue", "Own recalls whose answer is late.")
        self._late = self._gauge("requests_overdue", "Requests whose answer is late.", "side")
        self._kept = self._gauge("kept_too_long_entries", "Entries that should be erased by now.")
        self._backlog = self._optional(
            "audit_backlog_entries", "Entries of the access log that a receiver has not confirmed."
        )
        self._backlog_since = self._optional(
            "audit_backlog_timestamp_seconds", "When the oldest of them was made."
        )
        self._keys = self._gauge("key_end_timestamp_seconds", "When the newest key ends.", "use")
        self._certificate = self._gauge(
            "certificate_end_timestamp_seconds", "When the TLS certificate ends."
        )
        self._counted: Counter[str] = Counter()

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"tearline_node_{name}", about, labels, registry=self._registry)

    def _optional(self, name: str, about: str) -> OptionalGauge:
        return OptionalGauge(f"tearline_node_{name}", about, self._registry)

    def text(self, vitals: Snapshot) -> bytes:
        """Returns all metrics as of now."""
        self._set_log(vitals)
        self._set_mail(vitals.status)
        self._ready.set(vitals.ready)
        self._reached.set(_seconds(vitals.reached_ms))
        self._unread.set(_seconds(vitals.status.behind_since_ms))
        _set_all(self._jobs, vitals.jobs)
        self._unread_items.set(vitals.status.behind_items)
        self._free.set(vitals.free_bytes)
        for code, count in vitals.failed.items():
            self._failed.labels(code).inc(count - self._counted[code])
            self._counted[code] = count
        self._unsigned.set(vitals.ahead_of_cosignature)
        self._second.set(vitals.for_second)
        self._recalls.set(vitals.recalls_open)
        self._late_recalls.set(vitals.recalls_overdue)
        for side in Side:
            self._late.labels(side.value).set(vitals.requests_overdue.get(side, 0))
        self._kept.set(vitals.kept_too_long)
        self._backlog.set(vitals.audit_backlog)
        self._backlog_since.set(_seconds(vitals.audit_since_ms))
        self._certificate.set(vitals.status.certificate_end_ms / 1000)
        return generate_latest(self._registry)

    def _set_log(self, vitals: Snapshot) -> None:
        self._light.set(vitals.status.is_light)
        self._followed.set(vitals.status.followed)
        self._entries.set(vitals.status.log_size)
        self._checkpoint.set(vitals.checkpoint_s or None)
        self._cosigned.set(vitals.cosigned)
        self._partner.set(vitals.partner_cosigned_s or None)
        self._stopped.set(vitals.status.stopped)
        self._ended.set(vitals.status.membership_end is not None)

    def _set_mail(self, status: NodeStatus) -> None:
        for state in OutboxState:
            self._outbox.labels(state.value).set(status.outbox.get(state, 0))
        self._oldest.set(_seconds(status.waiting_since_ms))
        _set_all(self._faults, status.faults)
        self._behind.set(sum(channel.waiting for channel in status.channels))
        _set_all(self._aside, Counter(item.code for item in status.quarantined))
        self._beyond.set(sum(status.over_quota.values()))
        ends_ms: dict[KeyUse, int] = {}
        for record in status.keys:
            ends_ms[record.use] = max(ends_ms.get(record.use, 0), record.not_after_ms)
        _set_all(self._keys, {use.value: end_ms / 1000 for use, end_ms in ends_ms.items()})


def _seconds(time_ms: int | None) -> float | None:
    """Returns Unix seconds; None for a missing time, or 0."""
    return time_ms / 1000 if time_ms else None


def _set_all(gauge: Gauge, values: Mapping[str, float]) -> None:
    """Sets a gauge by its label, and removes labels without a value."""
    gauge.clear()
    for label, value in values.items():
        gauge.labels(label).set(value)
