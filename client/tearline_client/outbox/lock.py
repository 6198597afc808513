"""Turns for sending: one task of one process sends while the others wait.

Places in a channel must reach the exchange in order, and several processes of a node may send: a
command, and the running node.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tearline.errors import OutcomeUnknown
from tearline_runtime.files import open_private

TURN_S = 30  # wait for another process in a call without an answer
_ASK_AGAIN_S = 0.05


class SendLock:
    """Lets one task of one process send at a time; the others wait.

    Args:
        path: A file to lock; the kernel releases it when the process ends in any way.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Waits for the turn, and holds it inside the context.

        Raises:
            OutcomeUnknown: If another process does not end its turn.
        """
        async with self._tasks:
            descriptor = open_private(self._path)
            try:
                await _lock(descriptor)
                yield
            finally:
                os.close(descriptor)


class Presence:
    """Signal to other processes of the node that one of them does a certain work.

    Args:
        path: A file to lock; the kernel releases it when the process ends in any way.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Shows the signal inside the context; several may do so at once."""
        descriptor = open_private(self._path)
        try:
            while not _is_locked(descriptor, fcntl.LOCK_SH):
                await asyncio.sleep(_ASK_AGAIN_S)  # another process is testing the signal
            yield
        finally:
            os.close(descriptor)

    def is_shown(self) -> bool:
        """Returns whether a process, or another task of this one, is inside ``shown``."""
        descriptor = open_private(self._path)
        try:
            return not _is_locked(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _lock(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + TURN_S
    while not _is_locked(descriptor, fcntl.LOCK_EX):
        if loop.time() > deadline:
            raise OutcomeUnknown("another process of this node is sending")
        # The kernel would block without polling, and the whole loop with it.
        await asyncio.sleep(_ASK_AGAIN_S)
