"""Deletion of large documents that no packet needs."""

import asyncio
import errno
import logging
from collections.abc import Callable, Mapping, Sequence

from tearline.errors import StoreError
from tearline.limits import BLOB_OFFER_MS, BLOB_RETENTION_MS, MAX_BLOB_PAGE
from tearline_server.blobs.exclusive import exclusively
from tearline_server.blobs.interface import BlobName, BlobStore
from tearline_server.storage.blob_rows import BlobState
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import Clock

_log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 4  # agencies: the documents of a slow one delay three others at most


class Sweeper:
    """Sweeper of documents.

    Args:
        blobs: The documents.
        store: The store of packets.
        clock: The time.
        may_write: Returns whether writing is permitted now; only then are documents dropped.
        locks: A lock by owner, held during work on its documents.
    """

    def __init__(
        self,
        blobs: BlobStore,
        store: Store,
        clock: Clock,
        may_write: Callable[[], bool],
        locks: Mapping[bytes, asyncio.Lock],
    ) -> None:
        self._blobs = blobs
        self._store = store
        self._clock = clock
        self._may_write = may_write
        self._locks = locks
        self._since_ms: int | None = None  # since when it may, as far as sweeps have seen
        self._places: dict[bytes, bytes] = {}  # the last document swept, by owner

    def has_written_since(self, time_ms: int) -> bool:
        """Returns whether writing is permitted since a time, as far as sweeps have seen."""
        return self._since_ms is not None and self._since_ms <= time_ms

    async def sweep(self) -> None:
        """Drops documents that no packet needs; a bounded number each time, of agencies in turn."""
        if not self._may_write():
            self._since_ms = None
            return
        if self._since_ms is None:
            self._since_ms = self._clock()
        if not await self._blobs.may_sweep():
            return
        limit = asyncio.Semaphore(_SWEPT_AT_ONCE)
        shares = await self._shares()
        async with asyncio.TaskGroup() as group:
            for owner, ids in shares.items():
                group.create_task(self._sweep_owner(owner, ids, limit))

    async def _shares(self) -> Mapping[bytes, Sequence[bytes]]:
        """Returns documents to look at, by owner: each one's next ones, a page in all.

        An owner with few documents leaves the rest of its share to those after it.
        """
        shares: dict[bytes, Sequence[bytes]] = {}
        left = MAX_BLOB_PAGE
        pages = {
            owner: await self._blobs.page(owner, self._places.get(owner, b""), MAX_BLOB_PAGE)
            for owner in await self._blobs.owners()  # one for each member
        }
        for number, owner in enumerate(sorted(pages, key=lambda each: len(pages[each]))):
            shares[owner] = pages[owner][: _share(left, len(pages) - number)]
            left -= len(shares[owner])
            is_last = len(shares[owner]) == len(pages[owner]) < MAX_BLOB_PAGE
            self._places[owner] = b"" if is_last else max(shares[owner], default=b"")
        return shares

    async def _sweep_owner(
        self, owner: bytes, ids: Sequence[bytes], limit: asyncio.Semaphore
    ) -> None:
        for each in ids:
            name = BlobName(owner=owner, id=each)
            async with limit:
                try:
                    await exclusively(self._locks[owner], self._look_at(name))
                except (OSError, StoreError) as error:  # the others are looked at nevertheless
                    _log.error(
                        "document unreadable", extra={"blob": each.hex(), "code": _code_of(error)}
                    )

    async def _look_at(self, name: BlobName) -> None:
        """Drops a document if its packets have ended, or none came within a day of writing.

        An announcement without parts ends after an hour, however often it is offered.
        """
        state = await self._blobs.state(name)
        if state is None:
            await self._blobs.remove(name, None)
            return
        oldest_ms = self._clock() - BLOB_RETENTION_MS
        if self._since_ms is None or self._since_ms > oldest_ms:
            oldest_ms = -1  # its packet may have been lost, or had no chance to come
        left, ended = 0, False
        linked = await self._blobs.links(name)  # a correction line: 64 at most
        stored = await self._store.linking([*linked], name.id)
        for packet, linked_ms in linked.items():
            is_linked = stored.get(packet)
            if is_linked or (is_linked is None and linked_ms > oldest_ms):  # or it is being judged
                left += 1
                continue
            ended = ended or is_linked is not None
            await self._blobs.unlink(name, packet, linked_ms)
        is_old = state.touched_ms <= oldest_ms or is_abandoned(state, self._clock())
        if not left and (ended or is_old):
            await self._blobs.remove(name, state)


def is_abandoned(state: BlobState, now_ms: int) -> bool:
    """Returns whether a document was announced an hour ago, and no part of it came."""
    return not state.held and state.begun_ms <= now_ms - BLOB_OFFER_MS


def _share(left: int, owners: int) -> int:
    """Returns the documents that the next one of so many owners gets of those left: one or more."""
    return max(1, left // owners)


def _code_of(error: OSError | StoreError) -> str:
    return (
        error.code if isinstance(error, StoreError) else errno.errorcode.get(error.errno or 0, "")
    )
