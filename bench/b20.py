"""B20: a large document sent to the exchange, beside its bytes through an echo into a file.

Both read a file, part by part of 1 MiB, over TLS to a process of its own. The bare one is answered
each part and appends it to a file, which is synchronised in the end. The document is sealed, and
the exchange verifies and synchronises each part before it answers. ``FULL=1`` sends 10 GiB.
"""

import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.client import Client
from bench.echo import METHOD
from bench.exchange import Process
from bench.founding import Scene, founded
from bench.harness import LATEST, Result, Target, result
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.wire.blobs import Offer, Part, encode_offer, encode_part, parse_state
from tearline_client.connectors.importers.large_documents import (
    LargeDocument,
    read_large,
    sealed_part,
)
from tearline_runtime.grpc import methods

MIB = 10 << 10 if os.environ.get("FULL") else 1 << 10
RATE = Target(limit=0.5, at_most=False)
MEMORY = Target(limit=64, at_most=True)


@dataclass(kw_only=True)
class Found:
    """MiB a second, and the further memory of the exchange in MiB."""

    bare: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def run(rounds: int = 3, mib: int = MIB) -> Sequence[Result]:
    """Measures both, in turn."""
    settings = {"blob_bytes": 1 << 40}
    with founded(settings=settings) as scene, ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=LATEST.parent))
        source = Path(folder) / "telephone.dd"
        with source.open("wb") as file:
            for _ in range(mib):
                file.write(secrets.token_bytes(PART_PLAIN_BYTES))
        found = asyncio.run(_measure(scene, stack, source, rounds, mib))
    echoed = "through an echo into a file, MiB/s"
    lines = (
        ("B20", "a document to the exchange", found.sent, "MiB/s", found.bare, echoed, RATE),
        ("B20m", "exchange, further memory", found.memory, "MiB", [1.0], "a part, MiB", MEMORY),
    )
    return [
        result(name, what, runs=runs, unit=figure, baseline=bare, baseline_unit=unit, target=goal)
        for name, what, runs, figure, bare, unit, goal in lines
    ]


async def _measure(scene: Scene, stack: ExitStack, source: Path, rounds: int, mib: int) -> Found:
    found = Found()
    echo, exchange = stack.enter_context(scene.home.serve_echo()), scene.home.serve()
    with exchange:
        bare, sender = scene.client(echo, scene.sender), scene.client(exchange, scene.sender)
        for _ in range(rounds):
            began = time.perf_counter()
            await _copy(bare, source)
            found.bare.append(mib / (time.perf_counter() - began))
            with source.open("rb") as stream:
                document = read_large(source, stream, source.stat().st_size)
            began, memory_kib = time.perf_counter(), exchange.memory_kib
            most_kib = await _send(sender, document, exchange)
            found.sent.append(mib / (time.perf_counter() - began))
            found.memory.append((most_kib - memory_kib) / 1024)
        await bare.close()
        await sender.close()
    return found


async def _copy(client: Client, source: Path) -> None:
    """Sends a file through the echo into another, which is durable in the end."""
    with source.open("rb") as file, tempfile.TemporaryFile(dir=source.parent) as target:
        while part := file.read(PART_PLAIN_BYTES):
            target.write(await client.call(METHOD, part))
        target.flush()
        os.fsync(target.fileno())


async def _send(client: Client, document: LargeDocument, exchange: Process) -> float:
    """Sends a document as a node does; the most memory of the exchange meanwhile, KiB."""
    blob, most_kib = document.blob, 0.0
    offer = Offer(id=blob.id, size=blob.division.sealed, leaves=document.leaves)
    await client.call(methods.BLOB_OFFER, encode_offer(offer))
    for number, leaf in enumerate(document.leaves):
        data = await asyncio.to_thread(sealed_part, str(document.path), leaf, blob, number)
        part = encode_part(Part(id=blob.id, number=number, data=data))
        assert parse_state(await client.call(methods.BLOB_PUT, part)) == number + 1
        most_kib = max(most_kib, exchange.memory_kib)
    return most_kib
