"""Items of mailboxes, found at one cost whatever a database's statistics say."""

import asyncio
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tearline_server.storage.sqlite import mailboxes
from tearline_server.storage.sqlite.store import SqliteStore
from unit.server.storage.query_plans import sqlite_cost

SENDER, SEEN, UNSEEN = (f"spiffe://{name}.example/node/hub" for name in ("us", "cn", "mx"))
MANY = 2_000
ID = bytes(32)


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (mailboxes._DELIVERED, (UNSEEN, ID, SENDER)),
        (mailboxes.DELIVERED_GRANT, (ID, UNSEEN)),
    ],
    ids=["of a receipt", "of a grant"],
)
def test_a_mailbox_that_grew_after_its_statistics_is_not_read_whole(
    tmp_path: Path, sql: str, values: tuple[object, ...]
) -> None:
    path = tmp_path / "exchange.db"
    asyncio.run(SqliteStore(path).close())
    with closing(apsw.Connection(str(path))) as database:
        fill(database, SEEN, first=0)
        database.execute("ANALYZE")
        fill(database, UNSEEN, first=MANY)
        database.execute(
            "INSERT INTO statement (idx, id, signer, type, packet, code, why, envelope)"
            " VALUES (?, ?, ?, 2, ?, '', '', x'')",
            (2 * MANY - 1, ID, SENDER, ID),
        )
        assert sqlite_cost(database, sql, values).work < MANY / 10


def fill(database: apsw.Connection, node: str, *, first: int) -> None:
    """Fills a mailbox with items that were delivered."""
    rows = ((node, seq, first + seq, first + seq, first) for seq in range(MANY))
    database.executemany(
        "INSERT INTO mail (node, seq, statement, entry, delivered) VALUES (?, ?, ?, ?, ?)", rows
    )
