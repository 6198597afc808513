"""A light node in the simulation: Japan, which the council admits, beside three full nodes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.node import context_of
from support.simulation import (
    PASSPHRASE,
    PASSPHRASES,
    LyingTransport,
    Member,
    Simulation,
    bilateral,
)
from tearline.limits import DIRECTORY_INTERVAL_MS
from tearline_client.enrolment import found_agency, read_agency, root_signer
from tearline_client.features.federation.open_decisions import OpenDecision
from tearline_client.founding.charter_file import pin, read_federation
from tearline_client.keys.home import Home, Identity
from tearline_client.node import Node
from tearline_server.ingest.commands import WriteDirectoryCommand

JP, JP_DOMAIN = "jp-customs", "customs.jp.example"
PARTIES = ("us-justice", JP)
BILATERAL = bilateral("with-japan", PARTIES, PARTIES)


async def vote(member: Member, decision: OpenDecision, *contents: object) -> None:
    """Casts an agency's vote."""
    await member.node.sync()
    root = root_signer(member.node.home, PASSPHRASES.root, member.node.directory.federation())
    await member.node.federation.vote(root, decision, *contents)  # type: ignore[arg-type]


async def admitted(world: Simulation) -> Home:
    """The home of a light node of Japan, which two of the three agencies admitted."""
    home = Home(world.us.node.home.path.parent / JP)
    identity = Identity(agency=JP, domain=JP_DOMAIN, node="liaison", is_light=True)
    found_agency(home, identity, PASSPHRASES, world.us.node.directory.federation())
    record = read_agency(home.enrolment(identity))
    decision = world.us.node.federation.invitation(record)
    await vote(world.us, decision, record)
    await vote(world.cn, decision)
    pin(home, PASSPHRASES, read_federation(world.us.node.home.federation))
    return home


@asynccontextmanager
async def light(world: Simulation, home: Home) -> AsyncIterator[Member]:
    """The light node of a home, at work."""
    lying = LyingTransport(world.us.exchange.target, home.identity().uri)
    node = await Node.open(home.path, passphrase=PASSPHRASE, transport=lying)
    context = context_of(node)
    lying.now_ms = lambda: context.now_ms()
    async with node:
        yield Member(node=node, exchange=lying)


async def state(world: Simulation) -> None:
    """A directory entry now, as each minute, and its cosignatures."""
    exchange = world.us.exchange.target
    membership = exchange.maintenance._registry().trust.membership
    membership.time_ms -= DIRECTORY_INTERVAL_MS  # the time since the last one
    await exchange._submit(WriteDirectoryCommand(), internal=True)
    for member in world.members:
        await member.node.cosigning.follow()
        await member.node.cosigning.turn()


async def joined(world: Simulation, jp: Member) -> None:
    """Has the node put its keys on record, and learn that they are."""
    for _ in range(3):
        await state(world)
        await jp.node.sync()
        await jp.node.sync()


async def agreed(world: Simulation, jp: Member, text: str = BILATERAL) -> None:
    """Puts an agreement between the United States and Japan in force."""
    await world.us.node.sync()
    drafted = world.us.node.agreements.draft(text)
    await world.us.node.agreements.publish(jp.node.agreements.sign(drafted))
    await world.us.node.receive()
    await received(world, jp)


async def received(world: Simulation, jp: Member) -> None:
    """Has Japan receive its mail, whose entries a turn covers then."""
    await state(world)
    await jp.node.receive()


async def send(sender: Member, recipient: Member, agreement: str = "with-japan") -> bytes:
    """Sends a lead; returns its packet's id."""
    draft = sender.draft(agreement=agreement)
    plan = sender.node.packets.plan(draft, [recipient.node.uri])
    sent = await sender.node.packets.send([plan])
    assert not sent.refused, sent.refused
    return sent.packets[0]
