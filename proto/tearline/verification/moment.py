"""Moment at which a statement is verified: a position of the log, and its time."""

from tearline.dataclass.immutable import immutable


@immutable
class Moment:
    """Position in the log, and log time, at which a statement is verified.

    Attributes:
        index: The position of its acceptance entry, or the next free position.
        time_ms: Unix milliseconds of that entry.
    """

    index: int
    time_ms: int
