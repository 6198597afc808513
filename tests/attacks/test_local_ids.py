"""Ids that a person or an importer wrote: they stay with the agency that wrote them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.node import context_of
from support.policies import ARTICLE as TERMS
from support.policies import MX
from support.simulation import ARTICLE, EVERYTHING, PURPOSE, Member, Simulation, narrative
from tearline.errors import Mislabelled, ReleaseRefused, ValueRepeated
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.profile import default_marking
from tearline.policy.terms import Share
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import Cell, ReleasePlan

SOURCE = "informant-qiu"
HASHED = hashlib.sha256(b"DE02120300000000202051").hexdigest()[:32]
OUTSIDE = "agent-lopez-handler"
IDS = (SOURCE, HASHED, OUTSIDE)


def told(
    member: Member,
    *to: Member,
    purpose: str = "a fee",
    amount: str = "250",
    agreement: str = "narcotics-2026",
) -> ReleasePlan:
    """A payment from an account to a source, and to somebody outside the import."""
    entities = [
        Entity(id=SOURCE, schema="Person", properties={"nationality": ("cn",)}),
        Entity(id=HASHED, schema="BankAccount", properties={"country": ("de",)}),
        Entity(
            id="payment",
            schema="Payment",
            properties={
                "beneficiary": (SOURCE, OUTSIDE),
                "payerAccount": (HASHED,),
                "purpose": (purpose,),
                "amount": (amount,),
            },
        ),
    ]
    (group,) = connected_groups(entities)
    about = About(article=ARTICLE, purpose=PURPOSE)
    draft = member.node.packets.draft(group, about, agreement=agreement)
    return member.node.packets.plan(draft, [each.node.uri for each in to])


def read(member: Member, packet: bytes) -> dict[str, Field]:
    """The fields of a packet that a member can open, by path."""
    fields = (opened.field for opened in context_of(member.node).open_view(packet).view.best())
    return {field.path: field for field in fields}


def texts(fields: Mapping[str, Field | Cell]) -> str:
    """Everything that a reader of these sees, paths among it."""
    shown = ((each.path.encode(), *each.values) for each in fields.values())
    return b" ".join(part for parts in shown for part in parts).decode()


async def sent_by(member: Member, plan: ReleasePlan) -> bytes:
    result = await member.node.packets.send([plan])
    assert not result.refused
    return result.packets[0]


async def test_no_id_of_ours_is_readable_elsewhere_and_all_are_here(world: Simulation) -> None:
    packet = await sent_by(world.us, told(world.us, world.cn, world.mx))
    for member in (world.cn, world.mx):
        await member.node.receive()
        shown = texts(read(member, packet))
        assert "/Payment/beneficiary" in shown
        assert not [each for each in IDS if each in shown]
        assert not member.codes()
    assert all(each in texts(read(world.us, packet)) for each in IDS)


async def test_an_id_of_ours_is_found_here_alone(world: Simulation) -> None:
    packet = await sent_by(world.us, told(world.us, world.mx))
    await world.mx.node.receive()
    for path, field in read(world.us, packet).items():
        if path.endswith("/id"):
            token = f"token-{path.partition('/')[0]}"
            assert set(await world.us.node.packets.search(token)) == {packet}, field
    for each in IDS:
        assert set(await world.us.node.packets.search(each)) == {packet}
        assert not await world.mx.node.packets.search(each)


async def test_a_patched_node_releases_no_id(world: Simulation) -> None:
    _, publication = world.us.compose(world.mx, forms=EVERYTHING)
    await world.refuses(await world.us.publish(publication), None, ReleaseRefused)


async def test_an_id_that_is_marked_as_less_is_not_shown(world: Simulation) -> None:
    plan = told(world.us, world.mx)
    milder = default_marking("reference")
    fields = tuple(
        replace(field, marking=milder) if field.path.endswith("/id") else field
        for field in plan.fields
    )
    decisions = dict(plan.decisions)
    decisions[world.mx.node.uri, milder] = EVERYTHING
    draft = replace(plan.draft, fields=fields)
    world.us.seal(replace(plan, draft=draft, fields=fields, decisions=decisions))
    await world.us.node.sync()
    await world.mx.node.receive()
    (packet,) = world.mx.grants()
    assert world.mx.codes() == [Mislabelled.code]
    assert not [each for each in IDS if each in texts(read(world.mx, packet))]


async def test_later_packets_join_at_the_reader_and_agreements_do_not(world: Simulation) -> None:
    found = []
    for amount in ("250", "300"):
        packet = await sent_by(world.us, told(world.us, world.mx, amount=amount))
        await world.mx.node.receive()
        fields = read(world.mx, packet)
        found.append({path for path in fields if path.endswith("Person/nationality")})
    assert len(found[0]) == 1
    assert found[0] == found[1]
    draft = told(world.us, world.mx).draft
    other = told(world.us, world.mx, agreement="bilateral").draft
    tokens = [{field.path.partition("/")[0] for field in each.fields} for each in (draft, other)]
    assert not tokens[0] & tokens[1]


async def test_tokens_of_a_partner_are_not_passed_on(world: Simulation) -> None:
    packet = await sent_by(world.us, told(world.us, world.mx))
    await world.mx.node.receive()
    theirs = {path.partition("/")[0] for path in read(world.mx, packet)}
    exported = world.mx.node.packets.export([packet]).exported
    groups = connected_groups([each.entity for each in exported.entities()])
    about = About(article=ARTICLE, purpose=PURPOSE, derived_from=(packet,))
    for group in groups:
        draft = world.mx.node.packets.draft(group, about, agreement="narcotics-2026")
        plan = world.mx.node.packets.plan(draft, [world.cn.node.uri])
        shown = texts({cell.path: cell for cell in plan.cells()})
        assert shown
        assert not [token for token in theirs if token in shown]


@pytest.mark.parametrize("text", [f"paid by {OUTSIDE}", f"see {HASHED}", "for Informant Qiu"])
async def test_a_text_that_repeats_an_id_is_asked_about(world: Simulation, text: str) -> None:
    plan = told(world.us, world.mx, purpose=text)
    with pytest.raises(ValueRepeated, match=r"repeats .*/id"):
        await world.us.node.packets.send([plan])


async def test_an_id_made_of_a_name_is_no_secret_from_who_has_the_name(world: Simulation) -> None:
    person = Entity(id="qiu-wenhao", schema="Person", properties={"name": ("Qiu Wenhao",)})
    (group,) = connected_groups([person])
    about = About(article=ARTICLE, purpose=PURPOSE)
    draft = world.us.node.packets.draft(
        group, about, agreement="narcotics-2026", extra=[narrative("Qiu Wenhao was seen.")]
    )
    plan = world.us.node.packets.plan(draft, [world.mx.node.uri])
    assert world.us.node.packets.mentions(plan) == ()


def test_an_article_may_share_ids_by_name_alone() -> None:
    for category, form in (("identity", Form.WITHHELD), ("local-id", Form.CLEAR)):
        share = Share(partner=MX, category=category, form=Form.CLEAR)
        shared = replace(TERMS, shares=(share,))
        assert shared.forms_for(MX)["local-id"] is form
