"""B13: many nodes publish at once, beside one that has as many calls in flight as all of them.

The exchange is a process; this process is its clients, each node with a connection of its own.
All is as in B3. What is compared is what it costs to serve many: with several nodes batches are
small, so that none waits long behind another.
"""

from collections.abc import Sequence

import uvloop

from bench.client import Client, Load, load, verify_accepted
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, result
from bench.lanes import LANES, RECIPIENTS, Sealer
from tearline_runtime.grpc import methods

NODES = 8


def run(
    *, rounds: int = 7, packets: int = 8, lanes: int = LANES, nodes: int = NODES
) -> Sequence[Result]:
    """Measures B13.

    Args:
        rounds: Alternations.
        packets: Messages of each lane in each run.
        lanes: Calls in flight, of all nodes together.
        nodes: How many nodes publish.
    """
    # The first publishes alone, the others together.
    with founded(nodes=lanes, senders=1 + nodes) as scene, scene.home.serve() as server:
        one, many = uvloop.run(_measure(scene, server, (rounds, packets, lanes, nodes)))
    what = f"publish as in B3, from {nodes} nodes with {lanes // nodes} calls in flight each"
    return [
        result(
            "B13",
            what,
            runs=[load.rate for load in many],
            unit="packets/s",
            baseline=[load.rate for load in one],
            baseline_unit=f"packets/s from one node with {lanes}",
        ),
        result(
            "B13c",
            "the exchange's processor time for each packet",
            runs=[load.cpu_us for load in many],
            unit="µs",
            baseline=[load.cpu_us for load in one],
            baseline_unit="µs, from one node",
        ),
    ]


async def _measure(
    scene: Scene, server: Process, size: tuple[int, int, int, int]
) -> tuple[list[Load], list[Load]]:
    rounds, packets, lanes, nodes = size
    await scene.agree(server)
    publishers = [
        (
            scene.client(server, signer.header.signer),
            Sealer(scene.federation, lanes if number == 0 else lanes // nodes, sender=number),
        )
        for number, signer in enumerate(scene.federation.senders)
    ]
    one, many = publishers[:1], publishers[1:]
    await _together(publishers, 1)  # connections are made, policies are decided
    loads: tuple[list[Load], list[Load]] = ([], [])
    for _ in range(rounds):
        for found, publishing in zip(loads, (one, many), strict=True):
            found.append(await _together(publishing, packets))
    for client, _ in publishers:
        await client.close()
    return loads


async def _together(publishers: Sequence[tuple[Client, Sealer]], packets: int) -> Load:
    """What the exchange does with so many messages in each lane of all publishers at once."""
    sealed = [(client, sealer.lanes(packets)) for client, sealer in publishers]
    found, replies = await load(methods.PUBLISH, sealed)
    for reply in replies:
        verify_accepted(reply, 1 + RECIPIENTS)
    return found
