"""Recalls: who may, what is left, and what an exchange or a partner that lies can do about it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from attacks.test_deliveries import ciphertexts
from attacks.test_key_life import pass_time
from attacks.test_lost_machines import mirrored, restored, saved, settle
from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import CN, Clock, Member, Simulation
from support.suspensions import WHOLE
from tearline.audit.event import EventCode
from tearline.errors import (
    ChannelGap,
    ClockSkewed,
    MarkUnequal,
    NotFound,
    NotOriginator,
    PacketRecalled,
)
from tearline.packets.recall import (
    KeepGround,
    Reach,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallReason,
    RecallState,
)
from tearline.statements.channel import Address, VoidReason
from tearline.statements.receipt import Status
from tearline.statements.statement import ActedBy, StatementType
from tearline.tlog.agreed_time import AgreedTime
from tearline.wire.deliveries import Delivery, parse_delivery
from tearline.wire.grants import encode_grant
from tearline.wire.recalls import encode_recall
from tearline_client.cli.recall import recalls_in_status
from tearline_client.context import NodeContext
from tearline_client.features.recalls import handler, service
from tearline_client.rendering.values import Id
from tearline_client.rules.recalls import RESPOND_MS
from tearline_client.store.recalls import StoredRecall
from tearline_server.storage.columns import parts_of

PERSON = ActedBy(pseudonym=b"p" * 32, role="officer", token_hash=b"t" * 32, time_ms=1)


async def recalled(world: Simulation, packet: bytes, *to: Member) -> tuple[StoredRecall, ...]:
    desk = world.us.node.recalls
    plan = desk.plan(packet, to=[member.node.uri for member in to])
    return await desk.recall(plan, RecallReason.MISTAKE)


async def field_recalled(world: Simulation, packet: bytes, path: str, *to: Member) -> None:
    desk = world.us.node.recalls
    plan = desk.plan(packet, to=[member.node.uri for member in to], path=path)
    await desk.recall(plan, RecallReason.MISTAKE)


def path_of(member: Member, packet: bytes, end: str = "/Person/name") -> str:
    fields = member.node.packets.show(packet).view.best()
    return next(o.field.path for o in fields if o.field.path.endswith(end))


def agreed(time_ms: int) -> AgreedTime:
    return AgreedTime(log_ms=time_ms, own_ms=time_ms)


def set_time(member: Member, time_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a node erase by a time, and tell by it what is late."""
    for module in (handler, service):
        honest = module.agreed_time

        def agreed_time(
            context: NodeContext, honest: Callable[[NodeContext], AgreedTime | None] = honest
        ) -> AgreedTime | None:
            return agreed(time_ms) if context.uri == member.node.uri else honest(context)

        monkeypatch.setattr(module, "agreed_time", agreed_time)


def states(member: Member, packet: bytes) -> list[RecallState]:
    return [stored.state for stored in member.node.recalls.of(packet)]


def statuses(member: Member, packet: bytes) -> list[Status | None]:
    return [grant.status for grant in stores_of(member.node).packets.grants(packet)]


def shown(member: Member, packet: bytes) -> int:
    return len(member.node.packets.show(packet).view.fields)


def put_aside(member: Member) -> list[bytes]:
    """The ciphertexts that lie put aside at a node."""
    intake = stores_of(member.node).inbox
    kept = [intake.evidence(item.id) for item in intake.quarantined()]
    deliveries = [parse_delivery(data) for data in kept if data is not None]
    return [data for d in deliveries for parts in d.parts for data in parts.ciphertexts.values()]


def recall_of(world: Simulation, by: Member, to: Member, packet: bytes, *, seq: int = 1) -> bytes:
    return encode_recall(
        Recall(
            header=by.signer.header,
            address=Address(
                recipient=to.node.uri,
                agreement_id=world.us.node.agreements.by_name("narcotics-2026").id,
                seq=seq,
            ),
            packet=packet,
            said=RecallOrder(
                whole=True, reason=RecallReason.MISTAKE, respond_by_ms=world.clock() + RESPOND_MS
            ),
        )
    )


