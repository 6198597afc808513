"""The node's calls: none waits for an exchange that has stopped to answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from support.agencies import NOW_MS, US, authority, exchange_identity, node_of
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import ExchangeUnreachable, OutcomeUnknown, TearlineError
from tearline.identity import parse_node_uri
from tearline_client.transport import grpc as transport
from tearline_client.transport.grpc import GrpcTransport
from tearline_runtime.grpc.tls_identity import TlsIdentity


class Silent:
    """A channel to an exchange that takes every call, and says nothing more."""

    def unary_stream(self, *_: object) -> Any:
        return lambda *_, **__: self

    async def read(self) -> bytes:
        await asyncio.Event().wait()
        return b""

    def cancel(self) -> None:
        """It ends."""


def tls_identity() -> TlsIdentity:
    """A certificate of a node, and its key."""
    key = TlsKey.generate()
    certificate = authority(US).issue_node(
        parse_node_uri(node_of(US)), key.public, now_s=NOW_MS // 1000, lifetime_s=24 * 3600
    )
    return TlsIdentity(certificate=certificate, key=key)


class Handlers(grpc.GenericRpcHandler):
    """An exchange that takes every call, counts it, and says nothing."""

    def __init__(self) -> None:
        self.called = asyncio.Semaphore(0)

    def service(self, _: object) -> Any:
        async def handle(requests: AsyncIterator[bytes], _: object) -> None:
            await anext(requests)
            self.called.release()
            await asyncio.Event().wait()

        return grpc.stream_stream_rpc_method_handler(handle)


@asynccontextmanager
async def unanswered(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[GrpcTransport, asyncio.Semaphore]]:
    """A node whose calls arrive, and are never answered; counts them."""
    server, handlers = grpc.aio.server(), Handlers()
    server.add_generic_rpc_handlers((handlers,))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    monkeypatch.setattr(GrpcTransport, "_dial", lambda *_: [grpc.aio.insecure_channel(address)])
    await server.start()
    node = GrpcTransport(lambda: [exchange_identity()], tls_identity(), timeout_s=60)
    try:
        yield node, handlers.called
    finally:
        await node.close()
        await server.stop(0)


async def streamed(node: GrpcTransport) -> bytes:
    async with node.publishing() as stream:
        await stream.send(b"")
        return await stream.receive()


CALLS: dict[str, Callable[[GrpcTransport], Awaitable[bytes]]] = {
    "publish": lambda node: node.publish(b""),
    "stream": streamed,
    "subscribe": lambda node: anext(node.subscribe(b"")),
    "search": lambda node: anext(node.search(b"", "token", follow=False)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("ended", ["reconnected", "closed"])
async def test_a_call_that_ends_with_its_connection_does_not_cancel_its_task(
    call: str, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task may be a caller's own: a group of tasks takes no notice of a cancelled one."""
    async with unanswered(monkeypatch) as (node, called), asyncio.timeout(60):
        calling = asyncio.ensure_future(CALLS[call](node))
        await called.acquire()
        if ended == "reconnected":
            await node.reconnect(tls_identity())
        else:
            await node.close()
        if (call, ended) == ("publish", "reconnected"):
            await called.acquire()  # it is repeated on the new connection
            await node.close()
        error: type[TearlineError] = OutcomeUnknown if call == "stream" else ExchangeUnreachable
        with pytest.raises(error):
            await calling


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_that_its_caller_cancels_is_cancelled(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with unanswered(monkeypatch) as (node, called), asyncio.timeout(60):
        calling = asyncio.ensure_future(CALLS[call](node))
        await called.acquire()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling


@pytest.mark.parametrize("follow", [False, True])
async def test_a_search_ends_where_the_exchange_says_nothing_more(
    monkeypatch: pytest.MonkeyPatch, follow: bool
) -> None:
    monkeypatch.setattr(transport, "FOLLOW_MS", 0)
    node = GrpcTransport(lambda: [exchange_identity()], tls_identity(), timeout_s=0)
    monkeypatch.setattr(node, "_channels", [Silent()])
    async with asyncio.timeout(30):  # it would wait for ever
        with pytest.raises(ExchangeUnreachable):
            await anext(node.search(b"", "token", follow=follow))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused", "no program"),
        ("ipv4:127.0.0.1:4: Socket closed", "not admitted yet, has left, or was removed"),
        ("ipv4:127.0.0.1:4: Tls handshake failed: CERTIFICATE_VERIFY_FAILED", "not of that CA"),
        ("check failed: Hostname Verification Check failed.", "bears another name"),
        ("something new", ""),
    ],
)
def test_why_no_connection_came_about_is_told(said: str, why: str) -> None:
    told = transport._why(f"failed to connect to all addresses; last error: UNAVAILABLE: {said}")
    assert (why in told) if why else (told == "")
    assert transport._why(said) == ""  # of a connection that was there
