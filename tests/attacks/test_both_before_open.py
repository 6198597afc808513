"""An article that opens nothing before both agencies have cosigned the log that holds it."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.errors import CosignatureAwaited, NotFound
from tearline.packets.recall import RecallReason
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.tlog.note import parse_note
from tearline.wire.agreements import encode_agreement
from tearline.wire.cosigning import CosignReply
from tearline.wire.deliveries import parse_delivery
from tearline.wire.statements import Signed, cosigned, header_of
from tearline_client.inbox.receiver import Receiver
from tearline_client.messages.received import Received, ReceivedGrant


async def wait_for_both(world: Simulation) -> None:
    """The next version of the agreement, under which nothing opens before both have cosigned."""
    before = world.us.node.agreements.by_name("narcotics-2026")
    articles = tuple(replace(a, both_before_open=True) for a in before.terms.articles)
    amended = replace(
        before,
        header=world.us.signer.header,
        version=before.version + 1,
        terms=replace(before.terms, articles=articles),
    )
    body = encode_agreement(amended)
    agreed: Signed = cosigned(
        (member.signer.sign([(StatementType.AGREEMENT, body)]), 0) for member in world.members
    )
    await world.us.node.agreements.publish(agreed)
    for member in world.members:
        await member.node.receive()


def without(member: Member, news: CosignReply) -> CosignReply:
    """What others cosigned, without the lines of one agency."""
    kept = []
    for note in news.checkpoints:
        parsed = parse_note(note)
        mine = [s for s in parsed.signatures if s.name != member.node.uri]
        kept.append(replace(parsed, signatures=tuple(mine)).encode())
    return replace(news, checkpoints=tuple(kept))


def keep_back(world: Simulation) -> None:
    """The exchange passes on no cosignature of ours to the recipient."""
    world.cn.exchange.news = lambda news: without(world.us, news)


async def test_it_waits_and_opens_by_itself(world: Simulation) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    assert world.cn.grants() == []
    assert world.cn.codes() == []
    (waiting,) = stores_of(world.cn.node).awaiting_cosignature.all()
    assert (waiting.packet, waiting.sender) == (packet, world.us.node.uri)
    with pytest.raises(CosignatureAwaited):
        world.cn.node.packets.show(packet)
    assert await world.cn.node.packets.search("Qiu") == {}
    notices = stores_of(world.cn.node).notifications
    assert notices.next(0, ["packet-arrived"]) is None

    await world.us.node.receive()  # it is told, all the same, that the packet is there
    grants = stores_of(world.us.node).packets.grants(packet)
    assert [grant.status for grant in grants] == [Status.STORED]
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    assert world.cn.grants() == [packet]
    assert stores_of(world.cn.node).awaiting_cosignature.all() == ()
    told = notices.next(0, ["packet-arrived"])
    assert told is not None
    assert told.ids["packet"] == packet.hex()
    assert world.cn.node.packets.show(packet).view.fields
    assert world.cn.codes() == []


@pytest.mark.parametrize("packets", [1, 10])
async def test_grants_that_wait_are_not_judged_with_each_batch(
    world: Simulation, monkeypatch: pytest.MonkeyPatch, packets: int
) -> None:
    await wait_for_both(world)
    keep_back(world)
    sent = [packet for _ in range(packets) for packet in await world.us.send(world.cn)]
    await world.cn.node.receive()
    assert stores_of(world.cn.node).awaiting_cosignature.count() == packets
    judged: list[str] = []
    judge = Receiver._judged_again

    def counted(receiver: Receiver, data: bytes) -> object:
        judged.append(header_of(parse_delivery(data).statements[0].body).signer)
        return judge(receiver, data)

    monkeypatch.setattr(Receiver, "_judged_again", counted)
    for _ in range(3):
        await world.mx.send(world.cn)
        await world.cn.node.receive()
    assert world.us.node.uri not in judged
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    assert judged.count(world.us.node.uri) == packets
    assert set(sent) <= set(world.cn.grants())


async def test_an_exchange_that_shows_the_sender_another_log_shows_nothing(
    world: Simulation,
) -> None:
    """The recipient's log has the grant; the sender has never seen that log, and cosigns none."""
    await wait_for_both(world)
    async with world.forked(world.cn):
        composed, publication = world.us.compose(world.cn)
        world.us.exchange.show(world.cn.exchange.target)
        await world.us.publish(publication)
        world.us.exchange.show(world.exchange)
        keep_back(world)
        for _ in range(3):
            await world.cn.node.receive()
        assert world.cn.grants() == []
        with pytest.raises(CosignatureAwaited):
            world.cn.node.packets.show(composed.manifest.statement.id)


