"""Ids that a person or an importer wrote: they stay with the agency that wrote them."""

import hashlib

import pytest

from attacks.onward_packets import path_of
from attacks.test_erasure import sent
from support.node import context_of
from support.simulation import ARTICLE, PURPOSE, Member, Simulation
from tearline.errors import AgreementNotInForce, NothingReleased, TearlineError, ValueRepeated
from tearline.packets.packet import Field
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups, token_of_reference
from tearline_client.planning.release_plan import ReleasePlan

SOURCE = "informant-qiu"
HASHED = hashlib.sha256(b"DE02120300000000202051").hexdigest()[:32]
OUTSIDE = "agent-lopez-handler"
IDS = (SOURCE, HASHED, OUTSIDE)


def told(member: Member, *to: Member, purpose: str = "a fee", amount: str = "250") -> ReleasePlan:
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
    draft = member.node.packets.draft(group, about, agreement="narcotics-2026")
    return member.node.packets.plan(draft, [each.node.uri for each in to])


def read(member: Member, packet: bytes) -> dict[str, Field]:
    """The fields of a packet that a member can open, by path."""
    fields = (opened.field for opened in context_of(member.node).open_view(packet).view.best())
    return {field.path: field for field in fields}


def texts(fields: dict[str, Field]) -> str:
    return " ".join(text for field in fields.values() for text in (field.path, *field.texts))


async def test_no_id_of_ours_is_readable_elsewhere_and_all_are_here(world: Simulation) -> None:
    packet = await sent_by(world.us, told(world.us, world.cn, world.mx))
    for member in (world.cn, world.mx):
        await member.node.receive()
        shown = texts(read(member, packet))
        assert "/Payment/beneficiary" in shown
        assert not [each for each in IDS if each in shown]
    assert all(each in texts(read(world.us, packet)) for each in IDS)


async def sent_by(member: Member, plan: ReleasePlan) -> bytes:
    result = await member.node.packets.send([plan])
    assert not result.refused
    return result.packets[0]
