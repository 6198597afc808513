"""How processes over one database tell each other that they wrote something.

A word goes out with the COMMIT of what it is about (``NOTIFY``), and only says where to look.
Words may be lost with a connection: so whoever listens looks at everything when it begins, and
looks at the log every second.
"""

import asyncio

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline.limits import MAX_LOG_SIZE
from tearline_server.storage.stored import Heard

CHANNEL = "tearline"
TELL_GROWN = f"SELECT pg_notify('{CHANNEL}', '')"  # the log
TELL = f"SELECT pg_notify('{CHANNEL}', $1)"  # a size that was cosigned, or this:
EVERYTHING = "*"
LOOK_S = 1.0


class Ear:
    """What was heard since it was asked for last; at first, that everything may be new."""

    def __init__(self) -> None:
        self._cosigned: set[int] = set()
        self._everything = True
        self._bell = asyncio.Event()
        self._bell.set()

    def hear(self, word: str) -> None:
        """Takes a word."""
        try:
            if word:
                self._cosigned.add(parse_decimal(word, maximum=MAX_LOG_SIZE))
        except MalformedInput:
            self._everything = True
        self._bell.set()

    def ring(self) -> None:
        """Ends the wait: nothing more may come."""
        self._bell.set()

    async def next(self) -> Heard:
        """What was heard, as soon as there is something, or after a second."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._bell.wait()
        except TimeoutError:
            pass
        self._bell.clear()
        heard = Heard(cosigned=None if self._everything else frozenset(self._cosigned))
        self._cosigned, self._everything = set(), False
        return heard
