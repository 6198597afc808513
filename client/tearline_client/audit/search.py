"""Search of an auditor through the exchange, which is not trusted.

Every event is verified under the log's keys, found in this node's own copy of the log, and compared
with the query. So an exchange that shows auditors another log, or another answer, is detected.
Entries that this node can open must be among the results.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tearline.audit.event import Event
from tearline.audit.query import Query, parse_query
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    EntryMismatch,
    EntryWithheld,
    ExchangeMisbehaved,
    LogInconsistent,
    TearlineError,
    TrustStale,
)
from tearline.federation.members import LogKeys
from tearline.identity import agency_uri_of, domain_uri_of
from tearline.limits import MAX_LOG_SIZE
from tearline.verification.log_entries import blind_entry, verify_cosigned, verify_opening_in_log
from tearline.wire.audit_search import (
    ProvenEvent,
    ProvenEvents,
    SearchRequest,
    encode_search,
    parse_proven_events,
)
from tearline_client.context import NodeContext
from tearline_client.store.log import LogStore, OpenedEvent
from tearline_runtime.turns import in_turns

BEGINNING = -1
_AGAIN_S = 1.0  # before a following search is repeated


@immutable
class FoundEvent:
    """An event found by a search, with its proof.

    Attributes:
        event: The event.
        proven: Its opening and its position.
        note: The signed note of its checkpoint.
    """

    event: Event
    proven: ProvenEvent
    note: bytes

    @property
    def index(self) -> int:
        """Returns the position of its entry in the log."""
        return self.proven.entry.index


@immutable
class SearchPosition:
    """The rest of a search.

    Attributes:
        query: The query.
        after: The log index reached.
        left: Maximum number of further events.
    """

    query: Query
    after: int
    left: int


@immutable
class Page:
    """Verified events, and the last log index that they answer for."""

    events: tuple[FoundEvent, ...]
    covered: int


async def search(
    context: NodeContext,
    request: SearchRequest,
    token: Callable[[], str],
    *,
    receive: Callable[[], Awaitable[object]] | None = None,
) -> AsyncIterator[FoundEvent]:
    """Yields the events that match a query, each proven, in the order of the log.

    Args:
        context: The auditor's node.
        request: The search, which is itself an entry of the log.
        token: Returns a valid token of the searching person on each call.
        receive: Receives waiting mail, which may contain an order to erase a missing entry. None if
            no entry of the query is ever erased.

    Raises:
        MalformedInput: If the query is malformed.
        LogError: If an event is not in the log, or one is missing; the reply is kept as evidence.
        TearlineError: If the exchange refuses or is unreachable.
    """
    limit = request.limit
    asked = SearchPosition(
        query=parse_query(request.query), after=request.after, left=limit or MAX_LOG_SIZE
    )
    while True:
        request = replace(request, after=asked.after, limit=asked.left if limit else 0)
        replies = context.transport.search(encode_search(request), token(), follow=request.follow)
        async for reply in replies:
            with _evidence(context, reply):
                proven = parse_proven_events(reply)
                page = verify_page(proven, asked, context.trust.log)
            await context.follow()
            if context.is_light:
                await _verify_at_light(proven, context)
            else:
                with _evidence(context, reply):
                    await verify_mirrored(proven, context.stores.log)
            missing = await left_out(page, asked, context)
            if missing is not None and receive is not None:
                await receive()
                missing = await left_out(page, asked, context)
            with _evidence(context, reply):
                verify_complete(missing)
            for found in page.events:
                yield found
            asked = replace(asked, after=page.covered, left=asked.left - len(page.events))
        if not request.follow or not asked.left:
            return
        await asyncio.sleep(_AGAIN_S)


@contextmanager
def _evidence(context: NodeContext, reply: bytes) -> Iterator[None]:
    """Keeps a reply that does not verify as evidence."""
    try:
        yield
    except TearlineError as error:
        context.alarm(error, reply)
        raise


def verify_page(page: ProvenEvents, asked: SearchPosition, log: LogKeys) -> Page:
    """Verifies a page of events under the log's keys, and against the query.

    Raises:
        LogError: If the checkpoint is not the log's, or does not cover an event.
        ExchangeMisbehaved: If the page does not answer the search.
    """
    checkpoint = verify_cosigned(page.checkpoint, log)
    size = checkpoint.checkpoint.size
    found = []
    last = asked.after
    for proven in page.events:
        if proven.size != size:
            raise ExchangeMisbehaved("an event is proven in another tree than the page's")
        if proven.entry.index <= last:
            raise ExchangeMisbehaved("the events are not in the order of the log")
        last = proven.entry.index
        event = verify_opening_in_log(proven.entry, proven.path, checkpoint)
        _verify_asked_for(event, asked.query)
        found.append(FoundEvent(event=event, proven=proven, note=page.checkpoint))
    if len(found) > asked.left:
        raise ExchangeMisbehaved("there are more events than requested")
    if page.next is not None and page.next < max(last, asked.after + 1):
        raise ExchangeMisbehaved("the search would never end")
    covered = size - 1 if page.next is None else page.next
    return Page(events=tuple(found), covered=max(covered, asked.after))


def _verify_asked_for(event: Event, query: Query) -> None:
    if not query.matches(event):
        raise ExchangeMisbehaved("an event does not match the query")


async def verify_mirrored(page: ProvenEvents, log: LogStore) -> None:
    """Verifies that the log shown to this auditor is the one that this node follows.

    Raises:
        LogInconsistent: If the page's tree is not an earlier state of this node's copy.
        EntryMismatch: If the copy has another entry at an event's position.
    """
    async for proven in in_turns(page.events):
        if proven.size > log.size:
            raise LogInconsistent("the search shows a longer log than nodes are shown")
        entry = blind_entry(proven.entry.salt, proven.entry.event)
        if log.entry(proven.entry.index) != entry:
            raise EntryMismatch(f"entry {proven.entry.index} is another one in this node's log")
        if log.path(proven.entry.index, proven.size) != proven.path:
            raise LogInconsistent("the search shows another log than nodes are shown")


async def _verify_at_light(page: ProvenEvents, context: NodeContext) -> None:
    """Verifies, at a light node, that the events stand below a counted checkpoint.

    Raises:
        TrustStale: If no turn covers them yet.
        EntryMismatch: If the log has another entry at an event's position.
    """
    await context.read_entries([each.entry.index for each in page.events], ())
    async for proven in in_turns(page.events):
        index = proven.entry.index
        if not context.has_entry(index):
            raise TrustStale(f"no turn of this light node covers entry {index} yet")
        if context.stores.log.entry(index) != blind_entry(proven.entry.salt, proven.entry.event):
            raise EntryMismatch(f"entry {index} is another one in the counted log")


def verify_complete(missing: OpenedEvent | None) -> None:
    """Verifies that no entry known to this node was left out; see ``left_out``.

    Raises:
        EntryWithheld: If an entry that this node can open, and that matches, is missing.
    """
    if missing is not None:
        raise EntryWithheld(f"entry {missing.opening.index}")


async def left_out(page: Page, asked: SearchPosition, context: NodeContext) -> OpenedEvent | None:
    """Returns a known entry that the page should show and does not, or None.

    An auditor sees the entries that name their agency. The node knows a few others: its receipt for
    an agreement that another party had published before repeats that party's entry.
    """
    shown = {found.index for found in page.events}
    own = agency_uri_of(context.uri)
    async for known in in_turns(context.stores.log.openings_between(asked.after, page.covered)):
        if (
            known.opening.index not in shown
            and asked.query.matches(known.event)
            and own in _agencies_of(known.event)
        ):
            return known
    return None


def _agencies_of(event: Event) -> frozenset[str]:
    uris = (event.actor, event.party, event.counterpart)
    return frozenset(domain_uri_of(uri) for uri in uris if "://" in uri)
