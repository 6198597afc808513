"""Interface to the exchange: byte strings out, byte strings in. It needs no gRPC."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tearline_runtime.grpc.tls_identity import TlsIdentity


class PublishStream(Protocol):
    """Messages in transit, answered in order."""

    async def send(self, publication: bytes) -> None:
        """Sends one more message; ``receive`` reports its errors."""
        ...

    async def receive(self) -> bytes:
        """Returns the encoded outcomes of the first unanswered message.

        Raises:
            TearlineError: As ``publish``, for that message. Later ones then get no answer.
        """
        ...


class Transport(Protocol):
    """Calls of a node to the exchange; tests replace it with a lying exchange."""

    async def publish(self, publication: bytes) -> bytes:
        """Publishes; returns the encoded outcomes."""
        ...

    def publishing(self) -> AbstractAsyncContextManager[PublishStream]:
        """Returns a stream to publish in; unanswered messages may have been accepted."""
        ...

    def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        """Yields encoded deliveries behind ``cursor`` until the stream ends."""
        ...

    async def acknowledge(self, cursor: bytes) -> bytes:
        """Confirms that all mail up to ``cursor`` is durable; returns the newest item's cursor."""
        ...

    async def reconcile(self, request: bytes) -> bytes:
        """Sends this node's state after a loss; returns the exchange's state."""
        ...

    async def entries(self, request: bytes) -> bytes:
        """Returns a run of log entries with a checkpoint."""
        ...

    async def cosign(self, turn: bytes) -> bytes:
        """Sends our cosignature; returns others' cosignatures once the log has grown."""
        ...

    async def light_turn(self, request: bytes) -> bytes:
        """Returns the next turn of a light node."""
        ...

    async def light_leaves(self, request: bytes) -> bytes:
        """Returns the states of agencies at a turn."""
        ...

    async def light_entries(self, request: bytes) -> bytes:
        """Returns entries with their inclusion proofs."""
        ...

    async def offer_blob(self, offer: bytes) -> bytes:
        """Offers a large document; returns how many of its parts are there."""
        ...

    async def put_blob(self, part: bytes) -> bytes:
        """Sends a part of it; returns the same, once the part is durable."""
        ...

    async def blob_leaves(self, question: bytes) -> bytes:
        """Returns the leaf hashes of a granted document's parts."""
        ...

    async def get_blob(self, question: bytes) -> bytes:
        """Returns a sealed part of a granted document."""
        ...

    def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yields pages of proven events for the token's person; ``follow`` waits for more."""
        ...

    async def reconnect(self, identity: TlsIdentity) -> None:
        """Reconnects with another certificate."""
        ...

    async def close(self) -> None:
        """Closes the connection."""
        ...
