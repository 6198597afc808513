"""Jobs: background work of a node, each independent of the others.

Most of them process partners' data. A failing item is skipped: it raises one alarm per job and
code, and is retried in the next round.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tearline.errors import (
    ClockSkewed,
    ExchangeBusy,
    ExchangeFault,
    ExchangeUnreachable,
    FileExposed,
    KeystoreDamaged,
    KeystoreLocked,
    KeystoreUnusable,
    LogError,
    StoreError,
    TearlineError,
    TlsError,
    TwinAtWork,
)
from tearline_client.context import NodeContext

T = TypeVar("T")
R = TypeVar("R")

OWN_FAULTS = (StoreError, KeystoreDamaged, KeystoreLocked, KeystoreUnusable, FileExposed)
"""Faults of this machine, which no received data causes."""

_OF_ALL = (
    *OWN_FAULTS,
    LogError,  # an inconsistent log stops all work
    TlsError,  # our keys are invalid, or the exchange denies us access
    ExchangeUnreachable,
    ExchangeBusy,
    ExchangeFault,
    ClockSkewed,
    TwinAtWork,
)
"""Errors that affect every job."""


def ends_round(error: TearlineError) -> bool:
    """Returns whether an error concerns the whole node, not one item."""
    return isinstance(error, _OF_ALL)


class Jobs:
    """Runs jobs one after another, each independent of the others' failures.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def run(self, **jobs: Callable[[], object]) -> None:
        """Runs jobs in turn, each under its display name.

        Raises:
            TearlineError: As ``attempt``.
        """
        for name, job in jobs.items():
            with self.attempt(name):
                job()

    @contextmanager
    def attempt(self, job: str) -> Iterator[None]:
        """Runs the context, and turns an item's failure into an alarm; outside of any transaction.

        Args:
            job: Its display name.

        Raises:
            TearlineError: If it is the node's own fault, the exchange's, or the clocks'.
        """
        try:
            yield
        except TearlineError as error:
            if ends_round(error):
                raise
            # One alarm for all equal failures, whatever the number of a partner's bad items.
            about = f"job {job}".encode()
            self._context.alarm(
                type(error)(f"{job}: {error.why or error.what}"), about, about=about
            )

    def each(self, job: str, things: Iterable[T], act: Callable[[T], R]) -> list[R]:
        """Applies a function to each of several items, in its own transaction.

        Args:
            job: Its display name.
            things: The items; a failing one is rolled back.
            act: The function.

        Returns:
            The results, without those of failing items.

        Raises:
            TearlineError: As ``attempt``; then all items are rolled back.
        """
        database, left = self._context.stores.database, tuple(things)
        if not left:
            return []
        done: list[R] = []
        failed: list[TearlineError] = []
        with database.transaction():
            for thing in left:
                try:
                    with database.part():
                        done.append(act(thing))
                except TearlineError as error:
                    if ends_round(error):
                        raise
                    failed.append(error)
        for failure in failed:
            with self.attempt(job):
                raise failure
        return done
