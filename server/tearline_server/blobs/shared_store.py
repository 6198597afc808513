"""Large documents of several exchange processes: state in their database, parts as objects.

A part is an object before the database counts it, and no object is deleted before the database
calls its document deleted. So a process that is killed leaves no part that is counted and missing.
Objects of a document that was deleted and offered again have other names: a deletion that another
process, or the store, ends late meets none of them.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence

from tearline.errors import BlobMismatch, BlobQuotaExceeded, ExchangeBusy, ObjectsUnreachable
from tearline.limits import LEAST_BLOB_CHARGE, MAX_UPLOAD_MS
from tearline.statements.statement import HASH_SIZE
from tearline.wire.blobs import Offer
from tearline_server.blobs.interface import BlobName, Claim
from tearline_server.blobs.objects import Objects
from tearline_server.blobs.space import Space, Taken, charge, space_of
from tearline_server.storage.blob_rows import BlobKey, BlobRows, BlobState

_DELETED_AT_ONCE = 8
_MOST_DELETED = 1024  # objects of one document, in one round: other agencies' get their turn
_DELETING_MS = 60_000  # retry delay meanwhile


class SharedStore:
    """``BlobStore`` of several processes.

    Args:
        rows: The state of documents.
        objects: Their parts.
        agency_bytes: Bytes for the documents of one agency.
        quota: Bytes that the place holds, as its operator states it; None for no statement.
    """

    def __init__(
        self, rows: BlobRows, objects: Objects, agency_bytes: int, quota: int | None = None
    ) -> None:
        self._rows = rows
        self._objects = objects
        self.agency_bytes = agency_bytes
        self._quota = quota

    async def offer(self, name: BlobName) -> Offer | None:
        """Returns the offer of a document, or None if there is no such document."""
        state, leaves = await self._rows.state(_key(name)), await self._rows.leaves(_key(name))
        if state is None or leaves is None:
            return None
        return Offer(id=name.id, size=state.size, leaves=_hashes(leaves))

    async def state(self, name: BlobName) -> BlobState | None:
        """Returns the state of a document, or None if there is no such document."""
        return await self._rows.state(_key(name))

    async def leaves(self, name: BlobName, first: int, limit: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of a document from the first one on; none beyond its last part."""
        start, size = first * HASH_SIZE, limit * HASH_SIZE
        return _hashes(await self._rows.some_leaves(_key(name), start, size))

    async def space(self) -> Space:
        """Returns the space of all documents.

        Small documents are charged more than they have bytes. So some bytes appear to be awaited.
        """
        taken = {
            owner: Taken(stored=stored, awaited=charged - stored)
            for owner, (charged, stored) in (await self._rows.taken()).items()
        }
        return space_of(taken, await self._objects.free_bytes(), self._quota)

    async def begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        """Begins a document.

        Raises:
            BlobQuotaExceeded: If its agency has no space left.
            ExchangeBusy: If an earlier one of that id is being deleted.
        """
        has_space = await self._rows.begin(
            _key(name),
            offer.size,
            b"".join(offer.leaves),
            now_ms,
            charge=charge(offer.size),
            most=self.agency_bytes,
        )
        if not has_space:
            raise BlobQuotaExceeded(f"{offer.size} bytes, of {self.agency_bytes}")
        if await self._rows.left(_key(name)) is not None:
            raise ExchangeBusy("that document is being deleted", retry_after_ms=_DELETING_MS)

    async def renew(self, name: BlobName, now_ms: int) -> None:
        """Records an offer that came again; one that never ends is dropped nevertheless."""
        await self._rows.renew(_key(name), now_ms, within_ms=MAX_UPLOAD_MS)

    async def read(self, name: BlobName, size: int, number: int) -> bytes:
        """Returns a part of a document, or no bytes if it is not here."""
        begun_ms = await self._rows.begun(_key(name))
        if begun_ms is None:
            return b""
        return await self._objects.get(_object(name, begun_ms, number)) or b""

    async def write(self, name: BlobName, number: int, data: bytes, now_ms: int) -> None:
        """Stores a part whose predecessors are here, and then counts it among the held ones.

        Two processes that store one part store the same bytes.

        Raises:
            BlobQuotaExceeded: If there is no space left.
            BlobMismatch: If the document is gone meanwhile.
        """
        key = _key(name)
        begun_ms = await self._rows.begun(key)
        if begun_ms is None:
            raise BlobMismatch("it was not announced")
        part = _object(name, begun_ms, number)
        await self._objects.put(part, data)
        if not await self._rows.grow(key, begun_ms, number + 1, now_ms, within_ms=MAX_UPLOAD_MS):
            await self._objects.delete(part)
            raise BlobMismatch("it was not announced")

    async def keep_root(self, name: BlobName, root: bytes) -> None:
        """Stores the root of a document of which all parts are here."""
        await self._rows.keep_root(_key(name), root)

    async def claim(self, name: BlobName, packet: bytes, now_ms: int) -> Claim | None:
        """Records that a packet names a document, or returns None if there is no document."""
        claim, others = await self._rows.claim(_key(name), packet, now_ms)
        return (
            Claim(name=name, packet=packet, id=claim, others=frozenset(others)) if claim else None
        )

    async def settle(self, claim: Claim, *, is_accepted: bool) -> None:
        """Ends a claim: the record stays if the packet was accepted, or was recorded before."""
        await self._rows.settle(_key(claim.name), claim.packet, claim.id, is_accepted=is_accepted)

    async def links(self, name: BlobName) -> dict[bytes, int]:
        """Returns when packets that name a document were recorded, by manifest id."""
        return await self._rows.links(_key(name))

    async def unlink(self, name: BlobName, packet: bytes, until_ms: int) -> None:
        """Removes the records, up to a time, that a packet names a document."""
        await self._rows.unlink(_key(name), packet, until_ms)

    async def remove(self, name: BlobName, state: BlobState | None) -> None:
        """Deletes a document, or a part of it; see ``BlobStore.remove``.

        A part beyond the counted ones may be there, from a process that was killed.
        """
        key = _key(name)
        if state is not None:
            await self._rows.drop(key, state.touched_ms)
        found = await self._rows.left(key)
        if found is None:
            return
        left, begun_ms = found
        first = max(0, left - _MOST_DELETED)
        parts = [_object(name, begun_ms, number) for number in range(first, left + 1)]
        for start in range(0, len(parts), _DELETED_AT_ONCE):
            await self._delete(parts[start : start + _DELETED_AT_ONCE])
        if first:
            await self._rows.shorten(key, first)
        else:
            await self._rows.forget(key, least=LEAST_BLOB_CHARGE)

    async def _delete(self, parts: Iterable[str]) -> None:
        """Deletes a few objects; returns or raises once no deletion of them is under way."""
        deleting = map(self._objects.delete, parts)
        for done in await asyncio.gather(*deleting, return_exceptions=True):
            if done is not None:
                raise done

    async def may_sweep(self) -> bool:
        """Returns whether this process looks for documents to drop; one process does at a time."""
        return await self._rows.may_sweep()

    async def owners(self) -> Sequence[bytes]:
        """Returns the owners of documents: one for each agency that ever offered one."""
        return await self._rows.owners()

    async def page(self, owner: bytes, after: bytes, limit: int) -> Sequence[bytes]:
        """Returns ids of an owner's documents above ``after``, in order; deleted ones included."""
        return await self._rows.page(owner, after, limit)

    async def check(self) -> None:
        """Checks that parts can be stored.

        Raises:
            ObjectsUnreachable: If not.
        """
        name = f"check-{secrets.token_hex(16)}"
        await self._objects.put(name, name.encode())
        if await self._objects.get(name) != name.encode():
            raise ObjectsUnreachable("an object is not there after it was stored")
        await self._objects.delete(name)

    async def close(self) -> None:
        """Ends the connections to the objects."""
        await self._objects.close()


def _key(name: BlobName) -> BlobKey:
    return name.owner, name.id


def _object(name: BlobName, begun_ms: int, number: int) -> str:
    return f"{name.owner.hex()}-{name.id.hex()}at{begun_ms}-{number}"


def _hashes(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE))
