"""Turns of pages: few are at work at once, and persons take turns.

All pages run in the node's event loop. Each page at work adds its turn to the time that another
page, or the node's own mail, waits. So few work at once, and the persons with waiting pages follow
one another: many windows of one person delay another person by one page.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tearline.errors import ConsoleBusy
from tearline.limits import MAX_PERSON_PAGES_AT_WORK, MAX_PERSON_PAGES_WAITING


class PageTurns:
    """Fair queue of pages, one lane per person.

    Args:
        at_once: The most pages at work.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._at_work: Counter[str] = Counter()
        self._lanes: dict[str, deque[asyncio.Future[None]]] = {}  # the next person comes first

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Waits for the turn of a person's page, and holds it.

        Raises:
            ConsoleBusy: If too many pages of the person wait already.
        """
        await self._wait(person)
        try:
            yield
        finally:
            self._leave(person)

    async def _wait(self, person: str) -> None:
        lane = self._lanes.setdefault(person, deque())
        if len(lane) >= MAX_PERSON_PAGES_WAITING:
            raise ConsoleBusy(f"{len(lane)} pages of yours wait already")
        place = asyncio.get_running_loop().create_future()
        lane.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # the turn came at the same moment
                self._leave(person)
            raise

    def _admit(self) -> None:
        """Gives free turns to the first persons who may have one; each then comes last."""
        while self._free and (person := self._next()):
            lane = self._lanes.pop(person)
            place = lane.popleft()
            if lane:
                self._lanes[person] = lane
            if not place.cancelled():
                self._free -= 1
                self._at_work[person] += 1
                place.set_result(None)

    def _next(self) -> str:
        """Returns the next person with a waiting page, or an empty text; the agency is small."""
        return next(
            (each for each in self._lanes if self._at_work[each] < MAX_PERSON_PAGES_AT_WORK), ""
        )

    def _leave(self, person: str) -> None:
        self._free += 1
        self._at_work[person] -= 1
        if not self._at_work[person]:
            del self._at_work[person]
        self._admit()
