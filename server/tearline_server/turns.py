"""Who is next: nobody waits behind all that another has sent.

What waits is taken in turns, one piece of each agency after another. An agency's turns go to its
nodes in turn, and each node's own is taken in its order. So a node that floods the exchange fills
its own line, and a quiet one's single message is the next but one.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tearline.errors import ExchangeBusy

T = TypeVar("T")

_RETRY_AFTER_MS = 250  # several commits pass in this time
_NODE = "/node/"  # what stands between an agency's URI and a node's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How much of a batch and of a line something takes."""

    statements: int
    bytes: int

    def __add__(self, other: "Weight") -> "Weight":
        return Weight(statements=self.statements + other.statements, bytes=self.bytes + other.bytes)

    def __sub__(self, other: "Weight") -> "Weight":
        return Weight(statements=self.statements - other.statements, bytes=self.bytes - other.bytes)

    def exceeds(self, bound: "Weight") -> bool:
        """Whether it is beyond a bound in either measure."""
        return self.statements > bound.statements or self.bytes > bound.bytes

    def part(self, number: int) -> "Weight":
        """One of ``number`` equal parts."""
        return Weight(statements=self.statements // number, bytes=self.bytes // number)


NOTHING = Weight(statements=0, bytes=0)
OWN = ""
"""The source of what is the exchange's own."""


@dataclass(slots=True)
class _Shares:
    """What an agency has in a line, waiting and under way: in all, and of each source."""

    total: Weight = NOTHING
    of: dict[str, Weight] = field(default_factory=dict)

    def add(self, source: str, weight: Weight) -> None:
        """Adds to what a source has."""
        self.of[source] = self.of.get(source, NOTHING) + weight
        self.total += weight

    def drop(self, source: str, weight: Weight) -> None:
        """Takes away from what a source has."""
        self.of[source] -= weight
        self.total -= weight


class Line(Generic[T]):
    """What waits, by agency and source: agencies have turns, and each gives its own to its nodes.

    So node names, which cost an agency nothing, get it no more turns, and no more room.

    Args:
        bound: What may wait. Where it is reached, an agency that has less than an equal part of
            it may still come in, up to twice the bound: so one agency keeps no other out. Nor does
            one node keep out others of its agency: such as have less than an equal part of the
            agency's may still come in, up to half as much again.
    """

    def __init__(self, bound: Weight) -> None:
        self._bound = bound
        self._agencies: OrderedDict[str, OrderedDict[str, deque[tuple[Weight, T]]]] = OrderedDict()
        # What was taken out and is not done yet takes its room all the while.
        self._shares: dict[str, _Shares] = {}
        self._under_way = NOTHING
        self.waiting = NOTHING

    def __bool__(self) -> bool:
        return bool(self._agencies)

    def __contains__(self, source: str) -> bool:
        return source in self._agencies.get(_agency_of(source), ())

    @property
    def agencies(self) -> int:
        """How many agencies have something waiting; what is the exchange's own is no agency's."""
        return len(self._agencies) - (OWN in self._agencies)

    @property
    def nodes(self) -> int:
        """How many nodes have something waiting; no more agencies than were admitted are summed."""
        return sum(map(len, self._agencies.values())) - (OWN in self._agencies)

    def verify_room(self, source: str, weight: Weight) -> None:
        """Checks that ``source`` may put something into the line.

        What was taken out to be worked on counts until it is done. Where there is neither, anything
        may come in, whatever its weight.

        Raises:
            ExchangeBusy: If too much waits.
        """
        waiting = self.waiting + self._under_way + weight
        if not self._shares or not waiting.exceeds(self._bound):
            return
        agency = _agency_of(source)
        shares = self._shares.get(agency, _Shares())
        total, own = shares.total + weight, shares.of.get(source, NOTHING) + weight
        part = self._bound.part(len(self._shares) + (agency not in self._shares))
        equal = part.part(len(shares.of) + (source not in shares.of))
        keeps = not own.exceeds(equal) and not total.exceeds(part + part.part(2))
        if (total.exceeds(part) and not keeps) or waiting.exceeds(self._bound + self._bound):
            raise ExchangeBusy("too much waits to be written", retry_after_ms=_RETRY_AFTER_MS)

    def put(self, source: str, weight: Weight, item: T) -> None:
        """Lets something wait behind all else of its source."""
        agency = _agency_of(source)
        sources = self._agencies.setdefault(agency, OrderedDict())
        sources.setdefault(source, deque()).append((weight, item))
        self._shares.setdefault(agency, _Shares()).add(source, weight)
        self.waiting += weight

    def next_weight(self) -> Weight:
        """The weight of what is next; something must wait."""
        sources = next(iter(self._agencies.values()))
        return next(iter(sources.values()))[0][0]

    def take(self) -> T:
        """What is next; its source is behind all others of its agency, and that behind all others.

        It waits no more.
        """
        agency, sources = self._agencies.popitem(last=False)
        source, queue = sources.popitem(last=False)
        weight, item = queue.popleft()
        self.waiting -= weight
        if queue:
            sources[source] = queue
        if sources:
            self._agencies[agency] = sources
        self._shares[agency].drop(source, weight)
        self._forget(agency, source)
        return item

    def begin(self, source: str, weight: Weight) -> None:
        """Notes that something taken out is under way, and goes on taking room."""
        self._under_way += weight
        self._shares.setdefault(_agency_of(source), _Shares()).add(source, weight)

    def end(self, source: str, weight: Weight) -> None:
        """Notes that something under way is done; what weighs nothing may end behind the rest."""
        agency = _agency_of(source)
        self._under_way -= weight
        if weight != NOTHING:
            self._shares[agency].drop(source, weight)
        self._forget(agency, source)

    def _forget(self, agency: str, source: str) -> None:
        """Keeps no shares of who has nothing in the line."""
        shares = self._shares.get(agency)
        if shares is None or source in self or shares.of.get(source, NOTHING) != NOTHING:
            return
        shares.of.pop(source, None)
        if not shares.of:
            del self._shares[agency]

    def take_unless(self, holds: Callable[[str], bool]) -> T | None:
        """What is next of a source that is not held back; None where all are."""
        for agency in tuple(self._agencies):
            sources = self._agencies[agency]
            for source in tuple(sources):
                if not holds(source):
                    return self.take()
                sources.move_to_end(source)
            self._agencies.move_to_end(agency)
        return None


def _agency_of(source: str) -> str:
    """The agency of a node; an agency's own where a source is one, as those that read are."""
    return source.partition(_NODE)[0]


class Turns:
    """Turns at something that holds up the event loop: one at a time, and others in between.

    Args:
        bound: What may wait for its turn.
        holds: Whether a source must wait, whoever else does not; ``go_on`` where that changed.
    """

    def __init__(self, bound: Weight, holds: Callable[[str], bool] = lambda source: False) -> None:
        self._line: Line[asyncio.Future[None]] = Line(bound)
        self._holds = holds
        self._calling = False

    async def take(self, source: str, size: int) -> None:
        """Waits for a turn; it lasts until the caller waits for something.

        Args:
            source: Whose turn.
            size: Bytes that wait with it.

        Raises:
            ExchangeBusy: If too much waits.
        """
        weight = Weight(statements=1, bytes=size)
        self._line.verify_room(source, weight)
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._line.put(source, weight, turn)
        self.go_on()
        await turn

    def go_on(self) -> None:
        """Gives turns, as long as somebody waits who is not held back."""
        if self._line and not self._calling:
            self._calling = True
            asyncio.get_running_loop().call_soon(self._call)

    def _call(self) -> None:
        turn = self._line.take_unless(self._holds)
        if turn is not None and not turn.done():  # whoever went away has lost it
            turn.set_result(None)
        self._calling = turn is not None and bool(self._line)
        if self._calling:  # behind what the one just called does, and what has come in meanwhile
            asyncio.get_running_loop().call_soon(self._call)
