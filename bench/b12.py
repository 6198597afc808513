"""B12: how long a quiet node waits while another floods the exchange.

The exchange, the flood and this client are three processes. The quiet node publishes one mark
after another, alone and then beside the flood: sixty-four calls of another node in flight, each
with a packet and two grants, sent again without a pause.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import uvloop

from bench import flood
from bench.b3 import LANES, Client, Sealer, agree
from bench.exchange import Home, Process
from bench.federation import SENDER, Federation, found, now_ms
from bench.harness import LATEST, ROOT, Result, Target, result
from tearline.channel import Mark
from tearline.rpc import methods
from tearline.rpc.credentials import TlsIdentity
from tearline.statement import StatementType
from tearline.wire.flow import encode_mark
from tearline.wire.publications import encode_publication, parse_outcomes, publication_of

TARGET = Target(limit=3, at_most=True)


class Quiet:
    """A node that says one thing after another.

    Args:
        federation: Whose node it is.
        client: Its connection.
    """

    def __init__(self, federation: Federation, client: Client) -> None:
        self._federation = federation
        self._client = client
        self._said = 0

    async def say(self) -> float:
        """Publishes a mark; milliseconds until its receipt is there."""
        self._said += 1
        mark = Mark(
            header=self._federation.quiet.header,
            recipient=self._federation.partners()[0],
            agreement_id=self._federation.agreement.id,
            counter=self._said,
            highest_sent=0,
            highest_received=0,
            time_ms=now_ms(),
        )
        tree = self._federation.quiet.sign([(StatementType.MARK, encode_mark(mark))])
        message = encode_publication(publication_of(tree, [0]))
        started = time.perf_counter()
        (outcome,) = parse_outcomes(await self._client.call(methods.PUBLISH, message))
        if outcome.refusal is not None:
            raise RuntimeError(f"the exchange refused: {outcome.refusal}")
        return (time.perf_counter() - started) * 1000

    async def p99(self, number: int) -> float:
        """The 99th percentile of so many."""
        return quantiles([await self.say() for _ in range(number)], n=100)[98]


@contextmanager
def flooding(folder: Path, server: Process) -> Iterator[None]:
    """A flood, while it lasts; it must last to the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.flood", str(folder), server.address],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != flood.STARTED:
            raise RuntimeError("the flood did not begin")
        yield
        if process.poll() is not None:
            raise RuntimeError("the flood ended too early")
    finally:
        process.kill()
        process.communicate()


def run(*, rounds: int = 5, number: int = 200, lanes: int = LANES) -> Sequence[Result]:
    """Measures B12.

    Args:
        rounds: Alternations.
        number: Marks of each run.
        lanes: The flood's calls in flight.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent)))
        home = Home(folder)
        federation = found(home.operator.enrolment, nodes=lanes)
        home.begin(federation.trust_list, federation.records)
        server = stack.enter_context(home.serve())
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        scene = Scene(folder=folder, home=home, federation=federation, server=server)
        alone, beside = runner.run(_measure(scene, rounds, number, lanes))
    return [
        result(
            "B12",
            f"a quiet node's mark until its receipt, beside another's flood, p99 of {number}",
            runs=beside,
            unit="ms",
            baseline=alone,
            baseline_unit="ms, alone",
            target=TARGET,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An exchange that serves, and the federation around it."""

    folder: Path
    home: Home
    federation: Federation
    server: Process

    def client(self, identity: TlsIdentity) -> Client:
        """A node's connection."""
        return Client(self.server, identity, self.home.operator.keys.authority.certificate)


async def _measure(
    scene: Scene, rounds: int, number: int, lanes: int
) -> tuple[list[float], list[float]]:
    federation, member = scene.federation, scene.federation.members[SENDER]
    identity = member.tls(federation.sender.header.signer)
    loud = scene.client(identity)
    await agree(loud, federation, identity)
    await loud.close()
    authority = scene.home.operator.keys.authority.certificate
    flood.write(scene.folder, identity, authority, Sealer(federation, lanes).lanes(4))
    client = scene.client(member.tls(federation.quiet.header.signer))
    quiet = Quiet(federation, client)
    await quiet.p99(20)
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(await quiet.p99(number))
        with flooding(scene.folder, scene.server):
            beside.append(await quiet.p99(number))
    await client.close()
    return alone, beside
