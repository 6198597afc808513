"""In which order several workers get the tests of a run."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from support.order import spread


@dataclass(frozen=True)
class Test:
    """A test as far as its place depends on it: its file, and its marks."""

    __test__ = False
    path: Path
    number: int
    marks: frozenset[str] = frozenset()

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


def collected(*files: tuple[str, int, str]) -> list[Test]:
    """Tests of files, each with so many; its last one bears the mark."""
    return [
        Test(Path(name), number, frozenset({mark} if number == count - 1 else ()))
        for name, count, mark in files
        for number in range(count)
    ]


ITEMS = collected(
    ("a", 5, ""), ("b", 2, "integration"), ("c", 1, "slow"), ("d", 3, "faults"), ("e", 9, ""),
    ("f", 1, "integration"), ("g", 3, ""),
)  # fmt: skip


def runs(workers: int) -> list[list[Test]]:
    """What each worker begins with: xdist gives each an equal part of what is left."""
    left, found = spread(ITEMS, workers), []
    for others in range(workers, 0, -1):
        share = len(left) // others
        found.append(left[:share])
        del left[:share]
    return found


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 30])
def test_no_test_is_lost_or_doubled(workers: int) -> None:
    spread_out = spread(ITEMS, workers)
    assert len(spread_out) == len(ITEMS)
    assert set(spread_out) == set(ITEMS)


def test_slow_files_begin_and_stay_whole() -> None:
    assert ["".join(str(test.path) for test in run) for run in runs(3)] == [
        "bbaaaaac", "dddeeeee", "feeeeggg",
    ]  # fmt: skip


def test_more_slow_tests_than_a_share_are_all_there() -> None:
    assert len(spread(collected(("a", 9, "faults"), ("b", 2, "")), 3)) == 11
