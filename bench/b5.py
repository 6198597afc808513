"""B5: from publishing a packet to a subscriber that has opened it, idle and under load.

The exchange, the load and this client are three processes; this one publishes a packet and opens
it, ten times a second, as the partner who reads 18 fields. The load is other packets of the same
kind, each with two grants, sent to other nodes at seven tenths of the rate that the exchange just
took from sixty-three lanes: with the reader, an agency has as many nodes as it may have.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import apsw
import uvloop

from bench import flood
from bench.client import Client
from bench.echo import METHOD
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import LANES, Sealer
from bench.subscriber import Subscriber
from tearline.wire.deliveries import Delivery
from tearline_runtime.grpc import methods

SHARE = 0.7
TARGET = Target(limit=4, at_most=True)
_PROBE_S = 0.1
_LIMIT_S = 60  # what takes longer was refused
_WARM = 5  # packets before the first is measured
_TRIES = 3  # messages of each lane, to find out what the exchange takes


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        rounds: Alternations.
        seconds: Of load in each, and of probing without.
        lanes: Of the load; another node of the same agency, whose packets are timed, is one more.
        followed: Packets of each round after which the log is read, too.
    """

    rounds: int
    seconds: float
    lanes: int
    followed: int

    @property
    def probes(self) -> int:
        """Packets of each run without load."""
        return max(2, int(self.seconds / _PROBE_S))


@dataclass(kw_only=True)
class Found:
    """Milliseconds; and which share of its most the exchange was given."""

    bare: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)


class Probe:
    """The sending node, and the subscriber that opens what it sends.

    Args:
        client: The sender's connection.
        echo: Its connection to the echo server.
        subscriber: The partner.
        messages: What is sent, one after the other: places of a channel must not be left out.
        disk: A database beside the exchange's, for bare commits.
    """

    def __init__(
        self,
        client: Client,
        echo: Client,
        subscriber: Subscriber,
        messages: Sequence[bytes],
        disk: Path,
    ) -> None:
        self._messages = deque(messages)
        self._client = client
        self._echo = echo
        self._subscriber = subscriber
        self._disk = apsw.Connection(str(disk))
        for pragma in ("page_size = 16384", "journal_mode = WAL", "synchronous = FULL"):
            self._disk.pragma(*pragma.split(" = "))
        self._disk.execute("CREATE TABLE row (content BLOB)")

    async def open(self) -> float:
        """Publishes a packet; until it is open."""
        took, _ = await self._open()
        return took

    async def follow(self) -> float:
        """Publishes a packet; until it is open, and the log read up to its entry."""
        started = time.perf_counter()
        _, delivery = await self._open()
        await self._subscriber.follow(delivery)
        return (time.perf_counter() - started) * 1000

    async def opened(self, number: int) -> AsyncIterator[float]:
        """Publishes packets, ten a second, and no faster than they are opened."""
        started = time.perf_counter()
        for place in range(number):
            await asyncio.sleep(max(0, started + place * _PROBE_S - time.perf_counter()))
            yield await self.open()

    async def _open(self) -> tuple[float, Delivery]:
        started, message = time.perf_counter(), self._messages.popleft()
        publishing = asyncio.ensure_future(self._client.call(methods.PUBLISH, message))
        async with asyncio.timeout(_LIMIT_S):
            delivery = self._subscriber.open(await self._subscriber.arrival())
        took = (time.perf_counter() - started) * 1000
        await publishing
        return took, delivery

    async def bare(self) -> float:
        """An echo of the same bytes, and one durable commit of them."""
        started, message = time.perf_counter(), self._messages[0]
        await self._echo.call(METHOD, message)
        with self._disk:
            self._disk.execute("INSERT INTO row VALUES (?)", (message,))
        return (time.perf_counter() - started) * 1000


def run(
    *, rounds: int = 5, seconds: float = 4, lanes: int = LANES - 1, followed: int = 4
) -> Sequence[Result]:
    """Measures B5.

    Args:
        rounds: Alternations.
        seconds: Of load in each, and of probing without.
        lanes: Of the load.
        followed: Packets of each round after which the log is read, too.
    """
    size = Size(rounds=rounds, seconds=seconds, lanes=lanes, followed=followed)
    with (
        founded(nodes=lanes + 1) as scene,
        scene.home.serve() as exchange,
        scene.home.serve_echo() as echo,
    ):
        return _results(uvloop.run(_measure(scene, exchange, echo, size)))


async def _measure(scene: Scene, exchange: Process, echoing: Process, size: Size) -> Found:
    federation = scene.federation
    await scene.agree(exchange)
    client, echo = (scene.client(server, scene.sender) for server in (exchange, echoing))
    node = federation.partners(size.lanes)[1]
    reading = scene.client(exchange, node)
    subscriber = await Subscriber(federation, node, reading).listen()
    number = _WARM + size.rounds * (3 * size.probes + size.followed)
    (messages,) = Sealer(federation, 1, first=size.lanes).lanes(number)
    probe = Probe(client, echo, subscriber, messages, scene.folder / "bare.db")
    load, found = Sealer(federation, size.lanes), Found()
    for _ in range(_WARM):  # connections are made, policies are decided
        await probe.open()
    for _ in range(size.rounds):
        most, _ = await client.load(methods.PUBLISH, load.lanes(_TRIES))
        found.bare += [await probe.bare() for _ in range(size.probes)]
        found.idle += [took async for took in probe.opened(size.probes)]
        found.followed += [await probe.follow() for _ in range(size.followed)]
        rate = most.rate * SHARE
        number = max(1, round(rate * size.seconds / size.lanes))
        identity = scene.identity(scene.sender)
        flood.write(scene.folder, identity, scene.authority, load.lanes(number))
        with flood.flooding(scene.folder, exchange, rate) as process:
            async for took in probe.opened(2 * size.probes):  # more than the load lasts
                found.loaded.append(took)
                if process.poll() is not None:
                    break
            assert process.stdout is not None
            found.shares.append(float(process.stdout.read()) / most.rate)
    for each in (client, echo, reading):
        await each.close()
    return found


def _results(found: Found) -> Sequence[Result]:
    share = f"at {median(found.shares):.0%} of what the exchange takes"
    what = "publish a packet, until a subscriber has opened it"
    bare = "ms, an echo of the same bytes and one durable commit of them"
    return [
        result(
            "B5",
            f"{what}, idle, p50",
            runs=found.idle,
            unit="ms",
            baseline=found.bare,
            baseline_unit=bare,
        ),
        result(
            "B5t",
            f"{what}, idle, p99",
            runs=[_p99(found.idle)],
            unit="ms",
            baseline=[_p99(found.bare)],
            baseline_unit=f"{bare}, p99",
        ),
        result(
            "B5l",
            f"{what}, {share}, p50",
            runs=found.loaded,
            unit="ms",
            baseline=found.idle,
            baseline_unit="ms, idle",
            target=TARGET,
        ),
        result(
            "B5lt",
            f"{what}, {share}, p99",
            runs=[_p99(found.loaded)],
            unit="ms",
            baseline=[_p99(found.idle)],
            baseline_unit="ms, idle, p99",
        ),
        result(
            "B5f",
            "the same, idle, and until the log is read up to its entry, p50",
            runs=found.followed,
            unit="ms",
            baseline=found.idle,
            baseline_unit="ms, opened",
        ),
    ]


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98] if len(times) > 1 else times[0]
