"""Resumption: the time from which a restored exchange writes again.

The signed log may be longer than the restored one. A new entry could then replace a signed one. So
the exchange waits until every cosigning node has reported its last cosigned size.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable

from tearline.audit.event import Event, EventCode
from tearline.errors import ExchangeBusy
from tearline.statements.statement import HASH_SIZE
from tearline_server.storage.interface import Store
from tearline_server.storage.snapshot import Changes
from tearline_server.tlog.log import Clock

_RETRY_MS = 5000  # a running node reports its cosigned size at least every 30 s


class ResumeBarrier:
    """Waiting for the cosigning nodes after a restore; without one, writing begins at once.

    Args:
        store: The store, which records restores.
        uri: The exchange's URI.
        log_act: Logs an act.
        clock: The time.
    """

    def __init__(
        self, store: Store, uri: str, log_act: Callable[[Event], Awaitable[None]], clock: Clock
    ) -> None:
        self._store = store
        self._uri = uri
        self._log_act = log_act
        self._clock = clock
        self._awaited: set[str] | None = None  # None once the exchange writes

    async def restore(self, cosigners: Iterable[str]) -> None:
        """Resumes from the stored state.

        Args:
            cosigners: URIs of the nodes that cosign.
        """
        if not await self._is_settled():
            self._awaited = set(cosigners)
            if not self._awaited:
                await self.begin()

    @property
    def awaited(self) -> list[str]:
        """Returns URIs of the cosigning nodes that have not reported their cosigned size."""
        return sorted(self._awaited or ())

    @property
    def has_begun(self) -> bool:
        """Returns whether the exchange writes."""
        return self._awaited is None

    def verify_begun(self) -> None:
        """Checks that the exchange writes.

        Raises:
            ExchangeBusy: If it does not yet.
        """
        if not self.has_begun:
            raise ExchangeBusy(
                "it was restored, and waits for the cosigning nodes", retry_after_ms=_RETRY_MS
            )

    async def hear(self, node: str) -> None:
        """Records that a node reported its cosigned size; after the last one, writing begins.

        Args:
            node: Its URI.

        Raises:
            StoreError: If the change cannot be stored; the next report retries it.
        """
        if self._awaited is not None:
            self._awaited.discard(node)
            if not self._awaited:
                await self.begin()

    async def begin(self) -> None:
        """Begins to write, even if a node might know of signed entries that were lost."""
        await self._store.settle()
        if self._awaited is not None:  # no other task began meanwhile
            self._awaited = None
            await self._log_act(self._begun())

    async def follow(self, changes: Changes) -> None:
        """Begins to write once another process did."""
        if self._awaited is not None and changes.cosigned is None and await self._is_settled():
            self._awaited = None

    async def _is_settled(self) -> bool:
        restorations = await self._store.restorations()
        return not restorations or restorations[-1].settled

    def _begun(self) -> Event:
        return Event(
            statement_id=secrets.token_bytes(HASH_SIZE),
            code=EventCode.OPERATOR,
            party=self._uri,
            time_ms=self._clock(),
            actor=self._uri,
        )
