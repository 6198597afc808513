"""Suspensions that erase: what was sent before is recalled from whom the suspension reaches."""

from dataclasses import replace

import pytest

from attacks.test_recalls import PERSON, shown, states, statuses
from attacks.test_standings import unreachable
from support.node import context_of, stores_of
from support.simulation import ARTICLE, Member, Simulation
from tearline.errors import ExchangeUnreachable, LiftRefused, PacketFrozen
from tearline.packets.recall import KeepGround, RecallReason, RecallState
from tearline.statements.receipt import Status
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline_server.storage.columns import parts_of


async def suspended(member: Member, **changed: object) -> None:
    whole = Suspension(
        article="",
        sender="",
        recipient="",
        reason=Reason.BREACH,
        in_flight=InFlight.HOLD,
        originated=Originated.ERASE,
    )
    suspension = replace(whole, **changed)  # type: ignore[arg-type]
    await member.node.suspensions.suspend("narcotics-2026", suspension, acted_by=PERSON)


async def ended(member: Member) -> None:
    await member.node.suspensions.end(
        "narcotics-2026",
        reason=Reason.BREACH,
        in_flight=InFlight.HOLD,
        originated=Originated.ERASE,
        acted_by=PERSON,
    )


def opens(member: Member, packet: bytes) -> bool:
    """Whether a member has keys of a packet, frozen or not."""
    return stores_of(member.node).packets.packet(packet).keys != ()


async def ciphertexts(world: Simulation, packet: bytes) -> int:
    stored = (await world.store.packets([packet])).get(packet)
    assert stored is not None
    return len(parts_of(stored.ciphertexts).ciphertexts)


async def test_a_suspension_has_partners_erase_what_was_sent_before(world: Simulation) -> None:
    (other,) = await world.mx.send(world.cn)
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    await suspended(world.us)
    assert await ciphertexts(world, packet) == 0
    await world.settle()
    await world.settle()
    for member in (world.cn, world.mx):
        assert member.codes() == []
        assert not opens(member, packet)
    assert shown(world.cn, other)
    said = world.us.node.recalls.of(packet)
    assert [each.state for each in said] == [RecallState.ERASED] * 2
    assert {each.order.reason for each in said} == {RecallReason.SUSPENDED}
    assert statuses(world.us, packet) == [Status.ERASED] * 2
    # Said once, however often it is said again; and nothing brings it back.
    await world.us.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    await world.settle()
    assert len(world.us.node.recalls.of(packet)) == 2
    assert shown(world.cn, packet) == 0


async def test_a_suspension_erases_where_it_reaches_and_nowhere_else(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    us, mx = context_of(world.us.node).agency, context_of(world.mx.node).agency
    await suspended(world.us, article=ARTICLE, sender=us, recipient=mx)
    assert await ciphertexts(world, packet)
    await world.settle()
    await world.settle()
    assert (opens(world.cn, packet), opens(world.mx, packet)) == (True, False)
    # What is suspended of the rest later erases the rest.
    await suspended(world.us)
    await world.settle()
    assert not opens(world.cn, packet)
    assert await ciphertexts(world, packet) == 0
    assert {each.partner for each in world.us.node.recalls.of(packet)} == {
        world.cn.node.uri,
        world.mx.node.uri,
    }


async def test_what_was_recalled_from_one_before_is_deleted_when_nobody_may_keep_it(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, to=[world.cn.node.uri]), RecallReason.MISTAKE)
    assert await ciphertexts(world, packet)
    await suspended(world.us)
    assert await ciphertexts(world, packet) == 0
    assert [each.order.whole for each in desk.of(packet)] == [False, True]


async def test_what_a_suspension_erases_a_person_may_keep_and_it_stays_frozen(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    await suspended(world.us)
    await world.settle()
    assert states(world.us, packet) == [RecallState.OPEN]
    with pytest.raises(PacketFrozen):
        world.cn.node.packets.show(packet)
    await world.cn.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)
    await world.settle()
    assert states(world.us, packet) == [RecallState.KEPT]
    with pytest.raises(PacketFrozen):
        world.cn.node.packets.show(packet)
    await world.us.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    await world.settle()
    assert shown(world.cn, packet)


async def test_what_was_erased_on_its_way_is_not_issued_anew(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await suspended(world.us)
    await world.settle()
    await world.us.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    for _ in range(2):
        await world.settle()
    assert world.cn.grants() == []
    assert len(stores_of(world.us.node).packets.grants(packet)) == 1
    assert states(world.us, packet) == [RecallState.ERASED]
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_without_the_exchange_it_is_recalled_later(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    publish = world.us.exchange.publication
    unreachable(world.us)
    with pytest.raises(ExchangeUnreachable):
        await suspended(world.us)
    world.us.exchange.publication = publish
    assert opens(world.cn, packet)
    await world.settle()
    await world.settle()
    assert not opens(world.cn, packet)
    assert states(world.us, packet) == [RecallState.ERASED]


async def test_two_parties_that_erase_at_once_both_do(world: Simulation) -> None:
    (ours,) = await world.us.send(world.cn)
    (theirs,) = await world.cn.send(world.us)
    await world.settle()
    await suspended(world.us)
    await suspended(world.cn)
    await world.settle()
    await world.settle()
    assert not opens(world.cn, ours)
    assert not opens(world.us, theirs)
    assert states(world.us, ours) == states(world.cn, theirs) == [RecallState.ERASED]
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_who_ends_an_agreement_has_what_was_sent_erased_for_good(world: Simulation) -> None:
    (other,) = await world.mx.send(world.cn)
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    await ended(world.us)
    assert await ciphertexts(world, packet) == 0
    await world.settle()
    await world.settle()
    for member in (world.cn, world.mx):
        assert member.codes() == []
        assert not opens(member, packet)
    assert shown(world.cn, other)  # a partner's own, among partners, is none of ours
    assert [each.order.reason for each in world.us.node.recalls.of(packet)] == (
        [RecallReason.SUSPENDED] * 2
    )
    assert states(world.us, packet) == [RecallState.ERASED] * 2
    with pytest.raises(LiftRefused):
        await world.us.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    await world.settle()
    assert not opens(world.cn, packet)


async def test_what_is_on_its_way_when_an_agreement_ends_is_never_handed_out(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    await ended(world.us)
    for _ in range(2):
        await world.settle()
    assert world.cn.grants() == []
    assert states(world.us, packet) == [RecallState.ERASED]
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_without_the_exchange_an_end_that_erases_is_told_later(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    publish = world.us.exchange.publication
    unreachable(world.us)
    with pytest.raises(ExchangeUnreachable):
        await ended(world.us)
    world.us.exchange.publication = publish
    assert opens(world.cn, packet)
    await world.settle()
    await world.settle()
    assert not opens(world.cn, packet)
    assert states(world.us, packet) == [RecallState.ERASED]
