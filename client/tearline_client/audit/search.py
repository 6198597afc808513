"""An auditor's search through the exchange, which is believed about nothing.

Every event that arrives is verified under the log's keys, and then found again in this node's
own mirror of the log: an exchange that shows auditors another log than nodes is caught.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from tearline.errors import EntryMismatch, ExchangeMisbehaved, LogInconsistent, TearlineError
from tearline.federation import LogIdentity
from tearline.ledger import blind_entry, verify_cosigned, verify_opening_in_log
from tearline.limits import EVENT_PAGE
from tearline.wire.exchange import (
    ProvenEvents,
    SearchRequest,
    encode_search,
    parse_proven_events,
)
from tearline_client.state import NodeState
from tearline_client.store.log import LogStore, OpenedEvent

BEGINNING = -1


async def search(
    state: NodeState, query: str, token: str, *, after: int = BEGINNING, limit: int
) -> AsyncIterator[OpenedEvent]:
    """The events that a query finds, each proven, in the order of the log.

    Args:
        state: The auditor's node.
        query: Conditions such as ``actor:… packet:… created:a..b -outcome:ok``.
        token: Of the person who searches; the search is itself an entry of the log.
        after: The log position to continue after; -1 begins at the beginning.
        limit: How many events at most.

    Raises:
        LogError: If an event is not in the log; the reply is kept as evidence.
        TearlineError: If the exchange refuses or cannot be reached.
    """
    while limit > 0:
        request = SearchRequest(query=query, after=after, limit=min(limit, EVENT_PAGE))
        reply = await state.transport.search(encode_search(request), token)
        with _evidence(state, reply):
            page = parse_proven_events(reply)
            found = verify_page(page, request, state.trust.trust_list.log)
        await state.follow()
        with _evidence(state, reply):
            verify_mirrored(page, state.stores.log)
        for opened in found:
            yield opened
        if page.next is None:
            return
        after, limit = page.next, limit - len(found)


@contextmanager
def _evidence(state: NodeState, reply: bytes) -> Iterator[None]:
    """Keeps a reply that does not verify."""
    try:
        yield
    except TearlineError as error:
        state.alarm(error, reply)
        raise


def verify_page(
    page: ProvenEvents, request: SearchRequest, log: LogIdentity
) -> Sequence[OpenedEvent]:
    """Checks a page of events under the log's keys, and returns them.

    Raises:
        LogError: If the checkpoint is not the log's, or an event is not under it.
        ExchangeMisbehaved: If the page is not an answer to the request.
    """
    checkpoint = verify_cosigned(page.checkpoint, log)
    size = checkpoint.checkpoint.size
    found = []
    last = request.after
    for proven in page.events:
        if proven.size != size:
            raise ExchangeMisbehaved("an event is proven in another tree than the page's")
        if proven.entry.index <= last:
            raise ExchangeMisbehaved("the events are not in the order of the log")
        last = proven.entry.index
        event = verify_opening_in_log(proven.entry, proven.path, checkpoint)
        found.append(OpenedEvent(opening=proven.entry, event=event))
    if len(found) > request.limit:
        raise ExchangeMisbehaved("there are more events than were asked for")
    if page.next is not None and page.next < max(last, request.after + 1):
        raise ExchangeMisbehaved("the search would never end")
    return found


def verify_mirrored(page: ProvenEvents, log: LogStore) -> None:
    """Checks that the log shown to this auditor is the one that this node follows.

    Raises:
        LogInconsistent: If the page's tree is not one that the mirror grew through.
        EntryMismatch: If the mirror holds another entry at an event's place.
    """
    for proven in page.events:
        if proven.size > log.size:
            raise LogInconsistent("the search shows a longer log than nodes are shown")
        entry = blind_entry(proven.entry.salt, proven.entry.event)
        if log.entry(proven.entry.index) != entry:
            raise EntryMismatch(f"entry {proven.entry.index} is another one in this node's log")
        if log.path(proven.entry.index, proven.size) != proven.path:
            raise LogInconsistent("the search shows another log than nodes are shown")
