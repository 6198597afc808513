"""Long work of a page lets the node's other work have its turn."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from attacks.test_standings import resume, suspend
from support.node import context_of
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline_client.context import NodeContext
from tearline_client.features.packets.service import PacketService
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.store.access import AccessStore
from tearline_client.store.log import LogStore, OpenedEvent
from tearline_runtime import turns
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses
from unit.client.console.test_agreement_pages import path_of
from unit.client.console.test_compose import ana, drafted, theirs, wish

__all__ = ["ana", "theirs"]


@dataclass(kw_only=True)
class Other:
    """Other work of the node, asked for in the middle of a page's work.

    Attributes:
        act: What it does, once it has its turn.
        seen: Whether it was done, at each step of the page's work.
    """

    act: Callable[[], None] = lambda: None
    seen: list[bool] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def step(self) -> None:
        self.seen.append(self.done.is_set())
        if len(self.seen) == 1:
            asyncio.get_running_loop().call_soon(self._do)

    def _do(self) -> None:
        self.act()
        self.done.set()


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Other:
    """Other work that waits; each turn is as short as can be."""
    monkeypatch.setattr(turns, "TURN_S", 0)
    return Other()


def watch_views(monkeypatch: pytest.MonkeyPatch, other: Other) -> None:
    open_view = NodeContext.open_view

    def watched(context: NodeContext, packet_id: bytes) -> PacketView:
        other.step()
        return open_view(context, packet_id)

    monkeypatch.setattr(NodeContext, "open_view", watched)


async def test_a_search_lets_other_work_have_its_turn(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.mx, times=3)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    watch_views(monkeypatch, other)
    reply = await browser.get("/packets?q=wenhao")
    assert "3 packets found." in reply.text
    assert other.seen == [False, True, True]


async def test_a_packet_that_is_erased_during_a_search_is_not_found(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await world.us.send(world.mx, times=3)
    await world.mx.node.receive()
    stores, opened = context_of(world.mx.node).stores, list[bytes]()
    browser = await console.signed_in("liaison")
    open_view = NodeContext.open_view

    def watched(context: NodeContext, packet_id: bytes) -> PacketView:
        opened.append(packet_id)
        other.step()
        return open_view(context, packet_id)

    def erase() -> None:
        with stores.database.transaction():
            stores.database.erase("DELETE FROM packet_key WHERE packet = ?", (opened[0],))

    monkeypatch.setattr(NodeContext, "open_view", watched)
    other.act = erase
    reply = await browser.get("/packets?q=wenhao")
    assert other.seen == [False, True, True]
    assert "2 packets found." in reply.text
    assert opened[0].hex() not in reply.text
    *_, first, second = accesses(world.mx)
    assert {first.packet, second.packet} == {*sent} - {opened[0]}


async def test_who_saw_a_value_lets_other_work_have_its_turn(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.mx, times=2)
    await world.mx.node.receive()
    browser = await console.signed_in("auditor")
    token = await browser.csrf()
    watch_views(monkeypatch, other)
    reply = await browser.post("/audit", {"csrf": token, "value": "Qiu Wenhao"})
    assert reply.text.count("mx-prosecutor") >= 2
    assert (other.seen[0], other.seen[-1]) == (False, True)


async def test_a_list_lets_other_work_have_its_turn(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.mx, times=3)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    get = world.mx.node.packets.get
    monkeypatch.setattr(world.mx.node.packets, "get", lambda found: (other.step(), get(found))[1])
    await browser.get("/packets?way=out")
    assert other.seen == [False, True, True]


async def test_the_access_log_is_examined_in_turns(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("auditor")
    for _ in range(3):
        await browser.get("/audit/access")
    opening = AccessStore.opening
    access = world.mx.node.audit._access
    other.act = lambda: access.record(EventCode.ACCESS_READ, {}, person="auditor")

    def watched(store: AccessStore, index: int, sealed: bytes) -> object:
        other.step()
        return opening(store, index, sealed)

    monkeypatch.setattr(AccessStore, "opening", watched)
    reply = await browser.get("/audit/access")
    # The sign-in is an entry, too, and so are acts of before.
    assert other.seen == [False] + [True] * (len(other.seen) - 1)
    assert len(other.seen) >= 5
    # What was written meanwhile is no entry that somebody added.
    assert "Its tree and its anchors agree." in reply.text


async def test_an_audit_is_verified_in_turns(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.mx, times=2)
    await world.mx.node.receive()
    browser = await console.signed_in("auditor")
    path = LogStore.path

    def watched(store: LogStore, index: int, size: int) -> tuple[bytes, ...]:
        other.step()
        return path(store, index, size)

    monkeypatch.setattr(LogStore, "path", watched)
    reply = await browser.get("/audit/log?outcome=ok")
    assert 'href="/audit/log/' in reply.text
    assert (other.seen[0], other.seen[-1]) == (False, True)


async def test_the_proof_of_a_suspension_is_made_in_turns(
    world: Simulation, console: ConsoleUnderTest, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.mx.send(world.us)
    await world.settle(rounds=3)
    await suspend(world.us)
    await world.settle(rounds=3)
    await resume(world.us)
    await world.settle(rounds=3)
    browser = await console.signed_in("auditor")
    openings_between = LogStore.openings_between

    def watched(store: LogStore, start: int, stop: int) -> Iterator[OpenedEvent]:
        for opened in openings_between(store, start, stop):
            other.step()
            yield opened

    monkeypatch.setattr(LogStore, "openings_between", watched)
    reply = await browser.get(f"{path_of(world.mx)}/silence")
    assert "Proved: no packet passed" in reply.text
    assert (other.seen[:2], other.seen[-1]) == ([False, True], True)


async def test_many_packets_are_planned_in_turns(
    world: Simulation, ana: Browser, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = PacketService.plan

    def watched(service: PacketService, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        other.step()
        return plan(service, draft, to)

    monkeypatch.setattr(PacketService, "plan", watched)
    people = [
        {"id": f"p{number}", "schema": "Person", "properties": {"name": [f"Ana {number}"]}}
        for number in range(4)
    ]
    await drafted(ana, wish(world, ftm="\n".join(map(json.dumps, people))))
    assert other.seen == [False, True, True, True]
