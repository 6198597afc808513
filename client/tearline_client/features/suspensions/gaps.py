"""Proof, from both parties' marks, that no packet passed during a suspension.

Each party signs a mark of every channel at suspension and at resumption. The numbers may grow in
between only by voids, and by receipts for earlier mail; this node has an entry for each. All inputs
are the node's own records.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from tearline.agreements.agreement import Agreement
from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.suspensions.history import Interval, stopped_intervals
from tearline_client.context import NodeContext
from tearline_client.store.suspensions import KeptMark
from tearline_runtime.turns import in_turns

_COUNTED = frozenset(
    {
        EventCode.GRANT_ACCEPTED,
        EventCode.RECEIPT,
        EventCode.VOID,
        EventCode.REQUEST,
        EventCode.CONSENT,
        EventCode.RECALL,
        EventCode.CASE,
    }
)
"""Event codes that take a place in a channel."""


@immutable
class Marks:
    """Marks that both parties signed for one channel at one time.

    Attributes:
        sent: The highest number sent, by the channel's sender; None without a mark.
        received: The highest number received, by its recipient; None without a mark.
        entries: Indices of both marks' entries, the sender's first.
    """

    sent: int | None
    received: int | None
    entries: tuple[int | None, int | None]


@immutable
class Gap:
    """Interval in which an article's packets could not pass in one direction.

    Attributes:
        article: The article.
        sender: Node URI.
        recipient: Node URI.
        interval: From the suspending entry to the resuming entry.
        before: The marks at suspension.
        after: The marks at resumption, or the last ones so far.
        between: Number of entries of this channel in between, by code.
        later: Number of those after the resuming standing.
        crossed: Indices of this article's packets before that; must be empty.
    """

    article: str
    sender: str
    recipient: str
    interval: Interval
    before: Marks
    after: Marks
    between: dict[str, int]
    later: int
    crossed: tuple[int, ...]

    @property
    def proved(self) -> bool:
        """Returns whether the marks and the log prove that no packet crossed.

        At suspension, the recipient had not received more than was sent. At resumption, both
        numbers are equal, except for later entries. The log has an entry for every number in
        between.
        """
        sent, received = self.after.sent, self.after.received
        if self.before.sent is None or self.before.received is None:
            return False
        if self.crossed or self.interval.end is None or sent is None or received is None:
            return False
        return (
            self.before.received <= self.before.sent
            and abs(sent - received) <= self.later
            and max(sent, received) - self.before.sent <= sum(self.between.values())
        )


def gaps_of(context: NodeContext, agreement: Agreement) -> tuple[Gap, ...]:
    """Returns every gap of an agreement with a partner, ordered by article, peer and time."""
    return tuple(gap for gap in _read(context, agreement) if gap)


async def gaps_in_turns(context: NodeContext, agreement: Agreement) -> tuple[Gap, ...]:
    """Returns the gaps as ``gaps_of``, while other tasks run."""
    return tuple([gap async for gap in in_turns(_read(context, agreement)) if gap])


def _read(context: NodeContext, agreement: Agreement) -> Iterator[Gap | None]:
    """Yields each gap once its entries are read, and None for each entry."""
    turns = context.stores.suspensions.turns(agreement.id)
    peers = [c.peer for c in context.stores.channels.all() if c.agreement_id == agreement.id]
    channels = [
        (article.id, ends)
        for article in agreement.terms.articles
        for peer in peers
        for ends in ((context.uri, peer), (peer, context.uri))
    ]
    for article, ends in channels:
        sender, recipient = map(agency_uri_of, ends)
        stops = stopped_intervals(turns, agreement, article, sender=sender, recipient=recipient)
        for interval in stops:
            yield from _gap(context, agreement, article, ends, interval)


def _gap(
    context: NodeContext,
    agreement: Agreement,
    article: str,
    ends: tuple[str, str],
    interval: Interval,
) -> Iterator[Gap | None]:
    sender, recipient = ends
    peer = recipient if sender == context.uri else sender
    marks = context.stores.suspensions.marks(agreement.id, peer)
    start = interval.start.entry
    end = context.stores.log.size if interval.end is None else interval.end.entry
    before = _marks(marks, start, sender=sender, own=context.uri)
    after = _marks(marks, end, sender=sender, own=context.uri)
    if interval.end is None:
        last = max((mark.entry for mark in marks if mark.entry is not None), default=start)
        after = _marks(marks, min(start + 1, last), sender=sender, own=context.uri)
    between: Counter[str] = Counter()
    crossed, later = [], 0
    # Up to the later mark, so that all numbers it counts are included.
    stop = max([end, *(entry for entry in after.entries if entry is not None)])
    for opened in context.stores.log.openings_between(start, stop):
        yield None
        event = opened.event
        if (event.actor, event.counterpart, event.agreement_id) != (
            sender,
            recipient,
            agreement.id,
        ) or event.code not in _COUNTED:
            continue
        between[event.code.value] += 1
        later += opened.opening.index > end
        is_article = event.code is EventCode.GRANT_ACCEPTED and event.article == article
        if is_article and opened.opening.index < end:
            crossed.append(opened.opening.index)
    yield Gap(
        article=article,
        sender=sender,
        recipient=recipient,
        interval=interval,
        before=before,
        after=after,
        between=dict(sorted(between.items())),
        later=later,
        crossed=tuple(crossed),
    )


def _marks(marks: Sequence[KeptMark], entry: int, *, sender: str, own: str) -> Marks:
    """Returns each party's first mark after an entry, for one channel."""
    behind = [mark for mark in marks if mark.entry is not None and mark.entry > entry]
    ours = next((mark for mark in behind if mark.own), None)
    theirs = next((mark for mark in behind if not mark.own), None)
    first, second = (ours, theirs) if sender == own else (theirs, ours)
    return Marks(
        sent=None if first is None else first.mark.highest_sent,
        received=None if second is None else second.mark.highest_received,
        entries=(
            None if first is None else first.entry,
            None if second is None else second.entry,
        ),
    )
