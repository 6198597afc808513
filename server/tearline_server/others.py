"""The other processes over a shared database: what they write, and whether it is known here."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable

from tearline.errors import StoreNotReplicated, StoreUnreachable, TearlineError
from tearline_server.storage.store import Store
from tearline_server.storage.stored import Heard

_log = logging.getLogger(__name__)

# Others are heard every second. Whoever heard nothing for so long does not know who is shut out.
_DEAF_S = 10.0
_DEAF_PAUSE_S = 0.5


class Others:
    """Follows what others write. Where there are none, what they wrote is always known.

    Args:
        store: Where they write.
        take_in: Takes in what they wrote.
        missed: Told each time that something may have been missed, for which somebody may wait.
        now_s: Seconds, on a clock that never runs backwards.
    """

    def __init__(
        self,
        store: Store,
        take_in: Callable[[Heard], Awaitable[None]],
        missed: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._take_in = take_in
        self._missed = missed
        self._now_s = now_s
        self._heard_s = now_s()

    @property
    def unheard_s(self) -> float:
        """How old what is known of them may be, in seconds; 0 where there are none."""
        return self._now_s() - self._heard_s if self._store.is_shared else 0.0

    @property
    def are_heard(self) -> bool:
        """Whether what is known of members and keys is not older than some seconds."""
        return self.unheard_s < _DEAF_S

    def verify_heard(self) -> None:
        """Checks that what is known of members and keys is not older than some seconds.

        Raises:
            StoreUnreachable: If it may be: another process may have shut somebody out.
        """
        if not self.are_heard:
            raise StoreUnreachable("what other processes wrote is not known")

    async def follow(self) -> None:
        """Takes in what they write, until it is cancelled."""
        while True:
            try:
                async for heard in self._store.changes():
                    asked_s = self._now_s()  # what they write from now on may be missed
                    await self._take_in(heard)
                    self._heard_s = asked_s
            except TearlineError as error:
                if isinstance(error, StoreNotReplicated):
                    self._heard_s = -math.inf  # what is stored now may be lost: nobody is shown it
                _log.error("cannot follow the others", extra={"code": error.code, "why": error.why})
            self._missed()
            await asyncio.sleep(_DEAF_PAUSE_S)
