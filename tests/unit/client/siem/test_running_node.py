"""A running node forwards its access log to the receiver of its settings."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

from attacks.conftest import memory, quick, template, world
from support.simulation import Simulation
from support.syslog_receivers import certified
from tearline.audit.event import EventCode
from tearline.packets.packet import TEXT
from tearline_client.config import load_settings
from tearline_client.service.daemon import run_daemon
from tearline_client.service.process import sink_of
from tearline_client.siem import Message
from tearline_client.siem.forwarder import next_batch
from unit.client.siem.test_forwarder import event

__all__ = ["memory", "quick", "template", "world"]


class Loop:
    """A receiver in this process, which says when it has a message."""

    host, id = "siem.example", b"\x03" * 32

    def __init__(self) -> None:
        self.loop, self.came = asyncio.get_running_loop(), asyncio.Event()
        self.codes: list[str] = []

    def send(self, messages: Iterable[Message]) -> str:
        self.codes += [json.loads(each.text)["activity_name"] for each in messages]
        self.loop.call_soon_threadsafe(self.came.set)
        return ""


async def test_its_access_log_is_forwarded(world: Simulation) -> None:
    store = world.cn.node.audit._access.store
    with store.database.transaction():
        store.append([event(1), event(2)])
    sink, stop = Loop(), asyncio.Event()
    running = asyncio.create_task(
        run_daemon(world.cn.node, stop, report=lambda line: None, sinks=[sink])
    )
    async with asyncio.timeout(60):
        await sink.came.wait()
    stop.set()
    await running
    assert sink.codes[-2:] == [EventCode.ACCESS_OPEN] * 2


def test_the_settings_name_the_receiver(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path)
    settings = load_settings(
        {
            "home": str(tmp_path),
            "syslog": "siem.example",
            "syslog_ca": str(certificate),
            "syslog_certificate": str(certificate),
            "syslog_key": str(key),
        },
        {},
    )
    sink = sink_of(settings, "spiffe://fiscalia.mx.example/node/liaison")
    assert (sink.host, sink.port) == ("siem.example", 6514)


async def test_no_search_text_and_no_value_leaves(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    store = world.cn.node.audit._access.store
    start = store.head().tree.size
    packets = world.cn.node.packets
    assert await packets.search("Qiu Wenhao")
    assert not await packets.search("a name that no packet has")
    packets.show(packet)
    packets.export([packet])
    values = [
        value.decode()
        for each in packets.show(packet).view.best()
        if each.field.media_type == TEXT
        for value in each.field.values
    ]
    assert "Qiu Wenhao" in values
    batch = next_batch(store, start, world.cn.node.uri, 0)
    assert len(batch) == 5
    for each in batch:
        said = json.loads(each.text)["unmapped"]
        assert {*said} <= {"act", "fields"}
        for secret in ("Qiu", "wenhao", "a name that", *(one for one in values if len(one) > 3)):
            assert secret.lower() not in each.text.lower()
