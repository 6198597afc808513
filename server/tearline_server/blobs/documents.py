"""Large documents of the members: offered, sent in parts, named by packets, dropped.

A document belongs to the agency that offered it, and its id names it among that agency's documents
alone. So no answer tells an agency whether another one has a document.
"""

import asyncio
import errno
import logging
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from tearline.blobs.parts import part_bytes, part_count
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    BlobMismatch,
    BlobQuotaExceeded,
    BlobsNotStored,
    BlobUnavailable,
)
from tearline.limits import (
    BLOB_RESERVE_BYTES,
    BLOB_RETENTION_MS,
    LEAST_BLOB_CHARGE,
    LEAVES_PAGE,
    MAX_BLOB_PAGE,
    MAX_UPLOAD_MS,
    MIN_FREE_BYTES,
)
from tearline.packets.packet import BLOB_ID_SIZE, PacketParts
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.blobs import Offer, Part
from tearline.wire.publications import Outcome, Publication
from tearline_runtime.files import fsync_path
from tearline_server.blobs.exclusive import exclusively
from tearline_server.blobs.files import BlobFolder, agency_folder, folders, folders_of
from tearline_server.storage.columns import parts_of
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import Clock

_log = logging.getLogger(__name__)

T = TypeVar("T")

Earlier = Mapping[bytes, frozenset[bytes]]
"""Complete documents by id, each with the other packets that name it."""


