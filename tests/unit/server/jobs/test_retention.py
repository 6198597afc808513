"""A round of the retention reads what is due, however much else an agreement has in the log."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from support.agencies import CN, EXCHANGE, US, node_of
from support.exchange import World, opened
from tearline.audit.retention import is_due
from tearline.errors import StoreFull
from tearline.limits import RETENTION_AGAIN_MS, RETENTION_LOOK_MS
from tearline.verification.trust import TrustState
from tearline.wire.deliveries import START
from tearline.wire.grants import parse_event
from tearline_server.storage.reads import RetainedRow
from tearline_server.storage.sqlite.store import SqliteStore

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
RETENTION_MS = 30 * DAY_MS


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        await found.agree(log_retention_ms=RETENTION_MS, retention_ms=RETENTION_MS)
        yield found


@pytest.fixture
async def daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """The same, whose entries are kept for a day only: for less than keys live."""
    monkeypatch.setattr("tearline.agreements.agreement.MIN_LOG_RETENTION_MS", DAY_MS)
    async with opened(tmp_path) as found:
        await found.agree(log_retention_ms=DAY_MS, retention_ms=DAY_MS)
        yield found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each read."""
    found: list[int] = []
    retained, retained_at = SqliteStore.retained, SqliteStore.retained_at

    async def counted(
        store: SqliteStore, agreement: bytes, after: int, *, limit: int
    ) -> Sequence[RetainedRow]:
        rows = await retained(store, agreement, after, limit=limit)
        found.append(len(rows))
        return rows

    async def counted_at(store: SqliteStore, indices: Sequence[int]) -> Sequence[RetainedRow]:
        rows = await retained_at(store, indices)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(SqliteStore, "retained", counted)
    monkeypatch.setattr(SqliteStore, "retained_at", counted_at)
    return found


async def send(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, CN))
    assert [outcome.refusal for outcome in outcomes] == [None, None]


async def acknowledge(world: World) -> None:
    """Every node acknowledges all of its mail."""
    for agency in world.parties.agencies:
        newest = await world.exchange.acknowledge(node_of(agency), START)
        await world.exchange.acknowledge(node_of(agency), newest)


async def erase(world: World) -> int:
    """Runs a round; returns the number of erased entries."""
    return await world.exchange.maintenance._retention.erase_due()


async def test_nothing_is_read_before_the_next_entry_is_due(world: World, read: list[int]) -> None:
    await send(world)
    await acknowledge(world)
    assert await erase(world) == 0
    read.clear()
    for _ in range(3):
        world.clock.time_ms += HOUR_MS
        assert await erase(world) == 0
    assert read == []
    world.clock.time_ms += RETENTION_LOOK_MS  # a clock may have been corrected
    assert await erase(world) == 0
    assert len(read) == 1


async def test_entries_that_stay_for_ever_are_passed_once(world: World, read: list[int]) -> None:
    for _ in range(6):
        await send(world)
        world.clock.time_ms += HOUR_MS
    await acknowledge(world)
    world.clock.time_ms += RETENTION_MS - 6 * HOUR_MS
    rows = []
    for _ in range(6):  # each round erases a packet, and its order is an entry that stays
        read.clear()
        assert await erase(world) > 0
        rows.append(sum(read))
        await acknowledge(world)
        world.clock.time_ms += HOUR_MS
    assert max(rows[1:]) <= 16


async def test_an_entry_about_unread_mail_is_judged_again_alone(
    world: World, read: list[int]
) -> None:
    await send(world)
    world.clock.time_ms += RETENTION_MS
    await erase(world)
    read.clear()
    assert await erase(world) == 0
    assert len(read) == 1  # of what is deferred
    await acknowledge(world)
    assert await erase(world) > 0
    read.clear()
    assert await erase(world) == 0
    assert read == []


async def test_what_could_not_be_written_is_erased_by_the_next_round(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world)
    await acknowledge(world)
    world.clock.time_ms += RETENTION_MS
    keeper = world.exchange.maintenance._retention
    with monkeypatch.context() as patched:

        async def fail(_: object) -> None:
            raise StoreFull

        patched.setattr(keeper, "_submit", fail)
        with pytest.raises(StoreFull):
            await erase(world)
    assert await erase(world) > 0


async def test_more_deferred_entries_than_are_remembered_are_read_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.jobs.retention.MAX_RETENTION_PAGE", 2)
    for _ in range(3):
        await send(world)
    world.clock.time_ms += RETENTION_MS
    await erase(world)
    await acknowledge(world)
    world.clock.time_ms += RETENTION_AGAIN_MS
    assert [await erase(world) for _ in range(2)] == [3, 0]


async def due(world: World) -> Sequence[int]:
    """Indices of the stored entries that are due."""
    registry, now_ms = world.exchange._desk.registry, world.clock.time_ms
    return [
        row.idx
        for found in registry.agreements.values()
        for row in await world.store.retained(found.agreement.id, -1, limit=1000)
        if is_due(parse_event(row.event), found.agreement, EXCHANGE, now_ms)
    ]


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "unread"])
async def test_an_entry_dated_ahead_of_the_clock_is_erased_when_it_is_due(
    daily: World, is_read: bool
) -> None:
    await acknowledge(daily)
    daily.clock.time_ms += DAY_MS
    daily.clock.time_ms += HOUR_MS
    await send(daily)
    if is_read:
        await acknowledge(daily)
    daily.clock.time_ms -= HOUR_MS
    assert await erase(daily) == 0
    daily.clock.time_ms += 2 * HOUR_MS
    await acknowledge(daily)
    assert await erase(daily) == 0
    daily.clock.time_ms += DAY_MS
    await erase(daily)
    assert await due(daily) == []


async def test_too_many_deferred_entries_are_not_read_each_minute(
    world: World, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.jobs.retention.MAX_RETENTION_PAGE", 2)
    for _ in range(3):
        await send(world)
    world.clock.time_ms += RETENTION_MS
    await erase(world)
    read.clear()
    for _ in range(3):
        world.clock.time_ms += MINUTE_MS
        assert await erase(world) == 0
    assert read == []


async def test_no_statement_of_a_node_looks_at_every_node(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a packet, an agreement, or the erasure of their entries."""

    def refuse(_: TrustState) -> tuple[str, ...]:
        raise AssertionError("every node of the federation was looked at")

    monkeypatch.setattr(TrustState, "nodes", refuse)
    await send(world)
    await acknowledge(world)
    await world.agree(version=2, log_retention_ms=RETENTION_MS, retention_ms=RETENTION_MS)
    await acknowledge(world)
    world.clock.time_ms += RETENTION_MS
    assert await erase(world) > 0
    assert [each for each in await world.read(US) if each]
