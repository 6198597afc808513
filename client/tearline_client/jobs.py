"""Jobs: what a node does by itself, each for itself.

What partners sent is in most of them. Where one thing cannot be done, it alone is not done: that
is kept as an alarm, once for each chore and code, and it is tried again in the next round.
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
"""Faults of this machine, of which nothing that came is to blame."""

_OF_ALL = (
    *OWN_FAULTS,
    LogError,  # nothing is done on a log that lies
    TlsError,  # our keys do not count, or the exchange lets us in no more
    ExchangeUnreachable,
    ExchangeBusy,
    ExchangeFault,
    ClockSkewed,
    TwinAtWork,
)
"""What every chore would meet."""


def ends_round(error: TearlineError) -> bool:
    """Whether an error is about all that a node does, and not about one thing."""
    return isinstance(error, _OF_ALL)


class Jobs:
    """Does one thing after another, whatever becomes of each.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def run(self, **chores: Callable[[], object]) -> None:
        """Does chores in turn, each by its name for people.

        Raises:
            TearlineError: As ``attempt``.
        """
        for name, chore in chores.items():
            with self.attempt(name):
                chore()

    @contextmanager
    def attempt(self, chore: str) -> Iterator[None]:
        """Does what is inside, or not; outside of any transaction.

        Args:
            chore: Its name, for people.

        Raises:
            TearlineError: If it is the node's own fault, the exchange's, or the clocks'.
        """
        try:
            yield
        except TearlineError as error:
            if ends_round(error):
                raise
            # One alarm for all that fails alike: however many things a partner spoils, it is one.
            about = f"chore {chore}".encode()
            self._context.alarm(
                type(error)(f"{chore}: {error.why or error.what}"), about, about=about
            )

    def each(self, chore: str, things: Iterable[T], act: Callable[[T], R]) -> list[R]:
        """Does something with each of several things, in one transaction of its own.

        Args:
            chore: Its name, for people.
            things: With what; what fails with one leaves nothing behind.
            act: What.

        Returns:
            What it gave, without those with which it failed.

        Raises:
            TearlineError: As ``attempt``; nothing is done then.
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
            with self.attempt(chore):
                raise failure
        return done
