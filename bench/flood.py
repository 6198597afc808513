"""``python -m bench.flood FOLDER ADDRESS``: publishes what is in a folder, over and over.

As a node that retries without a pause would: in each lane one call after another.
"""

import asyncio
import pickle
import sys
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


async def _flood(address: str, folder: Path) -> None:
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

    await call(lanes[0][0])
    print(STARTED, flush=True)
    await asyncio.gather(*map(lane, lanes))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_flood(sys.argv[2], Path(sys.argv[1])))
