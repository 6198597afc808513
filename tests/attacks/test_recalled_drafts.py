"""Drafts that wait for a second person keep nothing of what a partner took back."""

import json
from dataclasses import replace

import pytest

from attacks.test_recalls import path_of
from support.four_eyes import log_in
from support.simulation import Member, Simulation, narrative
from support.taxii import reader
from tearline.errors import ReleaseChanged
from tearline.packets.packet import Field
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.features.feeds.accounts import FeedRole
from tearline_client.features.packets.review import Review
from unit.client.taxii.test_additions import person

OURS = "Seen at the harbour by our own patrol."


async def received(world: Simulation) -> bytes:
    """A packet of Mexico's at the node where drafts are made."""
    (packet,) = await world.mx.send(world.us)
    await world.settle()
    return packet


def drafted(world: Simulation, *fields: Field, packet: bytes = b"") -> bytes:
    """What an analyst drafts from it for China, and words of our own."""
    us = world.us
    log_in(us, "ana", Role.ANALYST, "narcotics-2026")
    draft = us.draft()
    sources = (packet,) if packet else ()
    draft = replace(draft, fields=(*fields, narrative(OURS)), derived_from=sources)
    plan = us.node.packets.plan(draft, [world.cn.node.uri])
    return us.node.approvals.draft([plan], person="ana")


def of(member: Member, path: str, packet: bytes) -> Field:
    """A field of a partner's packet, as a person copies it into a draft."""
    opened = member.node.packets.show(packet).field(path)
    assert opened is not None
    return opened.field


def left(world: Simulation) -> tuple[set[str], int]:
    """The texts of what waits, and how much was taken out of it."""
    (waiting,) = world.us.node.approvals.waiting()
    assert isinstance(waiting.content, tuple)
    (packet,) = waiting.content
    return {text for field in packet.draft.fields for text in field.texts}, waiting.lost


async def recall(world: Simulation, packet: bytes) -> None:
    desk = world.mx.node.recalls
    await desk.recall(desk.plan(packet), RecallReason.SOURCE_AT_RISK)
    await world.settle()


@pytest.mark.parametrize("named", [True, False], ids=["named as a source", "copied"])
async def test_a_draft_loses_what_was_recalled_and_keeps_our_own_words(
    world: Simulation, *, named: bool
) -> None:
    packet = await received(world)
    name = of(world.us, path_of(world.us, packet), packet)
    drafted(world, name, packet=packet if named else b"")
    assert left(world) == ({OURS, *name.texts}, 0)
    await recall(world, packet)
    assert left(world) == ({OURS}, 1)


async def test_a_value_inside_a_text_goes_with_that_text(world: Simulation) -> None:
    packet = await received(world)
    name = of(world.us, path_of(world.us, packet), packet)
    drafted(world, narrative(f"They say that it is {name.texts[0].upper()}, of all men."))
    await recall(world, packet)
    assert left(world) == ({OURS}, 1)


async def test_one_field_that_is_recalled_takes_no_other(world: Simulation) -> None:
    packet = await received(world)
    path = path_of(world.us, packet)
    name, amount = of(world.us, path, packet), path_of(world.us, packet, "/Payment/amount")
    drafted(world, name, of(world.us, amount, packet), packet=packet)
    desk = world.mx.node.recalls
    await desk.recall(desk.plan(packet, path=path), RecallReason.MISTAKE)
    await world.settle()
    texts, lost = left(world)
    assert texts.isdisjoint(name.texts)
    assert (len(texts), lost) == (2, 1)


async def test_who_saw_it_before_agreed_to_something_else(world: Simulation) -> None:
    packet = await received(world)
    name = of(world.us, path_of(world.us, packet), packet)
    pending = drafted(world, name)
    log_in(world.us, "olga", Role.OFFICER, "narcotics-2026")
    seen: Review = world.us.node.approvals.review(pending, person="olga")
    await recall(world, packet)
    with pytest.raises(ReleaseChanged):
        await world.us.node.approvals.approve(pending, person="olga", agreed=seen.mark)


async def test_a_draft_of_a_program_loses_the_objects_that_hold_recalled_values(
    world: Simulation,
) -> None:
    packet = await received(world)
    name, *_ = of(world.us, path_of(world.us, packet), packet).texts
    feeder, drafts = (
        reader(world.us, "feeder", roles=[FeedRole.SUBMITTER]),
        world.us.node.feeds.drafts,
    )
    own = person(1)
    assert (
        await feeder.post(own, person(2, name=f"{name.upper()}, of all men"))
    ).status_code == 202
    (draft,) = drafts.list()
    await recall(world, packet)
    (left,) = drafts.list()
    assert (left.objects, left.lost) == (1, 1)
    assert json.loads(drafts.open(draft.id))["objects"] == [own]
