"""Resumption: when an exchange writes again after a restore.

The log may have been longer than what was restored. What is written behind that would then stand
where something else was signed: so nothing is, until every cosigning node has said what it
cosigned last.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable

from tearline.errors import ExchangeBusy
from tearline.event import Event, EventCode
from tearline.statement import HASH_SIZE
from tearline_server.auditlog import Clock
from tearline_server.storage.store import Store
from tearline_server.storage.stored import Heard

_RETRY_MS = 5000  # a running node says what it cosigned at least every half a minute


class Resumption:
    """Waits for the cosigning nodes where the store was restored, and not at all where it was not.

    Args:
        store: Knows of restores.
        uri: The exchange's.
        log_act: Has an act logged.
        clock: The time.
    """

    def __init__(
        self, store: Store, uri: str, log_act: Callable[[Event], Awaitable[None]], clock: Clock
    ) -> None:
        self._store = store
        self._uri = uri
        self._log_act = log_act
        self._clock = clock
        self._awaited: set[str] | None = None  # None where the exchange writes

    async def restore(self, cosigners: Iterable[str]) -> None:
        """Goes on from what is stored.

        Args:
            cosigners: URIs of the nodes that cosign.
        """
        if not await self._is_settled():
            self._awaited = set(cosigners)
            if not self._awaited:
                await self.begin()

    @property
    def awaited(self) -> list[str]:
        """URIs of the cosigning nodes that have not said yet what they cosigned."""
        return sorted(self._awaited or ())

    @property
    def has_begun(self) -> bool:
        """Whether the exchange writes."""
        return self._awaited is None

    def verify_begun(self) -> None:
        """Checks that the exchange writes.

        Raises:
            ExchangeBusy: If it does not yet.
        """
        if not self.has_begun:
            raise ExchangeBusy(
                "it was restored, and waits to hear what was signed", retry_after_ms=_RETRY_MS
            )

    async def hear(self, node: str) -> None:
        """A node said what it cosigned last; the exchange begins to write behind the last of them.

        Args:
            node: Its URI.

        Raises:
            StoreError: If that cannot be kept; the next node that is heard has it tried again.
        """
        if self._awaited is not None:
            self._awaited.discard(node)
            if not self._awaited:
                await self.begin()

    async def begin(self) -> None:
        """Begins to write, although a node might know of entries that were signed and lost."""
        await self._store.settle()
        if self._awaited is not None:  # nobody else began meanwhile
            self._awaited = None
            await self._log_act(self._begun())

    async def follow(self, heard: Heard) -> None:
        """Begins to write where another process did."""
        if self._awaited is not None and heard.cosigned is None and await self._is_settled():
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
