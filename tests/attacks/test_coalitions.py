"""A partner's patched node and a lying exchange together; the recipient is honest."""

from dataclasses import replace
from typing import Any

import pytest

import tearline_server.processing.handlers.packets
from support.agencies import signed_by
from support.node import context_of
from support.simulation import EVERYTHING, PURPOSE, Simulation, narrative
from tearline.audit.event import EventCode
from tearline.errors import (
    AgreementNotInForce,
    ChannelReplay,
    EntryMismatch,
    GeneralisedMismatch,
    GrantMisdirected,
    Mislabelled,
    NotOriginator,
    ReleaseRefused,
)
from tearline.packets.commitments import opening_commit
from tearline.packets.packet import PacketParts
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.policy.profile import default_marking
from tearline.sealing import SealedPacket
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType, statement_id
from tearline.wire.agreements import encode_agreement
from tearline.wire.grants import encode_grant, encode_receipt, encode_void
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import publication_of
from tearline_client.messages.compose import ComposedPacket, GrantContext, make_grant, seal_plans
from tearline_client.planning.release_plan import Selection

SECRET = "said by the bookkeeper"


def agreement_id(world: Simulation) -> bytes:
    return world.us.node.agreements.by_name("narcotics-2026").id


def parts_of(packet: ComposedPacket) -> PacketParts:
    return replace(packet.parts, openings=())


# Contents that only the recipient can judge.


async def test_a_mislabelled_field_is_kept_from_use(world: Simulation) -> None:
    told = narrative(SECRET, category="identity.subject")
    await world.us.node.packets.send([world.us.plan(world.cn, extra=[told])])
    await world.cn.catches(Mislabelled, packets=1)
    view = world.cn.node.packets.show(world.cn.grants()[0]).view
    assert told.path not in {opened.field.path for opened in view.fields}


async def test_a_generalised_form_must_follow_from_the_clear_one(world: Simulation) -> None:
    plan = world.us.plan(world.mx)
    amount = next(f for f in plan.fields if f.marking.category == "finance.amount")
    invented = replace(amount, form=Form.GENERALISED, mask="band", values=(b"1-2 USD",))
    await world.us.node.packets.send([replace(plan, fields=(*plan.fields, invented))])
    await world.mx.catches(GeneralisedMismatch, packets=1)
    view = world.mx.node.packets.show(world.mx.grants()[0]).view
    assert invented.values not in {opened.field.values for opened in view.fields}


def claimed(sealed: SealedPacket, compartment: int, marking: Marking) -> SealedPacket:
    """A packet whose opening of a compartment claims another marking than its fields bear."""
    opening = replace(sealed.openings[compartment], marking=marking)
    committed = list(sealed.manifest.compartments)
    committed[compartment] = opening_commit(sealed.manifest.packet_id, opening)
    return replace(
        sealed,
        manifest=replace(sealed.manifest, compartments=tuple(committed)),
        openings={**sealed.openings, compartment: opening},
    )


async def test_a_field_released_alone_is_judged_by_its_own_marking(world: Simulation) -> None:
    told = narrative(SECRET, category="identity.source")
    plan = world.us.plan(world.cn, extra=[told])
    (sealed,) = seal_plans([plan], world.us.signer.header)
    ((compartment, opening),) = (
        (c, each) for c, each in sealed.openings.items() if each.marking == told.marking
    )
    lie = claimed(sealed, compartment, default_marking("reference"))
    body = encode_manifest(lie.manifest)
    releaser = GrantContext(
        signer=world.us.signer,
        acted_by=None,
        kem_key_of=context_of(world.us.node).kem_key_of,
        next_place=lambda to, agreement: Address(recipient=to, agreement_id=agreement, seq=1),
    )
    grant = make_grant(
        replace(lie, openings=sealed.openings),  # the release states the true marking
        statement_id(StatementType.MANIFEST, body),
        Selection(existences={}, compartments=()),
        world.cn.node.uri,
        releaser,
        purpose=PURPOSE,
        slots=opening.slots,
    )
    tree = world.us.signer.sign(
        [(StatementType.MANIFEST, body), (StatementType.GRANT, encode_grant(grant))]
    )
    parts = PacketParts(
        manifest=grant.packet,
        openings=tuple(lie.openings[c] for c in sorted(lie.openings)),
        ciphertexts=dict(enumerate(lie.ciphertexts)),
        slot_count=len(lie.ciphertexts),
    )
    outcomes = await world.us.publish(publication_of(tree, [0, 1], [parts]))
    assert [outcome.refusal for outcome in outcomes] == [None, None]
    await world.cn.catches(ReleaseRefused)


