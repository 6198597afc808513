"""Other processes on a shared database: their writes, and how current they are known here."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable

from tearline.errors import StoreNotReplicated, StoreUnreachable, TearlineError
from tearline_server.storage.interface import Store
from tearline_server.storage.snapshot import Changes

_log = logging.getLogger(__name__)

# Others are read every second. After this long, revocations at other processes may be unknown.
_DEAF_S = 10.0
_DEAF_PAUSE_S = 0.5


class ReplicaFollower:
    """Follower of other processes' writes; on an unshared store, always current.

    Args:
        store: The shared store.
        take_in: Applies their writes.
        read_on: Applies their writes up to now.
        missed: Called when a write may have been missed, to wake waiters.
        now_s: Seconds on a monotonic clock.
    """

    def __init__(
        self,
        store: Store,
        take_in: Callable[[Changes], Awaitable[None]],
        read_on: Callable[[], Awaitable[None]],
        missed: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._take_in = take_in
        self._read_on = read_on
        self._missed = missed
        self._now_s = now_s
        self._heard_s = now_s()

    @property
    def unheard_s(self) -> float:
        """Returns the maximum age of the known state in seconds; 0 on an unshared store."""
        return self._now_s() - self._heard_s if self._store.is_shared else 0.0

    @property
    def are_heard(self) -> bool:
        """Returns whether the known members and keys are recent enough."""
        return self.unheard_s < _DEAF_S

    def verify_heard(self) -> None:
        """Checks that the known members and keys are recent enough.

        Raises:
            StoreUnreachable: If not: another process may have excluded a member.
        """
        if not self.are_heard:
            raise StoreUnreachable("the writes of other processes are not known")

    async def catch_up(self) -> None:
        """Applies all that others have written: a read is judged by no earlier state.

        Raises:
            StoreError: If their writes cannot be read.
        """
        if self._store.is_shared:
            await self._read_on()

    async def follow(self) -> None:
        """Applies their writes, until cancelled."""
        while True:
            try:
                async for changes in self._store.changes():
                    asked_s = self._now_s()  # later writes may be missed
                    await self._take_in(changes)
                    self._heard_s = asked_s
            except TearlineError as error:
                if isinstance(error, StoreNotReplicated):
                    self._heard_s = (
                        -math.inf
                    )  # stored state may be lost, so it must not be published
                _log.error(
                    "cannot follow other processes", extra={"code": error.code, "why": error.why}
                )
            self._missed()
            await asyncio.sleep(_DEAF_PAUSE_S)
