"""B3: publish to a real exchange, beside echoes of the same bytes.

The exchange, and each echo server, is a process; this process is their client. All are on
loopback with mutual TLS and share the server set-up. Sixty-four calls are in flight, each
lane of them with a channel of its own, since the places of one channel must come in order.
Everything is sealed before the clock starts, and the database is on the disk of this folder.
"""

from collections.abc import Sequence
from contextlib import ExitStack

import uvloop

from bench.client import Client, Load, verify_accepted
from bench.echo import METHOD
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import LANES, RECIPIENTS, Lanes, Sealer
from tearline_runtime.grpc import methods

ECHO_TARGET = Target(limit=0.25, at_most=False)
VERIFYING_TARGET = Target(limit=0.5, at_most=False)
MESSAGE = 17_000
MESSAGE_TARGET = Target(limit=1, at_most=True)


def run(*, rounds: int = 7, packets: int = 8, lanes: int = LANES) -> Sequence[Result]:
    """Measures B3.

    Args:
        rounds: Alternations.
        packets: Messages of each lane in each run.
        lanes: Calls in flight.
    """
    with founded(nodes=lanes) as scene, ExitStack() as stack:
        servers = {
            "echo": stack.enter_context(scene.home.serve_echo()),
            "verifying": stack.enter_context(scene.home.serve_echo("--verify")),
            "exchange": stack.enter_context(scene.home.serve()),
        }
        return uvloop.run(_measure(scene, servers, (rounds, packets, lanes)))


async def _measure(
    scene: Scene, servers: dict[str, Process], size: tuple[int, int, int]
) -> Sequence[Result]:
    rounds, packets, lanes = size
    await scene.agree(servers["exchange"])
    clients = {name: scene.client(server, scene.sender) for name, server in servers.items()}
    sealer = Sealer(scene.federation, lanes)
    loads: dict[str, list[Load]] = {name: [] for name in clients}
    first = sealer.lanes(1)
    await _round(clients, first)  # connections are made, policies are decided
    for _ in range(rounds):
        for name, load in (await _round(clients, sealer.lanes(packets))).items():
            loads[name].append(load)
    for client in clients.values():
        await client.close()
    return [*_results(loads), _size([len(message) for lane in first for message in lane])]


async def _round(clients: dict[str, Client], messages: Lanes) -> dict[str, Load]:
    loads = {}
    for name, client in clients.items():
        method = methods.PUBLISH if name == "exchange" else METHOD
        loads[name], replies = await client.load(method, messages)
        if name == "exchange":
            for reply in replies:
                verify_accepted(reply, 1 + RECIPIENTS)
    return loads


def _size(sizes: Sequence[int]) -> Result:
    return result(
        "B3b",
        "the message that publishes such a packet",
        runs=sizes,
        unit="bytes",
        baseline=[MESSAGE],
        baseline_unit="bytes, what it may take",
        target=MESSAGE_TARGET,
    )


def _results(loads: dict[str, list[Load]]) -> Sequence[Result]:
    rates = {name: [load.rate for load in found] for name, found in loads.items()}
    costs = {name: [load.cpu_us for load in found] for name, found in loads.items()}
    what = "publish a packet with 2 grants, one signature, durable, 64 in flight"
    return [
        result(
            "B3",
            what,
            runs=rates["exchange"],
            unit="packets/s",
            baseline=rates["echo"],
            baseline_unit="echoes/s of the same bytes",
            target=ECHO_TARGET,
        ),
        result(
            "B3v",
            what,
            runs=rates["exchange"],
            unit="packets/s",
            baseline=rates["verifying"],
            baseline_unit="echoes/s that verify one composite signature",
            target=VERIFYING_TARGET,
        ),
        result(
            "B3c",
            "the exchange's processor time for each packet",
            runs=costs["exchange"],
            unit="µs",
            baseline=costs["verifying"],
            baseline_unit="µs of the verifying echo server",
        ),
    ]
