"""Intervals on a common axis of time, one track for each."""

from collections.abc import Sequence

from tearline.dataclass.immutable import immutable

WIDTH, TRACK, TOP = 960, 56, 28
"""Width of the picture, height of a track, and height of the axis, in pixels."""
_LEFT, _RIGHT = 230, 24
_MIN_WIDTH = 6.0  # of an interval, so that a short one is seen
_MARGIN = 0.08  # of the time shown, before the first interval and after the last


@immutable
class Interval:
    """An interval of time.

    Attributes:
        start_ms: Its start.
        end_ms: Its end, or None while it lasts.
    """

    start_ms: int
    end_ms: int | None


@immutable
class Axis:
    """The axis of a picture.

    Attributes:
        from_ms: The time at its left end.
        until_ms: The time at its right end.
        width: Width of the picture.
        height: Height of the picture.
        left: Place of the left end.
        right: Place of the right end.
    """

    from_ms: int
    until_ms: int
    width: int
    height: int
    left: int
    right: int

    def place(self, time_ms: int) -> float:
        """Returns the place of a time on the axis, within its ends."""
        share = (time_ms - self.from_ms) / (self.until_ms - self.from_ms)
        return round(self.left + min(max(share, 0.0), 1.0) * (self.right - self.left), 1)


@immutable
class Track:
    """The place of an interval.

    Attributes:
        top: Upper edge of its track.
        middle: The middle of its track.
        start: Left end of the interval.
        width: Its width.
        end: Its right end.
    """

    top: int
    middle: int
    start: float
    width: float
    end: float


def axis_of(intervals: Sequence[Interval], now_ms: int) -> Axis:
    """Returns an axis on which all intervals have a place.

    Args:
        intervals: The intervals.
        now_ms: The end of those that last.
    """
    start = min((each.start_ms for each in intervals), default=now_ms)
    end = max((each.end_ms or now_ms for each in intervals), default=now_ms)
    margin = max(1, int((end - start) * _MARGIN))
    return Axis(
        from_ms=start - margin,
        until_ms=max(end, start) + margin,
        width=WIDTH,
        height=TOP + TRACK * len(intervals),
        left=_LEFT,
        right=WIDTH - _RIGHT,
    )


def tracks_of(intervals: Sequence[Interval], axis: Axis) -> list[Track]:
    """Returns the places of intervals, from above in their order."""
    tracks = []
    for number, each in enumerate(intervals):
        start = axis.place(each.start_ms)
        end = axis.right if each.end_ms is None else axis.place(each.end_ms)
        width = max(end - start, _MIN_WIDTH)
        top = TOP + number * TRACK
        tracks.append(
            Track(
                top=top,
                middle=top + TRACK // 2,
                start=start,
                width=round(width, 1),
                end=round(start + width, 1),
            )
        )
    return tracks
