"""What a store answers of other processes that one process uses alone: there are none."""

import asyncio
from collections.abc import AsyncIterator

from tearline.merkle import Frontier
from tearline_server.storage.rows import Head
from tearline_server.storage.stored import Heard, Stored


class Alone:
    """The part of a ``Store`` that is about others, where nobody else writes."""

    is_shared = False
    standbys: int | None = None

    async def news(self, since: Head) -> Stored | None:
        """Nobody wrote anything behind it."""
        return None

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """Nobody changed it."""
        return None

    async def changes(self) -> AsyncIterator[Heard]:
        """Never anything."""
        await asyncio.Event().wait()
        yield Heard(cosigned=None)