# Statements that an honest exchange would have refused.


async def test_an_exchange_that_lets_more_pass_does_not_get_it_past_the_recipient(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tearline_server.processing.handlers.packets, "_decide", lambda *_: ())
    _, publication = world.us.compose(world.cn, forms=EVERYTHING)
    outcomes = await world.us.publish(publication)
    assert [outcome.refusal for outcome in outcomes] == [None, None]
    await world.cn.catches(ReleaseRefused)


async def test_a_packet_shown_onward_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    state = context_of(world.cn.node)
    stored = state.stores.packets.packet(world.cn.grants()[0])
    (granted,) = state.stores.packets.grants(stored.signed.statement.id)
    recipient = world.mx.node.uri
    onward = replace(
        granted.grant,
        header=world.cn.signer.header,
        address=replace(granted.grant.address, recipient=recipient),
        kem_key_id=state.kem_key_of(recipient).id,
    )
    shown = signed_by(StatementType.GRANT, encode_grant(onward), world.cn.signer)
    await world.mx.take(await world.forge(world.mx, shown, stored.signed, parts=[stored.parts]))
    world.mx.caught(NotOriginator)


@pytest.mark.parametrize(
    "says",
    [
        {"agreement_id": bytes(16)},
        {"packet": bytes(32)},
        {"article": "narcotics"},
        {"purpose": "another"},
        {"pseudonym": bytes(32)},
    ],
    ids=lambda says: next(iter(says)),
)
async def test_an_entry_that_tells_of_a_grant_otherwise_is_refused(
    world: Simulation, says: dict[str, Any]
) -> None:
    """Else it is erased by another agreement's retention, or shows auditors another use."""
    packet, _ = world.us.compose(world.cn)
    lie = await world.forge(
        world.cn, packet.grants[0], packet.manifest, parts=[parts_of(packet)], **says
    )
    await world.cn.take(lie)
    world.cn.caught(EntryMismatch)


async def test_an_honest_entry_of_such_a_grant_is_taken(world: Simulation) -> None:
    packet, _ = world.us.compose(world.cn)
    told = await world.forge(world.cn, packet.grants[0], packet.manifest, parts=[parts_of(packet)])
    await world.cn.take(told)
    assert world.cn.codes() == []
    assert len(world.cn.grants()) == 1


async def test_two_statements_do_not_take_one_place(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    second, _ = world.us.compose(world.cn, seq=1)
    await world.cn.take(
        await world.forge(world.cn, second.grants[0], second.manifest, parts=[parts_of(second)])
    )
    world.cn.caught(ChannelReplay, packets=1)


async def test_a_void_does_not_replace_what_arrived(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    void = Void(
        header=world.us.signer.header,
        address=Address(recipient=world.cn.node.uri, agreement_id=agreement_id(world), seq=1),
        reason=VoidReason.RECALLED,
    )
    statement = signed_by(StatementType.VOID, encode_void(void), world.us.signer)
    await world.cn.take(await world.forge(world.cn, statement, code=EventCode.VOID))
    world.cn.caught(ChannelReplay, packets=1)


async def test_an_agreement_that_we_did_not_sign_is_refused(world: Simulation) -> None:
    agreement = world.us.node.agreements.by_name("narcotics-2026")
    looser = replace(agreement, version=2, header=world.us.signer.header)
    proposed = signed_by(StatementType.AGREEMENT, encode_agreement(looser), world.us.signer)
    await world.cn.take(await world.forge(world.cn, proposed, code=EventCode.AGREEMENT))
    world.cn.caught(AgreementNotInForce)
    assert world.cn.node.agreements.by_name("narcotics-2026").version == 1


async def test_a_receipt_counts_only_from_the_grant_s_recipient(world: Simulation) -> None:
    await world.us.send(world.mx)
    (mail,) = await world.mx.waiting()
    word = Receipt(
        header=world.cn.signer.header,
        address=Address(recipient=world.us.node.uri, agreement_id=agreement_id(world), seq=1),
        about=mail.statements[0].id,
        status=Status.OPENED,
        code="",
        entry=None,
        acted_by=None,
        time_ms=world.clock(),
    )
    statement = signed_by(StatementType.RECEIPT, encode_receipt(word), world.cn.signer)
    await world.us.take(await world.forge(world.us, statement, code=EventCode.RECEIPT))
    world.us.caught(GrantMisdirected)
