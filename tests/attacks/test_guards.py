"""Values that were guarded by hand in a packet, and come again in one that follows it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from attacks.simulated_requests import AGREEMENT, PERSON, ask
from attacks.test_local_ids import read
from support.simulation import ARTICLE, PURPOSE, Member, Simulation, narrative
from tearline.errors import ValueRepeated
from tearline.packets.packet import Field, PacketKind
from tearline_client.drafting.from_file import confirmed
from tearline_client.features.corrections.service import CorrectionPlan
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import Draft, ReleasePlan

Guards = Mapping[tuple[str, str], str]
NONE: Guards = MappingProxyType({})
GUARD: Guards = {("s1", "name"): "identity.source"}
NAME = "Lopez Arriaga"


def drafted(
    member: Member,
    *extra: Field,
    source: str = "s1",
    name: str = NAME,
    guards: Guards = NONE,
    kind: PacketKind = PacketKind.LEAD,
) -> Draft:
    """A payment to a person: by an importer, whose ids follow from values."""
    entities = [
        Entity(id=source, schema="Person", properties={"name": (name,), "country": ("mx",)}),
        Entity(
            id=f"fee-{source}",
            schema="Payment",
            properties={"beneficiary": (source,), "amount": ("250",)},
        ),
    ]
    (group,) = connected_groups(entities)
    about = About(article=ARTICLE, purpose=PURPOSE, guarded=guards, kind=kind)
    return member.node.packets.draft(group, about, agreement=AGREEMENT, extra=extra)


async def sent(member: Member, to: Member) -> bytes:
    """A packet whose name is guarded by hand."""
    plan = member.node.packets.plan(drafted(member, guards=GUARD), [to.node.uri])
    result = await member.node.packets.send([plan])
    assert not result.refused
    await to.node.receive()
    return result.packets[0]


def corrected(member: Member, packet: bytes, draft: Draft) -> CorrectionPlan:
    return member.node.corrections.plan(member.node.corrections.corrected(packet), draft)


async def names_at(reader: Member, sender: Member, plan: ReleasePlan) -> list[str]:
    """The names that a reader has of a packet that is sent to it now."""
    result = await sender.node.packets.send([plan], acted_by=PERSON)
    assert not result.refused
    await reader.node.receive()
    fields = read(reader, result.packets[0])
    return [text for path, f in fields.items() if path.endswith("/name") for text in f.texts]


async def test_a_guard_follows_its_value_to_another_path(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    plan = corrected(world.us, packet, drafted(world.us, source="s2"))
    assert world.us.node.packets.mentions(plan.release) == ()
    assert await names_at(world.mx, world.us, plan.release) == []


async def test_a_guarded_field_without_a_successor_is_asked_about(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    other = drafted(world.us, source="s2", name="Lopes Arriaga")
    plan = corrected(world.us, packet, other).release
    (mention,) = world.us.node.packets.mentions(plan)
    assert (mention.packet, mention.value.partition("/")[2]) == (packet, "Person/name")
    with pytest.raises(ValueRepeated):
        await world.us.node.packets.send([plan])
    with pytest.raises(ValueRepeated):
        world.us.node.approvals.draft([plan])
    told = await names_at(world.mx, world.us, confirmed(plan, "no longer a source"))
    assert told == ["Lopes Arriaga"]


async def test_a_guarded_field_that_is_left_out_is_asked_about(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    whole = drafted(world.us)
    fewer = tuple(f for f in whole.fields if not f.path.endswith("/Person/name"))
    plan = corrected(world.us, packet, replace(whole, fields=fewer)).release
    assert len(world.us.node.packets.mentions(plan)) == 1


async def test_a_guard_that_is_set_anew_is_a_successor(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    guards = {("s2", "name"): "identity.source"}
    other = drafted(world.us, source="s2", name="Lopes Arriaga", guards=guards)
    plan = corrected(world.us, packet, other).release
    assert world.us.node.packets.mentions(plan) == ()
    assert await names_at(world.mx, world.us, plan) == []


async def test_a_text_repeats_no_value_of_what_it_corrects(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    guards = {("s2", "name"): "identity.source"}
    for name in (NAME, "Lopes Arriaga"):  # with the value in the new packet, and without
        text = narrative("The fee went to Lopez Arriaga.")
        other = drafted(world.us, text, source="s2", name=name, guards=guards)
        plan = corrected(world.us, packet, other).release
        assert "Packet/narrative" in {
            each.text.partition("/")[2] for each in world.us.node.packets.mentions(plan)
        }
        with pytest.raises(ValueRepeated):
            await world.us.node.packets.send([plan])


async def test_what_the_reader_has_is_not_asked_about(world: Simulation) -> None:
    packet = await sent(world.us, world.mx)
    (path,) = (p for p in read(world.us, packet) if p.endswith("/Payment/amount"))
    assert path in read(world.mx, packet)
    text = narrative("The fee was paid in mx.")
    plan = corrected(world.us, packet, drafted(world.us, text)).release
    assert world.us.node.packets.mentions(plan) == ()
    assert await names_at(world.mx, world.us, plan) == []


def answer(
    request: bytes,
    by: Member,
    to: Member,
    *extra: Field,
    source: str = "s1",
    guards: Guards = NONE,
) -> ReleasePlan:
    """A packet that answers a request."""
    draft = drafted(by, *extra, source=source, guards=guards, kind=PacketKind.RECORD_ANSWER)
    return by.node.packets.plan(replace(draft, derived_from=(request,)), [to.node.uri])


async def test_a_third_party_is_not_kept_from_what_an_answer_told_another(
    world: Simulation,
) -> None:
    request = await ask(world.mx, world.us)
    first = answer(request, world.us, world.mx)
    await world.us.node.answers.send(request, first, [1], acted_by=PERSON)
    other = answer(request, world.us, world.cn, source="s2")
    assert world.us.node.packets.mentions(other) == ()


async def test_a_further_answer_keeps_the_guards_of_the_first(world: Simulation) -> None:
    request = await ask(world.mx, world.us)
    first = answer(request, world.us, world.mx, guards=GUARD)
    await world.us.node.answers.send(request, first, [1], acted_by=PERSON)
    again = answer(request, world.us, world.mx)
    assert world.us.node.packets.mentions(again) == ()
    assert await names_at(world.mx, world.us, again) == []
    alone = replace(again.draft, fields=(narrative("for Lopez Arriaga"),))
    with pytest.raises(ValueRepeated):
        await world.us.node.packets.send([world.us.node.packets.plan(alone, [world.mx.node.uri])])
