"""A connection to the exchange that is made at the first call.

Commands that call nothing load no gRPC and read no certificate authority.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from tearline_client.transport.interface import PublishStream, Transport
from tearline_runtime.grpc.tls_identity import TlsIdentity


class DeferredTransport:
    """The exchange; connected on first use.

    Args:
        connect: Returns the connection with a certificate.
        identity: The node's TLS certificate and key.
    """

    def __init__(self, connect: Callable[[TlsIdentity], Transport], identity: TlsIdentity) -> None:
        self._connect = connect
        self._identity = identity
        self._made: Transport | None = None

    @property
    def _transport(self) -> Transport:
        if self._made is None:
            self._made = self._connect(self._identity)
        return self._made

    async def publish(self, publication: bytes) -> bytes:
        """Publishes; returns the encoded outcomes."""
        return await self._transport.publish(publication)

    def publishing(self) -> AbstractAsyncContextManager[PublishStream]:
        """Returns a stream to publish in."""
        return self._transport.publishing()

    def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        """Yields encoded deliveries behind ``cursor``."""
        return self._transport.subscribe(cursor)

    async def acknowledge(self, cursor: bytes) -> bytes:
        """Confirms that all mail up to ``cursor`` is durable; returns the newest item's cursor."""
        return await self._transport.acknowledge(cursor)

    async def reconcile(self, request: bytes) -> bytes:
        """Sends this node's state after a loss; returns the exchange's state."""
        return await self._transport.reconcile(request)

    async def entries(self, request: bytes) -> bytes:
        """Returns a run of log entries with a checkpoint."""
        return await self._transport.entries(request)

    async def cosign(self, turn: bytes) -> bytes:
        """Sends our cosignature; returns others' cosignatures."""
        return await self._transport.cosign(turn)

    async def light_turn(self, request: bytes) -> bytes:
        """Returns the next turn of a light node."""
        return await self._transport.light_turn(request)

    async def light_leaves(self, request: bytes) -> bytes:
        """Returns the states of agencies at a turn."""
        return await self._transport.light_leaves(request)

    async def light_entries(self, request: bytes) -> bytes:
        """Returns entries with their inclusion proofs."""
        return await self._transport.light_entries(request)

    async def offer_blob(self, offer: bytes) -> bytes:
        """Offers a large document; returns how many of its parts are there."""
        return await self._transport.offer_blob(offer)

    async def put_blob(self, part: bytes) -> bytes:
        """Sends a part of it; returns the same, once the part is durable."""
        return await self._transport.put_blob(part)

    async def blob_leaves(self, question: bytes) -> bytes:
        """Returns the leaf hashes of a granted document's parts."""
        return await self._transport.blob_leaves(question)

    async def get_blob(self, question: bytes) -> bytes:
        """Returns a sealed part of a granted document."""
        return await self._transport.get_blob(question)

    def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yields pages of proven events for the token's person."""
        return self._transport.search(request, token, follow=follow)

    async def reconnect(self, identity: TlsIdentity) -> None:
        """Reconnects with another certificate; before the first call, the first has it."""
        self._identity = identity
        if self._made is not None:
            await self._made.reconnect(identity)

    async def close(self) -> None:
        """Closes the connection, if one was made."""
        if self._made is not None:
            await self._made.close()
