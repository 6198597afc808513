"""Turns: nobody waits behind all that another has sent."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.agencies import CN, US, node_of
from tearline.errors import ExchangeBusy
from tearline_server.admission.fair_queue import NOTHING, OWN, Cost, FairGate, FairQueue
from tearline_server.admission.rate_limits import ConcurrencyLimit, MemoryQuota, SourceSlots

WIDE = Cost(statements=1000, bytes=1 << 20)


def one(statements: int = 1, size: int = 1) -> Cost:
    return Cost(statements=statements, bytes=size)


def taken(line: FairQueue[str]) -> list[str]:
    found = []
    while line:
        found.append(line.take())
    return found


def test_a_quiet_source_is_next_but_one_however_much_another_sent() -> None:
    line: FairQueue[str] = FairQueue(WIDE)
    for number in range(5):
        line.put("flood", one(), f"f{number}")
    line.put("quiet", one(), "q")
    assert taken(line) == ["f0", "q", "f1", "f2", "f3", "f4"]


def test_an_agency_has_no_more_turns_by_more_nodes() -> None:
    line: FairQueue[str] = FairQueue(WIDE)
    for number in range(8):
        for _ in range(2):
            line.put(f"{US}/node/n{number}", one(), US)
    for _ in range(4):
        line.put(node_of(CN), one(), CN)
    line.put(OWN, one(), OWN)
    assert taken(line) == [US, CN, OWN, US, CN, US, CN, US, CN, *[US] * 12]


def test_the_nodes_of_an_agency_have_its_turns_in_turn() -> None:
    line: FairQueue[str] = FairQueue(WIDE)
    for name in ("flood", "flood", "flood", "quiet"):
        line.put(f"{US}/node/{name}", one(), name)
    line.put(node_of(CN), one(), CN)
    line.put(node_of(CN), one(), CN)
    assert taken(line) == ["flood", CN, "quiet", CN, "flood", "flood"]


def test_a_full_line_keeps_out_an_agency_that_fills_it_by_many_nodes_and_no_other() -> None:
    line: FairQueue[int] = FairQueue(one(64, 1 << 20))
    for number in (*[0] * 64, *range(1, 64)):
        source = f"{US}/node/n{number}"
        try:
            line.verify_room(source, one())
        except ExchangeBusy:
            continue
        line.put(source, one(), number)
    assert line.waiting.statements == 96  # half as much again, for nodes that have little
    line.verify_room(node_of(CN), one(32))
    line.put(node_of(CN), one(32), 0)
    for source in (f"{US}/node/n0", f"{US}/node/new"):
        with pytest.raises(ExchangeBusy):
            line.verify_room(source, one())


def test_a_node_that_fills_the_line_keeps_no_other_of_its_agency_out() -> None:
    line: FairQueue[int] = FairQueue(one(10, 1 << 20))
    line.put(f"{US}/node/flood", one(10), 0)
    with pytest.raises(ExchangeBusy):
        line.verify_room(f"{US}/node/flood", one())
    line.verify_room(f"{US}/node/quiet", one(5))


def test_what_weighs_nothing_may_end_behind_all_else_of_its_source() -> None:
    """An acknowledgement is in one batch with what its node published before."""
    line: FairQueue[str] = FairQueue(WIDE)
    for weight in (one(), NOTHING):
        line.begin("node", weight)
    for weight in (one(), NOTHING):
        line.end("node", weight)
    line.verify_room("node", Cost(statements=2000, bytes=1))  # nothing of it is left under way


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=60))
def test_each_source_keeps_its_order_and_nothing_is_lost(
    sent: Sequence[tuple[str, int]],
) -> None:
    line: FairQueue[tuple[str, int, int]] = FairQueue(WIDE)
    for number, (source, weight) in enumerate(sent):
        line.put(source, one(weight), (source, weight, number))
    assert line.waiting.statements == sum(weight for _, weight in sent)
    found = []
    while line:
        weight = line.next_weight().statements
        found.append(line.take())
        assert found[-1][1] == weight
    for source in "abc":
        assert [each for each in found if each[0] == source] == [
            (source, weight, number) for number, (name, weight) in enumerate(sent) if name == source
        ]
    assert line.waiting == NOTHING


@given(st.lists(st.sampled_from("abcd"), max_size=60))
def test_between_two_turns_of_a_source_every_other_that_waits_has_one(sent: list[str]) -> None:
    line: FairQueue[str] = FairQueue(WIDE)
    for source in sent:
        line.put(source, one(), source)
    order = taken(line)
    for place, source in enumerate(order):
        later = order[place + 1 :]
        if source in later:
            between = later[: later.index(source)]
            assert set(later) - {source} <= set(between)


def test_a_full_line_keeps_out_whoever_fills_it_and_nobody_else() -> None:
    line: FairQueue[int] = FairQueue(one(10, 1 << 20))
    for number in range(10):
        line.verify_room("flood", one())
        line.put("flood", one(), number)
    with pytest.raises(ExchangeBusy) as refused:
        line.verify_room("flood", one())
    assert refused.value.retry_after_ms
    for number in range(5):
        line.verify_room("quiet", one())
        line.put("quiet", one(), number)
    with pytest.raises(ExchangeBusy):
        line.verify_room("quiet", one())


def test_bytes_are_bounded_like_statements() -> None:
    line: FairQueue[int] = FairQueue(one(1000, 100))
    line.put("flood", one(1, 90), 0)
    with pytest.raises(ExchangeBusy):
        line.verify_room("flood", one(1, 11))
    line.verify_room("flood", one(1, 10))


def test_an_empty_line_takes_anything() -> None:
    FairQueue[int](one(1, 1)).verify_room("somebody", one(50, 50))


@example([(source, 1) for source in "abcdefgh" for _ in range(16)])
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 4)), max_size=200))
def test_no_more_than_twice_the_bound_ever_waits(sent: Sequence[tuple[str, int]]) -> None:
    line: FairQueue[str] = FairQueue(one(16, 1 << 20))
    for source, weight in sent:
        try:
            line.verify_room(source, one(weight))
        except ExchangeBusy:
            continue
        line.put(source, one(weight), source)
        assert line.waiting.statements <= 32


async def test_turns_alternate_between_sources() -> None:
    turns, order = FairGate(WIDE), []

    async def work(source: str) -> None:
        await turns.take(source, 1)
        order.append(source)

    await asyncio.gather(*map(work, ["flood"] * 4 + ["quiet"]))
    assert order == ["flood", "quiet", "flood", "flood", "flood"]


async def test_who_goes_on_with_a_piece_waits_for_others_and_its_next_piece_for_it() -> None:
    turns, order = FairGate(WIDE), []

    async def work(source: str, piece: str, portions: int) -> None:
        await turns.take(source, 1)
        order.append(piece)
        for _ in range(1, portions):
            await turns.take_again(source)
            order.append(piece)

    await asyncio.gather(
        work("flood", "large", 3), work("flood", "next", 1), work("quiet", "small", 1)
    )
    assert order == ["large", "small", "large", "large", "next"]


async def test_who_is_held_back_waits_until_it_is_not_and_nobody_waits_with_it() -> None:
    held, order = {"flood"}, []
    turns = FairGate(WIDE, held.__contains__)

    async def work(source: str) -> None:
        await turns.take(source, 1)
        order.append(source)

    flood = [asyncio.create_task(work("flood")) for _ in range(2)]
    await work("quiet")
    await work("quiet")
    assert order == ["quiet", "quiet"]
    held.clear()
    turns.go_on()
    await asyncio.wait_for(asyncio.gather(*flood), 30)
    assert order == ["quiet", "quiet", "flood", "flood"]


async def test_the_loop_runs_between_two_turns() -> None:
    turns, order = FairGate(WIDE), []

    async def work() -> None:
        await turns.take("flood", 1)
        order.append("turn")
        asyncio.get_running_loop().call_soon(order.append, "loop")

    await asyncio.gather(work(), work())
    assert order[:3] == ["turn", "loop", "turn"]


async def test_whoever_goes_away_holds_up_nobody() -> None:
    turns = FairGate(WIDE)
    leaving = asyncio.create_task(turns.take("a", 1))
    staying = asyncio.create_task(turns.take("a", 1))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait_for(staying, 30)


async def test_what_waits_to_be_read_is_bounded_too() -> None:
    turns = FairGate(one(8, 100))
    first = asyncio.create_task(turns.take("a", 100))
    await asyncio.sleep(0)
    with pytest.raises(ExchangeBusy):
        await turns.take("a", 1)
    await first


def test_a_node_has_so_many_calls_under_way_and_no_more() -> None:
    calls = ConcurrencyLimit(2, "too many")
    with calls.one("a"), calls.one("a"):
        with pytest.raises(ExchangeBusy), calls.one("a"):
            pass
        with calls.one("b"):
            pass
    with calls.one("a"), calls.one("a"):
        pass


async def test_each_source_waits_for_its_own_places_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    places, order = SourceSlots(1), list[str]()

    async def enter(source: str, leave: asyncio.Event) -> None:
        async with places.one(source):
            order.append(source)
            await leave.wait()

    leave = asyncio.Event()
    entering = [asyncio.create_task(enter(source, leave)) for source in ("a", "a", "b")]
    while len(order) < 2:
        await asyncio.sleep(0)
    assert order == ["a", "b"]
    monkeypatch.setattr("tearline_server.admission.rate_limits.PLACE_S", 0)
    with pytest.raises(ExchangeBusy):
        await enter("a", leave)
    leave.set()
    await asyncio.wait_for(asyncio.gather(*entering), 30)
    assert order == ["a", "b", "a"]


async def test_each_source_waits_for_its_own_room_alone_first_come_first_served() -> None:
    room, order = MemoryQuota(10), list[str]()

    async def enter(source: str, size: int, leave: asyncio.Event) -> None:
        async with room.hold(source, size):
            order.append(f"{source}{size}")
            await leave.wait()

    leave = asyncio.Event()
    entering = [
        asyncio.create_task(enter(source, size, leave))
        for source, size in (("a", 6), ("a", 5), ("a", 1), ("b", 10))
    ]
    while len(order) < 2:
        await asyncio.sleep(0)
    assert order == ["a6", "b10"]
    leave.set()
    await asyncio.wait_for(asyncio.gather(*entering), 30)
    assert order == ["a6", "b10", "a5", "a1"]


async def test_what_proves_smaller_gives_room_back_at_once() -> None:
    room = MemoryQuota(10)
    async with room.hold("a", 10) as share:
        second = asyncio.create_task(room.hold("a", 7).__aenter__())
        await asyncio.sleep(0)
        assert not second.done()
        share.shrink(3)
        await asyncio.wait_for(second, 30)
        share.shrink(5)  # it holds less than that


async def test_room_that_does_not_become_free_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.admission.rate_limits.PLACE_S", 0)
    room = MemoryQuota(10)
    async with room.hold("a", 10):
        with pytest.raises(ExchangeBusy) as refused:
            await room.hold("a", 1).__aenter__()
        assert refused.value.retry_after_ms
    async with room.hold("a", 10):  # whoever was refused took nothing
        pass


async def test_whoever_goes_away_takes_no_room() -> None:
    room = MemoryQuota(10)
    async with room.hold("a", 10):
        waiting = [asyncio.create_task(room.hold("a", 10).__aenter__()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(*waiting[:1], return_exceptions=True)
    # The other was handed its bytes, and leaves before it learns of them.
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(30), room.hold("a", 10):
        pass
