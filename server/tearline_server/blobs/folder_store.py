"""Large documents of an exchange that is one process: in files below a folder of its home."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from threading import Lock

from tearline.errors import BlobQuotaExceeded
from tearline.limits import MAX_UPLOAD_MS
from tearline.wire.blobs import Offer
from tearline_runtime.files import fsync_path
from tearline_server.blobs.files import BlobFolder, folders_of, owner_folders
from tearline_server.blobs.interface import BlobName, Claim
from tearline_server.blobs.space import Space, Taken, charge, free_bytes, space_of, verify_disk
from tearline_server.storage.blob_rows import BlobState

_CLAIMED = b"\1" * 16  # one process judges one packet at a time: its claims need no names


class FolderStore:
    """``BlobStore`` in a folder.

    Args:
        folder: The folder.
        agency_bytes: Bytes for the documents of one agency.
        quota: Bytes for all documents, or None if the disk is the only bound.
    """

    def __init__(self, folder: Path, agency_bytes: int, quota: int | None = None) -> None:
        self._folder = folder
        self._quota = quota
        self.agency_bytes = agency_bytes
        # By owner, once read from the disk: bytes charged, stored, and yet to come.
        self._charged: defaultdict[bytes, int] = defaultdict(int)
        self._held: defaultdict[bytes, int] = defaultdict(int)
        self._awaited: defaultdict[bytes, int] = defaultdict(int)
        self._measuring = Lock()
        self._is_measured = False

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
        return BlobState(
            size=size,
            held=folder.held(size),
            begun_ms=folder.begun_ms(),
            touched_ms=folder.touched_ms(),
            root=folder.root(),
        )

    async def leaves(self, name: BlobName, first: int, limit: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of a document from the first one on; none beyond its last part."""
        return await asyncio.to_thread(self._at(name).leaves, first, limit)

    async def space(self) -> Space:
        """Returns the space of all documents on the disk."""
        return await asyncio.to_thread(self._space)

    def _space(self) -> Space:
        self._measure()
        self._create()
        held, awaited = dict(self._held), dict(self._awaited)
        taken = {each: Taken(stored=held[each], awaited=awaited.get(each, 0)) for each in held}
        return space_of(taken, free_bytes(self._folder), self._quota)

    async def begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        """Begins a document.

        Raises:
            BlobQuotaExceeded: If its agency has no space left.
        """
        await asyncio.to_thread(self._begin, name, offer, now_ms)

    def _begin(self, name: BlobName, offer: Offer, now_ms: int) -> None:
        self._measure()
        if self._charged[name.owner] + charge(offer.size) > self.agency_bytes:
            raise BlobQuotaExceeded(f"{offer.size} bytes, of {self.agency_bytes}")
        self._create()
        self._at(name).begin(offer, now_ms)
        self._count(name.owner, charge=charge(offer.size), awaited=offer.size)

    def _create(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fsync_path(self._folder.parent)

    def _measure(self) -> None:
        """Reads the bytes of all documents from the disk, once; no document changes meanwhile."""
        with self._measuring:
            if self._is_measured:
                return
            for owner in owner_folders(self._folder):
                for each in folders_of(self._folder / owner.hex()):
                    if size := each.size():
                        missing = each.missing(size)
                        self._count(owner, charge(size), size - missing, missing)
            self._is_measured = True

    def _count(self, owner: bytes, charge: int = 0, held: int = 0, awaited: int = 0) -> None:
        self._charged[owner] += charge
        self._held[owner] += held
        self._awaited[owner] += awaited

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
        self._measure()
        folder = self._at(name)
        size = folder.size() or 0
        missing = folder.missing(size)
        folder.write(number, data)
        come = missing - folder.missing(size)
        self._count(name.owner, held=come, awaited=-come)
        self._renew(folder, now_ms)

    async def keep_root(self, name: BlobName, root: bytes) -> None:
        """Stores the root of a document of which all parts are here, and durable."""
        await asyncio.to_thread(self._at(name).keep_root, root)

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
        self._measure()
        folder = self._at(name)
        size = folder.size()
        if size is not None:
            missing = folder.missing(size)
            self._count(name.owner, -charge(size), missing - size, -missing)
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
