"""Notifications of writes between processes with one database.

A notification is sent with the COMMIT that it is about (``NOTIFY``), and names only the place to
read. Notifications may be lost with a connection. So a listener first reads all state, and then
reads the log every second.
"""

import asyncio

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline.limits import MAX_LOG_SIZE
from tearline_server.storage.snapshot import Changes

CHANNEL = "tearline"
TELL_GROWN = f"SELECT pg_notify('{CHANNEL}', '')"  # the log
TELL = f"SELECT pg_notify('{CHANNEL}', $1)"  # a cosigned size, or EVERYTHING
EVERYTHING = "*"
LOOK_S = 1.0


class NotificationListener:
    """Notifications since the last read; initially, all state may be new."""

    def __init__(self) -> None:
        self._cosigned: set[int] = set()
        self._everything = True
        self._bell = asyncio.Event()
        self._bell.set()

    def hear(self, word: str) -> None:
        """Records a notification."""
        try:
            if word:
                self._cosigned.add(parse_decimal(word, maximum=MAX_LOG_SIZE))
        except MalformedInput:
            self._everything = True
        self._bell.set()

    def ring(self) -> None:
        """Ends the wait, because no more notifications may come."""
        self._bell.set()

    async def next(self) -> Changes:
        """Returns the recorded notifications, at the next one or after a second."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()
        changes = Changes(cosigned=None if self._everything else frozenset(self._cosigned))
        self._cosigned, self._everything = set(), False
        return changes
