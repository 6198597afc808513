"""Fair queue: no source waits behind the whole queue of another.

Agencies take turns, one item each. An agency's turns go to its nodes in turn, and each node's items
keep their order. A node that floods the exchange therefore fills only its own queue. A single
message of another agency waits for at most one item of each other agency.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tearline.dataclass.immutable import immutable
from tearline.errors import ExchangeBusy

T = TypeVar("T")

_RETRY_AFTER_MS = 250  # several commits pass in this time
_NODE = "/node/"  # separates an agency's URI from a node's name


@immutable
class Cost:
    """Weight of an item in a batch or queue."""

    statements: int
    bytes: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(statements=self.statements + other.statements, bytes=self.bytes + other.bytes)

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(statements=self.statements - other.statements, bytes=self.bytes - other.bytes)

    def exceeds(self, bound: "Cost") -> bool:
        """Returns whether it exceeds a bound in either measure."""
        return self.statements > bound.statements or self.bytes > bound.bytes

    def part(self, number: int) -> "Cost":
        """Returns one of ``number`` equal parts."""
        return Cost(statements=self.statements // number, bytes=self.bytes // number)


NOTHING = Cost(statements=0, bytes=0)
OWN = ""
"""Source of the exchange's own work."""


@dataclass(slots=True)
class _Shares:
    """Weight of an agency in a queue, waiting and running: in total, and per source."""

    total: Cost = NOTHING
    of: dict[str, Cost] = field(default_factory=dict)

    def add(self, source: str, weight: Cost) -> None:
        """Adds to the weight of a source."""
        self.of[source] = self.of.get(source, NOTHING) + weight
        self.total += weight

    def drop(self, source: str, weight: Cost) -> None:
        """Subtracts from the weight of a source."""
        self.of[source] -= weight
        self.total -= weight


class FairQueue(Generic[T]):
    """Fair queue, by agency and source: agencies take turns, and share theirs among their nodes.

    More node names therefore give an agency neither more turns nor more room.

    Args:
        bound: Maximum waiting weight. Beyond it, an agency below an equal share may still add
            items, up to twice the bound. So one agency cannot block others. Likewise a node below
            an equal share of its agency's part may still add items, up to 1.5 times that part.
    """

    def __init__(self, bound: Cost) -> None:
        self._bound = bound
        self._agencies: OrderedDict[str, OrderedDict[str, deque[tuple[Cost, T]]]] = OrderedDict()
        # Items taken out keep their room until they are done.
        self._shares: dict[str, _Shares] = {}
        self._under_way = NOTHING
        self.waiting = NOTHING

    def __bool__(self) -> bool:
        return bool(self._agencies)

    def __contains__(self, source: str) -> bool:
        return source in self._agencies.get(_agency_of(source), ())

    @property
    def agencies(self) -> int:
        """Returns the number of agencies with waiting items, excluding the exchange's own."""
        return len(self._agencies) - (OWN in self._agencies)

    @property
    def nodes(self) -> int:
        """Returns the number of nodes with waiting items; a sum over admitted agencies."""
        return sum(map(len, self._agencies.values())) - (OWN in self._agencies)

    def verify_room(self, source: str, weight: Cost) -> None:
        """Checks that ``source`` may add an item.

        Running items count until they are done. An item of any weight fits if there are no others.

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

    def put(self, source: str, weight: Cost, item: T, *, ahead: bool = False) -> None:
        """Adds an item behind all others of its source, or ahead of them."""
        agency = _agency_of(source)
        sources = self._agencies.setdefault(agency, OrderedDict())
        queue = sources.setdefault(source, deque())
        if ahead:
            queue.appendleft((weight, item))
        else:
            queue.append((weight, item))
        self._shares.setdefault(agency, _Shares()).add(source, weight)
        self.waiting += weight

    def next_weight(self) -> Cost:
        """Returns the weight of the next item; the queue must not be empty."""
        sources = next(iter(self._agencies.values()))
        return next(iter(sources.values()))[0][0]

    def take(self) -> T:
        """Removes and returns the next item.

        Its source then goes behind all others of its agency, and the agency behind all others.
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

    def begin(self, source: str, weight: Cost) -> None:
        """Records that a removed item is running, and keeps its room."""
        self._under_way += weight
        self._shares.setdefault(_agency_of(source), _Shares()).add(source, weight)

    def end(self, source: str, weight: Cost) -> None:
        """Records that a running item is done; items of no weight may end out of order."""
        agency = _agency_of(source)
        self._under_way -= weight
        if weight != NOTHING:
            self._shares[agency].drop(source, weight)
        self._forget(agency, source)

    def _forget(self, agency: str, source: str) -> None:
        """Drops the shares of a source without items in the queue."""
        shares = self._shares.get(agency)
        if shares is None or source in self or shares.of.get(source, NOTHING) != NOTHING:
            return
        shares.of.pop(source, None)
        if not shares.of:
            del self._shares[agency]

    def take_unless(self, holds: Callable[[str], bool]) -> T | None:
        """Removes and returns the next item of a source that is not held back, or None."""
        for agency in tuple(self._agencies):
            sources = self._agencies[agency]
            for source in tuple(sources):
                if not holds(source):
                    return self.take()
                sources.move_to_end(source)
            self._agencies.move_to_end(agency)
        return None


def _agency_of(source: str) -> str:
    """Returns the agency of a node; for an agency as source, the agency itself."""
    return source.partition(_NODE)[0]


class FairGate:
    """Turns at work that blocks the event loop: one at a time, with other tasks in between.

    Args:
        bound: Maximum weight that may wait.
        holds: Whether a source must wait although others need not; call ``go_on`` when it changes.
    """

    def __init__(self, bound: Cost, holds: Callable[[str], bool] = lambda source: False) -> None:
        self._line: FairQueue[asyncio.Future[None]] = FairQueue(bound)
        self._holds = holds
        self._calling = False

    async def take(self, source: str, size: int) -> None:
        """Waits for a turn, which lasts until the caller awaits.

        Args:
            source: The source of the turn.
            size: Bytes that wait with it.

        Raises:
            ExchangeBusy: If too much waits.
        """
        weight = Cost(statements=1, bytes=size)
        self._line.verify_room(source, weight)
        await self._wait(source, weight, ahead=False)

    async def take_again(self, source: str) -> None:
        """Waits for another turn for the same work, ahead of all other items of its source.

        Args:
            source: The source of the last turn.
        """
        await self._wait(source, Cost(statements=1, bytes=0), ahead=True)

    async def _wait(self, source: str, weight: Cost, *, ahead: bool) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.put(source, weight, turn, ahead=ahead)
        self.go_on()
        await turn

    def go_on(self) -> None:
        """Gives turns while a source waits that is not held back."""
        if self._line and not self._calling:
            self._calling = True
            asyncio.get_running_loop().call_soon(self._call)

    def _call(self) -> None:
        turn = self._line.take_unless(self._holds)
        if turn is not None and not turn.done():  # a cancelled waiter loses its turn
            turn.set_result(None)
        self._calling = turn is not None and bool(self._line)
        if self._calling:  # after the task just woken, and after tasks scheduled meanwhile
            asyncio.get_running_loop().call_soon(self._call)