async def test_its_own_cosignature_is_not_enough_nor_anybody_else_s(world: Simulation) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    for member in (world.mx, world.cn, world.mx, world.cn):
        await member.node.receive()
    assert stores_of(world.cn.node).cosigning.partner(context_of(world.mx.node).agency).size > 0
    assert world.cn.grants() == []
    assert packet not in stores_of(world.cn.node).packets.ids()


async def test_a_log_that_only_the_two_are_shown_opens_nothing(world: Simulation) -> None:
    """Both see one log, and the third counted cosigner another."""
    await wait_for_both(world)
    world.cn.exchange.news = lambda news: without(world.mx, news)
    (packet,) = await world.us.send(world.cn)
    for member in (world.us, world.mx, world.cn, world.us, world.cn):
        await member.node.receive()
    assert stores_of(world.cn.node).cosigning.partner(context_of(world.us.node).agency).size > 0
    assert world.cn.grants() == []
    world.cn.exchange.news = lambda news: news
    await world.cn.node.receive()
    assert world.cn.grants() == [packet]


async def test_an_application_that_listens_gets_it_when_it_opens(world: Simulation) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.sync()
    heard: list[Received] = []

    async def listen() -> None:
        async with aclosing(world.cn.node.inbox(wait=True)) as inbox:
            async for received in inbox:
                heard.append(received)
                return

    listening = asyncio.create_task(listen())
    while not stores_of(world.cn.node).awaiting_cosignature.all():
        await asyncio.sleep(0)
    assert heard == []
    world.cn.exchange.news = lambda news: news
    await world.cn.node.cosigning.turn()
    await asyncio.wait_for(listening, 30)
    (received,) = heard
    assert isinstance(received.content, ReceivedGrant)
    assert received.content.grant.packet == packet


async def test_what_does_not_verify_once_it_opens_is_put_aside(world: Simulation) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    (waiting,) = stores_of(world.cn.node).awaiting_cosignature.all()
    with stores_of(world.cn.node).database.transaction():
        stores_of(world.cn.node).database.execute("DELETE FROM agreement")
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    assert stores_of(world.cn.node).awaiting_cosignature.all() == ()
    assert world.cn.codes() == ["TL-AGR-001"]
    with pytest.raises(NotFound):
        world.cn.node.packets.show(packet)
    assert waiting.packet == packet


def test_the_flag_stands_in_the_file_of_terms(world: Simulation) -> None:
    text = """
name = "careful"
parties = ["us-justice", "mx-prosecutor"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 1
onward_use = "None."

[article.leads]
purposes = []
kinds = []
crime_areas = []
highest_tlp = "red"
directions = []
both_before_open = true
"""
    (article,) = world.us.node.proposals.draft(text).terms.articles
    assert article.both_before_open


async def test_a_field_that_is_recalled_while_its_packet_waits_is_erased_at_once(
    world: Simulation,
) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    opened = world.us.node.packets.show(packet).view.best()[0]
    desk = world.us.node.recalls
    plan = desk.plan(packet, path=opened.field.path)
    await desk.recall(plan, RecallReason.MISTAKE)
    await world.cn.node.receive()
    (waiting,) = stores_of(world.cn.node).awaiting_cosignature.all()
    data = stores_of(world.cn.node).awaiting_cosignature.delivery(waiting.id)
    assert data is not None
    (parts,) = parse_delivery(data).parts
    assert parts.ciphertexts
    assert parts.ciphertexts.keys().isdisjoint(plan.slots)
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    came = {each.field.path for each in world.cn.node.packets.show(packet).view.best()}
    assert came
    assert opened.field.path not in came
    assert world.cn.codes() == []
