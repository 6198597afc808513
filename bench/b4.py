"""B4: publish to a real exchange in a stream, beside a bare loop that writes the same rows.

The exchange is a process of its own. The sender's packets share signatures, a tree of 512 for each
batch, and travel in messages of up to a megabyte, as a node's import makes them. All is sealed
before the clock starts. The bare loop writes the rows that the exchange's store wrote for the
first batch, into a copy of the database that it had before, on the same disk.
"""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.b3 import Client, Load, agree
from bench.exchange import Home, Process
from bench.federation import SENDER, Federation, found
from bench.harness import LATEST, Result, Target, result
from bench.packet import lead, releaser
from bench.rows import Row, gained, snapshot, write
from tearline.rpc import methods
from tearline.wire.publications import encode_publication, parse_outcomes
from tearline_client.desks.importing import batches
from tearline_client.link.outgoing import compose
from tearline_client.planning.plan import ReleasePlan

RECIPIENTS = 2
TARGET = Target(limit=0.3, at_most=False)


class Sealer:
    """The sending node, which seals a run's messages in advance.

    Args:
        federation: Whose node it is.
    """

    def __init__(self, federation: Federation) -> None:
        self._plan: ReleasePlan = lead(federation, federation.partners()[:RECIPIENTS])
        self._places: Counter[str] = Counter()
        self._releaser = releaser(federation, self._next_seq)

    def messages(self, packets: int) -> list[bytes]:
        """Messages with so many packets, each batch of them under one signature."""
        compositions = (compose(b, self._releaser) for b in batches([self._plan] * packets))
        return [encode_publication(p) for each in compositions for p in each.publications]

    def _next_seq(self, recipient: str, agreement: bytes) -> int:
        self._places[recipient] += 1
        return self._places[recipient]


@dataclass(kw_only=True)
class Runs:
    """Packets a second, and microseconds of processor time for each, of both."""

    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    bare_rates: list[float] = field(default_factory=list)
    bare_cpu_us: list[float] = field(default_factory=list)
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)


def run(*, rounds: int = 7, packets: int = 256) -> Sequence[Result]:
    """Measures B4.

    Args:
        rounds: Alternations.
        packets: In each run.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent)))
        home = Home(folder)
        federation = found(home.operator.enrolment)
        home.begin(federation.trust_list, federation.records)
        server = stack.enter_context(home.serve())
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        runs = runner.run(_measure(home, federation, server, folder, (rounds, packets)))
    return _results(runs)


async def _measure(
    home: Home, federation: Federation, server: Process, folder: Path, size: tuple[int, int]
) -> Runs:
    rounds, packets = size
    database = home.operator.config.database
    identity = federation.members[SENDER].tls(federation.sender.header.signer)
    client = Client(server, identity, home.operator.keys.authority.certificate)
    await agree(client, federation, identity)
    sealer, runs = Sealer(federation), Runs()
    await publish(client, server, sealer.messages(1), 1)  # the policies are decided
    before, after, bare = (folder / f"{name}.db" for name in ("before", "after", "bare"))
    snapshot(database, before)
    for number in range(rounds):
        load = await publish(client, server, sealer.messages(packets), packets)
        runs.rates.append(load.rate)
        runs.cpu_us.append(load.cpu_us)
        if number == 0:
            snapshot(database, after)
            runs.rows = gained(before, after)
        shutil.copy(before, bare)
        seconds, used_us = write(runs.rows, bare, packets=packets)
        runs.bare_rates.append(packets / seconds)
        runs.bare_cpu_us.append(used_us / packets)
    await client.close()
    return runs


async def publish(client: Client, server: Process, messages: Sequence[bytes], packets: int) -> Load:
    """Publishes in one stream, as many messages under way as the exchange reads ahead."""
    started, used_us = time.perf_counter(), server.cpu_us
    replies = await client.converse(methods.PUBLISH_STREAM, messages)
    elapsed, used_us = time.perf_counter() - started, server.cpu_us - used_us
    outcomes = [outcome for reply in replies for outcome in parse_outcomes(reply)]
    refused = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    if refused or len(outcomes) != packets * (1 + RECIPIENTS):
        raise RuntimeError(f"the exchange refused: {refused}")
    return Load(rate=packets / elapsed, cpu_us=used_us / packets)


def _results(runs: Runs) -> Sequence[Result]:
    results = [
        result(
            "B4",
            "publish packets with 2 grants in a stream, shared signatures, durable",
            runs=runs.rates,
            unit="packets/s",
            baseline=runs.bare_rates,
            baseline_unit="packets/s of a loop that writes the same rows",
            target=TARGET,
        )
    ]
    if all(cost > 0 for cost in runs.cpu_us):
        results.append(
            result(
                "B4c",
                "the exchange's processor time for each packet",
                runs=runs.cpu_us,
                unit="µs",
                baseline=runs.bare_cpu_us,
                baseline_unit="µs of the bare loop",
            )
        )
    return results
