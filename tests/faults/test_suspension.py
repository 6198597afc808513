"""Suspension while partners publish at full speed, through a real exchange over TLS.

What the log then holds is compared, entry by entry, with what the standing says.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from faults.load import rows
from support.federation import CN, MX, PASSPHRASE, US, Agency, Federation, at_work, copied, serving
from support.node import sealed_and_granted, stores_of
from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.errors import AgreementSuspended, StandingStale, SuspensionBreached
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.grants import parse_event
from tearline_client.demo.lead import AGREEMENT
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import ReleasePlan

pytestmark = [pytest.mark.faults, pytest.mark.slow]

NAME, JOINT = "narcotics-2026", "joint-2026"
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
CALL_S = 300  # a publisher that lost patience would end, and the machine may be slow
ROUNDS = 3  # messages of each publisher that must be behind what is waited for
# What an exchange says in the log of a grant that it keeps back.
KEPT_BACK = {InFlight.HOLD: EventCode.HELD, InFlight.RETURN: EventCode.RETURNED}
# An exchange that answers whoever suspends as it must, and neither obeys nor tells anybody else.
INJECT = Path(__file__).parents[1] / "attacks" / "inject"
SILENT = (
    "tearline_server.processing.handlers.suspensions:accept_standing="
    "context.batch.settle(context.result, Event("
    "statement_id=context.submitted.statement.id, code=EventCode.STANDING,"
    " party=context.publisher.agency, time_ms=context.batch.now_ms,"
    " actor=context.publisher.node, agreement_id=standing.agreement_id))"
)


def planned(node: Node, to: str, agreement: str = NAME) -> ReleasePlan:
    """A packet about one person, for one partner."""
    person = Entity(id="person-1", schema="Person", properties={"name": ("Qiu Wenhao",)})
    (group,) = connected_groups([person])
    return node.packets.plan(node.packets.draft(group, ABOUT, agreement=agreement), [to])


@dataclass(slots=True, kw_only=True)
class Publisher:
    """A partner that publishes without a pause, past the pauses of ``Node.send``."""

    node: Node
    to: str
    rounds: int = 0

    async def publish(self) -> None:
        plan = planned(self.node, self.to)
        with stores_of(self.node).database.transaction():
            releaser = self.node.packets._releases.releaser(Persons())
            self.node._sender.store(sealed_and_granted([plan] * AT_ONCE, releaser))
        await self.node._sender.flush()
        self.rounds += 1

    async def run(self, turned: asyncio.Condition) -> None:
        while True:
            await self.publish()
            async with turned:
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
                agency.home,
                passphrase=PASSPHRASE.encode(),
                address=federation.operator.address,
                timeout_s=CALL_S,
            )
            nodes.append(await stack.enter_async_context(node))
            await node.sync()
        yield tuple(nodes)


def events(federation: Federation) -> list[tuple[int, Event]]:
    """What the log of the exchange holds, once it has ended."""
    database = federation.operator.home / "exchange.db"
    found = rows(database, "SELECT idx, event FROM event ORDER BY idx")
    return [(index, parse_event(event)) for index, event in found]


def arrived(node: Node) -> set[bytes]:
    """Statement ids of the partners' grants that a node holds."""
    packets = stores_of(node).packets
    return {
        grant.signed.statement.id
        for packet in packets.ids()
        for grant in packets.grants(packet)
        if grant.incoming
    }


def put_aside(node: Node, code: str = AgreementSuspended.code) -> set[bytes]:
    """Statement ids of what a node put aside, because it is suspended unless said otherwise.

    Beyond its sender's quota a node keeps no more of each than that.
    """
    rows = stores_of(node).database.rows("SELECT about FROM quarantine WHERE code = ?", (code,))
    return {about for (about,) in rows}


@pytest.mark.parametrize("in_flight", InFlight)
async def test_a_suspension_under_load_stops_exactly_what_it_says(
    tmp_path: Path, in_flight: InFlight
) -> None:
    with serving(tmp_path) as federation:
        async with opened(federation, federation.us, federation.cn, federation.mx) as (us, cn, mx):
            publishers = [Publisher(node=each, to=cn.uri) for each in (us, mx)]
            async with publishing(publishers, cn) as turned:
                await some_rounds(turned, publishers)
                async with turned:
                    await turned.wait_for(lambda: any(stores_of(cn).packets.ids()))
                size = stores_of(cn).log.size
                await cn.suspensions.suspend(NAME, replace(WHOLE, in_flight=in_flight))
                await some_rounds(turned, publishers)  # they have not heard of it, and go on
            for node in (us, mx, cn, us, mx, cn):
                await node.receive()
            here = arrived(cn), put_aside(cn)
            anew = {*stores_of(us).stopped_grants.held(), *stores_of(mx).stopped_grants.held()}
    log = events(federation)
    said = (i for i, e in log if (e.code, e.actor) == (EventCode.STANDING, cn.uri))
    stopped = next(index for index in said if index >= size)  # others affirm, before it
    kept_back = _verify_stopped(log, stopped, cn.uri, *here, code=KEPT_BACK[in_flight])
    # Its sender issues it anew once it may pass, or never.
    assert kept_back <= anew if in_flight is InFlight.HOLD else not anew


