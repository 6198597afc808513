"""``BlobStore``: the documents' interface to the place that holds their parts and their state."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from tearline.dataclass.immutable import immutable
from tearline.wire.blobs import Offer
from tearline_server.blobs.space import Space
from tearline_server.storage.blob_rows import BlobState


@immutable
class BlobName:
    """Name of a large document at the exchange.

    Attributes:
        owner: 32 bytes, the hash of its agency's URI: no agency can choose it.
        id: 16 bytes, the document's id.
    """

    owner: bytes
    id: bytes


@immutable
class Claim:
    """Record that a packet names a document while the packet is judged.

    Attributes:
        name: The document.
        packet: 32 bytes, the packet's manifest id.
        id: 16 bytes, the attempt; empty if the packet was recorded before.
        others: The other packets that name the document.
    """

    name: BlobName
    packet: bytes
    id: bytes
    others: frozenset[bytes]


def owner_of(agency: str) -> bytes:
    """Returns the owner in the names of an agency's documents."""
    return hashlib.sha256(agency.encode()).digest()


class BlobStore(Protocol):
    """Parts and state of large documents. A change is durable when its call returns.

    One process does one piece of work on an agency's documents at a time. Other processes may do
    another one meanwhile: each method is atomic among processes that share the store.

    Attributes:
        agency_bytes: Bytes for the documents of one agency.
    """

    agency_bytes: int

    async def offer(self, name: BlobName) -> Offer | None:
        """Returns the offer of a document, or None if there is no such document."""
        ...

    async def state(self, name: BlobName) -> BlobState | None:
        """Returns the state of a document, or None if there is no such document."""
        ...

    async def leaves(self, name: BlobName, first: int, limit: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of a document from the first one on; none beyond its last part."""
        ...

    async def space(self) -> Space:
        """Returns the space of all documents."""
        ...

    async def begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        """Begins a document.

        Raises:
            BlobQuotaExceeded: If its agency has no space left.
        """
        ...

    async def renew(self, name: BlobName, now_ms: int) -> None:
        """Records an offer that came again; one that never ends is dropped nevertheless."""
        ...

    async def read(self, name: BlobName, size: int, number: int) -> bytes:
        """Returns a part of a document of ``size`` bytes, or less if it is not here completely."""
        ...

    async def write(self, name: BlobName, number: int, data: bytes, now_ms: int) -> None:
        """Stores a part whose predecessors are here, and then counts it among the held ones.

        Raises:
            BlobQuotaExceeded: If there is no space left.
            BlobMismatch: If the document is gone meanwhile.
        """
        ...

    async def keep_root(self, name: BlobName, root: bytes) -> None:
        """Stores the root of a document of which all parts are here, and durable."""
        ...

    async def claim(self, name: BlobName, packet: bytes, now_ms: int) -> Claim | None:
        """Records that a packet names a document, or returns None if there is no document."""
        ...

    async def settle(self, claim: Claim, *, is_accepted: bool) -> None:
        """Ends a claim: the record stays if the packet was accepted, or was recorded before."""
        ...

    async def links(self, name: BlobName) -> dict[bytes, int]:
        """Returns when packets that name a document were recorded, by manifest id."""
        ...

    async def unlink(self, name: BlobName, packet: bytes, until_ms: int) -> None:
        """Removes the records, up to a time, that a packet names a document."""
        ...

    async def remove(self, name: BlobName, state: BlobState | None) -> None:
        """Deletes a document, unless a packet names it or it was touched since ``state``.

        A large one is deleted in several calls. After the first one the document does not exist,
        and the state is None.
        """
        ...

    async def may_sweep(self) -> bool:
        """Returns whether this process looks for documents to drop; one process does at a time."""
        ...

    async def owners(self) -> Sequence[bytes]:
        """Returns the owners of documents: one for each agency that ever offered one."""
        ...

    async def page(self, owner: bytes, after: bytes, limit: int) -> Sequence[bytes]:
        """Returns ids of an owner's documents above ``after``, in order; deleted ones included."""
        ...

    async def check(self) -> None:
        """Checks that parts can be stored.

        Raises:
            ObjectsUnreachable: If not.
        """
        ...

    async def close(self) -> None:
        """Ends its connections."""
        ...