# What must work.


async def test_what_is_recalled_is_erased_and_both_ends_say_so(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    assert world.cn.status().quarantined == ()
    await world.cn.node.packets.read(packet)
    assert shown(world.cn, packet)
    await recalled(world, packet)
    await world.settle()
    for member in (world.cn, world.mx):
        assert shown(member, packet) == 0
        held = stores_of(member.node).packets.packet(packet)
        assert (held.keys, held.parts.ciphertexts) == ((), {})
        assert states(member, packet) == [RecallState.ERASED]
    assert states(world.us, packet) == [RecallState.ERASED] * 2
    assert statuses(world.us, packet) == [Status.ERASED] * 2
    answers = {r.partner: r.answer.reach for r in world.us.node.recalls.of(packet) if r.answer}
    assert answers == {world.cn.node.uri: (Reach.OPENED,), world.mx.node.uri: ()}
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_what_is_recalled_leaves_nothing_in_the_recipient_s_files(world: Simulation) -> None:
    """Not even sealed: whoever has the node's key could open it."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    database = stores_of(world.cn.node).database
    sealed = [
        database.value(f"SELECT {column} FROM {table}")
        for table, column in (("packet_key", "sealed"), ("packet", "parts"))
    ]
    # SQLite divides a long value over pages, so that no file need hold it in one piece.
    pieces = [value[at : at + 24] for value in sealed for at in range(0, len(value) - 24, 24)]

    def found() -> bool:
        files = [path.read_bytes() for path in (world.folder / CN).glob("node.db*")]
        return any(piece in data for data in files for piece in pieces)

    assert found()
    await recalled(world, packet)
    await world.settle()
    assert states(world.cn, packet) == [RecallState.ERASED]
    assert not found()


async def test_what_waits_in_a_mailbox_is_never_delivered(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await recalled(world, packet)
    kinds = [each.statements[0].type for each in await world.cn.waiting()]
    assert kinds == [StatementType.VOID, StatementType.RECALL]
    await world.settle()
    assert world.cn.grants() == []
    assert world.cn.codes() == []
    assert states(world.us, packet) == [RecallState.ERASED]
    (stored,) = stores_of(world.us.node).packets.grants(packet)
    assert stored.withdrawn is not None


async def test_one_field_is_recalled_and_the_others_stay(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    before = world.cn.node.packets.show(packet).view.fields
    path = before[0].field.path
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, path=path), RecallReason.MISTAKE)
    await world.settle()
    after = world.cn.node.packets.show(packet).view.fields
    assert {o.slot for o in after} == {o.slot for o in before if o.field.path != path}
    assert after
    assert states(world.us, packet) == [RecallState.ERASED]
    assert statuses(world.us, packet) == [Status.STORED]


async def test_a_later_recall_tells_of_itself_alone(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    (first,) = await recalled(world, packet, world.cn)
    both = await recalled(world, packet)
    assert [each.partner for each in both] == sorted([world.cn.node.uri, world.mx.node.uri])
    assert first.id not in {each.id for each in both}


async def test_a_field_is_recalled_before_the_packet_was_fetched(world: Simulation) -> None:
    """The exchange leaves it out, and the node takes in the rest once it knows why."""
    (packet,) = await world.us.send(world.cn)
    sent = [opened.field.path for opened in world.us.node.packets.show(packet).view.fields]
    path = next(path for path in sent if path.endswith("Person/name"))
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, path=path), RecallReason.MISTAKE)
    await world.settle()
    after = world.cn.node.packets.show(packet).view.fields
    assert after
    assert path not in {opened.field.path for opened in after}
    assert world.cn.codes() == [ChannelGap.code]  # its place was missing for a moment
    assert states(world.us, packet) == [RecallState.ERASED]
    assert statuses(world.us, packet) == [Status.STORED]


async def test_what_a_suspension_held_comes_without_the_field_that_was_recalled_meanwhile(
    world: Simulation,
) -> None:
    packet, twin = await world.us.send(world.cn, times=2)
    await world.cn.node.suspensions.suspend("narcotics-2026", WHOLE, acted_by=PERSON)
    await world.settle()
    path = path_of(world.us, packet)
    await field_recalled(world, packet, path, world.cn)
    await world.settle()
    await world.cn.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    for _ in range(2):
        await world.settle()
    assert sorted(world.cn.grants()) == sorted([packet, twin])
    came, whole = (
        {opened.field.path for opened in world.cn.node.packets.show(each).view.best()}
        for each in (packet, twin)
    )
    assert came == whole - {path}
    assert path in whole
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_what_was_recalled_while_a_suspension_held_it_is_not_issued_anew(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.suspensions.suspend("narcotics-2026", WHOLE, acted_by=PERSON)
    await world.settle()
    await recalled(world, packet)
    await world.cn.node.suspensions.resume("narcotics-2026", acted_by=PERSON)
    for _ in range(2):
        await world.settle()
    assert len(stores_of(world.us.node).packets.grants(packet)) == 1


async def test_a_field_that_was_recalled_from_a_partner_is_not_disclosed_to_it(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    path = path_of(world.us, packet)
    await field_recalled(world, packet, path, world.cn)
    with pytest.raises(PacketRecalled):
        await world.us.node.packets.disclose(packet, path, world.cn.node.uri)
    assert len(stores_of(world.us.node).packets.grants(packet)) == 2
    assert not (await world.us.node.packets.disclose(packet, path, world.mx.node.uri)).refused


async def test_what_was_put_aside_of_a_packet_is_erased_with_it(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    world.cn.exchange.mail = ciphertexts(
        lambda given: {slot: data[::-1] for slot, data in given.items()}
    )
    await world.cn.node.receive()
    world.cn.exchange.mail = list
    assert put_aside(world.cn)
    await recalled(world, packet)
    await world.settle()
    assert put_aside(world.cn) == []


async def test_a_person_keeps_it_and_says_why(world: Simulation) -> None:
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await recalled(world, packet)
    await world.settle()
    assert states(world.us, packet) == [RecallState.OPEN]
    await world.cn.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)
    await world.settle()
    assert shown(world.cn, packet)
    (kept,) = world.us.node.recalls.of(packet)
    assert kept.answer is not None
    assert (kept.state, kept.answer.ground) == (RecallState.KEPT, KeepGround.EVIDENCE)
    await world.cn.node.recalls.erase(packet)
    await world.settle()
    assert states(world.us, packet) == [RecallState.ERASED]
    with pytest.raises(NotFound):
        await world.cn.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)


async def test_a_clock_ahead_leaves_partners_the_time_to_answer(world: Simulation) -> None:
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    object.__setattr__(context_of(world.us.node), "now_ms", Clock(3000 * 24 * 3_600_000))
    (asked,) = await recalled(world, packet)
    assert abs(asked.order.respond_by_ms - RESPOND_MS - world.clock()) < 60_000
    await world.cn.node.receive()
    await world.cn.node.receive()
    assert shown(world.cn, packet)


async def test_a_clock_behind_recalls_nothing(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    object.__setattr__(context_of(world.us.node), "now_ms", Clock(-3000 * 24 * 3_600_000))
    with pytest.raises(ClockSkewed):
        await recalled(world, packet)
    assert world.us.node.recalls.of(packet) == ()


async def test_what_nobody_keeps_in_time_is_erased(world: Simulation) -> None:
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    await world.cn.node.receive()
    pass_time(world, RESPOND_MS + 5000)
    for member in (world.us, world.mx) * 2:
        await member.node.sync()
    assert [stored.id for stored in desk.overdue()] == [stored.id for stored in desk.of(packet)]
    await world.settle()
    await world.settle()
    assert shown(world.cn, packet) == 0
    assert states(world.us, packet) == [RecallState.ERASED]
    assert desk.overdue() == ()


async def test_what_is_late_and_what_waits_is_told(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    desk, members = world.us.node.recalls, context_of(world.us.node).trust.members
    (asked,) = await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    await world.cn.node.receive()
    (row,) = recalls_in_status(world.cn.node, members)
    assert (row["what"], row["which"]) == ("recall to decide on", Id(packet))
    assert recalls_in_status(world.us.node, members) == []
    assert tuple(desk.due(0)) == ()
    set_time(world.us, asked.order.respond_by_ms + 1, monkeypatch)
    (row,) = recalls_in_status(world.us.node, members)
    assert (row["what"], row["which"]) == ("recall overdue", Id(packet))
    assert "cn-public-security owed an answer by" in str(row["state"])
    (due,) = desk.due(0)
    assert (due.event, due.once) == ("overdue", asked.id)
    assert due.ids["packet"] == packet


async def test_a_field_is_recalled_in_every_form(world: Simulation) -> None:
    """From everybody: the exchange keeps none of its ciphertexts, and no reader a form of it."""
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    forms: dict[str, set[int]] = {}
    for member in (world.cn, world.mx):
        for opened in member.node.packets.show(packet).view.fields:
            forms.setdefault(opened.field.path, set()).add(opened.slot)
    path = next(path for path, slots in forms.items() if len(slots) > 1)
    stored = (await world.store.packets([packet])).get(packet)
    assert stored is not None
    assert forms[path] <= parts_of(stored.ciphertexts).ciphertexts.keys()
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, path=path), RecallReason.SOURCE_AT_RISK)
    stored = (await world.store.packets([packet])).get(packet)
    assert stored is not None
    left = parts_of(stored.ciphertexts).ciphertexts.keys()
    assert left
    assert forms[path].isdisjoint(left)
    await world.settle()
    for member in (world.cn, world.mx):
        fields = member.node.packets.show(packet).view.fields
        assert fields
        assert path not in {opened.field.path for opened in fields}
    assert states(world.us, packet) == [RecallState.ERASED] * 2


async def test_what_ended_is_erased_unasked_and_withdrawn_where_it_waits(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.cn.node.receive()
    await world.us.node.receive()
    for member in (world.us, world.cn):
        end = stores_of(member.node).packets.grants(packet)[0].grant.not_after_ms
        set_time(member, end, monkeypatch)
        await member.node.sync()
        await member.node.tell()
    assert stores_of(world.cn.node).packets.packet(packet).keys == ()
    await world.us.node.receive()
    told = {g.grant.address.recipient: g for g in stores_of(world.us.node).packets.grants(packet)}
    assert told[world.cn.node.uri].status is Status.ERASED
    assert told[world.mx.node.uri].withdrawn is VoidReason.EXPIRED
    await world.mx.node.receive()
    assert world.mx.grants() == []


async def test_what_one_agency_sent_under_an_agreement_is_erased(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    (other,) = await world.mx.send(world.cn)
    await world.settle()
    agreement = world.us.node.agreements.by_name("narcotics-2026").id
    assert world.cn.node.recalls.erase_for(context_of(world.us.node).agency, agreement) == 1
    await world.cn.node.tell()
    await world.settle()
    assert shown(world.cn, packet) == 0
    assert shown(world.cn, other)
    assert statuses(world.us, packet) == [Status.ERASED]
    assert world.cn.node.recalls.erase_for(context_of(world.us.node).agency, agreement) == 0


# Lies.


async def test_a_partner_does_not_recall_what_is_not_its_own(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    outcome = await world.mx.say(
        StatementType.RECALL, recall_of(world, world.mx, world.cn, packet, seq=1)
    )
    await world.refuses([outcome], NotOriginator)
    assert shown(world.cn, packet)


async def test_an_exchange_does_not_bring_a_recall_of_somebody_else(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    body = recall_of(world, world.mx, world.cn, packet)
    forged = await world.forge(
        world.cn, signed_by(StatementType.RECALL, body, world.mx.signer), code=EventCode.RECALL
    )
    await world.cn.take(forged)
    world.cn.caught(NotOriginator, packets=1)
    assert shown(world.cn, packet)


async def test_a_recall_of_somebody_else_takes_nothing_from_what_lies_put_aside(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    world.cn.exchange.mail = ciphertexts(
        lambda given: {slot: data[::-1] for slot, data in given.items()}
    )
    await world.cn.node.receive()
    before = put_aside(world.cn)
    body = recall_of(world, world.mx, world.cn, packet)
    forged = await world.forge(
        world.cn, signed_by(StatementType.RECALL, body, world.mx.signer), code=EventCode.RECALL
    )
    await world.cn.take(forged)
    assert put_aside(world.cn) == before


async def test_a_grant_that_comes_behind_its_recall_stays_closed(world: Simulation) -> None:
    """An exchange kept it back, or brings it once more."""
    (packet,) = await world.us.send(world.cn)
    (early,) = await world.cn.waiting()  # handed out: it cannot be withdrawn any more
    await recalled(world, packet)
    late: Sequence[Delivery] = await world.cn.waiting()
    await world.cn.take(late[-1], early)
    await world.cn.node.tell()
    assert stores_of(world.cn.node).packets.held(packet) is None
    await world.settle()
    assert states(world.us, packet) == [RecallState.ERASED]
    assert statuses(world.us, packet) == [Status.ERASED]


async def test_a_recall_that_was_dropped_is_missed(world: Simulation) -> None:
    """It was the last message: the mark behind it says so."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await recalled(world, packet)
    await world.us.node.mark()
    world.cn.exchange.mail = lambda waiting: [
        each for each in waiting if each.statements[0].type is not StatementType.RECALL
    ]
    await world.cn.catches(MarkUnequal, packets=1)


async def test_only_who_was_asked_answers_a_recall(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    (asked,) = await recalled(world, packet)
    answer = Recall(
        header=world.mx.signer.header,
        address=Address(
            recipient=world.us.node.uri,
            agreement_id=world.us.node.agreements.by_name("narcotics-2026").id,
            seq=1,
        ),
        packet=packet,
        said=RecallAnswer(recall=asked.id),
    )
    await world.mx.say(StatementType.RECALL, encode_recall(answer))
    await world.us.node.receive()
    world.us.caught(NotFound)
    assert states(world.us, packet) == [RecallState.OPEN]


async def test_a_recalled_packet_is_not_granted_again(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await recalled(world, packet)
    (stored,) = stores_of(world.us.node).packets.grants(packet)
    again = replace(stored.grant, grant_id=bytes(16), address=replace(stored.grant.address, seq=3))
    outcome = await world.us.say(StatementType.GRANT, encode_grant(again))
    assert outcome.refusal is not None
    assert outcome.refusal.code == PacketRecalled.code


async def test_an_exchange_that_was_rolled_back_does_not_bring_it_back(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    await world.us.node.receive()
    database = saved(world)
    await recalled(world, packet)
    await world.cn.node.receive()
    assert shown(world.cn, packet) == 0
    await world.us.node.sync()
    async with restored(world, database, [mirrored(world, world.us)]):
        await settle(world)
        assert shown(world.cn, packet) == 0
        assert states(world.us, packet) == [RecallState.ERASED]
        assert statuses(world.us, packet) == [Status.ERASED]


async def test_a_backup_of_before_a_recall_does_not_bring_the_ciphertexts_back(
    world: Simulation,
) -> None:
    """Although its recipient has signed for the recall, and it waits nowhere any more."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    database = saved(world)
    await recalled(world, packet)
    for _ in range(3):
        await world.settle()
        for member in world.members:
            await member.node.mark()
    async with restored(world, database, [mirrored(world, world.us)]) as exchange:
        stored = (await exchange._store.packets([packet])).get(packet)
        assert stored is not None
        assert parts_of(stored.ciphertexts).ciphertexts
        await settle(world)
        stored = (await exchange._store.packets([packet])).get(packet)
        assert stored is not None
        assert parts_of(stored.ciphertexts).ciphertexts == {}
        assert [member.codes() for member in world.members] == [[], [], []]
        assert len(world.cn.node.recalls.of(packet)) == 1
