"""Constant answers about other processes, for a store that only one process uses."""

import asyncio
from collections.abc import AsyncIterator

from tearline.merkle import Frontier
from tearline_server.storage.rows import Head
from tearline_server.storage.stored import Heard, Stored


class Alone:
    """Part of a ``Store`` about other processes, when there are none."""

    is_shared = False
    standbys: int | None = None

    async def news(self, since: Head) -> Stored | None:
        """Returns None: no other process writes."""
        return None

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """Returns None: no other process writes."""
        return None

    async def changes(self) -> AsyncIterator[Heard]:
        """Never yields."""
        await asyncio.Event().wait()
        yield Heard(cosigned=None)
