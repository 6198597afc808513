"""Progress of a long task: one line on a terminal, shown after two seconds and removed at its end.

The line is drawn by a thread of its own, so that it moves while the task computes.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

SHOWN_AFTER_S = 2.0
_REDRAWN_S = 0.25
_CELLS = 24
_WIDTH = 79


class ProgressLine:
    """Context in which a task shows its progress.

    Args:
        label: Name of the work.
        total: Number of steps; None if it is unknown.
        write: Writes a text to the terminal; None for no terminal: then no line is drawn.
    """

    def __init__(
        self,
        label: str,
        total: int | None,
        write: Callable[[str], None] | None,
    ) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._write = write
        self._begin_s = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> Self:
        if self._write is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._write is not None:
            self._thread.join()

    def advance(self, steps: int) -> None:
        """Counts steps that were just done."""
        self._done += steps

    def tell(self, done: int, total: int, label: str | None = None) -> None:
        """Replaces the counts, and the name of the work if it is another stage."""
        self._done, self._total, self._label = done, total, label or self._label

    def _draw(self) -> None:
        assert self._write is not None  # noqa: S101 (the thread is started with it alone)
        pause_s = SHOWN_AFTER_S
        is_shown = False
        while not self._ended.wait(pause_s):
            elapsed_s = time.monotonic() - self._begin_s
            text = progress_text(self._label, self._done, self._total, elapsed_s)
            self._write(f"\r{text[:_WIDTH]:<{_WIDTH}}")
            is_shown, pause_s = True, _REDRAWN_S
        if is_shown:
            self._write(f"\r{'':<{_WIDTH}}\r")


def progress_text(label: str, done: int, total: int | None, elapsed_s: float) -> str:
    """Returns the line: a bar for a known total, else the number of steps and the time."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    time_text = f"{minutes}:{seconds:02}"
    if not total:
        steps = f"{done:,}  " if done else ""
        return f"{label}  {steps}{time_text}"
    part = min(done / total, 1.0)
    bar = "#" * int(part * _CELLS)
    return f"{label}  [{bar:<{_CELLS}}] {part:4.0%}  {done:,} of {total:,}  {time_text}"
