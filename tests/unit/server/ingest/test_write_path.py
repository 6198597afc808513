"""The write path: batches, bounds, and what a failed transaction leaves behind."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

import pytest

from support.agencies import CN, MX, US, federation, leaf_of, node_of
from support.exchange import Clock, World, codes, components_of, opened, packet_publication
from support.stores import event, put
from tearline.audit.event import EventCode
from tearline.errors import (
    ExchangeBusy,
    ExchangeFault,
    FrontierDamaged,
    NotFound,
    StoreBusy,
    StoreDamaged,
    StoreFull,
)
from tearline.limits import (
    AGENCY_RATES,
    FAULT_S,
    MAX_BATCH_STATEMENTS,
    MAX_QUEUE_STATEMENTS,
    NODE_STATEMENTS_S,
    RATE_BURST_S,
    SHARED_BATCH_BYTES,
    STUCK_S,
)
from tearline.statements.statement import Statement, StatementType
from tearline.tlog.merkle import Frontier
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication, encode_publication, publication_of
from tearline_server.admin.offline import take_clear
from tearline_server.admission.authentication import Caller
from tearline_server.admission.fair_queue import OWN, Cost
from tearline_server.admission.rate_limits import Bounds, LeakyBucket, RateLimits
from tearline_server.exchange import Exchange
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.ingest.committer import Committer
from tearline_server.observability.metrics import Metrics
from tearline_server.processing import submission
from tearline_server.processing.context import SubmittedStatement
from tearline_server.processing.registry import Installation, Registry
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Append, Ask, Store
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import Snapshot
from tearline_server.storage.sqlite.store import SqliteStore

ONE = Cost(statements=1, bytes=1)


@dataclass(frozen=True)
class Job:
    number: int
    weight: Cost = ONE
    source: str = "somebody"


@dataclass
class Shelf:
    """A store whose commits wait for the test, and fail when it says so."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fail: list[Exception] = field(default_factory=list)
    disk: Callable[[], float] = lambda: 0.0

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        append(Head(epoch=b"e" * 16, tree=Frontier(), time_ms=0), LookupResults())
        await self.gate.wait()
        if self.fail:
            raise self.fail.pop(0)
        return self.disk()


@dataclass
class Recorder:
    """A desk that notes what it was given; chokes on negative numbers, in two ways."""

    batches: list[list[int]] = field(default_factory=list)
    durable: list[list[int]] = field(default_factory=list)
    restored: int = 0
    followed: int = 0

    head: Head | None = None

    def ask(self, works: Sequence[Job], head: Head, news: Snapshot | None) -> Lookups:
        return Lookups()

    def compose(self, works: Sequence[Job], known: LookupResults, head: Head) -> Commit:
        self.batches.append([work.number for work in works])
        if any(work.number < 0 for work in works):
            raise ZeroDivisionError if min(work.number for work in works) < -1 else NotFound
        return Commit(tree=Frontier(), time_ms=0)

    def committed(self, works: Sequence[Job]) -> None:
        self.durable.append([work.number for work in works])

    async def follow(self) -> None:
        self.followed += 1

    async def restore(self) -> None:
        self.restored += 1


def committer(shelf: Shelf, desk: Recorder) -> Committer[Job]:
    made: Committer[Job] = Committer(
        shelf,  # type: ignore[arg-type]
        desk,
        lambda tree: None,
        Metrics(),
    )
    made.start()
    return made


async def submitted(made: Committer[Job], *jobs: Job) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(made.submit(job)) for job in jobs]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_during_a_commit_is_the_next_batch() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    first = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    rest = await submitted(made, *(Job(number) for number in range(1, 5)))
    assert not any(task.done() for task in first + rest)
    shelf.gate.set()
    await asyncio.gather(*first, *rest)
    assert desk.durable == [[0], [1, 2, 3, 4]]
    await made.close()


