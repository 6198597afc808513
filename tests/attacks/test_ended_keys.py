"""Keys that ended: what an agency signed under one stays its word, and is released later."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from attacks.test_corrections import corrected
from attacks.test_exhibits import SHOWN, verified
from attacks.test_key_life import DAY_MS, pass_time
from attacks.test_lost_machines import mirrored, restored, saved, settle
from support.node import stores_of
from support.simulation import PASSPHRASE, Member, Simulation
from tearline.errors import MomentUnproven
from tearline.packets.recall import RecallReason, RecallState
from tearline_client.enrolment import certify_next, revoke
from tearline_client.keys.rotation import LIFETIME_MS, KeyKind

Ending = Callable[[Simulation], Awaitable[None]]


async def rotate(member: Member) -> bytes:
    """Gives a node its next signing key; returns the id of the one before."""
    node, old = member.node, member.signer.header.key_id
    record = certify_next(node.home, PASSPHRASE, node.keys.make_signing_key, now_ms=node.now_ms())
    await node.keys.take_signing_record(record)
    return old


async def revoked(world: Simulation) -> None:
    """Ends the key under which the sender's node signed so far, by its root's word."""
    node, old = world.us.node, await rotate(world.us)
    assert await node.keys.revoke(revoke(node.home, PASSPHRASE, old, "replaced"))


async def outlived(world: Simulation) -> None:
    """Ends the same key as every key ends: its time passes."""
    for member in world.members:
        await rotate(member)
    await live(world, 100 * DAY_MS)


async def live(world: Simulation, time_ms: int) -> None:
    """Lets time pass for all, whose other keys are replaced meanwhile."""
    pass_time(world, time_ms)
    for member in (*world.members, *world.members):
        await member.node.sync()
    await world.settle()


@dataclass(frozen=True, kw_only=True)
class End:
    """How the key ends under which a packet is signed.

    Attributes:
        age_ms: How long the key has counted when the packet is sent.
        of: What ends it.
    """

    age_ms: int
    of: Ending


@pytest.fixture(
    params=[
        End(age_ms=0, of=revoked),
        End(age_ms=LIFETIME_MS[KeyKind.SIGN] - 60 * DAY_MS, of=outlived),
    ],
    ids=["revoked", "outlived"],
)
async def end(request: pytest.FixtureRequest, world: Simulation) -> Ending:
    """Ages the key; returns what ends it."""
    found: End = request.param
    if found.age_ms:
        await live(world, found.age_ms)
    return found.of


def path_of(world: Simulation, packet: bytes) -> str:
    """A field that anybody may be given in clear once it is disclosed."""
    return next(
        each.field.path
        for each in world.us.node.packets.show(packet).view.best()
        if each.field.path.endswith(SHOWN[0])
    )


async def test_a_field_is_disclosed_of_a_packet_whose_key_has_ended(
    world: Simulation, end: Ending
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await end(world)
    path = path_of(world, packet)
    assert not (await world.us.node.packets.disclose(packet, path, world.mx.node.uri)).refused
    await world.settle()
    assert world.mx.codes() == []
    shown = world.mx.node.packets.show(packet)
    assert [each.field.path for each in shown.view.fields] == [path]
    channel = (world.us.node.uri, shown.manifest.agreement.id)
    incoming = stores_of(world.mx.node).channels.incoming(*channel)
    assert incoming.contiguous == stores_of(world.us.node).channels.sent(
        world.mx.node.uri, shown.manifest.agreement.id
    )


async def test_it_is_corrected_and_the_correction_opens(world: Simulation, end: Ending) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.settle()
    await end(world)
    correction = await corrected(world.us, packet)
    await world.settle()
    for member in (world.cn, world.mx):
        assert member.codes() == []
        assert member.node.corrections.newest(packet) == correction


async def test_it_is_recalled_and_erased(world: Simulation, end: Ending) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await end(world)
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    await world.settle()
    assert stores_of(world.cn.node).packets.packet(packet).keys == ()
    assert [each.state for each in desk.of(packet)] == [RecallState.ERASED]
    assert world.cn.codes() == world.us.codes() == []


async def test_originator_and_recipient_show_exhibits_of_it(world: Simulation, end: Ending) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.settle()
    await end(world)
    for member in (world.us, world.mx):
        text = await member.node.audit.exhibit(packet, SHOWN)
        assert verified(world, text).originator.signer == world.us.node.uri


async def test_who_got_it_after_the_end_is_told_that_the_originator_makes_exhibits(
    world: Simulation,
) -> None:
    """Its first receipt comes too late to say that the key counted; it holds no other word."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await revoked(world)
    path = path_of(world, packet)
    assert not (await world.us.node.packets.disclose(packet, path, world.mx.node.uri)).refused
    await world.settle()
    assert world.mx.node.packets.show(packet).view.fields
    with pytest.raises(MomentUnproven, match="originator"):
        await world.mx.node.audit.exhibit(packet, SHOWN)
    text = await world.us.node.audit.exhibit(packet, SHOWN)
    assert verified(world, text).fields


async def test_what_a_lost_exchange_had_taken_is_taken_again_after_the_end(
    world: Simulation,
) -> None:
    """Its log says where the key counted; the statement is published again unchanged."""
    await world.us.send(world.cn)
    await world.settle()
    database = saved(world)
    (packet,) = await world.us.send(world.mx)
    await revoked(world)
    for member in world.members:
        await member.node.sync()
    async with restored(world, database, [mirrored(world, world.us)]):
        await settle(world)
        assert world.mx.grants() == [packet]
        assert world.us.codes() == world.mx.codes() == []
        assert not any(channel.waiting for channel in world.us.status().channels)
