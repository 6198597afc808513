"""The node's calls: none waits for an exchange that has stopped to answer."""

import asyncio
from typing import Any

import pytest

from support.agencies import NOW_MS, US, authority, exchange_identity, node_of
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import ExchangeUnreachable
from tearline.identity import parse_node_uri
from tearline_client.transport import grpc as transport
from tearline_client.transport.grpc import GrpcTransport
from tearline_runtime.grpc.credentials import TlsIdentity


class Silent:
    """A channel to an exchange that takes every call, and says nothing more."""

    def unary_stream(self, *_: object) -> Any:
        return lambda *_, **__: self

    async def read(self) -> bytes:
        await asyncio.Event().wait()
        return b""

    def cancel(self) -> None:
        """It ends."""


@pytest.mark.parametrize("follow", [False, True])
async def test_a_search_ends_where_the_exchange_says_nothing_more(
    monkeypatch: pytest.MonkeyPatch, follow: bool
) -> None:
    monkeypatch.setattr(transport, "FOLLOW_MS", 0)
    key = TlsKey.generate()
    certificate = authority(US).issue_node(
        parse_node_uri(node_of(US)), key.public, now_s=NOW_MS // 1000, lifetime_s=24 * 3600
    )
    identity = TlsIdentity(certificate=certificate, key=key)
    node = GrpcTransport(exchange_identity(), identity, timeout_s=0)
    monkeypatch.setattr(node, "_channels", [Silent()])
    async with asyncio.timeout(30):  # it would wait for ever
        with pytest.raises(ExchangeUnreachable):
            await anext(node.search(b"", "token", follow=follow))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused", "no program"),
        ("ipv4:127.0.0.1:4: Socket closed", "its trust list does not have this agency's CA"),
        ("ipv4:127.0.0.1:4: Tls handshake failed: CERTIFICATE_VERIFY_FAILED", "not of that CA"),
        ("check failed: Hostname Verification Check failed.", "bears another name"),
        ("something new", ""),
    ],
)
def test_why_no_connection_came_about_is_told(said: str, why: str) -> None:
    told = transport._why(f"failed to connect to all addresses; last error: UNAVAILABLE: {said}")
    assert (why in told) if why else (told == "")
    assert transport._why(said) == ""  # of a connection that was there