async def test_a_batch_has_a_bound() -> None:
    shelf, desk = Shelf(), Recorder()
    shelf.gate.set()
    made = committer(shelf, desk)
    half = Cost(statements=MAX_BATCH_STATEMENTS // 2 + 1, bytes=1)
    await asyncio.gather(*await submitted(made, *(Job(number, half) for number in range(3))))
    assert desk.durable == [[0], [1], [2]]
    await made.close()


@dataclass
class Watch:
    """A clock that stands still, but for what a commit takes."""

    now_s: float = 0.0

    def perf_counter(self) -> float:
        return self.now_s

    monotonic = perf_counter


@dataclass(kw_only=True)
class Slow(Recorder):
    """A desk that takes something for each piece of work, and for each batch."""

    watch: Watch
    each_s: float = 0.001
    batch_s: float = 0.0

    def compose(self, works: Sequence[Job], known: LookupResults, head: Head) -> Commit:
        self.watch.now_s += self.batch_s + self.each_s * len(works)
        return super().compose(works, known, head)


async def test_batches_are_small_while_others_wait_and_large_when_nobody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, shelf = Watch(), Shelf()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)

    shelf.gate.set()
    desk = Slow(watch=watch, each_s=0.0001)  # a hundred in the time of a small batch
    made = committer(shelf, desk)
    for number in range(60):
        await made.submit(Job(number))  # until it knows that
    desk.durable.clear()
    jobs = [*(Job(n) for n in range(200)), Job(999, source="another")]
    await asyncio.gather(*await submitted(made, *jobs))
    small, *rest = desk.durable
    assert 999 in small
    assert 90 < len(small) <= 100
    assert 90 < len(rest[0]) <= 100
    desk.durable.clear()
    desk.batches.clear()
    watch.now_s += 10
    shelf.gate.clear()
    first = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    rest = await submitted(made, *(Job(n) for n in range(200)))
    shelf.gate.set()
    await asyncio.gather(*first, *rest)
    assert [len(batch) for batch in desk.durable] == [1, 200]
    await made.close()


async def test_a_batch_has_few_bytes_while_others_wait_and_many_when_nobody_does() -> None:
    shelf, desk = Shelf(), Recorder()
    shelf.gate.set()
    made, large = committer(shelf, desk), Cost(statements=1, bytes=SHARED_BATCH_BYTES)
    await asyncio.gather(*await submitted(made, *(Job(number, large) for number in range(4))))
    assert desk.durable == [[0, 1, 2, 3]]
    desk.durable.clear()
    jobs = [*(Job(number, large, source=US) for number in range(3)), Job(9, source=CN)]
    await asyncio.gather(*await submitted(made, *jobs))
    assert desk.durable == [[0], [9], [1], [2]]
    await made.close()


@pytest.mark.parametrize("source", ["agency {}", US + "/node/n{}"])
@pytest.mark.parametrize(("nodes", "size"), [(2, 16), (8, 64)])
async def test_what_a_batch_costs_by_itself_does_not_make_it_smaller_and_smaller(
    monkeypatch: pytest.MonkeyPatch, source: str, nodes: int, size: int
) -> None:
    """And the more wait, the more it holds: a turn of each is not many batches."""
    watch, shelf = Watch(), Shelf()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)
    shelf.gate.set()
    desk = Slow(watch=watch, batch_s=0.02)
    made = committer(shelf, desk)
    for number in range(20):
        await made.submit(Job(number))
    desk.durable.clear()
    jobs = [Job(n, source=source.format(n % nodes)) for n in range(128)]
    await asyncio.gather(*await submitted(made, *jobs))
    assert [len(batch) for batch in desk.durable] == [size] * (128 // size)
    await made.close()


async def test_an_agency_makes_no_batch_larger_by_more_nodes_while_another_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, shelf = Watch(), Shelf()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)
    shelf.gate.set()
    desk = Slow(watch=watch, batch_s=0.02)
    made = committer(shelf, desk)
    for number in range(20):
        await made.submit(Job(number))
    desk.durable.clear()
    jobs = [Job(n, source=f"{US}/node/n{n % 64}") for n in range(128)]
    others = [Job(1000 + n, source=node_of(CN)) for n in range(24)]
    await asyncio.gather(*await submitted(made, *jobs, *others))
    shared = [batch for batch in desk.durable if any(n >= 1000 for n in batch)]
    assert [len(batch) for batch in shared] == [16] * 3
    assert [sum(n >= 1000 for n in batch) for batch in shared] == [8] * 3
    await made.close()


async def test_what_the_exchange_hands_out_itself_makes_no_batch_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, shelf = Watch(), Shelf()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)
    shelf.gate.set()
    desk = Slow(watch=watch)
    made = committer(shelf, desk)
    jobs = [Job(n, source=OWN if n % 2 else "somebody") for n in range(40)]
    await asyncio.gather(*await submitted(made, *jobs))
    assert [len(batch) for batch in desk.durable] == [40]
    await made.close()


