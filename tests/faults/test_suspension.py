"""Suspension while partners publish at full speed, through a real exchange over TLS.

What the log then holds is compared, entry by entry, with what the standing says.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from federation import PASSPHRASE, Agency, Federation, serving
from tearline.errors import AgreementSuspended
from tearline.event import Event, EventCode, EventOutcome
from tearline.standing.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.deliveries import parse_delivery
from tearline.wire.flow import parse_event
from tearline_client.desks.releasing import Persons
from tearline_client.link.outgoing import compose
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups

pytestmark = [pytest.mark.faults, pytest.mark.slow]

NAME = "narcotics-2026"
ABOUT = About(article="money-laundering", purpose="criminal-investigation")
WHOLE = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.POLITICAL,
    in_flight=InFlight.HOLD,
    originated=Originated.KEEP,
)
AT_ONCE = 8  # packets in a message
ROUNDS = 3  # messages of each publisher that must be behind what is waited for


@dataclass(slots=True, kw_only=True)
class Publisher:
    """A partner that publishes without a pause, past the pauses of ``Node.send``."""

    node: Node
    to: str
    rounds: int = 0

    async def run(self, turned: asyncio.Condition) -> None:
        group = connected_groups(
            [Entity(id="person-1", schema="Person", properties={"name": ("Qiu Wenhao",)})]
        )[0]
        draft = self.node.draft(group, ABOUT, agreement=NAME)
        plan = self.node.plan(draft, [self.to])
        while True:
            with self.node.state.stores.database.transaction():
                releaser = self.node._releasing._releaser(Persons())
                self.node._sender.store(compose([plan] * AT_ONCE, releaser))
            await self.node._sender.flush()
            async with turned:
                self.rounds += 1
                turned.notify_all()


@asynccontextmanager
async def publishing(
    publishers: Sequence[Publisher], reader: Node
) -> AsyncIterator[asyncio.Condition]:
    """Publishers and a reader at work, until the block ends; what one of them raises is raised."""
    turned = asyncio.Condition()

    async def read() -> None:
        while True:
            await reader.receive()
            async with turned:
                turned.notify_all()

    tasks = [asyncio.create_task(each.run(turned)) for each in publishers]
    tasks.append(asyncio.create_task(read()))
    try:
        yield turned
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended


async def some_rounds(turned: asyncio.Condition, publishers: Sequence[Publisher]) -> None:
    """Waits until each publisher has sent a few messages more."""
    goals = [each.rounds + ROUNDS for each in publishers]
    async with turned:
        await turned.wait_for(
            lambda: all(each.rounds >= goal for each, goal in zip(publishers, goals, strict=True))
        )


@asynccontextmanager
async def opened(federation: Federation, *agencies: Agency) -> AsyncIterator[tuple[Node, ...]]:
    async with AsyncExitStack() as stack:
        nodes = []
        for agency in agencies:
            node = await Node.open(
                agency.home, passphrase=PASSPHRASE.encode(), address=federation.operator.address
            )
            nodes.append(await stack.enter_async_context(node))
            await node.sync()
        yield tuple(nodes)


def events(federation: Federation) -> list[tuple[int, Event]]:
    """What the log of the exchange holds, once it has ended."""
    with sqlite3.connect(federation.operator.home / "exchange.db") as connection:
        rows = connection.execute("SELECT idx, event FROM event ORDER BY idx").fetchall()
    return [(index, parse_event(event)) for index, event in rows]


def arrived(node: Node) -> set[bytes]:
    """Statement ids of the partners' grants that a node holds."""
    packets = node.state.stores.packets
    return {
        grant.signed.statement.id
        for packet in packets.ids()
        for grant in packets.grants(packet)
        if grant.incoming
    }


def put_aside(node: Node) -> set[bytes]:
    """Statement ids of what a node keeps aside because it is suspended."""
    intake = node.state.stores.intake
    kept = (intake.evidence(item) for item in intake.put_aside_for([AgreementSuspended.code]))
    return {parse_delivery(each).statements[0].id for each in kept if each is not None}


async def test_a_suspension_under_load_stops_exactly_what_it_says(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        async with opened(federation, federation.us, federation.cn, federation.mx) as (us, cn, mx):
            publishers = [Publisher(node=each, to=cn.uri) for each in (us, mx)]
            async with publishing(publishers, cn) as turned:
                await some_rounds(turned, publishers)
                async with turned:
                    await turned.wait_for(lambda: any(cn.state.stores.packets.ids()))
                size = cn.state.stores.log.size
                await cn.standings.suspend(NAME, WHOLE)
                await some_rounds(turned, publishers)  # they have not heard of it, and go on
            for _ in range(3):
                await cn.receive()
            here = arrived(cn), put_aside(cn)
    log = events(federation)
    said = (i for i, e in log if (e.code, e.actor) == (EventCode.STANDING, cn.uri))
    stopped = next(index for index in said if index >= size)  # others affirm, before it
    _verify_stopped(log, stopped, cn.uri, *here)


def _verify_stopped(
    log: list[tuple[int, Event]],
    stopped: int,
    suspender: str,
    taken_in: set[bytes],
    aside: set[bytes],
) -> None:
    """Checks that each grant was handed out before the standing, or held, or refused after it.

    What was handed out before it and read after it, the suspender's own node has put aside.
    """
    accepted = {
        e.statement_id: i
        for i, e in log
        if (e.code, e.party) == (EventCode.GRANT_ACCEPTED, suspender)
    }
    assert accepted
    assert max(accepted.values()) < stopped
    delivered = {
        e.statement_id: i
        for i, e in log
        if e.code is EventCode.GRANT_DELIVERED and e.statement_id in accepted
    }
    held = {e.statement_id for _, e in log if e.code is EventCode.HELD}
    refused = [e for i, e in log if e.outcome is EventOutcome.REFUSED and i > stopped]
    assert all(i < stopped for i in delivered.values())
    assert accepted.keys() == delivered.keys() | held
    assert delivered.keys().isdisjoint(held)
    assert taken_in
    assert taken_in | aside == delivered.keys()
    assert taken_in.isdisjoint(aside)
    assert AgreementSuspended.code in {event.reason for event in refused}
