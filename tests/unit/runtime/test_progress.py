"""Progress of a long task: shown after a while on a terminal, moving, and gone at its end."""

import sys
import threading

import pytest

from tearline_runtime import progress
from tearline_runtime.progress import ProgressLine, progress_text
from tearline_server.admin import output


class Screen:
    """A terminal that tells when it was written to so many times."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._changed = threading.Condition()

    def write(self, text: str) -> None:
        with self._changed:
            self.texts.append(text)
            self._changed.notify_all()

    def await_text(self, part: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(part in text for text in self.texts), 30)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    return Screen()


def test_the_line_moves_and_is_removed(screen: Screen) -> None:
    with ProgressLine("Moving", 200, screen.write) as line:
        screen.await_text("0 of 200")
        line.advance(50)
        screen.await_text("25%  50 of 200")
        line.tell(9, 10, "Checking")
        screen.await_text("Checking  [")
    assert screen.texts[-1].strip() == ""
    assert screen.texts[-1].endswith("\r")
    assert {text.count("\n") for text in screen.texts} == {0}


def test_it_is_removed_after_a_failure(screen: Screen) -> None:
    def fail() -> None:
        with ProgressLine("Moving", None, screen.write):
            screen.await_text("Moving")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert screen.texts[-1].strip() == ""


def test_a_short_task_shows_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 3600.0)
    screen = Screen()
    with ProgressLine("Moving", 3, screen.write) as line:
        line.advance(3)
    assert screen.texts == []


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "text"),
    [
        (0, None, 3.9, "Moving  0:03"),
        (1200, None, 75.0, "Moving  1,200  1:15"),
        (5, 10, 4.0, "Moving  [############            ]  50%  5 of 10  0:04"),
        (12, 10, 4.0, "Moving  [########################] 100%  12 of 10  0:04"),
    ],
)
def test_a_line_says_how_much_is_done(
    done: int, total: int | None, elapsed_s: float, text: str
) -> None:
    assert progress_text("Moving", done, total, elapsed_s) == text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_operator_sees_it_on_a_terminal_alone(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.setattr(output, "_write_aside", screen.write)
    with output.progress("Moving"):
        if is_terminal:
            screen.await_text("Moving")
    assert bool(screen.texts) is is_terminal
