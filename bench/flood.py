"""``python -m bench.flood FOLDER ADDRESS [RATE]``: calls a method with what is in a folder.

Over and over, as a node that retries without a pause would: in each lane one call after another.
With a rate, each message once, so many a second in all; it prints how many a second it was.
"""

import asyncio
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import uvloop

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from bench.exchange import NAME, Process
from bench.harness import ROOT
from tearline.crypto.tls_keys import TlsKey
from tearline.limits import MAX_STREAMS_PER_CONNECTION
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import client_credentials, client_options
from tearline_runtime.grpc.tls_identity import TlsIdentity

_FILE_NAME = "flood"
_STARTED = "flooding"


def write(
    folder: Path,
    identity: TlsIdentity,
    authority: bytes,
    lanes: object,
    method: str = methods.PUBLISH,
) -> None:
    """Leaves everything that a flood needs, for its owner alone."""
    path = folder / _FILE_NAME
    path.touch(mode=0o600)
    content = (identity.certificate, identity.key.private_bytes(), authority, lanes, method)
    path.write_bytes(pickle.dumps(content))


@contextmanager
def flooding(
    folder: Path, server: Process, rate: float | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A flood in a process of its own, from its first message on."""
    command = [sys.executable, "-m", "bench.flood", str(folder), server.address]
    if rate is not None:
        command.append(str(rate))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != _STARTED:
                raise RuntimeError("the flood did not begin")
            yield process
        finally:
            process.kill()


async def _flood(address: str, folder: Path, rate: float | None) -> None:
    import grpc.aio

    content = pickle.loads((folder / _FILE_NAME).read_bytes())  # our own, of a moment ago
    certificate, key, authority, lanes, method = content
    identity = TlsIdentity(certificate=certificate, key=TlsKey(key))
    channels = [
        grpc.aio.secure_channel(
            address,
            client_credentials(identity, authority),
            options=[*client_options(NAME), ("grpc.use_local_subchannel_pool", 1)],
        )
        for _ in range(0, len(lanes), MAX_STREAMS_PER_CONNECTION // 2)
    ]
    calls = [channel.unary_unary(method, None, None) for channel in channels]

    async def lane(number: int, messages: Sequence[bytes]) -> None:
        for message in cycle(messages):
            try:
                await calls[number % len(calls)](message)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise

    async def paced(number: int, messages: Sequence[bytes], started: float, rate: float) -> None:
        for place, message in enumerate(messages):
            due = started + (place * len(lanes) + number) / rate
            await asyncio.sleep(max(0, due - time.perf_counter()))
            await calls[number % len(calls)](message)

    if rate is None:
        await calls[0](lanes[0][0])
        print(_STARTED, flush=True)
        await asyncio.gather(*(lane(number, each) for number, each in enumerate(lanes)))
    else:
        for channel in channels:
            await channel.channel_ready()
        print(_STARTED, flush=True)
        started = time.perf_counter()
        await asyncio.gather(*(paced(n, each, started, rate) for n, each in enumerate(lanes)))
        print(sum(map(len, lanes)) / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        given = float(sys.argv[3]) if len(sys.argv) > 3 else None
        runner.run(_flood(sys.argv[2], Path(sys.argv[1]), given))
