"""A node at which nothing happens does nothing, however much lies there."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import apsw
import pytest

from attacks.test_retention import KEPT_MS, amend
from support.node import stores_of
from support.simulation import Member, Simulation
from tearline.wire.cosigning import encode_cosign_turn, parse_cosign_turn
from tearline_client.loop_health import LoopHealth
from tearline_client.service.daemon import run_daemon
from tearline_client.service.http import vitals_of
from tearline_client.store.log import LogStore, OpenedEvent
from unit.client.store.test_plans import fill, number

ROWS = 20_000
GROWN = [
    *("packet", "packet_key", "packet_grant", "receipt", "outbox", "taken", "sent", "excused"),
    *("request_step", "request", "request_time", "consent_step", "case_file", "case_step"),
    *("correction", "recall", "forgotten_recall", "value_tag", "filed", "hold", "hold_end"),
    *("own_source", "standing", "standing_mark", "stopped", "frozen", "repeat", "import"),
    *("checkpoint_seen", "quarantine", "erasure", "proposal"),
]
"""Tables that use fills. None of these rows could be opened: a round that reads one fails."""


@contextmanager
def work(member: Member) -> Iterator[list[int]]:
    """Counts the steps of SQLite's machine that a node's statements take, one by one."""
    found: list[int] = []

    def note(event: dict[str, dict[str, int]]) -> None:
        found.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    connection = stores_of(member.node).database._connection
    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    try:
        yield found
    finally:
        connection.trace_v2(0, None)


async def an_idle_round(member: Member) -> list[int]:
    """What a node asks of its store in a round, for hooks and for a scrape, all done before."""
    with work(member) as found:
        await member.node.sync()
        await member.node.tell()
        member.node.notifications.scan()
        await vitals_of(member.node, LoopHealth())
    return found


@contextmanager
def used(member: Member) -> Iterator[None]:
    """Fills a node's store as use does; the node is closed behind it, for no such row opens."""
    database = stores_of(member.node).database
    try:
        number(database._connection, ROWS)
        for table in GROWN:
            fill(database._connection, table, ROWS, done=True)
        yield
    finally:
        database.close()


async def test_an_idle_node_works_no_more_in_a_store_that_was_used(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.cn)
    world.stop_clocks()
    true_ns = time.time_ns
    for _ in range(2):  # what is due once is done
        for member in (world.us, world.cn):
            await member.node.receive()
            await member.node.sync()
    for member in (world.us, world.cn):
        before = await an_idle_round(member)
        # However long a slow machine fills the store, no job of the next minute falls due.
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + 61_000_000_000)
        with used(member):
            rows = stores_of(member.node).database.value("SELECT count(*) FROM receipt")
            assert rows >= ROWS
            after = await an_idle_round(member)
            assert len(after) <= len(before) + 2
            assert sum(after) < 1.25 * sum(before) + 1000
            assert max(after) < max(before) + 1000  # no statement grew with the store


async def test_a_scrape_opens_no_entry_of_the_log(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries that stay for ever are as many as years make them."""
    await amend(world, version=2, log_retention_ms=KEPT_MS)

    def refuse(*_: object) -> Iterator[OpenedEvent]:
        raise AssertionError("the old entries were read")

    monkeypatch.setattr(LogStore, "openings_between", refuse)
    pulse = LoopHealth()
    pulse.kept_too_long = 7
    assert (await vitals_of(world.us.node, pulse)).kept_too_long == 7
    with pytest.raises(AssertionError):
        await world.us.node.audit.count_kept_too_long()


@pytest.mark.parametrize("why", ["no key of ours counts", "the exchange knows of evidence"])
async def test_an_exchange_that_answers_at_once_is_not_asked_again_at_once(
    world: Simulation, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, turns, waits = world.us.node, [], asyncio.Event()
    if why == "no key of ours counts":
        monkeypatch.setattr(node.cosigning, "cosign", lambda: b"")
    honest = world.us.exchange.cosign

    async def cosign(turn: bytes) -> bytes:
        said = parse_cosign_turn(turn)
        turns.append(said.wait)
        if said.wait:
            waits.set()
        if why == "the exchange knows of evidence":  # of which an officer of ours has decided
            turn = encode_cosign_turn(replace(said, wait=False))
        return await honest(turn)

    monkeypatch.setattr(world.us.exchange, "cosign", cosign)
    stop = asyncio.Event()
    running = asyncio.create_task(run_daemon(node, stop, report=lambda line: None))
    async with asyncio.timeout(60):
        await waits.wait()
        for _ in range(2000):  # turns of the event loop, in each of which it could ask
            await asyncio.sleep(0)
    assert turns.count(True) == 1
    stop.set()
    await running


async def test_a_daemon_that_is_cancelled_leaves_no_work_behind(world: Simulation) -> None:
    before = asyncio.all_tasks()
    cancelled = 0
    for turns in (1, 10, 100, 1000):  # wherever it is
        running = asyncio.create_task(
            run_daemon(world.us.node, asyncio.Event(), report=lambda line: None)
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        cancelled += running.cancelled()
        assert asyncio.all_tasks() == before
    assert cancelled == 4  # and not ended, as it would be by its ``stop``
