"""B4: publish to a real exchange in a stream, beside a bare loop that writes the same rows.

The exchange is a process of its own. The sender's packets share signatures, a tree of 512 for each
batch, and travel in messages of up to a megabyte, as a node's import makes them. All is sealed
before the clock starts. The bare loop writes the rows that the exchange's store wrote for the
first batch, into a copy of the database that it had before, on the same disk.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import uvloop

from bench.client import Client, Load
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import RECIPIENTS
from bench.packet import compose, lead, releaser
from bench.rows import Row, gained, snapshot, write
from tearline.wire.publications import encode_publication, parse_outcomes
from tearline_client.features.packets.bulk import batches
from tearline_client.messages.compose import GrantContext
from tearline_client.planning.release_plan import ReleasePlan
from tearline_runtime.grpc import methods

TARGET = Target(limit=0.3, at_most=False)
DISK = 29_000
DISK_TARGET = Target(limit=1, at_most=True)


@dataclass(kw_only=True)
class Runs:
    """Packets a second, and microseconds of processor time for each, of both."""

    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    bare_rates: list[float] = field(default_factory=list)
    bare_cpu_us: list[float] = field(default_factory=list)
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    disk: list[float] = field(default_factory=list)


def run(*, rounds: int = 7, packets: int = 256) -> Sequence[Result]:
    """Measures B4.

    Args:
        rounds: Alternations.
        packets: In each run.
    """
    with founded() as scene, scene.home.serve() as server:
        runs = uvloop.run(_measure(scene, server, (rounds, packets)))
    return _results(runs)


async def _measure(scene: Scene, server: Process, size: tuple[int, int]) -> Runs:
    rounds, packets = size
    database = scene.home.operator.config.database
    await scene.agree(server)
    client = scene.client(server, scene.sender)
    plan = lead(scene.federation, scene.federation.partners()[:RECIPIENTS])
    sealing, runs = releaser(scene.federation), Runs()
    await publish(client, server, _messages([plan], sealing), 1)  # the policies are decided
    before, after, bare = (scene.folder / f"{name}.db" for name in ("before", "after", "bare"))
    snapshot(database, before)
    for number in range(rounds):
        messages = _messages([plan] * packets, sealing)
        load = await publish(client, server, messages, packets)
        runs.rates.append(load.rate)
        runs.cpu_us.append(load.cpu_us)
        if number == 0:
            snapshot(database, after)
            runs.rows = gained(before, after)
            runs.disk = [(after.stat().st_size - before.stat().st_size) / packets]
        shutil.copy(before, bare)
        seconds, used_us = write(runs.rows, bare, packets=packets)
        runs.bare_rates.append(packets / seconds)
        runs.bare_cpu_us.append(used_us / packets)
    await client.close()
    return runs


def _messages(plans: Sequence[ReleasePlan], sealing: GrantContext) -> list[bytes]:
    """Messages with a packet for each plan, each batch of them under one signature."""
    compositions = (compose(batch, sealing) for batch in batches(plans))
    return [encode_publication(p) for each in compositions for p in each.publications]


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
    return [
        result(
            "B4",
            "publish packets with 2 grants in a stream, shared signatures, durable",
            runs=runs.rates,
            unit="packets/s",
            baseline=runs.bare_rates,
            baseline_unit="packets/s of a loop that writes the same rows",
            target=TARGET,
        ),
        result(
            "B4c",
            "the exchange's processor time for each packet",
            runs=runs.cpu_us,
            unit="µs",
            baseline=runs.bare_cpu_us,
            baseline_unit="µs of the bare loop",
        ),
        result(
            "B4d",
            "disk of the exchange for each packet",
            runs=runs.disk,
            unit="bytes",
            baseline=[DISK],
            baseline_unit="bytes, what it may take",
            target=DISK_TARGET,
        ),
    ]
