"""An echo server, set up exactly as the exchange is: ``python -m bench.echo HOME ADDRESS``.

With ``--verify`` it verifies one composite signature before it answers a call. Nobody is
asked who they are, and nothing is parsed or kept: this is what the transport costs.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from tearline.crypto.keys import SigningKey
from tearline.verification.trust import founded

METHOD = "/bench.Echo/Echo"
_MESSAGE = bytes(200)

Answer = Callable[[bytes, object], Awaitable[bytes]]


async def _echo(request: bytes, _context: object) -> bytes:
    return request


def _verifying() -> Answer:
    key = SigningKey.generate()
    public, signature = key.public, key.sign(_MESSAGE)

    async def echo(request: bytes, _context: object) -> bytes:
        public.verify(signature, _MESSAGE)
        return request

    return echo


async def _serve(home: Path, address: str, answer: Answer) -> None:
    import grpc

    from bench.exchange import CHARTER
    from tearline_client.founding.charter_file import read_federation
    from tearline_server.config import load_config, read_passphrase
    from tearline_server.grpc.front import Front
    from tearline_server.grpc.server import make_server
    from tearline_server.keys import read_keys
    from tearline_server.observability.metrics import Metrics

    config = load_config(home)
    keys = read_keys(config.keys, read_passphrase(None))
    membership = founded(read_federation(home / CHARTER)).membership
    front = Front(config, keys, lambda: membership, Metrics())
    _, service, name = METHOD.split("/")
    handler = grpc.unary_unary_rpc_method_handler(answer)
    handlers = grpc.method_handlers_generic_handler(service, {name: handler})
    server, _ = make_server(address, lambda: front.tls, [handlers], begin=lambda: None)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await server.start()
    await stopping.wait()
    await server.stop(None)


def main() -> None:
    """Serves until it is told to stop."""
    import uvloop

    parser = argparse.ArgumentParser(prog="bench.echo", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("address")
    parser.add_argument("--verify", action="store_true")
    arguments = parser.parse_args()
    sys.setswitchinterval(0.0005)  # as the exchange does
    answer = _verifying() if arguments.verify else _echo
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(arguments.home, arguments.address, answer))


if __name__ == "__main__":
    main()