@pytest.mark.parametrize("fails", [False, True], ids=["written", "failed"])
async def test_while_others_wait_for_a_batch_nobody_brings_more_than_it_has_waiting(
    fails: bool,
) -> None:
    shelf, desk = Shelf(fail=[StoreDamaged("test")] if fails else []), Recorder()
    made, settled = committer(shelf, desk), []
    made.on_settled = lambda: settled.append(made.holds("flood"))
    big = Cost(statements=MAX_BATCH_STATEMENTS, bytes=1)
    jobs = [Job(0, big, "flood"), Job(1, source="quiet"), Job(2, big, "flood")]
    waiting = await submitted(made, *jobs)
    assert not made.holds("flood")  # nothing is under way
    while not desk.batches:
        await asyncio.sleep(0)
    assert made.holds("flood")
    assert not made.holds("another")
    shelf.gate.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not any(settled)
    assert len(settled) == len(desk.batches)
    await made.close()


async def test_a_flood_alone_is_not_held_back() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    waiting = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    waiting += await submitted(made, Job(1))
    assert not made.holds("somebody")
    shelf.gate.set()
    await asyncio.gather(*waiting)
    await made.close()


async def test_behind_a_slow_disk_batches_hold_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)

    def disk() -> float:
        watch.now_s += 0.5
        return 0.5

    shelf, desk = Shelf(disk=disk), Slow(watch=watch)
    shelf.gate.set()
    made = committer(shelf, desk)
    await made.submit(Job(0))
    jobs = [Job(n, source=f"node {n % 2}") for n in range(200)]
    await asyncio.gather(*await submitted(made, *jobs))
    sizes = [len(batch) for batch in desk.durable]
    assert sizes[0] + sizes[1] + sizes[2] == 201
    assert sizes[1] > 100  # one commit later it knows a quarter of what the disk takes
    await made.close()


async def test_who_waits_too_long_for_the_disk_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, shelf, desk = Watch(), Shelf(), Recorder()
    monkeypatch.setattr("tearline_server.ingest.committer.time", watch)
    made = committer(shelf, desk)
    (task,) = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    watch.now_s += STUCK_S - 1
    assert (made.is_healthy, made.under_way_s) == (True, STUCK_S - 1)
    watch.now_s += 1
    assert not made.is_healthy
    shelf.gate.set()
    await task
    assert (made.is_healthy, made.under_way_s) == (True, 0)
    await made.close()


async def test_a_full_queue_turns_away_and_says_when_to_come_again() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    tasks = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    tasks += await submitted(made, Job(1, Cost(statements=MAX_QUEUE_STATEMENTS - 1, bytes=1)))
    with pytest.raises(ExchangeBusy) as busy:
        await made.submit(Job(2))
    assert busy.value.retry_after_ms
    internal = asyncio.create_task(made.submit(Job(3), internal=True))
    shelf.gate.set()
    await asyncio.gather(*tasks, internal)
    await made.close()


@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_is_being_written_takes_its_room_until_it_is(cancelled: bool) -> None:
    """Also where its caller is gone: behind a disk that is stuck, calls come and go."""
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    half = Cost(statements=MAX_QUEUE_STATEMENTS // 2, bytes=1)
    under_way = await submitted(made, Job(0, half), Job(1, half))
    while not desk.batches:
        await asyncio.sleep(0)
    if cancelled:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    with pytest.raises(ExchangeBusy):
        await made.submit(Job(2))
    shelf.gate.set()
    await made.close()
    assert sorted(number for batch in desk.durable for number in batch) == [0, 1]


async def test_who_brings_what_the_exchange_fails_on_waits_before_it_brings_more() -> None:
    """After each failure all that the exchange holds is read anew, and everybody waits for it."""
    shelf, desk = Shelf(), Recorder()
    shelf.gate.set()
    made = committer(shelf, desk)
    with pytest.raises(ExchangeFault):
        await made.submit(Job(-2, source="attacker"))
    for _ in range(3):
        with pytest.raises(ExchangeBusy) as busy:
            await made.submit(Job(-2, source="attacker"))
        assert 0 < (busy.value.retry_after_ms or 0) <= FAULT_S * 1000 + 1
    await made.submit(Job(1, source="another"))
    assert (desk.restored, desk.durable) == (1, [[1]])
    await made.close()


async def test_after_a_failure_everything_is_read_anew_beside_the_event_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    restore = Registry.restore

    def noted(installation: Installation, stored: Snapshot) -> Registry:
        threads.append(threading.get_ident())
        return restore(installation, stored)

    monkeypatch.setattr(Registry, "restore", noted)
    await world.exchange._desk.restore()
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_a_failed_batch_is_refused_whole_and_the_next_starts_from_the_store() -> None:
    shelf, desk = Shelf(fail=[StoreFull("no room")]), Recorder()
    shelf.gate.set()
    made = committer(shelf, desk)
    results = await asyncio.gather(*await submitted(made, Job(0), Job(1)), return_exceptions=True)
    assert [type(result) for result in results] == [StoreFull, StoreFull]
    assert not made.is_healthy
    await made.submit(Job(2))
    assert (desk.restored, desk.durable, made.is_healthy) == (1, [[2]], True)
    await made.close()


async def test_a_store_that_went_back_is_looked_at_once_for_a_batch() -> None:
    class Earlier(Recorder):
        async def restore(self) -> None:
            await super().restore()
            raise FrontierDamaged

    shelf, desk = Shelf(fail=[StoreFull("no room")]), Earlier()
    shelf.gate.set()
    made = committer(shelf, desk)
    with pytest.raises(StoreFull):
        await made.submit(Job(0))
    jobs = await submitted(made, *map(Job, range(1, 4)))
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(result) for result in results] == [FrontierDamaged] * 3
    assert desk.restored == 1
    await made.close()


