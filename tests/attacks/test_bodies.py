"""Partners whose packets are not what they say they are."""

from dataclasses import replace

from support.bodies import entities
from support.node import stores_of
from support.simulation import ARTICLE, PURPOSE, Simulation
from tearline.bodies.documents import FILE
from tearline.bodies.registry import KINDS
from tearline.errors import BodyUnfit
from tearline.packets.packet import Field, PacketKind
from tearline_client.connectors.exporters.documents import documents_in
from tearline_client.connectors.importers.documents import Document, document_fields
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.release_plan import ReleasePlan

PDF = b"%PDF-1.7 a scan"
PROGRAM = b"MZ\x90 a program"


def transfer(world: Simulation) -> ReleasePlan:
    """A transfer for Mexico and China."""
    about = About(article=ARTICLE, purpose=PURPOSE, kind=PacketKind.VALUE_TRANSFER)
    (group,) = connected_groups(entities(KINDS[PacketKind.VALUE_TRANSFER].example))
    node = world.us.node
    draft = node.packets.draft(group, about, agreement="narcotics-2026")
    return node.packets.plan(draft, [world.cn.node.uri, world.mx.node.uri])


def changed(plan: ReleasePlan, name: str, value: bytes) -> ReleasePlan:
    """The plan with another value under one property, after the sender's own node judged it."""
    fields = tuple(
        replace(field, values=(value,)) if field.path.endswith(name) else field
        for field in plan.fields
    )
    return replace(plan, fields=fields)


async def test_what_a_partner_is_not_shown_is_not_held_against_the_sender(
    world: Simulation,
) -> None:
    await world.us.node.packets.send([transfer(world)])
    for member in (world.cn, world.mx):
        await member.node.receive()
        (packet,) = member.grants()
        assert member.node.packets.show(packet).problems == ()
        assert member.codes() == []
    assert world.cn.node.packets.show(world.cn.grants()[0]).view.existences  # it was not shown all


async def test_a_body_that_is_not_of_its_kind_is_told(world: Simulation) -> None:
    await world.us.node.packets.send([changed(transfer(world), "/rateCurrency", b"US$")])
    await world.mx.catches(BodyUnfit, packets=1)
    problems = world.mx.node.packets.show(world.mx.grants()[0]).problems
    assert {problem.path.partition("/")[2] for problem in problems} == {"TransferLeg/rateCurrency"}


def document(content: bytes, name: str = "scan.pdf") -> tuple[Field, ...]:
    """The fields of a document, whatever its content is."""
    return document_fields(Document(name=name, media_type="application/pdf", content=content))


async def test_a_program_that_calls_itself_a_document_is_not_written_out(
    world: Simulation,
) -> None:
    plan = world.us.plan(world.mx, extra=document(PDF))
    await world.us.node.packets.send([changed(plan, f"/{FILE}", PROGRAM)])
    await world.mx.catches(BodyUnfit, packets=1)
    shown = world.mx.node.packets.show(world.mx.grants()[0])
    assert [problem.why for problem in shown.problems] == ["its content is not application/pdf"]
    assert documents_in(shown.view) == {}


async def test_a_document_is_not_written_where_its_name_leads(world: Simulation) -> None:
    told = document(PDF, name="../../.ssh/authorized_keys")
    await world.us.node.packets.send([world.us.plan(world.mx, extra=told)])
    shown = world.us.node.packets.show(stores_of(world.us.node).packets.ids()[0])
    assert list(documents_in(shown.view)) == ["authorized_keys.pdf"]
    await world.mx.node.receive()
    theirs = world.mx.node.packets.show(world.mx.grants()[0])
    (opened,) = documents_in(theirs.view).values()
    assert opened.field.values == (PDF,)
