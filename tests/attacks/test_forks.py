"""An exchange that shows two histories: what nodes cosign finds it out, and the log convicts it."""

from dataclasses import replace

import pytest

from support.node import context_of, stores_of
from support.simulation import (
    ORIGIN,
    PASSPHRASE,
    LyingTransport,
    Member,
    Simulation,
)
from tearline.errors import (
    CosignatureMissing,
    CosignerUnknown,
    LogForked,
    LogInconsistent,
    NotWitnessed,
    SendingStopped,
)
from tearline.federation.equivocation import verify_equivocation
from tearline.limits import MAX_WITNESS_AGE_S
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline.wire.cosigning import CosignReply
from tearline_client.node import Node

MINUTE_MS = 60_000


def size_of(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size


def bare(note: bytes) -> bytes:
    """A checkpoint without the lines of those who cosigned it."""
    parsed = parse_note(note)
    lines = tuple(each for each in parsed.signatures if each.name == ORIGIN)
    return replace(parsed, signatures=lines).encode()


async def reread(world: Simulation, member: Member) -> Node:
    """The node of a member after a crash: another process on the same home."""
    transport = LyingTransport(member.exchange.target, member.node.uri)
    home = member.node.home.path
    await member.node.close()
    return await Node.open(home, passphrase=PASSPHRASE, transport=transport)


async def settle(world: Simulation) -> None:
    """Has no directory fall due any more: a fork that writes one of its own is no shorter log."""
    await world.exchange.maintenance.write_directory()
    world.stop_clocks()


# Together.


async def test_every_node_learns_what_the_others_cosigned(world: Simulation) -> None:
    for _ in range(2):
        for member in world.members:
            await member.node.sync()
    for member in world.members:
        partners = stores_of(member.node).cosigning.partners()
        others = {str(other.node.identity().agency_uri) for other in world.members} - {
            str(member.node.identity().agency_uri)
        }
        assert {partner.agency for partner in partners if partner.size} >= others
        assert not member.codes()


async def test_a_cosignature_under_another_node_s_key_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.us.node.sync()
    note = world.us.node.cosigning.cosign()
    with pytest.raises(CosignerUnknown):
        await world.exchange._cosignatures._take(world.cn.node.uri, note)


# Two histories.


async def test_a_node_that_is_shown_the_other_history_convicts_the_log(
    world: Simulation,
) -> None:
    async with world.forked(world.mx):
        await world.us.send(world.cn)
        await world.cn.node.sync()
        # The other history grows as well, and is longer in the end.
        for _ in range(4):
            await world.mx.send(world.us)
        await world.mx.node.sync()
        world.cn.exchange.show(world.mx.exchange.target)
        await convicts(world.cn)


async def test_a_log_that_was_cut_and_grew_otherwise_is_convicted(world: Simulation) -> None:
    async with world.forked(world.mx) as fork:
        for _ in range(3):
            await world.us.send(world.cn)
        await world.cn.node.sync()
        await world.mx.send(world.us)
        world.cn.exchange.show(fork)
        await convicts(world.cn)


async def test_what_a_partner_cosigned_of_the_other_history_convicts_the_log(
    world: Simulation,
) -> None:
    async with world.forked(world.mx):
        await world.mx.send(world.us)
        await world.mx.node.sync()
        other = world.mx.node.cosigning.cosign()
        await world.us.send(world.cn)
        await world.us.send(world.cn)
        await world.cn.node.sync()

        def leak(news: CosignReply) -> CosignReply:
            return replace(news, checkpoints=(*news.checkpoints, other))

        world.cn.exchange.news = leak
        await convicts(world.cn)


async def convicts(member: Member) -> None:
    """The node finds evidence that convinces anyone, and sends nothing more."""
    with pytest.raises(LogForked):
        await member.node.sync()
    (accusation,) = stores_of(member.node).cosigning.accusations()
    verify_equivocation(accusation.evidence, context_of(member.node).trust.members.log)
    assert LogForked.code in member.codes()


async def test_evidence_stops_every_node_until_an_officer_decides(world: Simulation) -> None:
    async with world.forked(world.mx) as fork:
        await world.us.send(world.cn)
        await world.cn.node.sync()
        for _ in range(3):
            await world.mx.send(world.us)
        world.cn.exchange.show(fork)
        with pytest.raises(LogForked):
            await world.cn.node.sync()
        # The exchange told the other nodes of its history what it was told.
        with pytest.raises(LogForked):
            await world.mx.node.sync()
        with pytest.raises(SendingStopped):
            await world.mx.send(world.us)
        assert stores_of(world.mx.node).cosigning.decide("compared by telephone") == 1
        assert await world.mx.send(world.us)


async def test_a_shorter_history_is_refused_and_convicts_nobody(world: Simulation) -> None:
    # An exchange that went back to an old backup has signed nothing that contradicts itself.
    await settle(world)
    async with world.forked() as fork:
        await world.us.send(world.cn)
        await world.cn.node.sync()
        world.cn.exchange.show(fork)
        with pytest.raises(LogInconsistent):
            await world.cn.node.sync()
        assert not stores_of(world.cn.node).cosigning.accusations()


# What is kept back.


async def test_a_partner_s_missing_cosignature_is_missed(world: Simulation) -> None:
    def keep_back(news: CosignReply) -> CosignReply:
        return replace(news, checkpoints=news.checkpoints[:1])

    for member in world.members:
        await member.node.sync()
    world.cn.exchange.news = keep_back
    await world.us.send(world.cn)
    await world.cn.node.receive()
    await world.cn.node.sync()
    assert CosignatureMissing.code not in world.cn.codes()
    world.clock.offset_ms = 2 * MINUTE_MS - 1000
    await world.us.send(world.cn)
    await world.cn.node.receive()
    await world.cn.node.sync()
    assert CosignatureMissing.code in world.cn.codes()


@pytest.mark.parametrize("off_s", [-MAX_WITNESS_AGE_S - 1, 3600], ids=["old", "ahead"])
async def test_nothing_is_sealed_on_a_log_that_no_other_agency_cosigned_lately(
    world: Simulation, off_s: int
) -> None:
    # The exchange stops the world for one node, and signs its last tree anew every minute.
    for member in (*world.members, world.us):
        await member.node.sync()
    world.us.exchange.news = lambda news: replace(news, checkpoints=(bare(news.checkpoints[0]),))
    assert await world.us.send(world.cn)
    for partner in stores_of(world.us.node).cosigning.partners():
        old = replace(partner, time_s=partner.time_s + off_s)
        stores_of(world.us.node).cosigning.put_partner(old)
    with pytest.raises(NotWitnessed):
        await world.us.send(world.cn)


async def test_entries_that_others_cosigned_and_we_are_not_shown_are_missed(
    world: Simulation,
) -> None:
    await world.cn.node.sync()
    before = await world.exchange.entries(0, 0)
    await world.us.send(world.mx)
    await world.us.node.sync()
    world.cn.exchange.log = lambda page: replace(
        page, entries=page.entries[: len(before.entries) - page.start], checkpoint=before.checkpoint
    )
    with pytest.raises(LogInconsistent):
        await world.cn.node.sync()


# Crashes.


async def test_no_fork_is_cosigned_after_a_crash_between_keeping_and_answering(
    world: Simulation,
) -> None:
    await settle(world)
    async with world.forked() as fork:
        await world.us.send(world.mx)
        # It is kept, and then the machine dies before it answers.
        await context_of(world.cn.node).follow()
        size = stores_of(world.cn.node).log.size
        node = await reread(world, world.cn)
        async with node:
            assert size_of(node.cosigning.cosign()) == size
            for _ in range(3):
                await world.mx.send(world.us)
            context_of(node).transport.show(fork)  # type: ignore[attr-defined]  # it is the liar's
            with pytest.raises(LogInconsistent):
                await node.sync()
            assert size_of(node.cosigning.cosign()) == size
