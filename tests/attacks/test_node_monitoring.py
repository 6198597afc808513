"""The port of a node's metrics: true at every moment, and nobody learns there who does what."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from support.http import status, told
from support.node import context_of
from support.simulation import CN, MX, US, Simulation
from tearline.errors import ExchangeUnreachable, StoreError
from tearline.requests.step import Side
from tearline.wire.deliveries import encode_cursor
from tearline.wire.publications import Publication
from tearline_client.features.requests.service import RequestService
from tearline_client.loop_health import LATELY_MS, LoopHealth
from tearline_client.node import Node
from tearline_client.notifications.hooks import Hook
from tearline_client.service.http import monitored, vitals_of
from tearline_client.store.requests import RequestStore, StoredRequest


@dataclass(kw_only=True)
class Watched:
    """A node whose port is open."""

    port: int
    pulse: LoopHealth
    reported: list[str] = field(default_factory=list)

    async def ask(self, path: str, method: str = "GET") -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        return await told(self.port, head.encode())

    async def status(self, path: str) -> int:
        return status(await self.ask(path))


@asynccontextmanager
async def watched(node: Node) -> AsyncIterator[Watched]:
    pulse, reported = LoopHealth(), []
    async with monitored("127.0.0.1:0", node, pulse, reported.append) as port:
        yield Watched(port=port, pulse=pulse, reported=reported)


def at(node: Node, offset_ms: int, world: Simulation) -> None:
    """Moves a node's clock to so much from now."""
    object.__setattr__(context_of(node), "now_ms", lambda: world.clock() + offset_ms)


async def test_ready_is_who_reached_the_exchange_lately_and_knows_the_log(
    world: Simulation,
) -> None:
    node = world.us.node
    async with watched(node) as port:
        await node.sync()
        assert (await port.status("/healthz"), await port.status("/readyz")) == (200, 503)
        port.pulse.reached(context_of(node).now_ms())
        assert await port.status("/readyz") == 200
        port.pulse.missed(ExchangeUnreachable.code)
        assert (await port.status("/healthz"), await port.status("/readyz")) == (200, 503)
        at(node, LATELY_MS * 4, world)
        port.pulse.reached(context_of(node).now_ms())  # an exchange whose log stands still
        assert (await port.status("/healthz"), await port.status("/readyz")) == (200, 503)