@immutable
class BlobSpace:
    """Space for large documents.

    Attributes:
        folder: Their folder.
        agency_bytes: Bytes for the documents of one agency.
    """

    folder: Path
    agency_bytes: int

    def free_bytes(self) -> int:
        """Returns the bytes on the disk that documents may take; they leave room for packets."""
        disk = shutil.disk_usage(self.folder)
        return disk.free - MIN_FREE_BYTES - min(disk.total // 10, BLOB_RESERVE_BYTES)


Judge = Callable[[Mapping[bytes, Earlier]], Awaitable[tuple[Outcome, ...]]]
"""Judges a publication, by the complete documents of each packet."""


class Documents:
    """Large documents at the exchange.

    Args:
        space: Their space; None if this exchange stores none.
        store: The store of packets.
        clock: The time.
        may_write: Returns whether writing is permitted now; only then are documents dropped.
    """

    def __init__(
        self,
        space: BlobSpace | None,
        store: Store,
        clock: Clock,
        may_write: Callable[[], bool],
    ) -> None:
        self._may_write = may_write
        self._since_ms: int | None = None  # since when it may, as far as sweeps have seen
        self._space = space
        self._store = store
        self._clock = clock
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # a member each
        self._publishing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._used: dict[str, int] = {}
        self._awaited: dict[str, int] = {}
        self._place = ""

    def _folder(self, agency: str, blob_id: bytes) -> BlobFolder:
        if self._space is None:
            raise BlobsNotStored
        if len(blob_id) != BLOB_ID_SIZE:
            raise BlobMismatch("a large document is named by 16 bytes")
        return BlobFolder(path=agency_folder(self._space.folder, agency) / blob_id.hex())

    async def _alone(self, folder: BlobFolder, work: Callable[..., T], *args: object) -> T:
        """Returns the result of work in a thread, without other work on the agency's documents."""
        return await exclusively(self._lock(folder), asyncio.to_thread(work, *args))

    def _lock(self, folder: BlobFolder) -> asyncio.Lock:
        return self._locks[folder.path.parent.name]

    async def offer(self, agency: str, offer: Offer) -> int:
        """Begins a document, or returns to it; returns how many of its parts are here.

        Raises:
            BlobsNotStored: If this exchange stores none.
            BlobMismatch: If the agency offered other parts under this id.
            BlobQuotaExceeded: If its agency, or the disk, has no space left.
        """
        folder = self._folder(agency, offer.id)
        return await self._alone(folder, self._offer, folder, offer)

    def _offer(self, folder: BlobFolder, offer: Offer) -> int:
        known = folder.offer()
        if known is not None:
            if known != offer:
                raise BlobMismatch("other parts were announced under this id")
            self._renew(folder)
            return folder.complete(offer)
        assert self._space is not None  # noqa: S101 (it has a folder)
        agency = folder.path.parent
        self._measure(agency)
        if self._used[agency.name] + _charge(offer.size) > self._space.agency_bytes:
            raise BlobQuotaExceeded(f"{offer.size} bytes, of {self._space.agency_bytes}")
        self._space.folder.mkdir(mode=0o700, exist_ok=True)
        fsync_path(self._space.folder.parent)
        self._verify_disk(offer.size + sum([*self._awaited.values()]))
        folder.begin(offer, self._clock())
        self._used[agency.name] += _charge(offer.size)
        self._awaited[agency.name] += offer.size
        return 0

    def _measure(self, agency: Path) -> None:
        """Reads the bytes of an agency's documents from the disk, once: used, and yet to come."""
        if agency.name not in self._used:
            found = [(each, size) for each in folders_of(agency) if (size := each.size())]
            self._awaited[agency.name] = sum(each.missing(size) for each, size in found)
            self._used[agency.name] = sum(_charge(size) for _, size in found)

    def _verify_disk(self, size: int) -> None:
        if self._space is None or self._space.free_bytes() < size:
            raise BlobQuotaExceeded("the disk is nearly full")

    def _renew(self, folder: BlobFolder) -> None:
        """Records that a document is still being sent; one that never ends is dropped."""
        if self._clock() - folder.begun_ms() < MAX_UPLOAD_MS:
            folder.touch(self._clock())

    async def put(self, agency: str, part: Part) -> int:
        """Stores a part, durably; returns how many parts, from the first on, are here.

        Raises:
            BlobMismatch: If it is not the announced part, or an earlier part is missing.
            BlobQuotaExceeded: If the disk has no space left.
        """
        folder = self._folder(agency, part.id)
        return await self._alone(folder, self._put, folder, part)

    def _put(self, folder: BlobFolder, part: Part) -> int:
        size = folder.size()
        if size is None:
            raise BlobMismatch("it was not announced")
        verify_part(folder.leaf(part.number), part_bytes(size, part.number), part)
        held = folder.held(size)
        if part.number > held:
            raise BlobMismatch(f"part {held} is missing")
        # Of a machine that lost power, the last one may be torn.
        is_torn = part.number == held - 1 and folder.read(size, part.number) != part.data
        if part.number == held or is_torn:
            self._verify_disk(len(part.data))
            self._measure(folder.path.parent)
            missing = folder.missing(size)
            folder.write(part.number, part.data)
            self._awaited[folder.path.parent.name] -= missing - folder.missing(size)
            self._renew(folder)
        return max(held, part.number + 1)

    async def judged(
        self, agency: str, publication: Publication, judge: Judge
    ) -> tuple[Outcome, ...]:
        """Returns the outcomes of a publication, whose packets claim their documents meanwhile.

        Args:
            agency: The publisher's agency, of which one such publication is judged at a time.
            publication: The publication.
            judge: Judges it.
        """
        linked = linked_parts(publication) if self._space is not None else ()
        if not linked:
            return await judge({})
        return await exclusively(self._publishing[agency], self._judged(agency, linked, judge))

    async def _judged(
        self, agency: str, linked: Sequence[PacketParts], judge: Judge
    ) -> tuple[Outcome, ...]:
        earlier: dict[bytes, Earlier] = {}
        made: list[tuple[BlobFolder, bytes]] = []
        accepted: set[bytes] = set()
        try:
            for parts in linked:
                earlier[parts.manifest] = await self._claim(agency, parts, made)
            outcomes = await judge(earlier)
            accepted.update(each.about for each in outcomes if not each.refusal)
            return outcomes
        finally:
            for folder, packet in made:
                if packet not in accepted:
                    await self._alone(folder, folder.unlink, packet)

    async def _claim(
        self, agency: str, parts: PacketParts, made: list[tuple[BlobFolder, bytes]]
    ) -> Earlier:
        """Returns a packet's complete documents; new records that it names them go to ``made``."""
        found: dict[bytes, frozenset[bytes]] = {}
        for link in parts.blobs:
            folder = self._folder(agency, link.id)
            others, is_new = await self._alone(
                folder, _link, folder, link.root, parts.manifest, self._clock()
            )
            if others is not None:
                found[link.id] = others
            if is_new:
                made.append((folder, parts.manifest))
        return found

    async def leaves(self, agency: str, blob_id: bytes, first: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of an agency's document from the first one on, up to a bound.

        Raises:
            BlobUnavailable: If there is no such document.
        """
        folder = self._folder(agency, blob_id)
        offer = await asyncio.to_thread(folder.offer)
        if offer is None:
            raise BlobUnavailable
        return offer.leaves[first : first + LEAVES_PAGE]

    async def part(self, agency: str, blob_id: bytes, number: int) -> bytes:
        """Returns a sealed part of an agency's document.

        Raises:
            BlobUnavailable: If there is no such part.
        """
        return await asyncio.to_thread(_read, self._folder(agency, blob_id), number)

    async def sweep(self) -> None:
        """Drops documents that no packet needs; a bounded number each time, in turn."""
        if self._space is None:
            return
        if not self._may_write():
            self._since_ms = None
            return
        if self._since_ms is None:
            self._since_ms = self._clock()
        root, place = self._space.folder, self._place
        page = await asyncio.to_thread(_page, root, place)
        for folder in page:
            try:
                await exclusively(self._lock(folder), self._look_at(folder))
            except OSError as error:  # the others are looked at nevertheless
                name = errno.errorcode.get(error.errno or 0, "")
                _log.error("document unreadable", extra={"blob": folder.path.name, "code": name})
        self._place = _name(page[-1]) if len(page) == MAX_BLOB_PAGE else ""

    async def _look_at(self, folder: BlobFolder) -> None:
        """Drops a document if its packets have ended, or none came within a day of writing."""
        oldest_ms = self._clock() - BLOB_RETENTION_MS
        if self._since_ms is None or self._since_ms > oldest_ms:
            oldest_ms = -1  # its packet may have been lost, or had no chance to come
        left, ended = 0, False
        links = await asyncio.to_thread(folder.links)
        for packet, linked_ms in links.items():  # a correction line: 64 at most
            stored = (await self._store.packets([packet])).get(packet)
            if stored is not None:
                if any(link.id == folder.id for link in parts_of(stored.ciphertexts).blobs):
                    left += 1
                    continue
                ended = True
            elif linked_ms > oldest_ms:  # it is being judged
                left += 1
                continue
            await asyncio.to_thread(folder.unlink, packet)
        if not left and (ended or await asyncio.to_thread(folder.touched_ms) <= oldest_ms):
            await asyncio.to_thread(self._remove, folder)

    def _remove(self, folder: BlobFolder) -> None:
        name, size = folder.path.parent.name, folder.size()
        if size is not None and name in self._used:
            self._used[name] -= _charge(size)
            self._awaited[name] -= folder.missing(size)
        folder.remove()


def linked_parts(publication: Publication) -> tuple[PacketParts, ...]:
    """Returns the parts, of packets that a publication holds, which name large documents."""
    manifests = {
        each.id for each in publication.statements() if each.type is StatementType.MANIFEST
    }
    return tuple(each for each in publication.parts if each.blobs and each.manifest in manifests)


def verify_part(leaf: bytes, size: int, part: Part) -> None:
    """Checks that a sealed part is the announced one.

    Args:
        leaf: The announced leaf hash; empty if the document has no such part.
        size: The bytes of the part with that number.
        part: The part.

    Raises:
        BlobMismatch: If it is not.
    """
    if leaf_hash(part.data) != leaf or len(part.data) != size:
        raise BlobMismatch(f"part {part.number}")


def _link(
    folder: BlobFolder, root: bytes, packet: bytes, now_ms: int
) -> tuple[frozenset[bytes] | None, bool]:
    """Returns the other packets of a document, if it is complete, and whether this one is new."""
    if not _is_complete(folder, root):
        return None, False
    return frozenset(folder.links().keys() - {packet}), folder.link(packet, now_ms)


def _is_complete(folder: BlobFolder, root: bytes) -> bool:
    offer = folder.offer()
    return (
        offer is not None
        and folder.complete(offer) == len(offer.leaves)
        and root_from_leaf_hashes(offer.leaves) == root
    )


def _read(folder: BlobFolder, number: int) -> bytes:
    size = folder.size()
    if size is None or number >= part_count(size):
        raise BlobUnavailable
    return folder.read(size, number)


def _charge(size: int) -> int:
    """Returns the bytes that a document takes of its agency's space: small ones cost files, too."""
    return max(size, LEAST_BLOB_CHARGE)


def _name(folder: BlobFolder) -> str:
    return f"{folder.path.parent.name}/{folder.path.name}"


def _page(root: Path, place: str) -> list[BlobFolder]:
    return list(islice(folders(root, place), MAX_BLOB_PAGE))
