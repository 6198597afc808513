"""Large documents that the console fetches for persons, each by a task of its own.

A fetch goes on while no page is open. It ends with the process: parts that were stored then stay,
and the next fetch continues with them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tearline.errors import ConsoleBusy, TearlineError
from tearline.limits import CONSOLE_DRAFT_S, MAX_CONSOLE_FETCHES, MAX_CONSOLE_FETCHES_KEPT


class FetchedDocument(Protocol):
    """Document that is here, verified and scanned."""

    def pieces(self) -> Iterator[bytes]:
        """Yields its bytes."""
        ...


Key = tuple[bytes, int]
"""A packet's id and the slot of a document."""
Fetching = Callable[[Callable[[int, int], None]], Awaitable[FetchedDocument]]
"""Fetches a document and tells of each part."""


@dataclass(slots=True, kw_only=True)
class DocumentFetch:
    """A fetch, under way or ended.

    Attributes:
        done: Parts that are here.
        total: All parts, or 0 before the first one.
        parts: The document, once it was verified and scanned.
        error: The error that ended the fetch, or None.
        ended_s: Its end, Unix seconds; 0 before.
    """

    done: int = 0
    total: int = 0
    parts: FetchedDocument | None = None
    error: TearlineError | None = None
    ended_s: int = 0

    def tell(self, done: int, total: int) -> None:
        """Notes progress."""
        self.done, self.total = done, total

    @property
    def is_under_way(self) -> bool:
        """Returns whether it has not ended."""
        return not self.ended_s


class DocumentFetches:
    """The fetches of this process, a bounded number at once.

    Args:
        clock: Returns the time, Unix seconds.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._fetches: dict[Key, DocumentFetch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, key: Key) -> DocumentFetch | None:
        """Returns the fetch of a document; a verdict counts for minutes, then None is returned."""
        found = self._fetches.get(key)
        if found and found.ended_s and self._clock() >= found.ended_s + CONSOLE_DRAFT_S:
            del self._fetches[key]
            return None
        return found

    def begin(self, key: Key, fetching: Fetching) -> DocumentFetch:
        """Begins a fetch, unless one of the document is under way; returns it.

        Raises:
            ConsoleBusy: If too many are under way.
        """
        found = self.find(key)
        if found is not None and found.is_under_way:
            return found
        verify_free(len(self._tasks))
        ended = [each for each, fetch in self._fetches.items() if not fetch.is_under_way]
        for each in ended[: max(0, len(self._fetches) + 1 - MAX_CONSOLE_FETCHES_KEPT)]:
            del self._fetches[each]
        fetch = self._fetches[key] = DocumentFetch()
        task = asyncio.create_task(self._run(fetch, fetching))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fetch

    def end_all(self) -> None:
        """Ends every fetch."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, fetch: DocumentFetch, fetching: Fetching) -> None:
        try:
            fetch.parts = await fetching(fetch.tell)
        except TearlineError as error:
            fetch.error = error
        finally:
            fetch.ended_s = self._clock()


def verify_free(under_way: int) -> None:
    """Checks that one more document may be fetched beside others.

    Raises:
        ConsoleBusy: If too many are under way.
    """
    if under_way >= MAX_CONSOLE_FETCHES:
        raise ConsoleBusy(f"{under_way} documents are being fetched already")
