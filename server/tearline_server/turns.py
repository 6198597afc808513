"""Who is next: nobody waits behind all that another has sent.

What waits is taken in turns, one piece of each source after another, and each source's own in
its order. So a node that floods the exchange fills its own line, and a quiet one's single
message is the next but one.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tearline.errors import ExchangeBusy

T = TypeVar("T")

_RETRY_AFTER_MS = 250  # several commits pass in this time


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


class Line(Generic[T]):
    """What waits, by source.

    Args:
        bound: What may wait. Where it is reached, a source that has less than an equal part of
            it may still come in, up to twice the bound: so one source keeps no other out.
    """

    def __init__(self, bound: Weight) -> None:
        self._bound = bound
        self._queues: OrderedDict[str, deque[tuple[Weight, T]]] = OrderedDict()
        self._shares: dict[str, Weight] = {}
        # What was taken out and is not done yet takes its room all the while.
        self._under_way: dict[str, Weight] = {}
        self.waiting = NOTHING

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, source: str) -> bool:
        return source in self._queues

    @property
    def nodes(self) -> int:
        """How many nodes have something waiting; what is the exchange's own is no node's."""
        return len(self._queues) - (OWN in self._queues)

    def verify_room(self, source: str, weight: Weight) -> None:
        """Checks that ``source`` may put something into the line.

        What was taken out to be worked on counts until it is done. Where there is neither, anything
        may come in, whatever its weight.

        Raises:
            ExchangeBusy: If too much waits.
        """
        waiting = sum(self._under_way.values(), self.waiting + weight)
        others = self._queues.keys() | self._under_way.keys()
        if not others or not waiting.exceeds(self._bound):
            return
        sources = len(others | {source})
        share = self._shares.get(source, NOTHING) + self._under_way.get(source, NOTHING) + weight
        if share.exceeds(self._bound.part(sources)) or waiting.exceeds(self._bound + self._bound):
            raise ExchangeBusy("too much waits to be written", retry_after_ms=_RETRY_AFTER_MS)

    def put(self, source: str, weight: Weight, item: T) -> None:
        """Lets something wait behind all else of its source."""
        self._queues.setdefault(source, deque()).append((weight, item))
        self._shares[source] = self._shares.get(source, NOTHING) + weight
        self.waiting += weight

    def next_weight(self) -> Weight:
        """The weight of what is next; something must wait."""
        return next(iter(self._queues.values()))[0][0]

    def take(self) -> T:
        """What is next; it waits no more, and its source is behind all others."""
        source, queue = self._queues.popitem(last=False)
        weight, item = queue.popleft()
        self.waiting -= weight
        if queue:
            self._queues[source] = queue
            self._shares[source] -= weight
        else:
            del self._shares[source]
        return item

    def begin(self, source: str, weight: Weight) -> None:
        """Notes that something taken out is under way, and goes on taking room."""
        self._under_way[source] = self._under_way.get(source, NOTHING) + weight

    def end(self, source: str, weight: Weight) -> None:
        """Notes that something under way is done; what weighs nothing may end behind the rest."""
        left = self._under_way.get(source, NOTHING) - weight
        if left == NOTHING:
            self._under_way.pop(source, None)
        else:
            self._under_way[source] = left

    def take_unless(self, holds: Callable[[str], bool]) -> T | None:
        """What is next of a source that is not held back; None where all are."""
        for source in tuple(self._queues):
            if not holds(source):
                return self.take()
            self._queues.move_to_end(source)
        return None


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
