"""B8: the exchange's memory: of idle subscribers, and of a backlog that nobody takes in.

Resident memory of the exchange's process, as the system says (``/proc/…/status``). Subscribers are
one node's calls, forty on a connection each and then forty on one, in turns; what the first forty
cost, which warm the process up, is not counted. The backlog is packets of 2.6 MiB in one mailbox,
64 MiB of them and then ten times as much; with ``FULL=1`` in the environment 1 and 10 GiB. Then a
node begins to read it and stops: a slow reader.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import uvloop

from bench.client import Client, verify_accepted
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.packet import bulk, compose, releaser
from tearline.wire.deliveries import START, encode_cursor, is_idle
from tearline.wire.publications import encode_publication
from tearline_runtime.grpc import methods

OWN_KIB, SHARED_KIB, BACKLOG_MIB = 128, 40, 64  # what each may take
TARGET = Target(limit=1, at_most=True)
FEW_MIB = 1 << 10 if os.environ.get("FULL") else 64
GROWTH = 10
_COUNTED = 40  # eleven times as many are within what one node may have under way
_SETTINGS = {"mailbox_bytes": 1 << 40, "node_bytes_s": 1 << 40}  # neither is what is measured
_SETTLE_S = 1.0


async def _memory_kib(server: Process) -> float:
    """What the exchange holds, after a moment in which nothing happens."""
    await asyncio.sleep(_SETTLE_S)
    return server.memory_kib


async def _idle(
    scene: Scene, server: Process, rounds: int, counted: int
) -> tuple[list[float], list[float]]:
    """KiB of an idle subscriber on a connection of its own, and on one that they all share."""
    node = scene.federation.partners()[0]
    clients: list[Client] = []
    streams: list[AsyncIterator[bytes]] = []

    async def subscribe(client: Client) -> None:
        stream = client.stream(methods.SUBSCRIBE, encode_cursor(START))
        while not is_idle(await anext(stream)):
            pass
        streams.append(stream)

    async def grown(connections: int) -> float:
        before = await _memory_kib(server)
        for number in range(counted):
            if number < connections:
                clients.append(scene.client(server, node))
            await subscribe(clients[-1])
        return (await _memory_kib(server) - before) / counted

    await grown(counted)  # what the first ones cost is not theirs alone
    runs = [(await grown(counted), await grown(1)) for _ in range(rounds)]
    for client in clients:
        await client.close()
    return [own for own, _ in runs], [shared for _, shared in runs]


async def _backlog(scene: Scene, server: Process, few_mib: int) -> tuple[float, float, float]:
    """MiB held with some backlog, with ten times as much, and once somebody reads slowly."""
    await scene.agree(server)
    sender = scene.client(server, scene.sender)
    node = scene.federation.partners()[0]
    plan, releases = bulk(scene.federation, [node]), releaser(scene.federation)
    held, waiting = [], 0
    for mib in (few_mib, GROWTH * few_mib):
        while waiting < mib << 20:
            message = encode_publication(compose([plan], releases).publications[0])
            verify_accepted(await sender.call(methods.PUBLISH, message), 2)
            waiting += len(message)
        held.append(await _memory_kib(server) / 1024)
    reader = scene.client(server, node)
    stream = reader.stream(methods.SUBSCRIBE, encode_cursor(START))
    for _ in range(3):
        await anext(stream)
    slow = await _memory_kib(server) / 1024
    for client in (sender, reader):
        await client.close()
    return held[0], held[1], slow


def run(*, rounds: int = 5, counted: int = _COUNTED, few_mib: int = FEW_MIB) -> Sequence[Result]:
    """Measures B8.

    Args:
        rounds: Alternations of the two ways to connect; all stay connected.
        counted: Subscribers of each.
        few_mib: The smaller backlog.
    """
    with founded(settings=_SETTINGS) as scene, scene.home.serve() as server:
        own, shared = uvloop.run(_idle(scene, server, rounds, counted))
    with founded(settings=_SETTINGS) as scene, scene.home.serve() as server:
        few, many, slow = uvloop.run(_backlog(scene, server, few_mib))
    sizes = f"{few_mib:,} to {GROWTH * few_mib:,} MiB"
    return [
        _memory("B8", "an idle subscriber on its own connection", own, "KiB", OWN_KIB),
        _memory("B8s", "an idle subscriber on a shared connection", shared, "KiB", SHARED_KIB),
        _memory(
            "B8b",
            f"the exchange's growth while a backlog grows from {sizes}",
            [max(0.0, many - few)],
            "MiB",
            BACKLOG_MIB,
        ),
        result(
            "B8r",
            f"the exchange with {GROWTH * few_mib:,} MiB of backlog and a reader that stopped",
            runs=[slow],
            unit="MiB",
            baseline=[few],
            baseline_unit=f"MiB with {few_mib:,} MiB of backlog and no reader",
        ),
    ]


def _memory(id_: str, what: str, runs: Sequence[float], unit: str, limit: float) -> Result:
    return result(
        id_,
        what,
        runs=runs,
        unit=unit,
        baseline=[limit],
        baseline_unit=f"{unit}, what it may take",
        target=TARGET,
    )
