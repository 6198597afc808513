"""Constant answers about other processes, for a store that only one process uses."""

import asyncio
from collections.abc import AsyncIterator

from tearline.tlog.merkle import Frontier
from tearline_server.storage.blob_rows import BlobRows
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import Changes, Snapshot


class Alone:
    """Part of a ``Store`` about other processes, when there are none."""

    is_shared = False
    blobs: BlobRows | None = None
    standbys: int | None = None

    async def news(self, since: Head) -> Snapshot | None:
        """Returns None: no other process writes."""
        return None

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """Returns None: no other process writes."""
        return None

    async def changes(self) -> AsyncIterator[Changes]:
        """Never yields."""
        await asyncio.Event().wait()
        yield Changes(cosigned=None)
