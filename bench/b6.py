"""B6: what a delivery costs when a packet goes to 1, 16 or 256 subscribers.

Each subscriber is a node with a connection of its own, held by this process, which reads what it
is sent and opens nothing. A run delivers the same number to each fan-out: 256 packets to one, 16
packets to 16, or one packet to 256, under one signature, in as few messages as hold them, one
after the other. What is stored is looked up in the end: every packet once.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import apsw
import uvloop

from bench.b3 import Client, Load, agree
from bench.exchange import Home, Process
from bench.federation import PARTNERS, SENDER, Federation, found
from bench.harness import LATEST, Result, Target, result
from bench.packet import lead, releaser
from bench.subscriber import Subscriber
from tearline.rpc import methods
from tearline.wire.publications import encode_publication, parse_outcomes
from tearline_client.link.outgoing import compose

FANS = (1, 16, 256)
TARGET = Target(limit=1, at_most=False)


class Scene:
    """The exchange, its sender and its subscribers.

    Args:
        server: The exchange.
        federation: Around it.
        authority: Its CA.
    """

    def __init__(self, server: Process, federation: Federation, authority: bytes) -> None:
        self._server = server
        self._federation = federation
        self._authority = authority
        self._places: Counter[tuple[str, bytes]] = Counter()
        self._releaser = releaser(federation, self._next_seq)
        self._nodes: list[str] = []
        self.published = 0

    async def open(self, most: int) -> None:
        """Puts the agreement in force, and has so many nodes subscribe."""
        member = self._federation.members[SENDER]
        identity = member.tls(self._federation.sender.header.signer)
        self._client = Client(self._server, identity, self._authority)
        await agree(self._client, self._federation, identity)
        numbers = range(-(-most // len(PARTNERS)))
        nodes = [node for number in numbers for node in self._federation.partners(number)]
        self._nodes = nodes[:most]
        self._clients = [
            Client(self._server, self._federation.members[_domain(node)].tls(node), self._authority)
            for node in self._nodes
        ]
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

    def _next_seq(self, recipient: str, agreement: bytes) -> int:
        self._places[recipient, agreement] += 1
        return self._places[recipient, agreement]


def _domain(node: str) -> str:
    return node.split("/")[2]


async def _read(subscriber: Subscriber, packets: int) -> None:
    for _ in range(packets):
        await subscriber.arrival()


def run(*, rounds: int = 5, fans: Sequence[int] = FANS) -> Sequence[Result]:
    """Measures B6.

    Args:
        rounds: Alternations.
        fans: To how many each packet goes; a run delivers as often as the largest says.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent)))
        home = Home(folder)
        nodes = -(-max(fans) // len(PARTNERS))
        federation = found(home.operator.enrolment, nodes=nodes)
        home.begin(federation.trust_list, federation.records)
        with home.serve() as server:
            scene = Scene(server, federation, home.operator.keys.authority.certificate)
            runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
            loads = runner.run(_measure(scene, rounds, fans))
        _verify_stored_once(home.operator.config.database, scene.published)
    return _results(loads)


async def _measure(scene: Scene, rounds: int, fans: Sequence[int]) -> Mapping[int, Sequence[Load]]:
    await scene.open(max(fans))
    for fan in fans:  # policies are decided
        await scene.run(fan, fan)
    loads: dict[int, list[Load]] = {fan: [] for fan in fans}
    for _ in range(rounds):
        for fan in fans:
            loads[fan].append(await scene.run(fan, max(fans)))
    await scene.close()
    return loads


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
