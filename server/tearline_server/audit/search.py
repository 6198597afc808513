"""Auditors' searches of the log, each page proven under one tree."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from tearline.audit.event import Event, EventCode
from tearline.audit.query import Query, parse_query
from tearline.dataclass.immutable import immutable
from tearline.limits import (
    EVENT_PAGE,
    EVENT_PAGE_BYTES,
    FOLLOW_MS,
    MAX_AGENCY_UNREAD_BYTES,
    MAX_AGREEMENTS_SEARCHED,
    MAX_LOG_SIZE,
)
from tearline.statements.statement import HASH_SIZE
from tearline.wire.audit_search import ProvenEvent, ProvenEvents, SearchRequest
from tearline_server.admission.rate_limits import MemoryQuota
from tearline_server.ingest.commands import LogSearchCommand
from tearline_server.processing.registry import InForce
from tearline_server.storage.interface import Store
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import OpeningRow
from tearline_server.tlog.log import AuditLog, Clock

_PROOF_BYTES = 2048  # 48 hashes and their frame


@immutable
class Auditor:
    """Person that searches the log.

    Attributes:
        node: URI of the node that calls.
        agency: URI of its agency.
        pseudonym: 32 bytes.
    """

    node: str
    agency: str
    pseudonym: bytes


class AuditSearch:
    """Answers to auditors.

    Args:
        store: The store of the events.
        log: Their log.
        agreements: Returns the agreements in force, by id.
        submit: Logs a search before it is answered.
        clock: The time.
    """

    def __init__(
        self,
        store: Store,
        log: AuditLog,
        agreements: Callable[[], Mapping[bytes, InForce]],
        submit: Callable[[LogSearchCommand], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._log = log
        self._agreements = agreements
        self._submit = submit
        self._clock = clock
        self._room = MemoryQuota(MAX_AGENCY_UNREAD_BYTES)
        self._ended = False
        # Searches read one at a time, and agencies take turns. A search with few matches reads all
        # that its agency may see, and must not delay mail.
        self._reading = asyncio.Lock()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def end(self) -> None:
        """Ends every following search, once the log is woken."""
        self._ended = True

    async def search(self, auditor: Auditor, request: SearchRequest) -> AsyncIterator[ProvenEvents]:
        """Yields pages of the events that an auditor may see and that match a query.

        An auditor may see events that name their agency, and events under the agreements that it
        oversees. The search is logged before it is answered. All pages are proven in one tree. A
        following search continues with new events, in later trees, until its time ends.

        Raises:
            MalformedInput: If the query is invalid.
            ExchangeBusy: If the agency's budget of searches is used up.
        """
        query = parse_query(request.query)
        act = LogSearchCommand(auditor.agency, self._searched(auditor, export=request.export))
        await self._submit(act)
        act.verify_logged()
        size, note = await self._log.checkpoint(self._log.size)
        search = Search(
            agency=auditor.agency,
            agreements=self._overseen(auditor.agency, query),
            query=query,
            after=request.after,
            below=size,
            limit=0,
        )
        left = request.limit or MAX_LOG_SIZE
        # By a monotonic clock: if the other is set back, a search must not follow for longer.
        ends_s = asyncio.get_running_loop().time() + FOLLOW_MS / 1000
        while True:
            limit = min(left, EVENT_PAGE)
            # gRPC holds a page in memory until the caller has read it.
            async with self._room.hold(auditor.agency, EVENT_PAGE_BYTES):
                found = await self._found(replace(search, limit=limit))
                rows = _bounded(found)
                more = len(found) == limit or len(rows) < len(found)
                left -= len(rows)
                reached = rows[-1].idx if more else max(size - 1, search.after)
                search = replace(search, after=reached)
                if rows or not request.follow:
                    yield await self._page(rows, size, note, following=reached if more else None)
            if more and left:
                continue
            if not left or not request.follow:
                return
            if not await self._log_grown(size, ends_s):
                # An empty page reports that no more came; the caller can continue from here.
                yield await self._page((), size, note, following=None)
                return
            size, note = await self._log.checkpoint(self._log.size)
            search = replace(search, below=size)

    async def _found(self, search: Search) -> Sequence[OpeningRow]:
        """Returns the first rows of a search, reading some overseen agreements at a time.

        The first pass also reads the events that name the auditor's agency.
        """
        found: dict[int, OpeningRow] = {}
        for start in range(0, max(len(search.agreements), 1), MAX_AGREEMENTS_SEARCHED):
            some = search.agreements[start : start + MAX_AGREEMENTS_SEARCHED]
            async with self._turns[search.agency], self._reading:
                rows = await self._store.search(replace(search, agreements=some))
            found |= {row.idx: row for row in rows}
        return [found[idx] for idx in sorted(found)[: search.limit]]

    async def _page(
        self, rows: Sequence[OpeningRow], size: int, note: bytes, *, following: int | None
    ) -> ProvenEvents:
        events = await self._proven(rows, size)
        return ProvenEvents(events=events, checkpoint=note, next=following)

    def _searched(self, auditor: Auditor, *, export: bool) -> Event:
        return Event(
            statement_id=secrets.token_bytes(HASH_SIZE),
            code=EventCode.AUDIT_EXPORT if export else EventCode.AUDIT_SEARCH,
            party=auditor.node,
            time_ms=self._clock(),
            actor=auditor.node,
            pseudonym=auditor.pseudonym,
        )

    def _overseen(self, agency: str, query: Query) -> tuple[bytes, ...]:
        """Returns the agreements of a query that an agency oversees, by their newest versions."""
        named = query.named("agreement")
        return tuple(
            agreement_id
            for agreement_id, found in sorted(self._agreements().items())
            if agency in found.agreement.oversight and (not named or agreement_id in named)
        )

    async def _log_grown(self, size: int, ends_s: float) -> bool:
        """Waits for more than ``size`` entries; returns False at the time limit or on close."""
        if self._ended:
            return False
        try:
            async with asyncio.timeout_at(ends_s):
                await self._log.grown(size)
        except TimeoutError:
            return False
        return not self._ended

    async def _proven(self, rows: Sequence[OpeningRow], size: int) -> tuple[ProvenEvent, ...]:
        paths = await self._log.prove([row.idx for row in rows], size)
        return tuple(
            ProvenEvent(entry=row.opening, path=path, size=size)
            for row, path in zip(rows, paths, strict=True)
        )


def _bounded(rows: Sequence[OpeningRow]) -> list[OpeningRow]:
    """Returns as many rows as fit one reply with their proofs; at least one."""
    kept: list[OpeningRow] = []
    size = 0
    for row in rows:
        size += len(row.event) + _PROOF_BYTES
        if kept and size > EVENT_PAGE_BYTES:
            break
        kept.append(row)
    return kept
