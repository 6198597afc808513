"""B14: what a node asks of its store with a million rows in each table, beside ten thousand.

These are the questions of each packet, each round and each scrape. Nothing waits in either store,
so that a question costs its search alone. All is processor time.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from bench.harness import Result, Target, alternate, cpu_us, result
from tearline.errors import NotFound
from tearline_client.store.database import Database
from tearline_client.store.stores import Stores
from tearline_client.store.vault import Vault

FEW = 10_000
MANY = 1_000_000 if os.environ.get("FULL") else 100_000
TARGET = Target(limit=1.5, at_most=True)
_US = "us"
_TABLES = (
    *("packet", "packet_key", "packet_grant", "receipt", "outbox", "waiting", "quarantine"),
    *("request_step", "request", "request_time", "consent_step", "case_step", "correction"),
    *("recall", "value_tag", "filed", "standing", "stopped", "notice"),
)

Ask = Callable[[Stores], object]


def _find(stores: Stores) -> None:
    with suppress(NotFound):
        stores.packets.find("ff")


QUESTIONS: Mapping[str, Ask] = {
    "log entries that receipts promise": lambda s: s.receipts.promises(),
    "packets that the index of values is to read": lambda s: s.index_queue.due(),
    "whether a packet of a partner is here": lambda s: s.packets.has_partners(_US),
    "grants whose grantors are to be told": lambda s: s.packets.untold(),
    "grants that have ended": lambda s: s.packets.ended(1),
    "a packet by the beginning of its id": _find,
    "open recalls": lambda s: (s.recalls.open(incoming=True), s.recalls.count_open(incoming=True)),
    "open requests, and times to judge": lambda s: (s.requests.open(), s.requests.unjudged()),
    "steps of cases that came back": lambda s: s.cases.returned(),
    "packets of a case": lambda s: s.case_files.packets(b"case"),
    "permissions of a packet": lambda s: s.consents.permissions([b"none"]),
    "a packet's line of corrections": lambda s: s.corrections.line(b"none"),
    "what was stopped at a place": lambda s: s.stopped_grants.at((_US, b"none", 1)),
    "voids owed, and grants held": lambda s: (s.stopped_grants.owed(), s.stopped_grants.held()),
    "the outbox by state and age": lambda s: (s.outbox.counts(), s.outbox.waiting_since_ms()),
    "the first of the outbox that waits": lambda s: s.outbox.next_waiting(),
    "deliveries over a quota": lambda s: s.inbox.over_quota(),
    "the next notice for a hook": lambda s: s.notifications.next(0, ["rare"]),
}


def run(
    *, rounds: int = 5, number: int = 200, few: int = FEW, many: int = MANY
) -> Sequence[Result]:
    """Measures B14.

    Args:
        rounds: Alternations.
        number: How often each question is asked in each.
        few: Rows of each table of the one store.
        many: Rows of the other's.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = {
            name: _used(Path(folder) / f"{name}.db", rows, stack)
            for name, rows in {"few": few, "many": many}.items()
        }
        return [
            _measure(place, what, ask, stores, (rounds, number, few, many))
            for place, (what, ask) in enumerate(QUESTIONS.items(), start=1)
        ]


def _used(path: Path, rows: int, stack: ExitStack) -> Stores:
    """The stores of a node that was used, with so many rows in each table that grows."""
    from unit.client.store.test_plans import fill, number

    database = Database(path, Vault(bytes(32)))
    stack.callback(database.close)
    connection = database._connection
    connection.execute("PRAGMA synchronous=OFF")
    with database.transaction():
        number(connection, rows)
        for table in _TABLES:
            fill(connection, table, rows, done=True)
        for queue in ("value_due", "filed_due"):  # they were read
            database.execute(f"DELETE FROM {queue}")
    database.keep_statistics()
    return Stores(database, value_key=bytes(32))


def _measure(
    place: int, what: str, ask: Ask, stores: Mapping[str, Stores], counts: tuple[int, int, int, int]
) -> Result:
    rounds, number, few, many = counts

    def measured(store: Stores) -> float:
        return cpu_us(lambda _: ask(store), number)

    contenders = {name: partial(measured, store) for name, store in stores.items()}
    alternate(contenders, 1)  # unmeasured: what is read is then in memory, for both
    runs = alternate(contenders, rounds)
    return result(
        f"B14{chr(ord('a') + place - 1)}",
        f"{what}, with {many:,} rows in each table",
        runs=runs["many"],
        unit="µs",
        baseline=runs["few"],
        baseline_unit=f"µs with {few:,}",
        target=TARGET,
    )
