"""Replay of a request: its logged steps, applied in the order of the log."""

from collections.abc import Iterable, Mapping, Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError
from tearline.requests.clock import Interval, RequestClock
from tearline.requests.progress import Progress
from tearline.requests.step import RequestStep, Side


@immutable
class LoggedStep:
    """Step with its log entry.

    Attributes:
        side: The side of its signer.
        step: The step.
        index: Of its entry.
        time_ms: Of its entry.
        counted: Whether it was accepted as timely before. Suspensions that become known later
            do not change that.
    """

    side: Side
    step: RequestStep
    index: int
    time_ms: int
    counted: bool = False


@immutable
class Replayed:
    """Request after its valid steps, with the steps that do not follow.

    Attributes:
        progress: The request.
        unfit: The errors of steps that do not follow, by index of their entry.
        stopped: Intervals of suspension of its article.
    """

    progress: Progress
    unfit: Mapping[int, TearlineError]
    stopped: tuple[Interval, ...] = ()

    @property
    def clock(self) -> RequestClock:
        """Returns the request's clock."""
        return self.progress.clock(self.stopped)

    @property
    def is_suspended(self) -> bool:
        """Returns whether its clock stands still because of a suspension."""
        running = self.clock.due_ms() is not None
        return not running and any(each.end_ms is None for each in self.stopped)


def replay(
    begun: Progress, steps: Iterable[LoggedStep], stopped: Sequence[Interval] = ()
) -> Replayed:
    """Applies steps in the order of the log, in any order of arrival, and returns the result."""
    progress, unfit = begun, dict[int, TearlineError]()
    for each in sorted(steps, key=lambda each: each.index):
        try:
            progress = progress.after(
                each.side, each.step, time_ms=each.time_ms, stopped=stopped, counted=each.counted
            )
        except TearlineError as error:
            unfit[each.index] = error
    return Replayed(progress=progress, unfit=unfit, stopped=tuple(stopped))
