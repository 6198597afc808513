"""Periodic jobs of the exchange."""

from collections.abc import Awaitable, Callable

from tearline.errors import TearlineError
from tearline.limits import DIRECTORY_INTERVAL_MS, MAX_ENDED, MAX_OVERDUE
from tearline_server.admission.refusals import Refusals
from tearline_server.bootstrap import Components
from tearline_server.ingest.commands import (
    Command,
    ExpirePacketsCommand,
    LogEventsCommand,
    LogOverdueCommand,
    WriteDirectoryCommand,
)
from tearline_server.jobs.retention import RetentionKeeper
from tearline_server.processing.registry import Registry
from tearline_server.storage.reads import NO_BACKLOG


class Maintenance:
    """Jobs of an exchange. They write only while writing is permitted.

    Args:
        components: The exchange's components.
        registry: Returns the current registry.
        refusals: The counted refusals.
        submit: Writes work, regardless of the queue's bound.
        may_write: Returns whether writing is permitted now.

    Attributes:
        backlog: Unacknowledged mail, as last counted.
    """

    def __init__(
        self,
        components: Components,
        registry: Callable[[], Registry],
        refusals: Refusals,
        submit: Callable[[Command], Awaitable[None]],
        may_write: Callable[[], bool],
    ) -> None:
        self._store = components.store
        self._clock = components.clock
        self._registry = registry
        self._refusals = refusals
        self._submit = submit
        self._may_write = may_write
        self._retention = RetentionKeeper(
            components.store, components.keys, registry, submit, components.clock
        )
        self.backlog = NO_BACKLOG

    async def count_backlog(self) -> None:
        """Counts unacknowledged mail."""
        self.backlog = await self._store.backlog()

    async def flush_refusals(self) -> None:
        """Logs the refusals counted since the last flush, one entry for each peer and code."""
        if self._may_write():
            events = self._refusals.take(self._clock())
            if not events:
                return
            try:
                await self._submit(LogEventsCommand(*events))
            except TearlineError:
                self._refusals.put_back(events)
                raise

    async def write_directory(self) -> None:
        """Writes a directory entry once a minute, which also tells every reader the log's time."""
        age_ms = self._clock() - self._registry().trust.membership.time_ms
        if self._may_write() and age_ms >= DIRECTORY_INTERVAL_MS:
            await self._submit(WriteDirectoryCommand())

    async def log_overdue(self) -> None:
        """Logs answers that became overdue since the last run, naming both sides."""
        if self._may_write():
            found = await self._store.overdue(self._clock(), limit=MAX_OVERDUE)
            if found:
                await self._submit(LogOverdueCommand(found))

    async def erase_due(self) -> None:
        """Erases some of the entries past the agreements' log retention."""
        if self._may_write():
            await self._retention.erase_due()

    async def drop_ended(self) -> None:
        """Deletes the ciphertexts of packets that have ended, a bounded number per commit."""
        more = self._may_write()
        while more:
            now_ms, agreements = self._clock(), self._registry().agreements
            kept = {
                id_: max(0, now_ms - each.agreement.retention_ms)  # which may be for ever
                for id_, each in agreements.items()
            }
            found = await self._store.ended(now_ms, kept, limit=MAX_ENDED)
            if found:
                await self._submit(ExpirePacketsCommand(found))
            more = len(found) == MAX_ENDED
