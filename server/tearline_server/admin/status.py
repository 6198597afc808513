"""Status of a running exchange: service, store, clock, disk, log, members, queues, keys, backup."""

from collections.abc import Iterator

from tearline.errors import SettingInvalid
from tearline_runtime.service_status import (
    Check,
    Health,
    Samples,
    backup_check,
    end_check,
    flag,
    read_samples,
    warn,
)
from tearline_server.config import Config

_CERTIFICATE_DUE_S = 3_600  # of a certificate that the exchange renews by itself
_AUTHORITY_DUE_S = 30 * 86_400
_CHECKPOINT_DUE_S = 300
_COSIGNER_BEHIND = 256  # entries
_LONG_BATCH_S = 10.0


def checks_of(config: Config, now_s: float) -> list[Check]:
    """Returns the checks of the exchange in a home.

    Args:
        config: Its settings.
        now_s: The present, Unix seconds.

    Raises:
        SettingInvalid: If it has no metrics port.
    """
    if config.metrics is None:
        raise SettingInvalid("metrics is not set, so a running exchange cannot be asked")
    samples = read_samples(config.metrics, "tearline_")
    if isinstance(samples, Check):
        return [samples]
    found = list(_running(samples, now_s))
    if config.store is None:
        found.append(backup_check(config.home, now_s))
    else:
        found.append(warn("backup", is_good=True, state="by the database's own tools"))
    return found


def _running(samples: Samples, now_s: float) -> Iterator[Check]:
    yield Check(name="service", health=Health.OK, state="answers")
    yield flag(
        "store",
        is_good=samples.value("ready") == 1,
        good="signs, appends and reads",
        bad="cannot sign, append or read",
    )
    yield flag(
        "clock",
        is_good=samples.value("time_right") == 1,
        good="trusted",
        bad="in doubt: no writes or deletions",
    )
    if (free := samples.value("disk_free_bytes")) is not None:
        room = f"{free / (1 << 30):.1f} GiB free"
        yield flag(
            "disk",
            is_good=samples.value("disk_low") != 1,
            good=room,
            bad=f"{room}: packets are refused",
        )
    yield from _log(samples, now_s)
    yield from _queues(samples)
    if skipped := samples.count("authorities_skipped"):
        state = f"{skipped} of members are outside the profile; the log of the service names them"
        yield warn("authorities", is_good=False, state=state)
    certificate = samples.value("certificate_end_timestamp_seconds")
    authority = samples.value("authority_end_timestamp_seconds")
    for name, end_s, due_s in (
        ("certificate", certificate, _CERTIFICATE_DUE_S),
        ("authority", authority, _AUTHORITY_DUE_S),
    ):
        if check := end_check(name, end_s, now_s, due_s=due_s):
            yield check


def _log(samples: Samples, now_s: float) -> Iterator[Check]:
    entries, covered = samples.count("log_entries"), samples.count("log_covered_entries")
    cosigned = samples.count("log_cosigned_entries")
    signed_s = samples.value("checkpoint_timestamp_seconds") or now_s
    yield warn(
        "log",
        is_good=covered == entries or now_s - signed_s <= _CHECKPOINT_DUE_S,
        state=f"{entries} entries, {covered} signed, {cosigned} cosigned by an agency",
    )
    for node, behind in sorted(samples.by_label("cosigner_behind_entries").items()):
        state = f"{node} is {round(behind)} entries behind" if behind else f"{node} is up to date"
        yield warn("member", is_good=behind <= _COSIGNER_BEHIND, state=state)
    if (standbys := samples.value("standbys")) is not None:
        yield flag(
            "standbys",
            is_good=standbys > 0,
            good=f"{round(standbys)} synchronous",
            bad="none: no data is acknowledged",
        )


def _queues(samples: Samples) -> Iterator[Check]:
    age_s = samples.value("commit_under_way_seconds") or 0.0
    yield warn(
        "queue",
        is_good=age_s < _LONG_BATCH_S,
        state=f"{samples.count('queued_statements')} statements wait for their commit",
    )
    yield warn(
        "mail",
        is_good=True,
        state=f"{samples.count('mail_waiting_statements')} statements are not acknowledged",
    )
    for name, what in (
        ("commits_failed_total", "batches could not be written"),
        ("jobs_failed_total", "runs of periodic jobs failed"),
    ):
        if number := samples.count(name):
            yield warn("faults", is_good=False, state=f"{number} {what} since the start")