def _verify_stopped(
    log: list[tuple[int, Event]],
    stopped: int,
    suspender: str,
    taken_in: set[bytes],
    aside: set[bytes],
    *,
    code: EventCode,
) -> set[bytes]:
    """Checks that each grant was handed out before the standing, or kept back, or refused after it.

    What was handed out before it and read after it, the suspender's own node has put aside.

    Returns:
        Statement ids of what was kept back.
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
    kept_back = {e.statement_id for _, e in log if e.code is code}
    assert not {e.code for _, e in log} & {*KEPT_BACK.values()} - {code}
    refused = [e for i, e in log if e.outcome is EventOutcome.REFUSED and i > stopped]
    assert all(i < stopped for i in delivered.values())
    assert accepted.keys() == delivered.keys() | kept_back
    assert delivered.keys().isdisjoint(kept_back)
    assert taken_in
    assert taken_in | aside == delivered.keys()
    assert taken_in.isdisjoint(aside)
    assert AgreementSuspended.code in {event.reason for event in refused}
    return kept_back


async def test_an_exchange_that_keeps_a_suspension_to_itself_stops_nothing_from_stopping(
    tmp_path: Path,
) -> None:
    """Partners go on, for nobody told them; at the suspender's node each packet is evidence."""
    federation = copied(tmp_path)
    federation.operator.variables |= {"PYTHONPATH": str(INJECT), "TEARLINE_MUTANT": SILENT}
    with at_work(federation.operator):
        async with opened(federation, federation.us, federation.cn, federation.mx) as (us, cn, mx):
            publishers = [Publisher(node=each, to=cn.uri) for each in (us, mx)]
            # Something is taken in before all begins: three nodes share this process, and in a
            # flood more would come before the first is read than a node keeps as evidence.
            for publisher in publishers:
                await publisher.publish()
            await cn.receive()
            async with publishing(publishers, cn) as turned:
                await some_rounds(turned, publishers)
                size = stores_of(cn).log.size
                await cn.suspensions.suspend(NAME, WHOLE)
                await some_rounds(turned, publishers)
            for node in (us, mx, cn, us, mx, cn):
                await node.receive()
            assert not us.suspensions.positions(us.agreements.by_name(NAME))
            (position,) = cn.suspensions.positions(cn.agreements.by_name(NAME))
            assert position.since_ms is not None  # by the exchange's own signed word
            taken_in, breaches = arrived(cn), put_aside(cn, SuspensionBreached.code)
    log = events(federation)
    said = (i for i, e in log if (e.code, e.actor) == (EventCode.STANDING, cn.uri))
    stopped = next(index for index in said if index >= size)
    accepted = {
        e.statement_id: i for i, e in log if (e.code, e.party) == (EventCode.GRANT_ACCEPTED, cn.uri)
    }
    late = {statement_id for statement_id, index in accepted.items() if index > stopped}
    assert late
    assert late <= breaches
    assert taken_in
    assert all(accepted[statement_id] < stopped for statement_id in taken_in)


async def test_what_is_joint_waits_for_whom_the_exchange_keeps_silent(tmp_path: Path) -> None:
    """A partner suspends what is joint, and nobody is told: without its word nobody sends."""
    federation = copied(tmp_path)
    federation.operator.variables |= {"PYTHONPATH": str(INJECT), "TEARLINE_MUTANT": SILENT}
    running = federation.operator.serve()
    text = AGREEMENT.replace(NAME, JOINT).replace("directions =", "joint = true\ndirections =")
    federation.agree(JOINT, text, (US, CN, MX))
    async with opened(federation, federation.us, federation.cn, federation.mx) as (us, cn, mx):
        for node in (us, cn, mx):
            await node.receive()
        await mx.suspensions.suspend(JOINT, WHOLE)
        for node in (us, cn, mx, us):
            await node.receive()
        assert mx.suspensions.positions(mx.agreements.by_name(JOINT))
        assert not us.suspensions.positions(us.agreements.by_name(JOINT))
        with pytest.raises(StandingStale):
            await us.packets.send([planned(us, cn.uri, JOINT)])
        # What is not joint goes on: it does not rest on anybody's silence.
        assert (await us.packets.send([planned(us, cn.uri)])).refused == ()
        await cn.receive()
        assert len(arrived(cn)) == 1
    assert running.terminate() == 0
