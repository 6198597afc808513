"""Status of a running service, from its metrics port and the age of its last backup.

A status is a list of checks. A service is healthy if no check failed. A check that wants attention
names a state that may be normal for a while, such as a partner that is behind.
"""

from collections.abc import Iterable
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tearline.dataclass.immutable import immutable
from tearline.errors import ConfigUnreadable
from tearline_runtime import files

_TIMEOUT_S = 5.0
_MAX_BYTES = 4 << 20
_STAMP = "last-backup"
BACKUP_DUE_MS = 7 * 86_400_000
"""Age of the last backup that wants attention."""
_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 (compared, not listened on)


class Health(StrEnum):
    """Result of one check."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"


@immutable
class Check:
    """One check of a service.

    Attributes:
        name: Its subject.
        health: Its result.
        state: The state found, in words.
    """

    name: str
    health: Health
    state: str


class Samples:
    """Samples of a metrics port.

    Args:
        text: Its answer, in the text format of Prometheus.
        prefix: Beginning of the names that is left out below.

    Raises:
        ValueError: If it is malformed.
    """

    def __init__(self, text: str, prefix: str) -> None:
        self._values: dict[str, dict[str, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                label = " ".join(sample.labels.values())
                name = sample.name.removeprefix(prefix)
                self._values.setdefault(name, {})[label] = sample.value

    def value(self, name: str) -> float | None:
        """Returns the value of a series without labels; None if it is absent."""
        return self._values.get(name, {}).get("")

    def count(self, name: str) -> int:
        """Returns the sum of a name's series."""
        return round(sum(self._values.get(name, {}).values()))

    def by_label(self, name: str) -> dict[str, float]:
        """Returns the values of a name's series, by their labels."""
        return dict(self._values.get(name, {}))


def read_samples(address: str, prefix: str) -> Samples | Check:
    """Returns the samples of a metrics port, or the failed check if it does not answer.

    Args:
        address: host:port, as in the settings.
        prefix: Beginning of the names that is left out.
    """
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(_ANY.get(host, host.strip("[]")), int(port), timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/metrics")
        reply = connection.getresponse()
        if reply.status == 200:
            return Samples(reply.read(_MAX_BYTES).decode("utf-8"), prefix)
        why = f"answers with HTTP status {reply.status}"
    except (OSError, HTTPException, ValueError) as error:
        why = str(error) or type(error).__name__
    finally:
        connection.close()
    return Check(name="service", health=Health.FAILED, state=f"no answer on {address}: {why}")


def is_healthy(checks: Iterable[Check]) -> bool:
    """Returns whether no check failed."""
    return all(check.health is not Health.FAILED for check in checks)


def flag(name: str, *, is_good: bool, good: str, bad: str) -> Check:
    """Returns a check that fails unless ``is_good``."""
    health = Health.OK if is_good else Health.FAILED
    return Check(name=name, health=health, state=good if is_good else bad)


def warn(name: str, *, is_good: bool, state: str) -> Check:
    """Returns a check that wants attention unless ``is_good``."""
    return Check(name=name, health=Health.OK if is_good else Health.ATTENTION, state=state)


def end_check(name: str, end_s: float | None, now_s: float, *, due_s: float) -> Check | None:
    """Returns the check of a key or certificate by its end; None for an unknown end.

    Args:
        name: The subject.
        end_s: Its end, Unix seconds.
        now_s: The present, Unix seconds.
        due_s: Remaining time that wants attention.
    """
    if end_s is None:
        return None
    left = end_s - now_s
    state = f"ends in {age_text(left)}" if left > 0 else f"ended {age_text(-left)} ago"
    if left <= 0:
        return Check(name=name, health=Health.FAILED, state=state)
    return warn(name, is_good=left > due_s, state=state)


def note_backup(home: Path) -> None:
    """Records the present as the time of the last backup.

    Raises:
        ConfigUnreadable: If the home cannot be written.
    """
    stamp = home / _STAMP
    with files.reported_as(ConfigUnreadable, stamp):
        stamp.touch(mode=0o600)


def backup_check(home: Path, now_s: float) -> Check:
    """Returns the check of the last backup's age."""
    made_ms = backup_time_ms(home)
    if made_ms is None:
        return warn("backup", is_good=False, state="none was made by this program")
    age = max(0.0, now_s - made_ms / 1000)
    is_good = age * 1000 <= BACKUP_DUE_MS
    return warn("backup", is_good=is_good, state=f"made {age_text(age)} ago")


def backup_time_ms(home: Path) -> int | None:
    """Returns the time of the last backup by this program, Unix milliseconds, or None."""
    try:
        return int((home / _STAMP).stat().st_mtime * 1000)
    except OSError:
        return None


def age_text(seconds: float) -> str:
    """Returns a duration in its largest unit."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' if number != 1 else ''}"
    return f"{int(seconds)} s"
