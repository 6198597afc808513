"""``Timekeeper``: the exchange's time, and whether it is trusted.

A wrong date deletes data too early. One future entry would block all members with keys or
agreements that have ended by then. So the clock is compared: at the start with the log's last time,
afterwards with a monotonic clock. On a mismatch the clock is in doubt, and no writes or deletions
happen. The clocks of agencies that cosign can confirm it; they cannot put it in doubt.
"""

from collections.abc import Callable

from tearline.errors import ClockDoubted
from tearline.limits import CLOCK_RETRY_MS, MAX_CLOCK_PAUSE_MS, MAX_LOG_TIME_SKEW_MS

Milliseconds = Callable[[], int]


class Timekeeper:
    """Clock that refuses to be used while it is in doubt.

    Args:
        clock: This machine's clock, Unix milliseconds.
        steady: Milliseconds on a monotonic clock, from any start.
    """

    def __init__(self, clock: Milliseconds, steady: Milliseconds) -> None:
        self._clock = clock
        self._steady = steady
        self._known_ms = 0
        self._cosigners: frozenset[str] = frozenset()
        self._ahead_ms: int | None = None  # offset of the clock from the steady one; None in doubt
        self._heard: dict[str, int] = {}  # the same offset of each agency's clock

    def begin(self, known_ms: int, *, cosigners: frozenset[str], has_mail: bool) -> None:
        """Compares the clock with the log at the start.

        Args:
            known_ms: The latest time that the log is known to have reached; 0 for none.
            cosigners: URIs of the agencies that cosign, per the log; more than half of them can
                confirm a clock.
            has_mail: Whether any message was ever accepted. Before the first one, and without
                cosigners, a clock that is not behind the log is trusted: it can delete no data.
        """
        self._known_ms, self._cosigners = known_ms, cosigners
        ahead_ms = self._measured_ms()
        passed_ms = self._steady() + ahead_ms - known_ms
        is_lone = not cosigners and not has_mail
        if passed_ms >= -MAX_LOG_TIME_SKEW_MS and (
            not known_ms or is_lone or passed_ms <= MAX_CLOCK_PAUSE_MS
        ):
            self._ahead_ms = ahead_ms

    def accept(self) -> None:
        """Trusts the current clock, as the operator confirmed it."""
        self._ahead_ms = self._measured_ms()

    def hear(self, agency: str, time_ms: int) -> None:
        """Records the clock of an agency that cosigns; more than half of all confirm the clock.

        Silent agencies count in the total. A wrong clock excludes agencies with a certificate that
        does not fit it, and may admit one with a certificate made for it. One agency alone confirms
        no clock.

        Args:
            agency: Its URI.
            time_ms: Its own clock just now, as its node reports it.
        """
        if agency not in self._cosigners:
            return
        self._heard[agency] = time_ms - self._steady()
        ahead_ms = self._measured_ms()
        agree = sum(_is_near(each, ahead_ms) for each in self._heard.values())
        is_possible = self._steady() + ahead_ms >= self._known_ms - MAX_LOG_TIME_SKEW_MS
        if is_possible and agree > max(1, len(self._cosigners) / 2):
            self._ahead_ms = ahead_ms

    @property
    def is_right(self) -> bool:
        """Returns whether the clock is trusted."""
        return self._ahead_ms is not None and _is_near(self._measured_ms(), self._ahead_ms)

    def time_ms(self) -> int:
        """Returns the time, Unix milliseconds; in doubt, one certainly not in the future.

        It is the reading that was compared: the next reading may be another one.
        """
        measured_ms = self._measured_ms()
        if self._ahead_ms is None:
            return min(self._known_ms, self._steady() + measured_ms)
        if _is_near(measured_ms, self._ahead_ms):
            return self._steady() + measured_ms
        return self._steady() + self._ahead_ms

    def _measured_ms(self) -> int:
        """Returns the offset of one reading of the clock from the steady one."""
        return self._clock() - self._steady()

    def verify(self, log_ms: int) -> None:
        """Checks that the time may be used for entries and deletions.

        Args:
            log_ms: The time of the log's last entry; 0 for none.

        Raises:
            ClockDoubted: If the clock is in doubt, or the log is ahead of it.
        """
        if not self.is_right:
            raise _doubted("neither the log nor the cosigners confirm it")
        ahead_ms = log_ms - self.time_ms()
        if ahead_ms > MAX_LOG_TIME_SKEW_MS:
            raise _doubted(f"the log's last entry is {ahead_ms // 1000} seconds ahead of it")


def verify_said(clock_ms: int, said_ms: int) -> None:
    """Checks that a clock matches the time that the operator has from another source.

    Raises:
        ClockDoubted: If they differ by more than two minutes.
    """
    if not _is_near(clock_ms, said_ms):
        side = "ahead of" if clock_ms > said_ms else "behind"
        apart_s = abs(clock_ms - said_ms) // 1000
        raise ClockDoubted(f"it is {apart_s} seconds {side} the given time; the limit is 120")


def _doubted(why: str) -> ClockDoubted:
    return ClockDoubted(why, retry_after_ms=CLOCK_RETRY_MS)


def _is_near(one_ms: int, other_ms: int) -> bool:
    return abs(one_ms - other_ms) <= MAX_LOG_TIME_SKEW_MS
