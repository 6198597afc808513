"""Loading of the exchange's in-memory state from SQLite."""

import apsw

from tearline.errors import FrontierDamaged
from tearline_runtime.state_entries import state_entries_sql
from tearline_server.storage.columns import BUDGETS, budgets_of, tree_of
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import (
    CHANNELS,
    Snapshot,
    StoredAgreement,
    StoredStanding,
    channels_of,
)
from tearline_server.storage.sqlite.queries import first

# One index step per mailbox, whatever its size.
_MAILBOXES = (
    "WITH RECURSIVE each(node) AS (SELECT min(node) FROM mail UNION ALL"
    " SELECT (SELECT min(m.node) FROM mail m WHERE m.node > each.node)"
    " FROM each WHERE node IS NOT NULL)"
    " SELECT node, (SELECT max(seq) FROM mail WHERE node = each.node) FROM each"
    " WHERE node IS NOT NULL"
)
_STATE = state_entries_sql("entry", "?1")
_NEWEST = "WHERE version = (SELECT max(version) FROM agreement WHERE id = t.id)"


def head_of(connection: apsw.Connection) -> Head:
    """Returns the head of the log."""
    row = first(connection, "SELECT epoch, size, frontier, time_ms, serial FROM head")
    if row is None:
        raise FrontierDamaged("the row of the log's head is missing")
    epoch, size, hashes, time_ms, serial = row
    return Head(epoch=epoch, tree=tree_of(size, hashes), time_ms=time_ms, serial=serial)


def load(connection: apsw.Connection) -> Snapshot:
    """Returns the whole state, in its own transaction, so that it is consistent."""
    connection.execute("BEGIN")
    try:
        return stored_of(connection)
    finally:
        connection.execute("COMMIT")


def stored_of(connection: apsw.Connection) -> Snapshot:
    """Returns the whole state, inside the caller's transaction."""
    return Snapshot(
        head=head_of(connection),
        checkpoint=first(connection, "SELECT size, note FROM checkpoint"),
        clear=list(connection.execute(_STATE, (0,))),
        agreements=[
            StoredAgreement(statement=idx, envelope=envelope, entries=entries)
            for idx, envelope, entries, _ in _told(connection, "agreement", newest=_NEWEST)
        ],
        standings=[
            StoredStanding(statement=idx, envelope=envelope, entries=entries, empty_ms=empty_ms)
            for idx, envelope, entries, empty_ms in _told(connection, "standing", "t.empty_ms")
        ],
        case_steps=[
            envelope
            for (envelope,) in connection.execute(
                "SELECT s.envelope FROM case_step JOIN statement s"
                " ON s.idx = case_step.statement ORDER BY s.idx"
            )
        ],
        channels=channels_of(connection.execute(CHANNELS)),
        mailboxes=dict(connection.execute(_MAILBOXES)),
        budgets=budgets_of(connection.execute(BUDGETS)),
    )


def _told(
    connection: apsw.Connection, name: str, column: str = "0", *, newest: str = ""
) -> list[tuple[int, bytes, dict[str, int], int]]:
    """Returns entry, statement, each agency's entry and a column of a table and event ``name``."""
    entries = f"SELECT party, idx FROM event WHERE statement = ? AND code = '{name}'"  # noqa: S608
    statements = (
        f"SELECT s.idx, s.id, s.envelope, {column} FROM {name} t"  # noqa: S608 (our own names)
        f" JOIN statement s ON s.idx = t.statement {newest} ORDER BY s.idx"
    )
    return [
        (idx, envelope, dict(connection.execute(entries, (id_,))), number)
        for idx, id_, envelope, number in list(connection.execute(statements))
    ]
