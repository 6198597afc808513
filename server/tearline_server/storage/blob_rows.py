"""``BlobRows``: the state of large documents in a database that several processes share."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tearline.dataclass.immutable import immutable

BlobKey = tuple[bytes, bytes]
"""Owner, 32 bytes, and id, 16 bytes, of a document."""


@immutable
class BlobState:
    """State of a large document.

    Attributes:
        size: Bytes of its sealed parts.
        held: The number of its parts, from the first on, that are durable.
        begun_ms: Time of the first offer, Unix milliseconds.
        touched_ms: Time of the last new part or offer, Unix milliseconds.
        root: 32 bytes, the RFC 6962 root over its parts; empty until all of them were verified.
    """

    size: int
    held: int
    begun_ms: int
    touched_ms: int
    root: bytes


class BlobRows(Protocol):
    """Rows of large documents. A change is atomic, and durable when its call returns."""

    async def state(self, key: BlobKey) -> BlobState | None:
        """Returns a document's state; None if there is none, or its deletion has begun."""
        ...

    async def leaves(self, key: BlobKey) -> bytes | None:
        """Returns the leaf hashes of a document, joined; None as for ``state``."""
        ...

    async def some_leaves(self, key: BlobKey, start: int, size: int) -> bytes:
        """Returns ``size`` bytes of the leaf hashes from ``start`` on, as far as there are."""
        ...

    async def begin(
        self, key: BlobKey, size: int, leaves: bytes, now_ms: int, *, charge: int, most: int
    ) -> bool:
        """Adds a document, unless it is there, and charges its owner.

        Returns:
            Whether the owner has space for it: ``charge`` bytes, of ``most``.
        """
        ...

    async def renew(self, key: BlobKey, now_ms: int, *, within_ms: int) -> None:
        """Records a time of use, within a time since the document was begun."""
        ...

    async def begun(self, key: BlobKey) -> int | None:
        """Returns the time of a document's first offer; None if there is no such document."""
        ...

    async def grow(
        self, key: BlobKey, begun_ms: int, held: int, now_ms: int, *, within_ms: int
    ) -> bool:
        """Records that the first ``held`` parts are there.

        Returns:
            Whether the document is, too, and was not dropped and begun again.
        """
        ...

    async def keep_root(self, key: BlobKey, root: bytes) -> None:
        """Stores the root of a document of which all parts are here."""
        ...

    async def taken(self) -> Mapping[bytes, tuple[int, int]]:
        """Returns the bytes charged to each owner, and the bytes of its parts that are here."""
        ...

    async def claim(self, key: BlobKey, packet: bytes, now_ms: int) -> tuple[bytes, list[bytes]]:
        """Records a packet that is judged; returns the claim's id and the other packets.

        The id is empty if there is no such document.
        """
        ...

    async def settle(self, key: BlobKey, packet: bytes, claim: bytes, *, is_accepted: bool) -> None:
        """Ends a claim, and keeps the packet's record if it was accepted."""
        ...

    async def links(self, key: BlobKey) -> dict[bytes, int]:
        """Returns when packets that name a document were recorded last, by manifest id."""
        ...

    async def unlink(self, key: BlobKey, packet: bytes, until_ms: int) -> None:
        """Removes the records, up to a time, that a packet names a document."""
        ...

    async def drop(self, key: BlobKey, touched_ms: int) -> None:
        """Begins the deletion of a document, unless a packet names it or it was used since."""
        ...

    async def left(self, key: BlobKey) -> tuple[int, int] | None:
        """Returns how many parts of a document are still to be deleted, and when it was begun.

        None is returned if it is not to be deleted.
        """
        ...

    async def shorten(self, key: BlobKey, left: int) -> None:
        """Records that parts from number ``left`` on are deleted."""
        ...

    async def forget(self, key: BlobKey, *, least: int) -> None:
        """Removes a document whose parts are deleted; its owner was charged ``least`` or more."""
        ...

    async def may_sweep(self) -> bool:
        """Returns whether this process sweeps now, for five minutes or until it asks again."""
        ...

    async def owners(self) -> Sequence[bytes]:
        """Returns all owners that ever had a document."""
        ...

    async def page(self, owner: bytes, after: bytes, limit: int) -> Sequence[bytes]:
        """Returns ids of an owner's documents above ``after``, in order; deleted ones included."""
        ...
