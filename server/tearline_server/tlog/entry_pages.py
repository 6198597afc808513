"""Pages of the log's entries, each with a checkpoint that covers it."""

from tearline.limits import LOG_PAGE_BYTES
from tearline.wire.log_entries import EntryRange
from tearline_server.storage.interface import Store
from tearline_server.tlog.cosignatures import Cosignatures
from tearline_server.tlog.log import AuditLog


class EntryPages:
    """Reader of pages.

    Args:
        store: The store of the log.
        log: The log.
        cosignatures: Its cosigned checkpoints.
    """

    def __init__(self, store: Store, log: AuditLog, cosignatures: Cosignatures) -> None:
        self._store = store
        self._log = log
        self._cosignatures = cosignatures

    async def page(
        self, start: int, end: int, agency: str = "", *, to_directory: bool = False
    ) -> EntryRange:
        """Returns entries and a checkpoint that covers them, up to a megabyte.

        Args:
            start: Index of the first.
            end: Index after the last; 0 for all durable entries.
            agency: The agency that asks; see ``Cosignatures.merged``.
            to_directory: Whether to pass over no checkpoint that ends with a directory.
        """
        size, note = await self._log.checkpoint(end or self._log.size)
        stated, stated_note = self._log.stated
        if more := to_directory and start < stated < size:
            size, note = stated, stated_note
        found = await self._store.entries(start, min(end or size, size), max_bytes=LOG_PAGE_BYTES)
        merged = self._cosignatures.merged(size, note, agency)
        return EntryRange(start=start, entries=tuple(found), checkpoint=merged, more=more)
