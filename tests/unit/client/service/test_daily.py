"""Daily tasks of a node whose connections begin anew."""

import pytest

from tearline.errors import StoreBusy
from tearline_client.service.daily import DAY_S, Daily


class Ended(Exception):
    """The connection ended while its task waited."""


class Day:
    """A clock, and a task that counts its calls."""

    def __init__(self) -> None:
        self.now_s, self.calls, self.is_busy = 0.0, 0, False
        self.waited: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        raise Ended

    async def act(self) -> None:
        self.calls += 1
        if self.is_busy:
            raise StoreBusy("for a while")

    def daily(self, after_s: float = 0) -> Daily:
        return Daily(self.pause, after_s=after_s, clock=lambda: self.now_s)


async def test_it_runs_at_once_and_then_once_a_day_over_many_connections() -> None:
    day = Day()
    daily = day.daily()
    for hour in range(49):  # a connection each hour
        day.now_s = hour * 3600.0
        with pytest.raises(Ended):
            await daily.run(day.act)
    assert day.calls == 3


async def test_connections_of_an_hour_do_not_put_it_off_for_ever() -> None:
    day = Day()
    daily = day.daily(after_s=DAY_S)
    for hour in range(25):
        day.now_s = hour * 3600.0
        with pytest.raises(Ended):
            await daily.run(day.act)
    assert day.calls == 1
    assert day.waited[:2] == [DAY_S, DAY_S - 3600]


async def test_a_call_that_fails_is_due_again() -> None:
    day = Day()
    daily, day.is_busy = day.daily(), True
    with pytest.raises(StoreBusy):
        await daily.run(day.act)
    day.is_busy = False
    with pytest.raises(Ended):
        await daily.run(day.act)
    assert day.calls == 2
