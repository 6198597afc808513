"""Changes of the database, for readers that wait for the next one."""

import asyncio
from collections.abc import Callable

Version = tuple[int, int]
"""Differs after each change: of other processes, and of this one."""


class Changes:
    """Commits of this process, which wake readers, and those of other processes, which do not.

    Args:
        foreign: Returns a number that differs after each commit of another process.
    """

    def __init__(self, foreign: Callable[[], int]) -> None:
        self._foreign = foreign
        self._own = 0
        self._readers: set[asyncio.Future[None]] = set()

    def version(self) -> Version:
        """Returns the version of the database."""
        return self._foreign(), self._own

    def note(self) -> None:
        """Wakes every reader, after a commit in whichever thread."""
        self._own += 1
        readers, self._readers = self._readers, set()
        for each in readers:
            each.get_loop().call_soon_threadsafe(_wake, each)

    async def wait(self, version: Version) -> None:
        """Waits until this process has changed a version of the database."""
        if version[1] != self._own:
            return
        reader = asyncio.get_running_loop().create_future()
        self._readers.add(reader)
        try:
            await reader
        finally:
            self._readers.discard(reader)


def _wake(reader: asyncio.Future[None]) -> None:
    if not reader.done():
        reader.set_result(None)