async def test_a_commit_takes_in_what_others_wrote_for_whoever_asks_before_it() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    first = await submitted(made, Job(0))
    while not desk.batches:
        await asyncio.sleep(0)
    second = await submitted(made, Job(1))
    following = asyncio.create_task(made.follow())
    await asyncio.sleep(0)
    shelf.gate.set()
    await asyncio.gather(*first, following, *second)
    assert (desk.durable, desk.followed) == ([[0], [1]], 0)
    await made.follow()
    assert desk.followed == 1
    await made.close()


async def test_where_the_commit_fails_it_is_taken_in_without_it() -> None:
    shelf, desk = Shelf(fail=[StoreFull("no room")]), Recorder()
    shelf.gate.set()
    made = committer(shelf, desk)
    failed, followed = await asyncio.gather(
        made.submit(Job(0)), made.follow(), return_exceptions=True
    )
    assert isinstance(failed, StoreFull)
    assert followed is None
    assert (desk.restored, desk.followed, made.is_healthy) == (1, 1, True)
    await made.close()


async def test_one_defect_takes_nobody_elses_work_with_it() -> None:
    shelf, desk = Shelf(), Recorder()
    shelf.gate.set()
    made = committer(shelf, desk)
    results = await asyncio.gather(
        *await submitted(made, Job(0), Job(-1), Job(-2), Job(2)), return_exceptions=True
    )
    assert [type(result) for result in results] == [NoneType, NotFound, ExchangeFault, NoneType]
    assert desk.durable == [[0], [2]]
    await made.close()


async def test_who_fails_to_hear_of_a_batch_changes_nothing_about_it() -> None:
    class Deaf(Recorder):
        def committed(self, works: Sequence[Job]) -> None:
            super().committed(works)
            raise ZeroDivisionError

    shelf, desk = Shelf(), Deaf()
    shelf.gate.set()
    made = committer(shelf, desk)
    await asyncio.gather(*await submitted(made, Job(0), Job(1)))
    assert (desk.batches, desk.durable) == ([[0, 1]], [[0, 1]])
    await made.close()


async def test_a_caller_that_leaves_does_not_stop_its_batch() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    (task,) = await submitted(made, Job(0))
    task.cancel()
    shelf.gate.set()
    await made.close()
    assert desk.durable == [[0]]


async def test_a_closing_exchange_finishes_and_takes_nothing_more() -> None:
    shelf, desk = Shelf(), Recorder()
    made = committer(shelf, desk)
    tasks = await submitted(made, Job(0), Job(1))
    closing = asyncio.create_task(made.close())
    await asyncio.sleep(0)
    with pytest.raises(ExchangeBusy):
        await made.submit(Job(2))
    shelf.gate.set()
    await asyncio.gather(closing, *tasks)
    assert [number for batch in desk.durable for number in batch] == [0, 1]


# The same with the real store.


