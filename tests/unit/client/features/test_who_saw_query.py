"""The cost of a query for a value: each packet is opened once, the log's state is read once."""

from collections import Counter
from collections.abc import Callable

import pytest

from attacks.conftest import memory, quick, template, world
from support.node import context_of, stores_of
from support.simulation import Simulation
from tearline_client.audit import value_search
from tearline_client.context import NodeContext
from tearline_client.log.follower import LogFollower
from tearline_client.store.erasures import ErasureStore

__all__ = ["memory", "quick", "template", "world"]

PACKETS = 6


def counted(monkeypatch: pytest.MonkeyPatch, calls: Counter[str], owner: type, method: str) -> None:
    original: Callable[..., object] = getattr(owner, method)

    def watched(*arguments: object) -> object:
        calls[method] += 1
        return original(*arguments)

    monkeypatch.setattr(owner, method, watched)


async def test_a_query_opens_each_packet_once_and_reads_the_log_once(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = await world.us.send(world.mx, world.cn, times=PACKETS)
    node, calls = world.us.node, Counter[str]()
    (value,) = {
        opened.field.texts[0]
        for opened in context_of(node).open_view(packets[0]).view.best()
        if opened.field.path.endswith("Person/name")
    }
    await node.update_indexes()
    expected = {packet: node.audit.who_saw(packet, "Person/name") for packet in packets}
    counted(monkeypatch, calls, NodeContext, "open_view")
    counted(monkeypatch, calls, LogFollower, "checkpoint")
    counted(monkeypatch, calls, ErasureStore, "orders")
    found = await node.audit.who_saw_value(value)
    assert {each.packet: each.seen for each in found} == expected
    assert calls == {"open_view": PACKETS, "checkpoint": 1, "orders": 1}


async def test_packets_are_indexed_in_steps_before_a_query(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.mx)
    queue, awaited = stores_of(world.us.node).index_queue, list[list[bytes]]()
    index_values = value_search.index_values

    def watched(context: NodeContext) -> None:
        awaited.append(queue.due())
        index_values(context)

    monkeypatch.setattr(value_search, "index_values", watched)
    assert queue.due() == [packet]
    assert [each.packet for each in await world.us.node.audit.who_saw_value("Qiu Wenhao")]
    assert awaited == [[]]  # other tasks had their turn meanwhile
