"""The order of a run's tests: those that wait for real processes begin first.

Begun last, one that takes a minute keeps all workers but its own idle for that minute. At first
each worker is given a run of the tests as they were collected; whoever is done takes from the end
of another's. So slow files stand at the beginning of each worker's run, spread over all, and whole:
what a file's fixtures started, no second worker starts again.
"""

from collections.abc import Sequence
from itertools import chain, groupby

import pytest

SLOW = ("integration", "faults")  # marks of tests that start processes


def spread(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests, for so many workers to take in equal runs."""
    slow: list[list[pytest.Item]] = []
    quick: list[pytest.Item] = []
    for _, group in groupby(items, lambda item: item.path):
        tests = list(group)
        if any(test.get_closest_marker(mark) for test in tests for mark in SLOW):
            slow.append(tests)
        else:
            quick += tests
    runs = [list(chain.from_iterable(slow[worker::workers])) for worker in range(workers)]
    share, left = divmod(len(items), workers)
    rest = iter(quick)
    for run, size in zip(runs, [share] * (workers - left) + [share + 1] * left, strict=True):
        run.extend(test for _, test in zip(range(size - len(run)), rest, strict=False))
    return [*chain.from_iterable(runs), *rest]
