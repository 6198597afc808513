"""Loading of the exchange's in-memory state from PostgreSQL: all, or the part after a head."""

from collections.abc import Sequence
from typing import Any

from tearline.errors import FrontierDamaged
from tearline_runtime.state_entries import state_entries_sql
from tearline_server.storage.columns import BUDGETS, budgets_of, tree_of
from tearline_server.storage.postgres.query_batch import QueryBatch
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import (
    CHANNELS,
    Snapshot,
    StoredAgreement,
    StoredStanding,
    channels_of,
)

_HEAD = "SELECT epoch, size, frontier, time_ms, serial FROM head"
_CHECKPOINT = "SELECT size, note FROM checkpoint"
_CLEAR = state_entries_sql("entry", "{0}")
_TOLD = (
    "SELECT s.idx, s.envelope, ARRAY(SELECT ROW (party, idx) FROM event"
    " WHERE statement = s.id AND code = '%s' ORDER BY idx), %s"
    " FROM %s t JOIN LATERAL (SELECT * FROM statement WHERE idx = t.statement OFFSET 0) s ON TRUE"
    " WHERE t.serial > {0} %s ORDER BY s.idx"
)
_NEWEST = "AND version = (SELECT max(version) FROM agreement WHERE id = t.id)"
_CASE_STEPS = (
    "SELECT s.envelope FROM case_step t"
    " JOIN LATERAL (SELECT * FROM statement WHERE idx = t.statement OFFSET 0) s ON TRUE"
    " WHERE t.serial > {0} ORDER BY s.idx"
)
_SINCE = " WHERE serial > {0}"
_MAILBOXES = "SELECT node, seq FROM mailbox WHERE serial > {0}"


async def lock_head(connection: Connection) -> Head:
    """Locks and returns the head of the log, until the caller's transaction ends."""
    return _head(await connection.fetch(f"{_HEAD} FOR UPDATE"))


def _head(rows: Sequence[Any]) -> Head:
    if not rows:
        raise FrontierDamaged("the row of the log's head is missing")
    ((epoch, size, hashes, time_ms, serial),) = rows
    return Head(epoch=epoch, tree=tree_of(size, hashes), time_ms=time_ms, serial=serial)


async def stored_of(connection: Connection, since: Head | None) -> Snapshot:
    """Returns the state written after ``since``, or all of it, as of one moment.

    Args:
        connection: The connection.
        since: The known head, of the same epoch of the database.
    """
    index, serial = (since.tree.size, since.serial) if since else (0, -1)
    questions = QueryBatch()
    questions.put("head", _HEAD)
    questions.put("checkpoint", _CHECKPOINT)
    questions.put("clear", _CLEAR, index)
    questions.put("agreements", _TOLD % ("agreement", "0", "agreement", _NEWEST), serial)
    questions.put("standings", _TOLD % ("standing", "t.empty_ms", "standing", ""), serial)
    questions.put("case_steps", _CASE_STEPS, serial)
    questions.put("channels", CHANNELS + _SINCE, serial)
    questions.put("mailboxes", _MAILBOXES, serial)
    questions.put("budgets", BUDGETS + _SINCE, serial)
    found = await questions.answers(connection)
    return Snapshot(
        head=_head(found["head"]),
        checkpoint=next(map(tuple, found["checkpoint"]), None),
        clear=list(map(tuple, found["clear"])),
        agreements=[
            StoredAgreement(statement=idx, envelope=envelope, entries=dict(map(tuple, entries)))
            for idx, envelope, entries, _ in found["agreements"]
        ],
        standings=[
            StoredStanding(
                statement=idx,
                envelope=envelope,
                entries=dict(map(tuple, entries)),
                empty_ms=empty_ms,
            )
            for idx, envelope, entries, empty_ms in found["standings"]
        ],
        case_steps=[envelope for (envelope,) in found["case_steps"]],
        channels=channels_of(found["channels"]),
        mailboxes=dict(map(tuple, found["mailboxes"])),
        budgets=budgets_of(found["budgets"]),
    )
