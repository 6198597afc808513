"""``python -m bench.flood FOLDER ADDRESS [RATE]``: publishes what is in a folder.

Over and over, as a node that retries without a pause would: in each lane one call after another.
With a rate, each message once, so many a second in all; it prints how many a second it was.
"""

import asyncio
import pickle
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import uvloop

import tearline.rpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from bench.exchange import NAME
from tearline.certificates import TlsKey
from tearline.rpc import methods
from tearline.rpc.credentials import TlsIdentity, client_credentials, client_options

FILE_NAME = "flood"
STARTED = "flooding"


def write(folder: Path, identity: TlsIdentity, authority: bytes, lanes: object) -> None:
    """Leaves everything that a flood needs, for its owner alone."""
    path = folder / FILE_NAME
    path.touch(mode=0o600)
    content = (identity.certificate, identity.key.private_bytes(), authority, lanes)
    path.write_bytes(pickle.dumps(content))


async def _flood(address: str, folder: Path, rate: float | None) -> None:
    import grpc.aio

    content = pickle.loads((folder / FILE_NAME).read_bytes())  # our own, of a moment ago
    certificate, key, authority, lanes = content
    identity = TlsIdentity(certificate=certificate, key=TlsKey(key))
    channel = grpc.aio.secure_channel(
        address, client_credentials(identity, authority), options=client_options(NAME)
    )
    call = channel.unary_unary(methods.PUBLISH, None, None)

    async def lane(messages: Sequence[bytes]) -> None:
        for message in cycle(messages):
            try:
                await call(message)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise

    async def paced(number: int, messages: Sequence[bytes], started: float, rate: float) -> None:
        for place, message in enumerate(messages):
            due = started + (place * len(lanes) + number) / rate
            await asyncio.sleep(max(0, due - time.perf_counter()))
            await call(message)

    if rate is None:
        await call(lanes[0][0])
        print(STARTED, flush=True)
        await asyncio.gather(*map(lane, lanes))
    else:
        await channel.channel_ready()
        print(STARTED, flush=True)
        started = time.perf_counter()
        await asyncio.gather(*(paced(n, each, started, rate) for n, each in enumerate(lanes)))
        print(sum(map(len, lanes)) / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        given = float(sys.argv[3]) if len(sys.argv) > 3 else None
        runner.run(_flood(sys.argv[2], Path(sys.argv[1]), given))
