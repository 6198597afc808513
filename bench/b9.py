"""B9: two exchange processes over one PostgreSQL, beside one of them alone.

PostgreSQL is the one that tests use, here with every commit synced. Both exchanges serve all the
time; sixty-four lanes, as in B3, are sent to one of them, or thirty-two to each.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvloop

from bench.client import Client, Load, load, verify_accepted
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import LANES, RECIPIENTS, Lanes, Sealer
from tearline_runtime.grpc import methods

_SHARED_CORES, _MANY_CORES = 4, 8
_SETTINGS = {"fsync": "on", "shared_buffers": "128MB", "max_wal_size": "4GB"}


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty database."""
    from support.postgres import Postgres

    server = Postgres(**_SETTINGS)
    try:
        server.make()
        server.start()
        yield server.url()
    finally:
        server.close()


def run(*, rounds: int = 5, packets: int = 4, lanes: int = LANES) -> Sequence[Result]:
    """Measures B9.

    Args:
        rounds: Alternations.
        packets: Messages of each lane in each run.
        lanes: Calls in flight, in all.
    """
    with (
        database() as store,
        founded(nodes=lanes, settings={"store": store}) as scene,
        scene.home.serve() as first,
        scene.home.serve_beside() as second,
    ):
        one, two = uvloop.run(_measure(scene, (first, second), (rounds, packets, lanes)))
    return [
        result(
            "B9",
            "publish as in B3 to two exchanges over one PostgreSQL",
            runs=[load.rate for load in two],
            unit="packets/s",
            baseline=[load.rate for load in one],
            baseline_unit="packets/s to one of them",
            target=_target(os.cpu_count() or 1),
        ),
        result(
            "B9c",
            "the exchanges' processor time for such a packet, the database's own not counted",
            runs=[load.cpu_us for load in two],
            unit="µs",
            baseline=[load.cpu_us for load in one],
            baseline_unit="µs of one of them",
        ),
    ]


def _target(cores: int) -> Target | None:
    """Where everything shares a few cores, a second process cannot be faster: it must not cost."""
    if cores <= _SHARED_CORES:
        return Target(limit=0.85, at_most=False)
    return Target(limit=1.6, at_most=False) if cores >= _MANY_CORES else None


async def _measure(
    scene: Scene, servers: Sequence[Process], size: tuple[int, int, int]
) -> tuple[list[Load], list[Load]]:
    rounds, packets, lanes = size
    await scene.agree(servers[0])
    clients = [scene.client(server, scene.sender) for server in servers]
    sealer = Sealer(scene.federation, lanes)
    one: list[Load] = []
    two: list[Load] = []
    await _load(clients, sealer.lanes(1))
    for _ in range(rounds):
        one.append(await _load(clients[:1], sealer.lanes(packets)))
        two.append(await _load(clients, sealer.lanes(packets)))
    for client in clients:
        await client.close()
    return one, two


async def _load(clients: Sequence[Client], lanes: Lanes) -> Load:
    """Sends every lane's messages, the lanes dealt out among the exchanges."""
    dealt = [lanes[number :: len(clients)] for number in range(len(clients))]
    found, replies = await load(methods.PUBLISH, list(zip(clients, dealt, strict=True)))
    for reply in replies:
        verify_accepted(reply, 1 + RECIPIENTS)
    return found
