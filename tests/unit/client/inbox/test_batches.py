"""What arrives is gathered until nothing more waits, and no longer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

import tearline_client.inbox.batches
from tearline.errors import ExchangeUnreachable, TearlineError
from tearline_client.inbox.batches import Arrivals, gathered

IDLE = b"idle"


async def came(
    deliveries: Sequence[bytes], *, bell: asyncio.Event | None = None, end: TearlineError | None
) -> tuple[list[Arrivals], TearlineError | None]:
    """What is made of a subscription, and what it ended with."""

    async def subscription() -> AsyncIterator[bytes]:
        for data in deliveries:
            yield data
        if end is not None:
            raise end

    found: list[Arrivals] = []
    batches = gathered(subscription(), bell or asyncio.Event(), lambda data: data == IDLE)
    async with aclosing(batches):
        try:
            async for batch in batches:
                found.append(batch)
        except TearlineError as error:
            return found, error
    return found, None


async def test_what_waits_is_one_batch_until_the_exchange_says_that_nothing_more_does() -> None:
    found, _ = await came([b"1", b"2", b"3", IDLE, b"4", IDLE, IDLE], end=None)
    assert found == [
        Arrivals(deliveries=(b"1", b"2", b"3"), rest=IDLE),
        Arrivals(deliveries=(b"4",), rest=IDLE),
        Arrivals(deliveries=(), rest=IDLE),
        Arrivals(deliveries=(), more=True),
    ]


@pytest.mark.parametrize(("bound", "most"), [("MAX_DELIVERIES", 2), ("MAX_BYTES", 3)])
async def test_a_batch_is_bounded(bound: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tearline_client.inbox.batches, bound, most)
    found, _ = await came([b"11", b"22", b"33", IDLE], end=None)
    assert found[:2] == [
        Arrivals(deliveries=(b"11", b"22"), more=True),
        Arrivals(deliveries=(b"33",), rest=IDLE),
    ]


async def test_what_came_is_passed_on_before_the_line_fails() -> None:
    found, error = await came([b"1", b"2"], end=ExchangeUnreachable())
    assert found == [Arrivals(deliveries=(b"1", b"2"), more=True)]
    assert isinstance(error, ExchangeUnreachable)


async def test_the_bell_ends_a_batch() -> None:
    bell, rung = asyncio.Event(), asyncio.Event()

    async def subscription() -> AsyncIterator[bytes]:
        yield b"1"
        bell.set()
        await rung.wait()
        yield IDLE

    async with aclosing(gathered(subscription(), bell, lambda data: data == IDLE)) as batches:
        assert await anext(batches) == Arrivals(deliveries=(b"1",))
        rung.set()
        assert await anext(batches) == Arrivals(deliveries=(), rest=IDLE)
