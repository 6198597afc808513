"""Hard runs: a delayed task returns, raises and is cancelled as any task."""

import asyncio
import random
from asyncio.base_events import BaseEventLoop
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.hard import Delayed, delay_tasks, permuted


async def add(first: int, second: int) -> int:
    await asyncio.sleep(0)
    return first + second


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("as stated")


@pytest.fixture
def delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseEventLoop, "create_task", BaseEventLoop.create_task)
    delay_tasks(1)


def test_a_delayed_task_returns_and_raises_as_any(delayed: None) -> None:
    async def story() -> list[object]:
        async with asyncio.TaskGroup() as group:
            sums = [group.create_task(add(number, 1)) for number in range(50)]
        failed = await asyncio.gather(fail(), return_exceptions=True)
        return [*(each.result() for each in sums), repr(failed[0])]

    assert asyncio.run(story()) == [*range(1, 51), "ValueError('as stated')"]


def test_a_delayed_task_is_cancelled_where_it_waits(delayed: None) -> None:
    async def wait(ended: list[str]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    async def story() -> list[str]:
        ended: list[str] = []
        begun = [asyncio.create_task(wait(ended)) for _ in range(20)]
        await asyncio.sleep(0.05)
        for each in begun:
            each.cancel()
        await asyncio.wait(begun)
        assert all(each.cancelled() for each in begun)
        return ended

    assert asyncio.run(story()) == ["cleaned up"] * 20


def test_tasks_end_in_another_order_than_they_began(delayed: None) -> None:
    async def story() -> list[int]:
        ended: list[int] = []

        async def note(number: int) -> None:
            ended.append(number)

        await asyncio.gather(*(note(number) for number in range(30)))
        return ended

    ended = asyncio.run(story())
    assert sorted(ended) == [*range(30)] != ended


async def test_a_coroutine_that_never_ran_is_closed() -> None:
    Delayed(add(1, 2), random.Random(1)).close()


def test_an_order_is_drawn_from_the_seed_and_keeps_modules_together() -> None:
    names = [f"tests/{module}.py::test_{number}" for module in "abc" for number in range(9)]
    items = cast(list[Any], [SimpleNamespace(nodeid=name) for name in names])
    first, again, other = ([item.nodeid for item in permuted(items, seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == names != first
    modules = [name.partition("::")[0] for name in first]
    assert sum(here != there for here, there in pairwise(modules)) == 2
