"""Several messages are under way at once: nothing is lost, doubled or believed for it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from support.node import stores_of
from support.simulation import EVERYTHING, LyingTransport, Member, Simulation
from tearline.errors import (
    ExchangeFault,
    ExchangeMisbehaved,
    ExchangeUnreachable,
    ReleaseRefused,
    StatementMalformed,
)
from tearline.statements.statement import StatementType
from tearline.wire.grants import parse_grant
from tearline.wire.publications import Publication, parse_publication
from tearline_client.messages.resend import thread_of
from tearline_client.outbox.sender import MESSAGES_AHEAD
from tearline_client.store.outbox import OutboxState

DONE = {OutboxState.ACCEPTED}
Publish = Callable[[bytes], Awaitable[bytes]]


def between(member: Member, publish: Publish) -> None:
    """Lets ``publish`` stand between a member and the exchange."""
    member.exchange.publish = publish  # type: ignore[method-assign]


def honestly(member: Member, data: bytes) -> Awaitable[bytes]:
    return LyingTransport.publish(member.exchange, data)


async def arrived(member: Member, packets: int) -> None:
    """Takes in what waits: so many packets are there, and nothing is put aside."""
    await member.node.receive()
    assert len(member.grants()) == packets
    assert member.codes() == []


async def test_so_many_messages_are_under_way_and_no_more(world: Simulation) -> None:
    us, under_way, most = world.us, 0, 0

    async def publish(data: bytes) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        reply = await honestly(us, data)
        under_way -= 1
        return reply

    us.seal(*(us.plan(world.cn) for _ in range(3 * MESSAGES_AHEAD)))
    between(us, publish)
    await us.node._sender.flush()
    assert most == MESSAGES_AHEAD
    await arrived(world.cn, 3 * MESSAGES_AHEAD)


@pytest.mark.parametrize("refused", [[0], [1, 2], [5], [0, 3, 7]])
async def test_what_is_under_way_behind_a_refused_grant_arrives(
    world: Simulation, refused: list[int]
) -> None:
    us, cn = world.us, world.cn
    us.seal(*(us.plan(cn, forms=EVERYTHING if n in refused else None) for n in range(8)))
    await us.node._sender.flush()
    outbox = us.status().outbox
    assert outbox.keys() == {OutboxState.ACCEPTED, OutboxState.REFUSED}
    assert outbox[OutboxState.REFUSED] == len(refused)
    codes = stores_of(us.node).database.rows("SELECT DISTINCT code FROM outbox WHERE code != ''")
    assert codes == [(ReleaseRefused.code,)]
    await arrived(cn, 8 - len(refused))


async def test_what_was_taken_before_the_line_broke_is_not_doubled(world: Simulation) -> None:
    us, cn, taken = world.us, world.cn, 0

    async def publish(data: bytes) -> bytes:
        nonlocal taken
        reply = await honestly(us, data)
        taken += 1
        if taken > 2:
            raise ExchangeUnreachable
        return reply

    before = us.status().outbox[OutboxState.ACCEPTED]
    us.seal(*(us.plan(cn) for _ in range(8)))
    between(us, publish)
    with pytest.raises(ExchangeUnreachable):
        await us.node._sender.flush()
    outbox = us.status().outbox
    assert outbox[OutboxState.ACCEPTED] == before + 2
    assert outbox[OutboxState.UNKNOWN] > 1
    del us.exchange.publish
    await us.node._sender.flush()
    assert us.status().outbox.keys() == DONE
    await arrived(cn, 8)


async def test_swapped_answers_are_kept_as_evidence_and_nothing_is_lost(
    world: Simulation,
) -> None:
    us, cn = world.us, world.cn
    first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    second: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    replies = [(first, second), (second, first)]

    async def publish(data: bytes) -> bytes:
        mine, others = replies.pop(0)
        reply = await honestly(us, data)
        mine.set_result(reply)
        if not replies:
            del us.exchange.publish
        return await others

    us.seal(us.plan(cn), us.plan(cn))
    between(us, publish)
    await us.node._sender.flush()
    assert us.codes() == [ExchangeMisbehaved.code]
    assert us.status().outbox.keys() == DONE
    await arrived(cn, 2)


async def test_what_is_held_up_does_not_hold_up_other_partners(world: Simulation) -> None:
    us, cn, mx, fails = world.us, world.cn, world.mx, True

    async def publish(data: bytes) -> bytes:
        grants = [s for s in parse_publication(data).statements() if s.type is StatementType.GRANT]
        if fails and any(parse_grant(g.body).address.recipient == cn.node.uri for g in grants):
            raise ExchangeFault
        return await honestly(us, data)

    us.seal(*(us.plan(partner) for partner in (mx, cn, mx, cn, mx)))
    between(us, publish)
    await us.node._sender.flush()
    assert us.status().faults == {ExchangeFault.code: 1}
    await arrived(mx, 3)
    await arrived(cn, 0)
    fails = False
    await us.node._sender.flush()
    assert us.status().outbox.keys() == DONE
    await arrived(cn, 2)


# What stands in one tree.


async def test_statements_under_different_agreements_share_no_tree(world: Simulation) -> None:
    us, mx = world.us, world.mx
    under: dict[bytes, set[bytes]] = {}

    def seen(publication: Publication) -> Publication:
        for statement in publication.statements():
            thread = thread_of(statement)
            if isinstance(thread, tuple):
                under.setdefault(statement.inclusions[0].attestation, set()).add(thread[1])
        return publication

    for agreement in ("narcotics-2026", "bilateral"):
        await us.node.packets.send(
            [us.node.packets.plan(us.draft(agreement=agreement), [mx.node.uri])]
        )
    us.exchange.publication = mx.exchange.publication = seen
    await mx.node.receive()  # signs receipts
    await mx.node.mark()
    await us.node.mark()
    assert {len(agreements) for agreements in under.values()} == {1}
    assert len(set.union(*under.values())) == 2


async def test_packets_under_different_agreements_are_not_signed_at_once(world: Simulation) -> None:
    us, mx = world.us, world.mx
    plans = [
        us.node.packets.plan(us.draft(agreement=agreement), [mx.node.uri])
        for agreement in ("narcotics-2026", "bilateral")
    ]
    with pytest.raises(StatementMalformed):
        await us.node.packets.send(plans)
    assert not stores_of(us.node).packets.ids()
