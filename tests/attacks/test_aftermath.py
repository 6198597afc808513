"""What a node still holds, and still does, after something went wrong around it."""

from dataclasses import replace
from typing import Any

import pytest

from support.node import stores_of
from support.simulation import BILATERAL, Simulation
from tearline.audit.event import EventCode
from tearline.errors import (
    AgreementNotInForce,
    CertificateExpired,
    EntryMismatch,
    GrantExpired,
    LogInconsistent,
    StoreBusy,
)
from tearline.policy.form import Form
from tearline.statements.receipt import Receipt, Status
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import encode_receipt, parse_receipt
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Outcome
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.features.packets.reader import PacketReader
from tearline_client.store.outbox import OutboxState


async def test_a_busy_store_does_not_cost_a_delivery(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of this machine is not the delivery's: it must come again."""
    await world.us.send(world.cn)
    packets = stores_of(world.cn.node).packets

    def busy(*_: object, **__: object) -> None:
        raise StoreBusy

    with monkeypatch.context() as patched:
        patched.setattr(type(packets), "put_keys", busy)
        with pytest.raises(StoreBusy):
            await world.cn.node.receive()
    assert world.cn.codes() == []
    await world.cn.node.receive()
    assert len(world.cn.grants()) == 1


async def test_a_later_delivery_does_not_overwrite_what_is_here(world: Simulation) -> None:
    """Only ciphertexts that a grant opens, and that were verified so, are stored."""
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    before = world.cn.node.packets.show(packet).packet.parts.ciphertexts
    opened = world.cn.node.packets.show(packet).view.fields
    path = next(each.field.path for each in opened if each.field.form is Form.CLEAR)
    await world.us.node.packets.disclose(packet, path, world.cn.node.uri)

    def lie(mail: list[Delivery]) -> list[Delivery]:
        (parts,) = mail[0].parts
        noise = dict.fromkeys(before, b"noise")
        changed = replace(parts, ciphertexts={**noise, **parts.ciphertexts})
        return [replace(mail[0], parts=(changed,)), *mail[1:]]

    world.cn.exchange.mail = lie
    await world.cn.node.receive()
    assert before.items() <= world.cn.node.packets.show(packet).packet.parts.ciphertexts.items()


async def test_a_refused_connection_refuses_no_message(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the exchange says of the caller's certificate says nothing about what it sends."""
    honest = world.us.exchange.publish

    async def expired(publication: bytes) -> bytes:
        raise CertificateExpired

    monkeypatch.setattr(world.us.exchange, "publish", expired)
    with pytest.raises(CertificateExpired):
        await world.us.send(world.cn)
    assert OutboxState.REFUSED not in world.us.status().outbox
    monkeypatch.setattr(world.us.exchange, "publish", honest)
    await world.us.node.sync()
    await world.cn.node.receive()
    assert len(world.cn.grants()) == 1


async def test_an_expired_grant_leaves_no_gap(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It arrived, if too late: what follows it in the channel is not ahead of anything."""
    await world.us.send(world.cn)
    late = (await world.cn.waiting())[0]
    monkeypatch.setattr(NodeContext, "has_ended", lambda _state, _end_ms: True)
    await world.cn.take(late)
    monkeypatch.undo()
    assert world.cn.codes() == [GrantExpired.code]
    assert world.cn.grants() == []
    await world.us.send(world.cn)
    await world.cn.node.receive()
    assert len(world.cn.grants()) == 1
    (channel,) = [c for c in world.cn.status().channels if c.peer == world.us.node.uri]
    assert (channel.received, channel.waiting) == (2, 0)


async def test_a_receipt_that_shows_the_entry_of_another_statement_is_refused(
    world: Simulation,
) -> None:
    def lie(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        entry = _receipt(outcomes[1]).entry
        first = _resigned(world, outcomes[0], replace(_receipt(outcomes[0]), entry=entry))
        return (first, *outcomes[1:])

    world.us.exchange.outcomes = lie
    with pytest.raises(EntryMismatch):
        await world.us.send(world.cn)
    assert world.us.codes() == [EntryMismatch.code]


async def test_a_log_that_gives_nothing_more_is_not_asked_for_ever(world: Simulation) -> None:
    await world.us.send(world.cn)

    def lie(page: EntryRange) -> EntryRange:
        return replace(page, entries=())

    world.cn.exchange.log = lie
    with pytest.raises(LogInconsistent):
        await world.cn.node.sync()


async def test_a_status_does_not_go_back_when_two_processes_read(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    packets = stores_of(world.cn.node).packets
    show = PacketReader.show

    def slow(reading: PacketReader, packet_id: bytes, **who: Any) -> object:
        shown = show(reading, packet_id, **who)
        (grant,) = shown.grants
        packets.set_status(grant.signed.statement.id, Status.SEEN)  # the other process
        return shown

    monkeypatch.setattr(PacketReader, "show", slow)
    await world.cn.node.packets.read(packet)
    (grant,) = packets.grants(packet)
    assert grant.status is Status.SEEN


async def test_a_later_disclosure_goes_by_the_newest_agreement(world: Simulation) -> None:
    """What all parties agreed on since binds our own node too, not only the exchange."""
    (packet,) = await world.us.send(world.cn)
    world.us.exchange.publication = lambda publication: pytest.fail("it was sealed and sent")
    agreement = world.us.node.agreements.by_name("narcotics-2026")
    ended = replace(agreement, version=2, valid_from_ms=1, valid_until_ms=2)
    body = encode_agreement(ended)
    store = stores_of(world.us.node)
    with store.database.transaction():
        said = signed(world.us.signer.sign([(StatementType.AGREEMENT, body)]))
        store.agreements.put(said, entry=stores_of(world.us.node).log.size, time_ms=2)
    path = world.us.name_path(packet)
    with pytest.raises(AgreementNotInForce):
        await world.us.node.packets.disclose(packet, path, world.cn.node.uri)


async def test_an_agreement_of_others_is_not_taken_in(world: Simulation) -> None:
    """Else others could replace ours by one of the same id, or take its name."""
    ours = world.cn.node.agreements.by_name("narcotics-2026")
    text = BILATERAL.replace('"bilateral"', '"narcotics-2026"')
    proposed = world.us.node.agreements.draft(text)
    complete = world.mx.node.agreements.sign(proposed)
    delivery = await world.forge(world.cn, complete, code=EventCode.AGREEMENT)
    await world.cn.take(delivery)
    assert world.cn.codes() == [AgreementNotInForce.code]
    assert world.cn.node.agreements.by_name("narcotics-2026") == ours


def _receipt(outcome: Outcome) -> Receipt:
    assert outcome.receipt is not None
    return parse_receipt(outcome.receipt.statement.body)


def _resigned(world: Simulation, outcome: Outcome, receipt: Receipt) -> Outcome:
    desk = world.exchange._desk
    signer: Signer = desk._keys.signer(desk.registry.trust)
    tree = signer.sign([(StatementType.RECEIPT, encode_receipt(receipt))])
    forged: Signed = signed(tree)
    return replace(outcome, receipt=forged)
