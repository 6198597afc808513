"""Large documents of an exchange that is one process: in files below a folder of its home."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tearline.errors import BlobQuotaExceeded
from tearline.limits import MAX_UPLOAD_MS
from tearline.wire.blobs import Offer
from tearline_runtime.files import fsync_path
from tearline_server.blobs.files import BlobFolder, folders_of, owner_folders
from tearline_server.blobs.interface import BlobName, Claim
from tearline_server.blobs.space import charge, verify_disk
from tearline_server.storage.blob_rows import BlobState

_CLAIMED = b"\1" * 16  # one process judges one packet at a time: its claims need no names


class FolderStore:
    """``BlobStore`` in a folder.

    Args:
        folder: The folder.
        agency_bytes: Bytes for the documents of one agency.
    """

    def __init__(self, folder: Path, agency_bytes: int) -> None:
        self._folder = folder
        self._agency_bytes = agency_bytes
        # By owner, once read from the disk: bytes that documents take, and that are yet to come.
        self._used: dict[bytes, int] = {}
        self._awaited: defaultdict[bytes, int] = defaultdict(int)

    def _at(self, name: BlobName) -> BlobFolder:
        return BlobFolder(path=self._folder / name.owner.hex() / name.id.hex())

    async def offer(self, name: BlobName) -> Offer | None:
        """Returns the offer of a document, or None if there is no such document."""
        return await asyncio.to_thread(self._at(name).offer)

    async def state(self, name: BlobName) -> BlobState | None:
        """Returns the state of a document, or None if there is no such document."""
        return await asyncio.to_thread(self._state, self._at(name))

    def _state(self, folder: BlobFolder) -> BlobState | None:
        size = folder.size()
        if size is None:
            return None
        return BlobState(size=size, held=folder.held(size), touched_ms=folder.touched_ms())

    async def leaves(self, name: BlobName, first: int, limit: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of a document from the first one on; none beyond its last part."""
        return await asyncio.to_thread(self._at(name).leaves, first, limit)

    async def begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        """Begins a document.

        Raises:
            BlobQuotaExceeded: If its agency, or the disk, has no space left.
        """
        await asyncio.to_thread(self._begin, name, offer, now_ms)

    def _begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        self._measure(name.owner)
        if self._used[name.owner] + charge(offer.size) > self._agency_bytes:
            raise BlobQuotaExceeded(f"{offer.size} bytes, of {self._agency_bytes}")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fsync_path(self._folder.parent)
        verify_disk(self._folder, offer.size + sum([*self._awaited.values()]))
        self._at(name).begin(offer, now_ms)
        self._used[name.owner] += charge(offer.size)
        self._awaited[name.owner] += offer.size

    def _measure(self, owner: bytes) -> None:
        """Reads the bytes of an agency's documents from the disk, once: used, and yet to come."""
        if owner not in self._used:
            documents = folders_of(self._folder / owner.hex())
            found = [(each, size) for each in documents if (size := each.size())]
            self._awaited[owner] = sum(each.missing(size) for each, size in found)
            self._used[owner] = sum(charge(size) for _, size in found)

    async def renew(self, name: BlobName, now_ms: int) -> None:
        """Records an offer that came again; one that never ends is dropped nevertheless."""
        await asyncio.to_thread(self._renew, self._at(name), now_ms)

    def _renew(self, folder: BlobFolder, now_ms: int) -> None:
        if now_ms - folder.begun_ms() < MAX_UPLOAD_MS:
            folder.touch(now_ms)

    async def read(self, name: BlobName, size: int, number: int) -> bytes:
        """Returns a part of a document of ``size`` bytes, or less if it is not here completely."""
        return await asyncio.to_thread(self._at(name).read, size, number)

    async def write(self, name: BlobName, number: int, data: bytes, now_ms: int) -> None:
        """Stores a part whose predecessors are here.

        Raises:
            BlobQuotaExceeded: If the disk has no space left.
        """
        await asyncio.to_thread(self._write, name, number, data, now_ms)

    def _write(self, name: BlobName, number: int, data: bytes, now_ms: int) -> None:
        verify_disk(self._folder, len(data))
        self._measure(name.owner)
        folder = self._at(name)
        size = folder.size() or 0
        missing = folder.missing(size)
        folder.write(number, data)
        self._awaited[name.owner] -= missing - folder.missing(size)
        self._renew(folder, now_ms)

    async def claim(self, name: BlobName, packet: bytes, now_ms: int) -> Claim | None:
        """Records that a packet names a document, or returns None if there is no document."""
        return await asyncio.to_thread(self._claim, name, packet, now_ms)

    def _claim(self, name: BlobName, packet: bytes, now_ms: int) -> Claim | None:
        folder = self._at(name)
        if folder.size() is None:
            return None
        others = frozenset(folder.links().keys() - {packet})
        is_new = folder.link(packet, now_ms)
        return Claim(name=name, packet=packet, id=_CLAIMED if is_new else b"", others=others)

    async def settle(self, claim: Claim, *, is_accepted: bool) -> None:
        """Ends a claim: the record stays if the packet was accepted, or was recorded before."""
        if claim.id and not is_accepted:
            await asyncio.to_thread(self._at(claim.name).unlink, claim.packet)

    async def links(self, name: BlobName) -> dict[bytes, int]:
        """Returns when packets that name a document were recorded, by manifest id."""
        return await asyncio.to_thread(self._at(name).links)

    async def unlink(self, name: BlobName, packet: bytes, until_ms: int) -> None:
        """Removes the record that a packet names a document; no other one came meanwhile."""
        await asyncio.to_thread(self._at(name).unlink, packet)

    async def remove(self, name: BlobName, state: BlobState | None) -> None:
        """Deletes a document; no other process touches it meanwhile."""
        await asyncio.to_thread(self._remove, name)

    def _remove(self, name: BlobName) -> None:
        folder = self._at(name)
        size = folder.size()
        if size is not None and name.owner in self._used:
            self._used[name.owner] -= charge(size)
            self._awaited[name.owner] -= folder.missing(size)
        folder.remove()

    async def may_sweep(self) -> bool:
        """Returns True: no other process uses the folder."""
        return True

    async def owners(self) -> Sequence[bytes]:
        """Returns the owners of documents."""
        return await asyncio.to_thread(owner_folders, self._folder)

    async def page(self, owner: bytes, after: bytes, limit: int) -> Sequence[bytes]:
        """Returns ids of an owner's documents above ``after``, in order; leftovers included."""
        return await asyncio.to_thread(self._page, owner, after, limit)

    def _page(self, owner: bytes, after: bytes, limit: int) -> list[bytes]:
        found = (each.id for each in folders_of(self._folder / owner.hex()))
        return list(islice((each for each in found if each > after), limit))

    async def check(self) -> None:
        """Has no effect: the home is the place of the database, too."""

    async def close(self) -> None:
        """Has no effect: no file stays open."""
