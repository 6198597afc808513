"""Status of a running node: service, exchange, log, sending, queues, members and keys."""

from collections.abc import Iterator

from tearline.errors import SettingInvalid
from tearline_runtime.service_status import (
    Check,
    Health,
    Samples,
    age_text,
    end_check,
    flag,
    read_samples,
    warn,
)

_WAIT_DUE_S = 600  # of the oldest message in the outbox
_FRESH_S = 300  # after ten minutes without a cosignature, nothing is sealed
_KEY_DUE_S = 14 * 86_400
_CERTIFICATE_DUE_S = 3_600
_WAITING_STATES = ("sealed", "unknown")
_DUTIES = {
    "decisions_waiting": "decisions wait for a second person",
    "recalls_waiting": "recalls wait for a decision",
    "recalls_overdue": "recalls of ours were not answered in time",
    "requests_overdue": "requests were not answered in time",
    "put_aside": "deliveries did not verify, or are alarms",
}


def checks_of(metrics: str, now_s: float) -> list[Check]:
    """Returns the checks of a running node.

    Args:
        metrics: host:port of its metrics, as in the settings; empty for none.
        now_s: The present, Unix seconds.

    Raises:
        SettingInvalid: If it has no metrics port.
    """
    if not metrics:
        raise SettingInvalid("metrics is not set, so a running node cannot be asked")
    samples = read_samples(metrics, "tearline_node_")
    if isinstance(samples, Check):
        return [samples]
    return list(_running(samples, now_s))


def _running(samples: Samples, now_s: float) -> Iterator[Check]:
    yield Check(name="service", health=Health.OK, state="answers")
    reached = samples.value("contact_timestamp_seconds")
    when = "not since its start" if reached is None else f"{age_text(now_s - reached)} ago"
    yield flag(
        "exchange",
        is_good=samples.value("ready") == 1,
        good=f"in touch, last round {when}",
        bad=f"not in touch, or it cannot store; last round {when}",
    )
    yield flag(
        "sending",
        is_good=samples.value("sending_stopped") != 1,
        good="allowed",
        bad="stopped until a person decides: tearline log compare",
    )
    if samples.value("membership_ended") == 1:
        yield Check(
            name="membership",
            health=Health.FAILED,
            state="ended; what is here stays readable: tearline node status",
        )
    yield from _log(samples, now_s)
    partner = samples.value("partner_cosigned_timestamp_seconds")
    yield warn(
        "members",
        is_good=partner is not None and now_s - partner <= _FRESH_S,
        state="no partner cosigned yet"
        if partner is None
        else f"a partner cosigned {age_text(max(0.0, now_s - partner))} ago",
    )
    yield from _queues(samples, now_s)
    for use, end_s in sorted(samples.by_label("key_end_timestamp_seconds").items()):
        if check := end_check(f"key ({use})", end_s, now_s, due_s=_KEY_DUE_S):
            yield check
    certificate = samples.value("certificate_end_timestamp_seconds")
    if check := end_check("certificate", certificate, now_s, due_s=_CERTIFICATE_DUE_S):
        yield check
    free = samples.value("disk_free_bytes") or 0.0
    yield warn("disk", is_good=True, state=f"{free / (1 << 30):.1f} GiB free")


def _log(samples: Samples, now_s: float) -> Iterator[Check]:
    """Yields the kind of the node, and how far it follows the log."""
    is_light = samples.value("light") == 1
    entries, cosigned = samples.count("log_entries"), samples.count("log_cosigned_entries")
    checkpoint = samples.value("log_checkpoint_timestamp_seconds")
    followed = samples.count("followed_agencies")
    yield Check(
        name="kind",
        health=Health.OK,
        state=f"light: relies on the counted cosigners; agencies followed: {followed}"
        if is_light
        else "full: reads and verifies every entry of the log",
    )
    age = "" if checkpoint is None else f", {age_text(max(0.0, now_s - checkpoint))} old"
    yield warn(
        "log",
        is_good=checkpoint is not None and now_s - checkpoint <= _FRESH_S,
        state=f"newest turn at {entries} entries{age}"
        if is_light
        else f"{entries} entries read, {cosigned} cosigned",
    )


def _queues(samples: Samples, now_s: float) -> Iterator[Check]:
    states = samples.by_label("outbox_items")
    waiting = round(sum(states.get(state, 0.0) for state in _WAITING_STATES))
    oldest = samples.value("outbox_oldest_timestamp_seconds")
    since = "" if oldest is None else f", the oldest for {age_text(max(0.0, now_s - oldest))}"
    yield warn(
        "outbox",
        is_good=oldest is None or now_s - oldest <= _WAIT_DUE_S,
        state=f"{waiting} messages wait{since}",
    )
    unread = samples.value("inbox_behind_items")
    yield warn(
        "inbox",
        is_good=not unread,
        state="not known" if unread is None else f"{round(unread)} items are not read yet",
    )
    for name, what in _DUTIES.items():
        if number := samples.count(name):
            yield warn("to do", is_good=False, state=f"{number} {what}")
