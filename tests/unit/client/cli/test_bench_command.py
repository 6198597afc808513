"""``tearline bench``: figures, and packets that say what they are and do not stay."""

import asyncio
import time

import pytest

import tearline_client.service.benchmark
from support.cli import Desk
from support.simulation import opened
from tearline.errors import EXIT_REFUSED
from tearline_client.drafting.from_file import ReleaseOptions
from tearline_client.features.packets.service import Persons
from tearline_client.planning.drafts import About
from tearline_client.service.benchmark import LIFETIME_MS, NOTE, Benchmark

ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tearline_client.service.benchmark, "STORED_WAIT_S", 0)


def test_it_measures_both_ways_of_sending(desk: Desk) -> None:
    alone, stored, streamed = desk.rows("bench", *ORDER, "--alone", "3", "--packets", "5")
    assert (alone["what"], alone["packets"]) == ("accepted, one at a time", 3)
    assert 0 < alone["p50_ms"] <= alone["p99_ms"]
    assert alone["entries"] == 3 * 2  # of each packet, and of its grant
    assert (stored["what"], stored["packets"], stored["p50_ms"]) == ("stored by a partner", 0, None)
    assert (streamed["what"], streamed["packets"]) == ("accepted, in a stream", 5)
    assert streamed["per_s"] > 0


def test_its_packets_say_what_they_are_and_end_within_the_hour(desk: Desk) -> None:
    before = time.time() * 1000
    desk.rows("bench", *ORDER, "--alone", "2", "--packets", "2")

    async def read() -> None:
        async with opened(desk.template, desk.folder) as world:
            await world.mx.node.receive()
            assert world.mx.codes() == []
            views = [world.mx.node.packets.show(packet) for packet in world.mx.grants()]
            found = [
                shown
                for shown in views
                if any(
                    value.startswith(b"Tearline Benchmark")
                    for field in shown.view.fields
                    for value in field.field.values
                )
            ]
            assert len(found) == 4
            for shown in found:
                ends_ms = shown.manifest.not_after_ms
                assert before < ends_ms <= time.time() * 1000 + LIFETIME_MS
            own = [world.us.node.packets.show(shown.packet.id) for shown in found]
            values = [v for shown in own for f in shown.view.fields for v in f.field.values]
            assert values.count(NOTE.encode()) == 4

    asyncio.run(read())


def test_what_may_not_be_sent_is_not_measured(desk: Desk) -> None:
    order = (*ORDER[:-1], "curiosity")
    assert desk.run("bench", *order).exit_code == EXIT_REFUSED


def test_a_partner_that_stores_is_timed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tearline_client.service.benchmark, "STORED_WAIT_S", 60)

    async def measure() -> None:
        async with opened(desk.template, desk.folder) as world:

            async def partner() -> None:
                async for _ in world.mx.node.inbox(wait=True):
                    await world.mx.node.tell()

            at_work = asyncio.create_task(partner())
            about = About(article="money-laundering", purpose="criminal-investigation")
            order = ReleaseOptions(to=("mx-prosecutor",), agreement="narcotics-2026", about=about)
            steps: list[int] = []
            benchmark = Benchmark(world.us.node, order, Persons(), steps.append)
            _, stored, _ = await benchmark.run(alone=3, streamed=2)
            at_work.cancel()
            await asyncio.gather(at_work, return_exceptions=True)
            assert stored.packets == 3
            assert stored.p50_ms is not None
            assert stored.p50_ms > 0
            assert sum(steps) == 5

    asyncio.run(measure())
