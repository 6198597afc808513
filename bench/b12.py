"""B12: how long a quiet node waits while another floods the exchange.

The exchange, the flood and this client are three processes. The quiet node publishes one mark
after another, alone and then beside the flood: sixty-four calls of another node in flight, each
with a packet and two grants, sent again without a pause.
"""

import time
from collections.abc import Sequence
from statistics import quantiles

import uvloop

from bench import flood
from bench.client import Client, verify_accepted
from bench.exchange import Process
from bench.federation import Federation, now_ms
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import LANES, Sealer
from tearline.statements.channel import Mark
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_mark
from tearline.wire.log_entries import encode_entries_request
from tearline.wire.publications import encode_publication, publication_of
from tearline_runtime.grpc import methods

TARGET = Target(limit=3, at_most=True)
READERS = 240  # on eight connections; a node has 512 calls
_FLOODS = (("B12", "flood"), ("B12r", "flood of reads"))
_QUIET = 1  # the number of the quiet node; the first is the flood


class Quiet:
    """A node that says one thing after another.

    Args:
        federation: Whose node it is.
        client: Its connection.
    """

    def __init__(self, federation: Federation, client: Client) -> None:
        self._federation = federation
        self._signer = federation.senders[_QUIET]
        self._client = client
        self._said = 0

    async def say(self) -> float:
        """Publishes a mark; milliseconds until its receipt is there."""
        self._said += 1
        mark = Mark(
            header=self._signer.header,
            recipient=self._federation.partners()[0],
            agreement_id=self._federation.agreement.id,
            counter=self._said,
            highest_sent=0,
            highest_received=0,
            time_ms=now_ms(),
        )
        tree = self._signer.sign([(StatementType.MARK, encode_mark(mark))])
        message = encode_publication(publication_of(tree, [0]))
        started = time.perf_counter()
        verify_accepted(await self._client.call(methods.PUBLISH, message), 1)
        return (time.perf_counter() - started) * 1000

    async def p99(self, number: int) -> float:
        """The 99th percentile of so many."""
        return quantiles([await self.say() for _ in range(number)], n=100)[98]


def run(
    *, rounds: int = 5, number: int = 200, lanes: int = LANES, readers: int = READERS
) -> Sequence[Result]:
    """Measures B12 and B12r.

    Args:
        rounds: Alternations.
        number: Marks of each run.
        lanes: The flood's calls in flight.
        readers: Calls in flight of the flood of reads.
    """
    with founded(nodes=lanes, senders=2) as scene, scene.home.serve() as server:
        floods = uvloop.run(_measure(scene, server, (rounds, number), lanes, readers))
    return [
        result(
            name,
            f"a quiet node's mark until its receipt, beside another's {flood_of}, p99 of {number}",
            runs=beside,
            unit="ms",
            baseline=alone,
            baseline_unit="ms, alone",
            target=TARGET,
        )
        for (name, flood_of), (alone, beside) in zip(_FLOODS, floods, strict=True)
    ]


async def _measure(
    scene: Scene, server: Process, size: tuple[int, int], lanes: int, readers: int
) -> list[tuple[list[float], list[float]]]:
    federation = scene.federation
    await scene.agree(server)
    messages = Sealer(federation, lanes).lanes(4)
    client = scene.client(server, federation.senders[_QUIET].header.signer)
    quiet = Quiet(federation, client)
    await quiet.p99(20)
    flood.write(scene.folder, scene.identity(scene.sender), scene.authority, messages)
    floods = [await _compare(scene, server, quiet, size)]
    # The log holds by now what the first flood published: an answer is as large as one may be.
    reads, reader = [[encode_entries_request(0, 0)]] * readers, federation.partners()[0]
    flood.write(scene.folder, scene.identity(reader), scene.authority, reads, methods.ENTRIES)
    floods.append(await _compare(scene, server, quiet, size))
    await client.close()
    return floods


async def _compare(
    scene: Scene, server: Process, quiet: Quiet, size: tuple[int, int]
) -> tuple[list[float], list[float]]:
    rounds, number = size
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(await quiet.p99(number))
        with flood.flooding(scene.folder, server) as process:
            beside.append(await quiet.p99(number))
            if process.poll() is not None:
                raise RuntimeError("the flood ended too early")
    return alone, beside
