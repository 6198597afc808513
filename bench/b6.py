"""B6: the cost of a delivery when a packet goes to 1, 16 or 192 subscribers.

Each subscriber is a node with a connection of its own, held by this process, which reads what it
is sent and opens nothing. A run delivers the same number to each fan-out: 192 packets to one, 12
packets to 16, or one packet to 192, under one signature, in as few messages as hold them, one
after the other. What is stored is looked up in the end: every packet once.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import apsw
import uvloop

from bench.client import Load
from bench.exchange import Process
from bench.federation import PARTNERS
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.packet import compose, lead, releaser
from bench.subscriber import Subscriber
from tearline.wire.publications import encode_publication, parse_outcomes
from tearline_runtime.grpc import methods

FANS = (1, 16, 192)  # the last: all nodes that three agencies may have
TARGET = Target(limit=1, at_most=False)


class Fan:
    """The sender, and the nodes that its packets go to.

    Args:
        scene: Where they are.
        server: The exchange.
        nodes: Their URIs.
    """

    def __init__(self, scene: Scene, server: Process, nodes: Sequence[str]) -> None:
        self._federation = scene.federation
        self._server = server
        self._nodes = nodes
        self._releaser = releaser(scene.federation)
        self._client = scene.client(server, scene.sender)
        self._clients = [scene.client(server, node) for node in nodes]
        self._subscribers: list[Subscriber] = []
        self.published = 0

    async def listen(self) -> None:
        """Has every node subscribe."""
        self._subscribers = [
            await Subscriber(self._federation, node, client).listen()
            for node, client in zip(self._nodes, self._clients, strict=True)
        ]

    async def close(self) -> None:
        """Ends every connection."""
        for client in (self._client, *self._clients):
            await client.close()

    async def run(self, fan: int, deliveries: int) -> Load:
        """Delivers so often, to so many at once."""
        packets, nodes = deliveries // fan, self._nodes[:fan]
        plan = lead(self._federation, nodes)
        composed = compose([plan] * packets, self._releaser).publications
        messages = [encode_publication(publication) for publication in composed]
        started, used_us = time.perf_counter(), self._server.cpu_us
        reading = asyncio.gather(*(_read(each, packets) for each in self._subscribers[:fan]))
        for message in messages:
            outcomes = parse_outcomes(await self._client.call(methods.PUBLISH, message))
            if any(outcome.refusal is not None for outcome in outcomes):
                raise RuntimeError("the exchange refused")
        await reading
        elapsed, used_us = time.perf_counter() - started, self._server.cpu_us - used_us
        self.published += packets
        return Load(rate=deliveries / elapsed, cpu_us=used_us / deliveries)


async def _read(subscriber: Subscriber, packets: int) -> None:
    for _ in range(packets):
        await subscriber.arrival()


def run(*, rounds: int = 5, fans: Sequence[int] = FANS) -> Sequence[Result]:
    """Measures B6.

    Args:
        rounds: Alternations.
        fans: To how many each packet goes; a run delivers as often as the largest says.
    """
    with founded(nodes=-(-max(fans) // len(PARTNERS))) as scene:
        with scene.home.serve() as server:
            loads, published = uvloop.run(_measure(scene, server, rounds, fans))
        _verify_stored_once(scene.home.operator.config.database, published)
    return _results(loads)


async def _measure(
    scene: Scene, server: Process, rounds: int, fans: Sequence[int]
) -> tuple[Mapping[int, Sequence[Load]], int]:
    """The loads of each fan-out, and how many packets were published in all."""
    await scene.agree(server)
    numbers = range(-(-max(fans) // len(PARTNERS)))
    nodes = [node for number in numbers for node in scene.federation.partners(number)]
    delivering = Fan(scene, server, nodes[: max(fans)])
    await delivering.listen()
    for fan in fans:  # policies are decided
        await delivering.run(fan, fan)
    loads: dict[int, list[Load]] = {fan: [] for fan in fans}
    for _ in range(rounds):
        for fan in fans:
            loads[fan].append(await delivering.run(fan, max(fans)))
    await delivering.close()
    return loads, delivering.published


def _verify_stored_once(database: Path, published: int) -> None:
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    ((stored,),) = connection.execute("SELECT count(*) FROM packet")
    connection.close()
    if stored != published:
        raise RuntimeError(f"{published} packets were published, and {stored} are stored")


def _results(loads: Mapping[int, Sequence[Load]]) -> Sequence[Result]:
    one, *more = loads
    return [
        each
        for fan in more
        for each in (
            result(
                f"B6-{fan}",
                f"deliver a packet to {fan} subscribers, stored once",
                runs=[load.rate for load in loads[fan]],
                unit="deliveries/s",
                baseline=[load.rate for load in loads[one]],
                baseline_unit=f"deliveries/s to {one}, a packet for each",
                target=TARGET,
            ),
            result(
                f"B6c-{fan}",
                "the exchange's processor time for such a delivery, publishing included",
                runs=[load.cpu_us for load in loads[fan]],
                unit="µs",
                baseline=[load.cpu_us for load in loads[one]],
                baseline_unit=f"µs to {one}, a packet for each",
            ),
        )
    ]
