"""B9: two exchange processes over one PostgreSQL, beside one of them alone.

PostgreSQL is the one that tests use, here with every commit synced. Both exchanges serve all the
time; sixty-four lanes, as in B3, are sent to one of them, or thirty-two to each.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop

from bench.b3 import LANES, Client, Lanes, Load, Sealer, agree, verify_accepted
from bench.exchange import Home, Process
from bench.federation import SENDER, Federation, found
from bench.harness import LATEST, ROOT, Result, Target, result
from tearline.rpc import methods

_SHARED_CORES, _MANY_CORES = 4, 8
_SETTINGS = {"fsync": "on", "shared_buffers": "128MB", "max_wal_size": "4GB"}


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty database."""
    sys.path.insert(0, str(ROOT / "tests"))
    from postgres import Postgres

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
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent)))
        home = Home(folder, {"store": stack.enter_context(database())})
        federation = found(home.operator.enrolment, nodes=lanes)
        home.begin(federation.trust_list, federation.records)
        servers = [stack.enter_context(home.serve()), stack.enter_context(home.serve_beside())]
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        one, two = runner.run(_measure(home, federation, servers, (rounds, packets, lanes)))
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
    home: Home, federation: Federation, servers: Sequence[Process], size: tuple[int, int, int]
) -> tuple[list[Load], list[Load]]:
    rounds, packets, lanes = size
    identity = federation.members[SENDER].tls(federation.sender.header.signer)
    authority = home.operator.keys.authority.certificate
    clients = [Client(server, identity, authority) for server in servers]
    await agree(clients[0], federation, identity)
    sealer = Sealer(federation, lanes)
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
    started = time.perf_counter()
    done = await asyncio.gather(
        *(client.load(methods.PUBLISH, each) for client, each in zip(clients, dealt, strict=True))
    )
    elapsed = time.perf_counter() - started
    for _, replies in done:
        verify_accepted(replies)
    sent = sum(map(len, lanes))
    shares = [sum(map(len, each)) / sent for each in dealt]
    cpu_us = sum(load.cpu_us * share for (load, _), share in zip(done, shares, strict=True))
    return Load(rate=sent / elapsed, cpu_us=cpu_us)
