"""Streams of events for pages that stay open: they tell when the tasks have changed.

A stream holds no contents. It names an edition of the tasks and their number; a page that shows
another edition asks for the list itself.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from tearline.limits import MAX_CONSOLE_STREAMS, MAX_PERSON_STREAMS
from tearline_client.features.worklist.service import Task
from tearline_client.node import Node


class TaskFeed:
    """The tasks that wait, read once after each change of the node's store.

    Attributes:
        edition: Number of different lists so far; pages compare it.
        tasks: The tasks of the latest reading.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._version: tuple[int, int] | None = None
        self._lock = asyncio.Lock()
        self.edition = 0
        self.tasks: tuple[Task, ...] = ()

    async def read(self) -> tuple[int, int]:
        """Reads the tasks if the store has changed; returns the version that was read."""
        async with self._lock:
            version = self._node.changes.version()
            if version != self._version:
                tasks = await self._node.todo_in_turns()
                if tasks != self.tasks or not self.edition:
                    self.edition, self.tasks = self.edition + 1, tasks
                self._version = version
            return version


class TaskStream:
    """An open stream.

    Args:
        session: The token of the session in its forms, which names it for its whole life.
        person: The person.

    Attributes:
        ended: Set once it is to end.
    """

    def __init__(self, session: str, person: str) -> None:
        self.session = session
        self.person = person
        self.ended = asyncio.Event()


class TaskStreams:
    """The open streams: one for each session, few for each person, and bounded in all."""

    def __init__(self) -> None:
        self._open: dict[TaskStream, None] = {}  # oldest first

    def begin(self, session: str, person: str) -> TaskStream:
        """Begins a stream; ends the session's earlier one, and the oldest ones over a bound."""
        self._end(each for each in [*self._open] if each.session == session)
        own = [each for each in self._open if each.person == person]
        self._end(own[: max(0, len(own) + 1 - MAX_PERSON_STREAMS)])
        self._end([*self._open][: max(0, len(self._open) + 1 - MAX_CONSOLE_STREAMS)])
        stream = TaskStream(session, person)
        self._open[stream] = None
        return stream

    def end(self, stream: TaskStream) -> None:
        """Ends a stream, if it is open."""
        self._end([stream])

    def end_all(self) -> None:
        """Ends every stream."""
        self._end([*self._open])

    def count(self) -> int:
        """Returns the number of open streams."""
        return len(self._open)

    def _end(self, streams: Iterable[TaskStream]) -> None:
        for each in streams:
            self._open.pop(each, None)
            each.ended.set()


async def first_of(*waits: Coroutine[Any, Any, object], within_s: float) -> None:
    """Waits for the first of several, at most for a time, and ends the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
