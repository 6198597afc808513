"""Partners whose packets are not what they say they are."""

from dataclasses import replace

import pytest

from support.bodies import entities
from support.node import stores_of
from support.simulation import ARTICLE, PURPOSE, Simulation
from tearline.blobs.description import BLOB
from tearline.bodies.documents import FILE
from tearline.bodies.registry import KINDS
from tearline.errors import BodyUnfit
from tearline.packets.packet import Field, PacketKind
from tearline_client.connectors.exporters.documents import documents_in
from tearline_client.connectors.importers.documents import Document, document_fields
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.rendering.packets import view_rows

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
    await world.us.node.packets.send([changed(transfer(world), "/method", b"barter")])
    await world.mx.catches(BodyUnfit, packets=1)
    problems = world.mx.node.packets.show(world.mx.grants()[0]).problems
    assert {problem.path.partition("/")[2] for problem in problems} == {"TransferLeg/method"}


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


async def test_a_document_without_a_valid_description_blocks_no_other(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = document(PDF)[-1]
    plan = world.us.plan(world.mx, extra=(*document(PDF), last))
    others = (field for field in plan.fields if field.path != last.path)
    bad = replace(last, media_type=BLOB, values=(b"x",))
    with monkeypatch.context() as patched:  # a sender that judges nothing
        patched.setattr("tearline.sealing.packets.blob_in", lambda field: None)
        patched.setattr("tearline.sealing.slots.masked_field", lambda field, *_: field)
        patched.setattr("tearline_client.features.packets.service.blobs_of", lambda fields: ())
        await world.us.node.packets.send([replace(plan, fields=(*others, bad))])
    await world.mx.catches(BodyUnfit, packets=1)
    shown = world.mx.node.packets.show(world.mx.grants()[0])
    (row,) = (row for row in view_rows(shown) if row["path"] == bad.path)
    assert row["shown"] == "[not a valid description]"
    assert len(documents_in(shown.view)) == 1


async def test_a_document_is_not_written_where_its_name_leads(world: Simulation) -> None:
    told = document(PDF, name="../../.ssh/authorized_keys")
    await world.us.node.packets.send([world.us.plan(world.mx, extra=told)])
    shown = world.us.node.packets.show(stores_of(world.us.node).packets.ids()[0])
    assert list(documents_in(shown.view)) == ["authorized_keys.pdf"]
    await world.mx.node.receive()
    theirs = world.mx.node.packets.show(world.mx.grants()[0])
    (opened,) = documents_in(theirs.view).values()
    assert opened.field.values == (PDF,)
