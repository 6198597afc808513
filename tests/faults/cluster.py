"""Several exchanges over one PostgreSQL, under load: each in a home of its own, with one key."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from faults.load import DELAY_S, NAMES, Load, freeze
from faults.relay import LongLine
from support.federation import Federation, Operator, Running, free_port

_HELD_S = 0.05  # nobody who runs holds the lock of the log's head for so long, idle, as a rule
_HELD = (
    "SELECT pid, xact_start FROM pg_stat_activity WHERE application_name = 'tearline'"
    " AND state = 'idle in transaction' AND backend_xid IS NOT NULL"
    f" AND clock_timestamp() - state_change > interval '{_HELD_S} s'"
)
_UNDER_WAY = "SELECT pid, xact_start FROM pg_stat_activity"


@dataclass(kw_only=True)
class Cluster(Load):
    """The processes under load.

    Attributes:
        url: The database.
        operators: Their homes.
        exchanges: They themselves, in the same order.
        ways: Between each of them and the nodes.
    """

    url: str
    operators: list[Operator]
    exchanges: list[Running]
    ways: list[LongLine]

    @property
    def line_address(self) -> str:
        """Where nodes reach the exchange under load."""
        return ",".join(line.address for line in self.ways)

    @property
    def address(self) -> str:
        """Where it listens."""
        return ",".join(operator.address for operator in self.operators)

    def stored(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of what the exchange keeps."""
        return asyncio.run(_rows(self.url, sql))

    def kill(self, number: int, *, aimed: bool) -> None:
        """kill -9 of one of them, wherever it is; then it is started again.

        Args:
            number: Which.
            aimed: Whether that is where a transaction is open.
        """
        victim = self.exchanges[number]
        held: set[tuple[Any, ...]] = set()

        def is_open() -> bool:
            nonlocal held
            time.sleep(2 * _HELD_S)
            held = set(self.stored(_HELD))
            return bool(held)

        freeze(victim, is_open, aimed=aimed)
        self.kills["exchange"] += 1
        victim.kill()
        # On a slow machine it may have been another's, which goes on; the victim's is ended.
        while held & set(self.stored(_UNDER_WAY)):
            time.sleep(_HELD_S)
        time.sleep(_HELD_S)
        self.hits["exchange"] += not {pid for pid, _ in held} <= self._sessions()
        self.exchange = self.exchanges[number] = self.operators[number].serve()

    def _sessions(self) -> set[int]:
        return {pid for pid, _ in self.stored(_UNDER_WAY)}

    def end(self) -> None:
        """Ends what a failed test left behind."""
        for running in (*self.exchanges, *self.nodes.values()):
            running.kill()


async def _rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def moved(federation: Federation, url: str) -> None:
    """Moves a federation's exchange to a database."""
    operator = federation.operator
    operator.done("migrate-store", "--store", url)
    settings = operator.home / "exchange.toml"
    settings.write_text(f'store = "{url}"\n{settings.read_text()}')


def beside(operator: Operator) -> Operator:
    """Another home of the same exchange, which listens elsewhere."""
    other = Operator(operator.home.with_name("beside"), f"127.0.0.1:{free_port()}")
    shutil.copytree(operator.home, other.home)
    shutil.copy(operator.secret, other.secret)
    settings = other.home / "exchange.toml"
    text = settings.read_text()
    settings.write_text(text.replace(f'"{operator.address}"', f'"{other.address}"'))
    return other


@contextmanager
def clustered(federation: Federation, url: str) -> Iterator[Cluster]:
    """A federation under load, with two exchanges over a database; both must end well."""
    moved(federation, url)
    operators = [federation.operator, beside(federation.operator)]
    with ExitStack() as stack:
        ways = [stack.enter_context(LongLine(each.address, DELAY_S)) for each in operators]
        exchanges = [each.serve() for each in operators]
        load = Cluster(
            federation=federation,
            exchange=exchanges[0],
            line=ways[0],
            url=url,
            operators=operators,
            exchanges=exchanges,
            ways=ways,
        )
        try:
            for name in NAMES:
                load.start(name)
            yield load
            assert [running.terminate() for running in load.exchanges] == [0, 0]
        finally:
            load.end()
