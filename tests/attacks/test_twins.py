"""Two copies of one node's home at work at once: noticed by what only one node may do."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from support.node import context_of, stores_of
from support.simulation import PASSPHRASE, LocalTransport, LyingTransport, Member, Simulation
from tearline.errors import EnrolmentRefused, KeyForeign, LoginRequired, TwinAtWork
from tearline.persons.tokens import Role
from tearline.wire.cosigning import CosignReply, CosignRequest, encode_cosign_turn
from tearline_client.features.channels.handler import queue_marks
from tearline_client.keys.home import Home
from tearline_client.node import Node
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.service.backup import back_up, restore
from unit.client.console.browsers import PASSPHRASE as PERSON_PASSPHRASE
from unit.client.console.browsers import add_person


@asynccontextmanager
async def at_work(world: Simulation, home: Home) -> AsyncIterator[Member]:
    transport = LyingTransport(world.us.exchange.target, world.us.node.uri)
    node = await Node.open(home.path, passphrase=PASSPHRASE, transport=transport)
    async with node:
        yield Member(node=node, exchange=transport)


@asynccontextmanager
async def twin_of_us(world: Simulation) -> AsyncIterator[Member]:
    """The clone of a machine that goes on working."""
    home = Home(world.folder / "twin")
    database = stores_of(world.us.node).database
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(world.us.node.home.path, home.path)
    async with at_work(world, home) as twin:
        yield twin


async def settle(*members: Member) -> None:
    for _ in range(3):
        for member in members:
            await member.node.receive()


def noticed(member: Member) -> int:
    return member.codes().count(TwinAtWork.code)


async def test_the_copy_whose_place_was_filled_stops_before_it_signs_more(
    world: Simulation,
) -> None:
    async with twin_of_us(world) as twin:
        await world.us.send(world.cn)
        with pytest.raises(TwinAtWork, match=f"place 1 of the channel to {world.cn.node.uri}"):
            await twin.send(world.cn)
        before = stores_of(twin.node).outbox.counts()
        for act in (twin.node.sync, twin.node.receive, twin.node.mark):
            with pytest.raises(TwinAtWork):
                await act()
        with pytest.raises(TwinAtWork):
            await twin.send(world.cn)
        assert stores_of(twin.node).outbox.counts() == before
        assert noticed(twin) == 1
        await settle(world.us, world.cn)
        assert (len(world.cn.grants()), world.cn.codes()) == (1, [])


async def test_a_mark_that_was_numbered_by_another_copy_stops_both_ends(world: Simulation) -> None:
    await world.us.send(world.cn)
    await settle(world.us, world.cn)
    async with twin_of_us(world) as twin:
        assert await world.us.node.mark() == 1
        with pytest.raises(TwinAtWork, match="mark 1"):
            await twin.node.mark()


async def test_a_backup_that_works_beside_its_original_is_noticed_by_both(
    world: Simulation,
) -> None:
    file, home = world.folder / "us.backup", Home(world.folder / "twin")
    back_up(world.us.node.home, file, PASSPHRASE)
    restore(file, home, PASSPHRASE)
    async with at_work(world, home) as twin:
        await twin.node.receive()
        assert noticed(twin) == 0
        await twin.node.keys.rotate_encryption()
        with pytest.raises(TwinAtWork, match="the kem key"):
            await world.us.node.sync()
        assert {KeyForeign.code, TwinAtWork.code} <= set(world.us.codes())
        with pytest.raises(TwinAtWork):
            await world.us.send(world.cn)


async def test_a_backup_that_works_beside_its_original_notices_a_place_that_is_filled(
    world: Simulation,
) -> None:
    file, home = world.folder / "us.backup", Home(world.folder / "twin")
    back_up(world.us.node.home, file, PASSPHRASE)
    restore(file, home, PASSPHRASE)
    async with at_work(world, home) as twin:
        await twin.node.receive()
        await world.us.send(world.cn)
        with pytest.raises(TwinAtWork, match="place 1"):
            await twin.send(world.cn)


async def test_both_copies_notice_what_their_own_key_cosigned(world: Simulation) -> None:
    """Both wait for the log to grow, as two daemons do: each is told what the other signed."""
    async with twin_of_us(world) as twin:
        later_s = iter(range(10, 100, 10))
        for member, other in ((world.us, twin), (twin, world.us)):
            await wait_while(member, other, next(later_s))
            with pytest.raises(TwinAtWork, match="cosigned"):
                await member.node.cosigning.turn()
            assert noticed(member) == 1


async def test_a_clock_that_was_set_back_is_no_copy(world: Simulation) -> None:
    """What this node cosigned by a clock that was ahead still stands on an older checkpoint."""
    await world.us.node.cosigning.turn()
    clock = context_of(world.us.node).now_ms
    object.__setattr__(context_of(world.us.node), "now_ms", lambda: clock() + 100_000)
    await world.us.node.cosigning.turn()
    await world.cn.node.cosigning.turn()
    object.__setattr__(context_of(world.us.node), "now_ms", clock)
    await world.mx.send(world.us)
    await world.us.node.cosigning.follow()
    notes: list[bytes] = []

    def seen(news: CosignReply) -> CosignReply:
        notes.extend(news.checkpoints)
        return news

    world.us.exchange.news = seen
    await world.us.node.cosigning.turn()
    uri = world.us.node.uri.encode()
    assert len({note.split(b"\n")[1] for note in notes if uri in note}) == 2
    assert noticed(world.us) == 0


async def wait_while(member: Member, other: Member, later_s: int) -> None:
    """Lets another copy take its turn while the first is waiting for an answer."""
    honest, clock = member.exchange.cosign, context_of(other.node).now_ms
    object.__setattr__(context_of(other.node), "now_ms", lambda: clock() + 1000 * later_s)

    async def cosign(turn: bytes) -> bytes:
        await honest(turn)
        signed = CosignRequest(checkpoint=other.node.cosigning.cosign())
        await LocalTransport.cosign(other.exchange, encode_cosign_turn(signed))
        return await honest(encode_cosign_turn(CosignRequest()))

    member.exchange.cosign = cosign  # type: ignore[method-assign]  # a wait, played


async def test_an_exchange_that_has_more_of_us_than_we_sent_tells_of_a_copy(
    world: Simulation,
) -> None:
    async with twin_of_us(world) as twin:
        await world.us.send(world.cn)
        with stores_of(twin.node).database.transaction():
            stores_of(twin.node).recovery.begin()  # the exchange was restored
        with pytest.raises(TwinAtWork, match="1 sent, and this one 0"):
            await twin.node.sync()
        assert noticed(twin) == 1


async def test_one_copy_goes_on_once_the_others_have_ended(world: Simulation) -> None:
    async with twin_of_us(world) as twin:
        await world.us.send(world.cn)
        with pytest.raises(TwinAtWork):
            await twin.send(world.cn)
    home = Home(world.folder / "twin")
    await world.us.node.close()
    async with at_work(world, home) as twin:
        twin.node.take_over()
        await settle(twin, world.cn, world.mx)
        await twin.send(world.cn)
        await settle(twin, world.cn, world.mx)
        assert (len(world.cn.grants()), world.cn.codes()) == (2, [])
        assert noticed(twin) == 1
        assert not any(channel.waiting for channel in world.cn.status().channels)


async def test_a_copy_that_takes_over_knows_no_code_and_no_sign_in(world: Simulation) -> None:
    """Others of them were used and ended at the copy that was at work."""
    add_person(world.us, "liaison", Role.LIAISON)
    issuer, now_s = LocalIssuer(world.us.node.keystore), 1_800_000_000
    code = issuer.enrol("liaison", now_s)
    issuer.login("liaison", PERSON_PASSPHRASE.encode(), now_s)
    world.us.node.take_over()
    with pytest.raises(EnrolmentRefused):
        issuer.codes.spend("liaison", code, now_s)
    with pytest.raises(LoginRequired):
        issuer.session("liaison", now_s)


async def test_a_restore_by_the_book_is_no_copy(world: Simulation) -> None:
    """What was queued before the exchange was asked stands where the original wrote, too."""
    file, home = world.folder / "us.backup", Home(world.folder / "restored")
    await world.us.send(world.cn)
    await settle(world.us, world.cn)
    back_up(world.us.node.home, file, PASSPHRASE)
    await world.us.send(world.cn)
    await world.us.node.keys.rotate_encryption()
    await world.us.node.mark()
    await world.us.node.close()
    restore(file, home, PASSPHRASE)
    async with at_work(world, home) as us:
        queue_marks(context_of(us.node))
        us.seal(us.plan(world.cn))
        await settle(us, world.cn)
        await us.send(world.cn)
        await us.node.mark()
        await settle(us, world.cn)
        assert noticed(us) == 0
        assert world.cn.codes() == []
        assert len(world.cn.grants()) == 3
