"""A disk that is slow, and one that is stuck, under load: late or told to come again, never lost.

SQLite in the exchange's process has to wait for its disk as long as the test says.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from faults.traffic import PAUSE_S, traffic, verify_log
from support.agencies import CN, MX, US
from support.exchange import codes
from support.exchange_process import Client, Served, founded
from support.http import told
from support.leads import agree, lead
from tearline.errors import ExchangeBusy, OutcomeUnknown
from tearline.wire.publications import encode_publication, parse_outcomes
from tearline_runtime.grpc import methods

pytestmark = [pytest.mark.faults, pytest.mark.slow]

INJECT = Path(__file__).with_name("inject")
SLOW_S = 0.2  # hundreds of times what a commit takes
STUCK_S = 3600  # until the test says otherwise
QUEUE = 64
# A minute, ten seconds and thousands of statements would only make the test longer.
SOONER = {"CALL_S": 3, "STUCK_S": 1, "MAX_QUEUE_STATEMENTS": QUEUE}
LEADS = 2 * QUEUE  # of two statements each: four times what fits into the queue
IN_TIME, IN_QUEUE = "it took too long", "too much waits to be written"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Disk:
    """How slow the disk is."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.takes(0)

    def takes(self, seconds: float) -> None:
        """From now on something is on the disk after so many seconds."""
        new = self.place.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.place)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk")


@asynccontextmanager
async def serving(disk: Disk, limits: Mapping[str, int]) -> AsyncIterator[Served]:
    """An exchange on the disk, with other limits."""
    ports = {"http": "127.0.0.1:0", "metrics": "127.0.0.1:0"}
    exchange = await founded(disk.place.with_name("exchange"), [US, CN, MX], **ports)
    await exchange.start(
        PYTHONPATH=str(INJECT), SLOW_DISK=str(disk.place), LIMITS=json.dumps(limits)
    )
    try:
        await agree(exchange)
        yield exchange
    finally:
        await exchange.end()


async def figures(served: Served) -> dict[str, float]:
    """What the metrics say, without labels."""
    text = (await told(int(str(served.serving["metrics"])), METRICS)).decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith("tearline_"))
    return {name.removeprefix("tearline_"): float(value) for name, _, value in lines}


async def published(client: Client, message: bytes) -> list[str]:
    """The codes of what is published, however often it has to come again."""
    while True:
        try:
            return codes(parse_outcomes(await client.call(methods.PUBLISH, message)))
        except ExchangeBusy:
            await asyncio.sleep(PAUSE_S)


async def test_behind_a_slow_disk_everything_is_late_and_nothing_is_refused(disk: Disk) -> None:
    async with serving(disk, {}) as served:
        async with traffic(served) as load:
            disk.takes(SLOW_S)
            await load.more()  # what was on its way before is done
            before = await figures(served)
            await load.more()
            after = await figures(served)
            assert await load.is_ready()
            disk.takes(0)
        grown = {name: after[name] - before[name] for name in before}
        assert grown["commit_disk_seconds_sum"] >= SLOW_S * grown["commit_disk_seconds_count"] > 0
        # At the most a caller lost patience, where the machine is slow.
        assert load.refusals.keys() <= {OutcomeUnknown.code}
        await load.verify_arrived(served)
        assert await served.stop() == 0
        await verify_log(served)


async def test_behind_a_stuck_disk_all_are_told_to_come_again(disk: Disk) -> None:
    async with serving(disk, SOONER) as served:
        messages = [encode_publication(lead(served, seq, sender=MX)) for seq in range(1, LEADS + 1)]
        async with served.clients(MX, LEADS) as mx, traffic(served, senders=(US,)) as load:
            await load.more()
            disk.takes(STUCK_S)
            await load.await_readiness(False)
            calls = (
                client.call(methods.PUBLISH, message)
                for client, message in zip(itertools.cycle(mx), messages, strict=False)
            )
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(answer) for answer in answers} == {ExchangeBusy}
            assert all(answer.retry_after_ms for answer in answers)
            assert {answer.why for answer in answers} == {IN_TIME, IN_QUEUE}
            found = await figures(served)
            assert found["ready"] == 0
            assert found["commit_under_way_seconds"] >= SOONER["STUCK_S"]
            assert QUEUE // 2 <= found["queued_statements"] <= 2 * QUEUE
            acknowledged = len(load.acknowledged)

            disk.takes(0)
            await load.await_readiness(True)
            assert len(load.acknowledged) >= acknowledged
            await load.more()
            for message in messages:
                assert await published(mx[0], message) == ["", ""]
        await load.verify_arrived(served)
        async with served.client(CN) as cn:
            waiting = [each.statements[0].id for each in await cn.waiting()]
        assert len(waiting) == len(set(waiting)) == 1 + len(load.acknowledged) + LEADS
        assert await served.stop() == 0
        await verify_log(served)