async def test_a_mailbox_is_behind_until_it_is_read_and_while_it_cannot_be(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, pulse, began_ms = world.cn.node, LoopHealth(), world.clock()
    await world.us.send(world.cn)

    def later(ms: int) -> None:
        object.__setattr__(context_of(node), "now_ms", lambda: began_ms + ms)

    later(5000)

    async def behind_since_ms() -> int | None:
        return (await vitals_of(node, pulse)).status.behind_since_ms

    arrivals = node.inbox(wait=True)
    await anext(arrivals)
    assert await behind_since_ms() == began_ms + 5000
    later(6000)
    assert await behind_since_ms() == began_ms + 5000
    await arrivals.aclose()  # type: ignore[attr-defined]
    assert await node.receive() == 0  # it was stored before it was told of
    assert await behind_since_ms() is None

    async def cut(cursor: bytes) -> AsyncIterator[bytes]:
        raise ExchangeUnreachable
        yield b""

    monkeypatch.setattr(context_of(node).transport, "subscribe", cut)
    with pytest.raises(ExchangeUnreachable):
        await node.receive()
    assert await behind_since_ms() == began_ms + 6000
    assert (await vitals_of(node, pulse)).free_bytes > 0


async def test_how_much_waits_is_told(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    node, hook = world.cn.node, Hook(event="packet-arrived", arguments=("true",))

    async def told() -> tuple[int | None, int]:
        found = await vitals_of(node, LoopHealth())
        return found.status.behind_items, found.jobs["notices"]

    assert await told() == (None, 0)  # the exchange was not asked, and there is no hook
    node.notifications.begin([hook])
    transport, sent = context_of(node).transport, []
    acknowledge = transport.acknowledge
    started = encode_cursor(context_of(node).stores.inbox.cursor())

    async def later(cursor: bytes) -> bytes:
        # One more arrives while the first is stored; a cosignature may ask before that.
        if not sent and cursor != started:
            sent.extend(await world.us.send(world.cn))
        return await acknowledge(cursor)

    monkeypatch.setattr(transport, "acknowledge", later)
    await world.us.send(world.cn)
    arrivals = node.inbox(wait=True)
    for _ in range(2):
        await anext(arrivals)
    assert await told() == (1, 2)
    await arrivals.aclose()  # type: ignore[attr-defined]
    await node.receive()
    assert await told() == (0, 2)
    monkeypatch.setattr("tearline_client.store.backlog.MOST", 1)
    context_of(node).stores.notifications.put_told(hook.id, 0)
    assert await told() == (0, 1)


async def test_a_node_whose_database_does_not_answer_is_not_healthy(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise StoreError("no such disk")

    async with watched(world.us.node) as port:
        monkeypatch.setattr(world.us.node, "status", broken)
        for path in ("/healthz", "/metrics"):
            reply = await port.ask(path)
            assert (status(reply), b"disk" in reply) == (503, False)
        assert [("no such disk" in line) for line in port.reported] == [True, True]


async def test_the_port_says_what_the_node_knows(world: Simulation) -> None:
    def away(_: Publication) -> Publication:
        raise ExchangeUnreachable

    us, cn = world.us, world.cn
    await us.send(cn)
    before = await vitals_of(us.node, LoopHealth())
    assert before.status.waiting_since_ms is None
    us.exchange.publication = away
    with pytest.raises(ExchangeUnreachable):
        await us.send(cn)
    found = await vitals_of(us.node, LoopHealth())
    assert found.status == us.status()
    waiting_ms = found.status.waiting_since_ms
    assert waiting_ms is not None
    assert 0 <= context_of(us.node).now_ms() - waiting_ms < 3_600_000
    assert found.cosigned <= found.status.log_size
    assert found.checkpoint_s == context_of(us.node).follower.time_s() > 0
    assert found.status.certificate_end_ms > context_of(us.node).now_ms()
    assert {record.use.value for record in found.status.keys} >= {"sign", "kem", "cosign"}


async def test_nobody_and_nothing_is_named(world: Simulation) -> None:
    us, cn = world.us, world.cn
    (packet,) = await us.send(cn)
    cn.exchange.mail = lambda mail: mail[:0]  # withheld, and a mark that says so
    await us.node.mark()
    await cn.node.receive()
    for member in (us, cn):
        async with watched(member.node) as port:
            reply = await port.ask("/metrics")
        assert status(reply) == 200
        text = reply.decode()
        assert "tearline_node_log_entries" in text
        for agency in (US, CN, MX, "liaison", "narcotics", packet.hex()[:12], "spiffe"):
            assert agency not in text
        ours = [line for line in text.splitlines() if line.startswith("tearline_")]
        assert not re.search(r"[0-9a-f]{16}", "\n".join(ours))  # processor time has many digits


async def test_there_is_nothing_else_and_nothing_can_be_changed(world: Simulation) -> None:
    async with watched(world.us.node) as port:
        for path in ("/", "/checkpoint", "/add-checkpoint", "/tile/0/000", "/metrics/"):
            assert await port.status(path) in (404, 307), path
        for path in ("/healthz", "/readyz", "/metrics"):
            assert status(await port.ask(path, "POST")) == 405


async def test_the_node_works_on_while_its_requests_are_looked_at(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, done = world.us.node, []
    request = StoredRequest(
        packet=bytes(32), peer=world.cn.node.uri, side=Side.ASKER, granted_ms=0, stored_ms=None
    )
    monkeypatch.setattr(RequestStore, "open", lambda _: (request,) * 3)
    monkeypatch.setattr(RequestService, "is_overdue", lambda *_: done.append("replayed") or True)

    async def work() -> None:
        while True:
            done.append("worked")
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    found = await vitals_of(node, LoopHealth())
    working.cancel()
    assert found.requests_overdue == {Side.ASKER: 3}
    assert [word for word, _ in itertools.groupby(done)].count("replayed") == 3
