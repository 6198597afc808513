"""The gap that a suspension leaves, proved by both ends' marks: nothing passed in between.

Each end signs a mark of every channel when something is suspended, and one when it is resumed.
What the numbers grew by in between must be voids, and receipts about earlier mail; every one of
them is an entry that this node was told of. All of it is read from the node's own records.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tearline.agreements.agreement import Agreement
from tearline.audit.event import EventCode
from tearline.identity import agency_uri_of
from tearline.suspensions.history import Interval, stopped_intervals
from tearline_client.context import NodeContext
from tearline_client.store.suspensions import KeptMark

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
"""What has a place in a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What both ends signed of one channel at one time.

    Attributes:
        sent: By the channel's sender: the highest number sent; None without a mark.
        received: By its recipient: the highest number received; None without a mark.
        entries: Indices of the entries of both marks, the sender's first.
    """

    sent: int | None
    received: int | None
    entries: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which an article's packets could not pass one way.

    Attributes:
        article: The article.
        sender: Node URI.
        recipient: Node URI.
        interval: From what stopped it to what let it pass again.
        before: The marks at suspension.
        after: The marks at resumption, or the last so far.
        between: What the log has in this channel in between, by code, with how often.
        later: How many of them stand behind the standing that resumed it.
        crossed: Indices of entries of this article's packets before that: there must be none.
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
        """Whether both ends' marks and the log show that nothing crossed.

        Before: that the recipient had received no more than the sender had sent. After: that both
        say the same, but for what followed the resumption. And that the log has every number by
        which they grew.
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
    """Every gap of an agreement between us and a partner, in order of article, peer and time."""
    turns = context.stores.suspensions.turns(agreement.id)
    peers = [c.peer for c in context.stores.channels.all() if c.agreement_id == agreement.id]
    return tuple(
        _gap(context, agreement, article.id, ends, interval)
        for article in agreement.terms.articles
        for peer in peers
        for ends in ((context.uri, peer), (peer, context.uri))
        for interval in stopped_intervals(
            turns,
            agreement,
            article.id,
            sender=agency_uri_of(ends[0]),
            recipient=agency_uri_of(ends[1]),
        )
    )


def _gap(
    context: NodeContext,
    agreement: Agreement,
    article: str,
    ends: tuple[str, str],
    interval: Interval,
) -> Gap:
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
    # Up to the later of the marks, so that whatever they count is among it.
    stop = max([end, *(entry for entry in after.entries if entry is not None)])
    for opened in context.stores.log.openings_between(start, stop):
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
    return Gap(
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
    """The first mark of each end behind an entry, of the channel from one of them."""
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
