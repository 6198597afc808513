"""Clock of a request: a function of log times, the same for both sides and the exchange."""

from collections.abc import Iterable, Sequence

from tearline.dataclass.immutable import immutable

HOUR_MS = 3_600_000
MAX_STORE_DELAY_MS = HOUR_MS  # from the mailbox: a node that is away does not stop the clock
EXTENSION_OF_PRESERVATION_MS = 30 * 24 * HOUR_MS


@immutable
class Interval:
    """Interval of log time during which a clock stands still.

    Attributes:
        start_ms: Its start, Unix milliseconds.
        end_ms: Its end; None while it continues.
    """

    start_ms: int
    end_ms: int | None


@immutable
class RequestClock:
    """Parameters of a request's deadline.

    Attributes:
        start_ms: Start of the clock, Unix milliseconds.
        allowed_ms: Allowed running time, milliseconds.
        stopped: Intervals of standstill.
    """

    start_ms: int
    allowed_ms: int
    stopped: tuple[Interval, ...] = ()

    def due_ms(self) -> int | None:
        """Returns the deadline in log time; None while the clock stands still.

        Intervals that end before the start, or begin after the deadline, have no effect. Later log
        entries therefore never move a past deadline.
        """
        due_ms = self.start_ms + self.allowed_ms
        for start_ms, end_ms in _merged(self.stopped, self.start_ms):
            if start_ms >= due_ms:
                break
            if end_ms is None:
                return None
            due_ms += end_ms - start_ms
        return due_ms

    def stopped_since_ms(self) -> int | None:
        """Returns the start of the present standstill, in log time.

        Returns None while the clock runs, and after the deadline.
        """
        if self.due_ms() is not None:
            return None
        return next(
            start_ms for start_ms, end_ms in _merged(self.stopped, self.start_ms) if end_ms is None
        )

    def left_ms(self, now_ms: int) -> int:
        """Returns the remaining time in milliseconds; negative after the deadline."""
        due_ms = self.due_ms()
        if due_ms is not None and due_ms <= now_ms:
            return due_ms - now_ms
        stood_ms = 0
        for start_ms, end_ms in _merged(self.stopped, self.start_ms):
            until_ms = now_ms if end_ms is None else min(end_ms, now_ms)
            stood_ms += max(0, until_ms - start_ms)
        return self.allowed_ms - max(0, now_ms - self.start_ms - stood_ms)


def started_ms(granted_ms: int, stored_ms: int | None) -> int:
    """Returns the start of a request's clock: its storage, at most an hour after the mailbox.

    Args:
        granted_ms: Log time of the grant's entry.
        stored_ms: Log time of the recipient's first receipt, once there is one.
    """
    latest_ms = granted_ms + MAX_STORE_DELAY_MS
    return latest_ms if stored_ms is None else min(stored_ms, latest_ms)


def _merged(stopped: Sequence[Interval], start_ms: int) -> Iterable[tuple[int, int | None]]:
    """Returns intervals from the start of a clock on, in order and without overlap."""
    merged: list[tuple[int, int | None]] = []
    for each in sorted(stopped, key=lambda each: each.start_ms):
        begin_ms, end_ms = max(each.start_ms, start_ms), each.end_ms
        if end_ms is not None and end_ms <= begin_ms:
            continue
        if merged and (merged[-1][1] is None or begin_ms <= merged[-1][1]):
            last_start_ms, last_end_ms = merged.pop()
            open_ended = last_end_ms is None or end_ms is None
            merged.append(
                (last_start_ms, None if open_ended else max(last_end_ms or 0, end_ms or 0))
            )
        else:
            merged.append((begin_ms, end_ms))
    return merged
