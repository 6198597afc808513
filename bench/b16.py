"""B16: what an exchange asks of its store with a million entries, as use leaves them.

Every packet was published with its grants, handed out and signed for; a tenth waits for a node that
reads nothing. The questions are those of batches, mailboxes, searches and upkeep, about the oldest
packets, so that stores of all sizes are asked the same. All is processor time.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import apsw
import uvloop

from bench.harness import Result, Target, alternate, result
from tearline.audit.query import parse_query
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import MailUpdate
from tearline_server.storage.sqlite.store import SqliteStore

FEW = 10_000
MANY = 1_000_000 if os.environ.get("FULL") else 100_000
TARGET = Target(limit=1.5, at_most=True)
_AT_ONCE = 4_096  # packets whose rows are in memory together
_PAGE = 64

Ask = Callable[[SqliteStore], Awaitable[object]]


def run(*, rounds: int = 5, number: int = 50, few: int = FEW, many: int = MANY) -> Sequence[Result]:
    """Measures B16.

    Args:
        rounds: Alternations.
        number: How often each question is asked in each.
        few: Entries of the one store.
        many: Entries of the other.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        stores = {}
        try:
            for name, entries in (("few", few), ("many", many)):
                stores[name] = runner.run(_used(Path(folder) / name, entries))
            return [
                _measure(runner, place, ask, stores, (rounds, number, few, many))
                for place, ask in enumerate(_questions().items())
            ]
        finally:
            for store in stores.values():
                runner.run(store.close())


def _questions() -> Mapping[str, Ask]:
    from support.stores import known, put
    from unit.server.storage.filled_stores import AGENCIES, AGREEMENT, OTHER, A, B, asked, named

    def search(text: str, *agreements: bytes) -> Ask:
        query = parse_query(text)
        sought = Search(
            agency=AGENCIES[1],
            agreements=agreements,
            query=query,
            after=-1,
            below=1 << 40,
            limit=_PAGE,
        )
        return lambda store: store.search(sought)

    packets = [named("packet", each) for each in range(16)]
    told = [MailUpdate(node=B, seq=seq, status=3) for seq in range(1, _PAGE + 1)]
    return {
        "all that a batch of 64 packets asks": lambda s: known(s, asked(64)),
        "all that a batch of one packet asks": lambda s: known(s, asked(1)),
        "write 64 receipts": lambda s: put(s, mail_updates=told),
        "a page of a mailbox": lambda s: s.mail(B, 5, limit=_PAGE),
        "16 whole packets": lambda s: s.packets(packets),
        "a page of an auditor's search": search(""),
        "the same for one packet": search(f"packet:{packets[4].hex()}"),
        "a page of an overseer's search": search("", AGREEMENT),
        "nodes of the tree": lambda s: s.nodes([(0, 3), (0, 700), (1, 3), (3, 7)]),
        "entries that name an agreement": lambda s: s.retained(AGREEMENT, 400, limit=_PAGE),
        "packets that have ended": lambda s: s.ended(0, {AGREEMENT: 0, OTHER: 0}, limit=_PAGE),
        "requests that are overdue": lambda s: s.overdue(10**6 + 100, limit=16),
        "what waits in mailboxes, for metrics": lambda s: s.backlog(),
        "what was recalled": lambda s: s.recalls(packets[4]),
        "a checkpoint": lambda s: s.put_checkpoint(1, A.encode()),
    }


async def _used(path: Path, entries: int) -> SqliteStore:
    """A store that was used, with so many entries."""
    from unit.server.storage.filled_stores import ENTRIES, fill_sqlite, portions

    await SqliteStore(path).close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous=OFF")
    for portion in portions(entries // ENTRIES, _AT_ONCE):
        fill_sqlite(connection, portion)
    connection.close()
    return SqliteStore(path)


def _measure(
    runner: asyncio.Runner,
    place: int,
    question: tuple[str, Ask],
    stores: Mapping[str, SqliteStore],
    counts: tuple[int, int, int, int],
) -> Result:
    (what, ask), (rounds, number, few, many) = question, counts

    async def repeat(store: SqliteStore) -> None:
        for _ in range(number):
            await ask(store)

    def measured(store: SqliteStore) -> float:
        started_ns = time.process_time_ns()
        runner.run(repeat(store))
        return (time.process_time_ns() - started_ns) / number / 1000

    contenders = {name: partial(measured, store) for name, store in stores.items()}
    alternate(contenders, 1)  # unmeasured: what is read is then in memory, for both
    runs = alternate(contenders, rounds)
    return result(
        f"B16{chr(ord('a') + place)}",
        f"{what}, with {many:,} entries",
        runs=runs["many"],
        unit="µs",
        baseline=runs["few"],
        baseline_unit=f"µs with {few:,}",
        target=TARGET,
    )