class FullDisk:
    """A store that answers, and has no room for the next commits."""

    def __init__(self, store: Store, failures: int) -> None:
        self._store = store
        self._failures = failures

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        def full(head: Head, known: LookupResults) -> Commit:
            append(head, known)
            raise StoreFull

        self._failures -= 1
        done = full if self._failures >= 0 else append
        return await self._store.commit(ask, done, since=since)


async def test_after_a_full_disk_the_exchange_goes_on_as_if_nothing_was(world: World) -> None:
    world.exchange._committer._store = FullDisk(world.store, 1)  # type: ignore[assignment]
    sealed = world.packet()
    publication = packet_publication(world.parties.node(US), sealed, [world.grant(sealed)])
    size = (await world.store.load()).head.tree.size
    with pytest.raises(StoreFull):
        await world.publish(US, publication)
    assert (await world.store.load()).head.tree.size == size
    assert codes(await world.publish(US, publication)) == ["", ""]
    assert [each.cursor.seq for each in await world.read(CN)] == [1, 2]


async def test_an_exchange_that_cannot_write_lets_go_of_the_store_all_the_same(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
    store = SqliteStore(tmp_path / "exchange.db")
    exchange = await Exchange.open(components_of(store, Clock()))
    exchange._committer._store = FullDisk(store, 1)  # type: ignore[assignment]
    exchange.refusals.count("ipv4:127.0.0.1", "TL-TLS-001")
    with pytest.raises(StoreFull):
        await exchange.close()
    await SqliteStore(tmp_path / "exchange.db").close()


async def test_many_nodes_at_once_share_commits(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        work = []
        for sender, recipient in ((US, CN), (CN, MX), (MX, US)) * 4:
            sealed = world.packet(sender)
            grant = world.grant(sealed, recipient, sender)
            publication = packet_publication(world.parties.node(sender), sealed, [grant])
            work.append(world.publish(sender, publication))
        assert all(codes(outcomes) == ["", ""] for outcomes in await asyncio.gather(*work))
        for agency in (US, CN, MX):
            assert len(await world.read(agency)) == 5


# Bounds.


def test_a_node_publishes_in_bursts_but_not_for_ever() -> None:
    rate = LeakyBucket(100, "too much")
    for _ in range(RATE_BURST_S):
        rate.take("a", 100, 0)
    with pytest.raises(ExchangeBusy) as busy:
        rate.take("a", 1, 0)
    assert busy.value.retry_after_ms == 1
    rate.take("b", 1, 0)
    rate.take("a", 100, 1)
    with pytest.raises(ExchangeBusy) as busy:
        rate.take("a", 1, 1)
    wait_ms = busy.value.retry_after_ms
    assert wait_ms is not None
    rate.take("a", 1, 1 + wait_ms)


def test_a_clock_that_runs_backwards_gives_nothing_away() -> None:
    rate = LeakyBucket(100, "too much")
    rate.take("a", 1000, 10_000)
    with pytest.raises(ExchangeBusy):
        rate.take("a", 1, 0)


def test_bytes_are_bounded_as_well() -> None:
    bounds = Bounds(RateLimits())
    bounds.take(node_of(US), statements=1, size=1 << 40, now_ms=0)
    with pytest.raises(ExchangeBusy):
        bounds.take(node_of(US), statements=1, size=1, now_ms=0)


def test_an_agency_publishes_no_more_by_more_nodes() -> None:
    bounds = Bounds(RateLimits(statements=1, bytes=1))
    names = [f"{US}/node/n{number}" for number in range(AGENCY_RATES + 1)]
    for name in names[:-1]:
        for _ in range(RATE_BURST_S):
            bounds.take(name, statements=1, size=1, now_ms=0)
    with pytest.raises(ExchangeBusy):
        bounds.take(names[-1], statements=1, size=1, now_ms=0)
    bounds.take(node_of(CN), statements=1, size=1, now_ms=0)


async def test_a_large_publication_is_read_in_portions_and_others_read_theirs_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its node's next one waits for all of it: channels have no gaps."""
    read, read_claim = list[str](), submission._claim

    def noted(statement: Statement, *rest: Any) -> SubmittedStatement:
        read.append(names[statement.id])
        return read_claim(statement, *rest)

    def said(agency: str, name: str, number: int) -> bytes:
        bodies = [(StatementType.MARK, name.encode() + bytes([each])) for each in range(number)]
        publication = publication_of(world.parties.node(agency).sign(bodies), range(number))
        names.update(dict.fromkeys(publication.ids(), name))
        return encode_publication(publication)

    names: dict[bytes, str] = {}
    monkeypatch.setattr(submission, "_claim", noted)
    monkeypatch.setattr(submission, "PORTION_BYTES", 1)
    service = ExchangeService(world.exchange)
    messages = [(US, said(US, "large", 8)), (US, said(US, "next", 1)), (CN, said(CN, "small", 1))]
    await asyncio.gather(
        *(
            service.publish(Caller(certificate=b"", leaf=leaf_of(agency), token=None), message)
            for agency, message in messages
        )
    )
    assert read[-1] == "next"
    assert read.index("small") < 4
    assert read.count("large") == 8


async def test_a_node_that_floods_is_told_to_wait(world: World) -> None:
    world.exchange._bounds._statements.take(
        node_of(US), NODE_STATEMENTS_S * RATE_BURST_S, world.clock.time_ms
    )
    with pytest.raises(ExchangeBusy):
        await world.publish(US, packet_publication(world.parties.node(US), world.packet()))
    world.clock.time_ms += 1000
    assert codes(await world.send(world.packet())) == [""]


async def test_empty_messages_count_as_well(world: World) -> None:
    world.exchange._bounds = Bounds(RateLimits(statements=1))
    for _ in range(RATE_BURST_S):
        assert await world.publish(US, Publication()) == ()
    with pytest.raises(ExchangeBusy):
        await world.publish(US, Publication())


async def test_refusals_of_the_unknown_are_one_entry_a_minute(world: World) -> None:
    publication = packet_publication(world.parties.node(US), world.packet())
    for _ in range(5):
        await world.publish(CN, publication)
    world.exchange.refusals.count("ipv4:127.0.0.1", "TL-TLS-001")
    before = (await world.store.load()).head.tree.size
    await world.exchange.maintenance.flush_refusals()
    await world.exchange.maintenance.flush_refusals()
    rows = await world.store.event_rows(before, limit=10)
    said = [parse_event(row.event) for row in rows]
    assert [(e.code, e.actor, e.reason, e.count) for e in said] == [
        (EventCode.REFUSED, node_of(CN), "TL-TLS-006", 5),
        (EventCode.REFUSED, "ipv4:127.0.0.1", "TL-TLS-001", 1),
    ]


async def test_refusals_that_could_not_be_logged_are_logged_later(world: World) -> None:
    world.exchange._committer._store = FullDisk(world.store, 1)  # type: ignore[assignment]
    for times in (2, 1):
        for _ in range(times):
            world.exchange.refusals.count("ipv4:127.0.0.1", "TL-TLS-001")
        before = (await world.store.load()).head.tree.size
        with suppress(StoreFull):
            await world.exchange.maintenance.flush_refusals()
    rows = await world.store.event_rows(before, limit=10)
    assert [parse_event(row.event).count for row in rows] == [3]


class EarlierStore:
    """A store that another one took the place of, which had less; its next commit fails."""

    def __init__(self, store: Store, earlier: Snapshot) -> None:
        self._store = store
        self._earlier = earlier

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def load(self) -> Snapshot:
        return self._earlier

    async def commit(self, ask: Ask, append: Append, *, since: Head | None) -> None:
        raise StoreDamaged


async def test_nothing_is_written_behind_a_store_that_went_back(world: World) -> None:
    earlier = await world.store.load()
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed))
    failing = EarlierStore(world.store, earlier)
    world.exchange._committer._store = world.exchange._desk._store = failing  # type: ignore[assignment]
    for refusal in (StoreDamaged, FrontierDamaged, FrontierDamaged):
        with pytest.raises(refusal):
            await world.send(sealed, world.grant(sealed))
        assert not world.exchange.is_healthy


async def test_the_operator_takes_nothing_in_behind_what_others_wrote_meanwhile(
    tmp_path: Path,
) -> None:
    parties, store = federation(), SqliteStore(tmp_path / "exchange.db")
    house, load = components_of(store, Clock()), store.load
    await take_clear(house, parties.clear[0])

    async def load_before_another() -> Snapshot:
        stored = await load()
        await put(store, event(1))
        return stored

    store.load = load_before_another  # type: ignore[method-assign]
    with pytest.raises(StoreBusy):
        await take_clear(house, parties.clear[1])
    store.load = load  # type: ignore[method-assign]
    assert await take_clear(house, parties.clear[1]) == 3
    await store.close()
