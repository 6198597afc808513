"""Corrections: what takes the place of what, for whom, and lies about it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from attacks.simulated_requests import person
from attacks.test_onward import person_draft
from support.node import context_of
from support.simulation import ARTICLE, Member, Simulation, narrative
from tearline.errors import (
    CorrectedAlready,
    CorrectedUnknown,
    CorrectionRefused,
    NotFound,
    NothingReleased,
    PacketRecalled,
)
from tearline.packets.recall import RecallReason
from tearline.policy.form import Form
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.deliveries import Delivery
from tearline_client.features.corrections.service import CorrectionPlan

TEXT = "It was another account."


def planned(member: Member, packet: bytes, text: str = TEXT) -> CorrectionPlan:
    """The lead once more, with words that it did not have."""
    shown = member.node.corrections.corrected(packet)
    return member.node.corrections.plan(shown, member.draft(narrative(text)))


async def corrected(member: Member, packet: bytes, text: str = TEXT) -> bytes:
    sent = await member.node.packets.send([planned(member, packet, text).release])
    assert not sent.refused, sent.refused
    (correction,) = sent.packets
    return correction


def superseded(member: Member) -> dict[bytes, bytes]:
    return member.node.corrections.superseded()


# What must work.


async def test_all_who_had_it_get_its_correction_and_are_told(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    correction = await corrected(world.us, packet)
    await world.settle()
    for member in world.members:
        assert superseded(member) == {packet: correction}
        assert member.node.corrections.newest(packet) == correction
        assert member.codes() == []
    for member in (world.cn, world.mx):
        assert member.node.packets.show(correction).manifest.supersedes == packet
        assert member.node.packets.show(packet).view.fields  # the old view stays, and says so


async def test_it_goes_to_nobody_who_did_not_have_it(world: Simulation) -> None:
    (packet,) = await world.us.send(world.mx)
    assert planned(world.us, packet).release.recipients == (world.mx.node.uri,)
    await corrected(world.us, packet)
    assert await world.cn.waiting() == []


async def test_what_was_corrected_is_corrected_again_by_its_last(world: Simulation) -> None:
    (first,) = await world.us.send(world.cn)
    second = await corrected(world.us, first)
    with pytest.raises(CorrectedAlready, match=second.hex()[:12]):
        planned(world.us, first)
    third = await corrected(world.us, second)
    await world.settle()
    assert superseded(world.cn) == superseded(world.us) == {first: third, second: third}


async def test_each_partner_sees_in_advance_what_changes_for_it(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    plan = planned(world.us, packet)
    assert {change.path.partition("/")[2] for change in plan.changes} == {"Packet/narrative"}
    seen = {change.recipient: change.after for change in plan.changes}
    assert all(change.before is None for change in plan.changes)
    for told in seen.values():
        assert told is not None
        assert told.values == ((TEXT.encode(),) if told.form is Form.CLEAR else ())
    same = world.us.node.corrections.plan(
        world.us.node.corrections.corrected(packet), world.us.draft()
    )
    assert same.changes == ()


async def test_what_was_guarded_by_hand_stays_guarded(world: Simulation) -> None:
    draft = world.us.draft()
    guarded = tuple(
        replace(field, marking=replace(field.marking, orcon=True)) for field in draft.fields
    )
    plan = world.us.node.packets.plan(replace(draft, fields=guarded), [world.mx.node.uri])
    (packet,) = (await world.us.node.packets.send([plan])).packets
    fields = planned(world.us, packet).release.draft.fields
    known = {field.path for field in guarded}
    assert all(field.marking.orcon for field in fields if field.path in known)


async def test_who_may_not_get_it_now_is_passed_over_and_named(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    await recall_from(world, packet, world.cn)
    plan = planned(world.us, packet)
    assert plan.release.recipients == (world.mx.node.uri,)
    assert set(plan.passed_over) == {world.cn.node.uri}
    assert plan.left_behind == ()  # it has nothing any more
    await recall_from(world, packet, world.mx)
    with pytest.raises(NothingReleased):
        planned(world.us, packet)


async def test_who_was_kept_out_by_a_suspension_is_named_once_it_is_resumed(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    agreement = world.us.node.agreements.by_name("narcotics-2026")
    us, mx = context_of(world.us.node).agency, context_of(world.mx.node).agency
    way = Suspension(
        article=ARTICLE,
        sender=us,
        recipient=mx,
        reason=Reason.POLITICAL,
        in_flight=InFlight.HOLD,
        originated=Originated.KEEP,
    )
    await world.us.node.suspensions.suspend(agreement.name, way)
    plan = planned(world.us, packet)
    assert plan.left_behind == (world.mx.node.uri,)
    correction = await corrected(world.us, packet)
    assert world.us.node.corrections.outdated(agreement) == ()  # nothing could be done about it
    await world.us.node.suspensions.resume(agreement.name, acted_by=person(role="officer"))
    await world.settle()
    (found,) = world.us.node.corrections.outdated(agreement)
    assert (found.packet, found.correction) == (packet, correction)
    assert found.recipient == world.mx.node.uri
    assert world.cn.node.corrections.outdated(agreement) == ()  # another agency's packet
    await recall_from(world, packet, world.mx)
    assert world.us.node.corrections.outdated(agreement) == ()


async def recall_from(world: Simulation, packet: bytes, *members: Member) -> None:
    desk = world.us.node.recalls
    plan = desk.plan(packet, to=[member.node.uri for member in members])
    await desk.recall(plan, RecallReason.MISTAKE)


async def test_what_comes_before_what_it_corrects_waits_for_that(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    (first,) = await world.cn.waiting()
    correction = await corrected(world.us, packet)
    later: Sequence[Delivery] = await world.cn.waiting()
    await world.cn.take(later[-1])
    assert world.cn.grants() == []
    await world.cn.take(first)
    await world.cn.node.receive()
    assert set(world.cn.grants()) == {packet, correction}
    assert superseded(world.cn) == {packet: correction}


# Lies.


async def test_a_node_corrects_only_what_is_its_own(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    with pytest.raises(NotFound):
        world.cn.node.corrections.corrected(packet)
    draft = replace(person_draft(world.cn, "Li Na"), supersedes=packet)
    with pytest.raises(CorrectionRefused):
        world.cn.node.packets.plan(draft, [world.us.node.uri])


async def test_what_was_recalled_is_not_corrected(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await recall_from(world, packet)
    draft = replace(world.us.draft(), supersedes=packet)
    with pytest.raises(PacketRecalled):
        world.us.node.packets.plan(draft, [world.cn.node.uri])


async def test_a_correction_is_about_the_same(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    draft = replace(world.us.draft(), case_id="another")
    with pytest.raises(CorrectionRefused):
        world.us.node.corrections.plan(world.us.node.corrections.corrected(packet), draft)


async def test_an_exchange_brings_a_correction_by_somebody_else(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    before = len(world.cn.grants())
    forged = await forge(world, world.mx, world.cn, packet, monkeypatch)
    await world.cn.take(forged)
    world.cn.caught(CorrectionRefused, packets=before)
    assert superseded(world.cn) == {}


async def test_an_exchange_brings_a_correction_of_what_was_not_given(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.settle()
    forged = await forge(world, world.us, world.cn, packet, monkeypatch)
    await world.cn.take(forged)
    world.cn.caught(CorrectedUnknown)
    assert superseded(world.cn) == {}


async def forge(
    world: Simulation, by: Member, to: Member, packet: bytes, monkeypatch: pytest.MonkeyPatch
) -> Delivery:
    """A patched node's correction of anything, with the exchange's help."""
    honest = by.draft
    monkeypatch.setattr(
        "tearline_client.features.packets.service.verify_correction", lambda *_: None
    )
    monkeypatch.setattr(
        type(by), "draft", lambda self, *extra: replace(honest(*extra), supersedes=packet)
    )
    composed, _ = by.compose(to)
    return await world.forge(to, composed.grants[0], composed.manifest, parts=[composed.parts])


async def test_a_packet_is_corrected_of_which_a_field_was_recalled_from_everybody(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    desk = world.us.node.recalls
    path = world.us.node.packets.show(packet).view.best()[0].field.path
    await desk.recall(desk.plan(packet, path=path), RecallReason.MISTAKE)
    correction = await corrected(world.us, packet)
    await world.settle()
    for member in world.members:
        assert superseded(member) == {packet: correction}
