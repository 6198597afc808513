"""Handing out in the batch that accepts: to who waits for mail, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.agencies import CN, DAY_MS, MX, NOW_MS, US, node_of, signed_by, signing_key
from support.exchange import World, address, codes, manifest_id
from support.suspensions import WHOLE, standing
from tearline.audit.event import EventCode
from tearline.federation.members import Revocation
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.statements.statement import StatementType
from tearline.wire.deliveries import START, Delivery
from tearline.wire.federation import encode_revocation
from tearline.wire.grants import parse_event
from tearline.wire.recalls import encode_recall
from tearline.wire.suspensions import encode_standing


@asynccontextmanager
async def at_rest(world: World, agency: str = CN) -> AsyncIterator["asyncio.Future[Delivery]"]:
    """What comes next in the stream of an agency's node, which has been sent all there was."""
    stream = world.exchange.subscribe(node_of(agency), START)
    while (await anext(stream)).statements:
        pass
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not coming.done()
    try:
        yield coming
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def send(world: World, *recipients: str) -> None:
    sealed = world.packet()
    grants = [world.grant(sealed, each) for each in recipients]
    assert set(codes(await world.send(sealed, *grants))) == {""}


async def said_of(world: World) -> list[tuple[EventCode, str]]:
    """What the log says of packets, and of whom, in order."""
    rows = await world.store.event_rows(0, limit=100)
    events = [parse_event(row.event) for row in rows]
    about = {EventCode.GRANT_ACCEPTED, EventCode.GRANT_DELIVERED, EventCode.HELD}
    return [(event.code, event.counterpart) for event in events if event.code in about]


def commits(world: World) -> int:
    head = world.exchange._desk.registry.head
    assert head is not None
    return head.serial


async def test_who_waits_for_mail_is_handed_it_with_the_commit_that_accepts_it(
    world: World,
) -> None:
    await send(world, CN)
    async with at_rest(world) as coming:
        before = commits(world)
        await send(world, CN, MX)
        assert (await coming).cursor.seq == 3
        assert commits(world) == before + 1
    assert await said_of(world) == [
        (EventCode.GRANT_ACCEPTED, node_of(CN)),
        (EventCode.GRANT_DELIVERED, node_of(US)),
        (EventCode.GRANT_ACCEPTED, node_of(CN)),
        (EventCode.GRANT_ACCEPTED, node_of(MX)),
        (EventCode.GRANT_DELIVERED, node_of(US)),
    ]


async def test_who_is_slow_to_read_is_handed_nothing_early(world: World) -> None:
    """What waits behind it could otherwise be neither held nor withdrawn any more."""
    async with at_rest(world) as coming:
        await send(world, CN)
        await coming  # and reads no further
        await send(world, CN)
    codes_said = [code for code, _ in await said_of(world)]
    assert codes_said.count(EventCode.GRANT_DELIVERED) == 1
    assert len(await world.read(CN)) == 3


async def test_who_went_away_is_handed_nothing(world: World) -> None:
    async with at_rest(world):
        pass
    await send(world, CN)
    assert [code for code, _ in await said_of(world)] == [EventCode.GRANT_ACCEPTED]


async def test_of_two_streams_the_one_that_stays_is_served(world: World) -> None:
    async with at_rest(world) as coming:
        async with at_rest(world):
            pass
        await send(world, CN)
        assert (await coming).statements[0].type is StatementType.GRANT


async def test_what_the_same_batch_suspends_is_held(world: World) -> None:
    async with at_rest(world) as coming:
        stop = standing(WHOLE, by=CN, header=world.parties.node(CN).header)
        suspend = world.say(CN, StatementType.STANDING, encode_standing(stop))
        before = commits(world)
        _, outcome = await asyncio.gather(send(world, CN), suspend)
        assert codes([outcome]) == [""]
        assert commits(world) == before + 1
        await coming
    said = [code for code, _ in await said_of(world)]
    assert said == [EventCode.GRANT_ACCEPTED, EventCode.HELD]


async def test_what_the_same_batch_recalls_is_not_handed_out(world: World) -> None:
    sealed = world.packet()
    publishing = world.send(sealed, world.grant(sealed))
    recall = Recall(
        header=world.parties.node(US).header,
        address=address(CN, world.seq(US, CN)),
        packet=manifest_id(sealed),
        said=RecallOrder(reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS),
    )
    async with at_rest(world) as coming:
        recalling = world.say(US, StatementType.RECALL, encode_recall(recall))
        before = commits(world)
        outcomes, outcome = await asyncio.gather(publishing, recalling)
        assert codes([*outcomes, outcome]) == ["", "", ""]
        assert commits(world) == before + 1
        assert (await coming).statements[0].type is StatementType.RECALL
    assert [code for code, _ in await said_of(world)] == [EventCode.GRANT_ACCEPTED]


async def test_where_the_same_batch_changes_who_is_trusted_nothing_is_handed_out_early(
    world: World,
) -> None:
    root = world.parties.signer(CN)
    key = signing_key(node_of(CN)).public.id
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason="lost"))
    async with at_rest(world) as coming:
        revoking = world.publish_signed(CN, signed_by(StatementType.REVOCATION, body, root))
        before = commits(world)
        _, outcomes = await asyncio.gather(send(world, CN), revoking)
        assert codes(outcomes) == [""]
        assert commits(world) == before + 1
        await coming  # nothing ends this stream, as an exchange's door would
        assert commits(world) == before + 2
