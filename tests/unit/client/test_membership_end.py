"""A node whose agency is no longer a member: it says so, sends no more, and reads on."""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.test_clocks import DAY_MS, set_clock
from attacks.test_recalls import PERSON, recalled, shown, states
from support.node import context_of, stores_of
from support.simulation import AGENCIES, Member, Simulation
from tearline.errors import ExchangeUnreachable, MembershipEnded
from tearline.packets.recall import KeepGround, RecallState
from tearline_client.log.membership import EndCause
from tearline_client.rules.recalls import RESPOND_MS
from tearline_client.store.recalls import RecallStore, StoredRecall
from unit.client.test_departures import remove_mx

__all__ = ["memory", "quick", "template", "world"]

US, CN, MX = AGENCIES


async def leave(world: Simulation) -> None:
    await world.mx.node.federation.leave(world.root(MX), "the treaty ended")


async def closed(member: Member, error: type[Exception]) -> None:
    """From now on, the exchange answers a node with this error alone."""

    async def refused(_: bytes) -> bytes:
        raise error

    member.exchange.entries = member.exchange.cosign = refused  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("end", "cause"),
    [(remove_mx, EndCause.REMOVED), (leave, EndCause.LEFT)],
    ids=["removed", "left"],
)
async def test_a_node_tells_how_its_membership_ended(
    world: Simulation, end: Callable[[Simulation], Awaitable[None]], cause: EndCause
) -> None:
    await end(world)
    with pytest.raises(MembershipEnded, match=cause.value):
        await world.mx.node.sync()
    told = world.mx.status().membership_end
    assert told is not None
    assert told.cause is cause
    await world.us.node.sync()
    version = context_of(world.us.node).trust.members.version(f"spiffe://{AGENCIES[MX]}")
    assert version is not None
    assert told.entry == version.index
    assert abs(told.time_ms - world.clock()) < 3_600_000
    assert world.us.status().membership_end is None


async def test_what_came_before_the_end_stays_readable(world: Simulation) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    await remove_mx(world)
    assert isinstance(await world.mx.node.refresh(), MembershipEnded)
    assert packet in [each.id for each in world.mx.node.packets.list()]
    shown = await world.mx.node.packets.read(packet)
    assert shown.view.fields
    assert packet in await world.mx.node.packets.search("a")


async def closed_mx(world: Simulation) -> None:
    await closed(world.mx, MembershipEnded)


async def rounds(member: Member, *days: float) -> None:
    """Has a former member's node try again, with its clock so many days from now."""
    for each in days:
        set_clock(member, each)
        with pytest.raises(MembershipEnded):
            await member.node.sync()


@pytest.mark.parametrize("end", [remove_mx, leave, closed_mx], ids=["removed", "left", "told"])
async def test_a_former_member_erases_at_the_end_by_its_own_clock(
    world: Simulation, end: Callable[[Simulation], Awaitable[None]]
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    (stored,) = stores_of(world.mx.node).packets.grants(packet)
    days = math.ceil((stored.grant.not_after_ms - world.clock()) / DAY_MS)
    await end(world)
    await rounds(world.mx, *range(days))
    assert shown(world.mx, packet)
    await rounds(world.mx, days + 1)
    assert not shown(world.mx, packet)


async def test_a_former_member_erases_what_was_recalled_before(world: Simulation) -> None:
    """Its person had time to decide; no answer is queued until the agency is admitted again."""
    object.__setattr__(context_of(world.mx.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.mx)
    (kept,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    await world.mx.node.recalls.keep(kept, KeepGround.EVIDENCE, acted_by=PERSON)
    for each in (packet, kept):
        await recalled(world, each)
    await world.mx.node.receive()
    await closed_mx(world)
    days = math.ceil(RESPOND_MS / DAY_MS)
    before = stores_of(world.mx.node).outbox.counts()
    await rounds(world.mx, *range(days))
    assert shown(world.mx, packet)
    await rounds(world.mx, days + 1, days + 2)
    assert not shown(world.mx, packet)
    assert shown(world.mx, kept)
    assert stores_of(world.mx.node).outbox.counts() == before
    assert states(world.mx, packet) == [RecallState.OPEN]


async def test_a_recall_that_a_former_member_obeyed_is_not_read_again(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(context_of(world.mx.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    await recalled(world, packet)
    await world.mx.node.receive()
    await closed_mx(world)
    days = math.ceil(RESPOND_MS / DAY_MS)
    await rounds(world.mx, *range(days + 2))
    assert not shown(world.mx, packet)
    read, stored = list[object](), RecallStore._stored

    def counted(self: RecallStore, row: Any) -> StoredRecall:
        read.append(row)
        return stored(self, row)

    monkeypatch.setattr(RecallStore, "_stored", counted)
    await rounds(world.mx, days + 2, days + 3)
    assert read == []


async def test_a_former_member_whose_clock_leaps_erases_nothing_early(world: Simulation) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    await closed_mx(world)
    await rounds(world.mx, 0, 4000, 4000.1, 0, -4000, 0, 4000)
    assert shown(world.mx, packet)


async def test_a_member_admitted_again_follows_the_log_s_time(world: Simulation) -> None:
    honest = world.mx.exchange.entries
    await closed(world.mx, MembershipEnded)
    await rounds(world.mx, 0, 1)
    assert stores_of(world.mx.node).membership.counted() is not None
    del world.mx.exchange.cosign
    world.mx.exchange.entries = honest  # type: ignore[method-assign]
    set_clock(world.mx, 0)
    await world.mx.node.sync()
    assert stores_of(world.mx.node).membership.counted() is None


async def test_nothing_is_sealed_or_queued_after_the_end(world: Simulation) -> None:
    plan = world.mx.plan(world.us)
    await remove_mx(world)
    assert isinstance(await world.mx.node.refresh(), MembershipEnded)
    before = stores_of(world.mx.node).outbox.counts()
    with pytest.raises(MembershipEnded):
        await world.mx.node.packets.send([plan])
    with pytest.raises(MembershipEnded):
        await world.mx.node.federation.remove(world.root(MX), f"spiffe://{AGENCIES[CN]}")
    assert not world.mx.node.is_ready()
    assert stores_of(world.mx.node).outbox.counts() == before


async def test_the_exchanges_word_is_kept_until_it_serves_the_node_again(
    world: Simulation,
) -> None:
    honest = world.mx.exchange.entries
    await closed(world.mx, MembershipEnded)
    with pytest.raises(MembershipEnded):
        await world.mx.node.sync()
    # A new connection is refused without a reason.
    await closed(world.mx, ExchangeUnreachable)
    with pytest.raises(MembershipEnded, match=EndCause.TOLD.value):
        await world.mx.node.sync()
    told = world.mx.status().membership_end
    assert told is not None
    assert (told.cause, told.entry) == (EndCause.TOLD, None)
    del world.mx.exchange.cosign
    world.mx.exchange.entries = honest  # type: ignore[method-assign]
    await world.mx.node.sync()
    assert world.mx.status().membership_end is None


async def test_a_node_without_any_word_tells_of_the_connection(world: Simulation) -> None:
    await closed(world.mx, ExchangeUnreachable)
    with pytest.raises(ExchangeUnreachable):
        await world.mx.node.sync()
    assert world.mx.status().membership_end is None
