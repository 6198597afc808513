"""Hard runs: tests in an order drawn from a seed, and every task delayed at random.

A test that is red here and green elsewhere relies on an order that nothing promises: of tests, or
of tasks. The seed is in ``TEARLINE_HARD``.
"""

import asyncio
import os
import random
from asyncio.base_events import BaseEventLoop
from collections import defaultdict
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any

import pytest

LONGEST_S = 0.005
"""Delays are at most this long: a turn of the scheduler on a busy machine."""


def seed() -> int | None:
    """Returns the seed of a hard run, or None in an ordinary one."""
    value = os.environ.get("TEARLINE_HARD")
    return None if not value else int(value)


class Delayed(Coroutine[Any, Any, Any]):
    """A task's coroutine that sometimes sleeps before its next step.

    Args:
        inner: The coroutine of the task.
        draw: Where delays are drawn from.
    """

    def __init__(self, inner: Coroutine[Any, Any, Any], draw: random.Random) -> None:
        self._inner = inner
        self._draw = draw
        self._sleep: Generator[Any, Any, None] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def send(self, value: Any) -> Any:
        """Returns what the task waits for: its own next future, or a sleep before it."""
        if self._sleep is None and self._draw.random() < 0.5:
            delay_s = self._draw.choice((0, 0, 0, self._draw.uniform(0, LONGEST_S)))
            self._sleep = asyncio.sleep(delay_s).__await__()
        if self._sleep is not None:
            try:
                return self._sleep.send(None)
            except StopIteration:
                self._sleep = None
        return self._inner.send(value)

    def throw(
        self,
        kind: Any,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
        /,
    ) -> Any:
        """Ends the sleep, and throws into the task's own coroutine."""
        if self._sleep is not None:
            self._sleep.close()
            self._sleep = None
        return self._inner.throw(kind if value is None else value)

    def close(self) -> None:
        """Ends both."""
        if self._sleep is not None:
            self._sleep.close()
        self._inner.close()


def delay_tasks(number: int) -> None:
    """Delays each task that any loop of this process makes from now on.

    Args:
        number: The seed.
    """
    draw = random.Random(number)
    plain = BaseEventLoop.create_task

    def create_task(self: BaseEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        return plain(self, Delayed(coro, draw), **options)

    BaseEventLoop.create_task = create_task  # type: ignore[assignment]  # it adds no parameter


def permuted(items: list[pytest.Item], number: int) -> list[pytest.Item]:
    """Returns the tests in an order drawn from a seed; those of one module stay together."""
    draw = random.Random(number)
    modules = defaultdict(list)
    for item in items:
        modules[item.nodeid.partition("::")[0]].append(item)
    order = sorted(modules)
    draw.shuffle(order)
    for name in order:
        draw.shuffle(modules[name])
    return [item for name in order for item in modules[name]]
