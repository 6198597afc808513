"""A node's connection to a server of the benchmarks, and what the server did meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from bench.exchange import NAME, Process
from bench.lanes import Lanes
from tearline.wire.publications import parse_outcomes
from tearline_runtime.grpc.credentials import (
    TlsIdentity,
    client_credentials,
    client_options,
    with_access_token,
)

Call = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one server did with one run's messages.

    Attributes:
        rate: Messages a second.
        cpu_us: The server's processor time for each, in microseconds.
    """

    rate: float
    cpu_us: float


class Client:
    """A node's connection to a server, and one more for half of its lanes.

    A server refuses a connection's calls beyond its bound, those among them that have just ended.

    Args:
        server: The server.
        identity: The node's certificate.
        authority: The CA of the server's.
    """

    def __init__(self, server: Process, identity: TlsIdentity, authority: bytes) -> None:
        import grpc.aio

        self.server = server
        self._channels = [
            grpc.aio.secure_channel(
                server.address,
                client_credentials(identity, authority),
                # Each client is a program of its own: it shares no connection with another.
                options=[*client_options(NAME), ("grpc.use_local_subchannel_pool", 1)],
            )
            for _ in range(2)
        ]
        self._channel = self._channels[0]
        self._of_lanes = cycle(self._channels)

    async def call(self, method: str, request: bytes, token: str = "") -> bytes:
        """Calls once."""
        metadata = with_access_token(token) if token else ()
        reply: bytes = await self._channel.unary_unary(method, None, None)(
            request, metadata=metadata
        )
        return reply

    def stream(self, method: str, request: bytes) -> AsyncIterator[bytes]:
        """Calls once, and is answered by many."""
        return aiter(self._channel.unary_stream(method, None, None)(request))

    async def converse(self, method: str, requests: Sequence[bytes]) -> list[bytes]:
        """Calls with a stream of messages; returns the answer to each."""
        stream = self._channel.stream_stream(method, None, None)(None)

        async def write() -> None:
            for request in requests:
                await stream.write(request)
            await stream.done_writing()

        writing = asyncio.create_task(write())
        replies = [await stream.read() for _ in requests]
        await writing
        return replies

    async def load(self, method: str, lanes: Lanes) -> tuple[Load, list[bytes]]:
        """Sends every message, one at a time in each lane; returns all replies."""
        return await load(method, [(self, lanes)])

    async def lane(self, method: str, messages: Sequence[bytes]) -> list[bytes]:
        """Sends messages one after the other; returns the replies."""
        call: Call = next(self._of_lanes).unary_unary(method, None, None)
        return [await call(message) for message in messages]

    async def close(self) -> None:
        """Ends the connections."""
        for channel in self._channels:
            await channel.close(None)


async def load(method: str, sending: Sequence[tuple[Client, Lanes]]) -> tuple[Load, list[bytes]]:
    """Has several clients send at once, each its lanes; returns all replies."""
    servers = {client.server for client, _ in sending}
    started, used_us = time.perf_counter(), sum(server.cpu_us for server in servers)
    answered = await asyncio.gather(
        *(client.lane(method, messages) for client, lanes in sending for messages in lanes)
    )
    elapsed = time.perf_counter() - started
    used_us = sum(server.cpu_us for server in servers) - used_us
    replies = [reply for lane in answered for reply in lane]
    return Load(rate=len(replies) / elapsed, cpu_us=used_us / len(replies)), replies


def verify_accepted(reply: bytes, statements: int) -> None:
    """Checks that so many statements were published, and each was accepted.

    Raises:
        RuntimeError: If not.
    """
    outcomes = parse_outcomes(reply)
    refused = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    if refused or len(outcomes) != statements or not all(o.receipt for o in outcomes):
        raise RuntimeError(f"the exchange refused: {refused}")
