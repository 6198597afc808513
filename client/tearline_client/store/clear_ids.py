"""Ids and members' names that the database holds in clear, for completion without passphrase.

Names of agreements, articles, cases and persons are sealed: they cannot be completed.
"""

from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path

import apsw

from tearline_client.store.id_ranges import ids_from

_MEMBERS = "member_name"
MAX_IDS = 50  # more candidates are no help on a terminal


class IdKind(StrEnum):
    """Kinds of id in clear."""

    PACKET = "packet"
    REQUEST = "request"
    CONSENT = "consent"
    CASE = "case"
    PENDING = "pending"
    PROPOSAL = "proposal"


# Size of an id in bytes, and its table and column. Each column begins an index of its table.
_COLUMNS = {
    IdKind.PACKET: (32, "packet", "id"),
    IdKind.REQUEST: (32, "request", "packet"),
    IdKind.CONSENT: (16, "consent_step", "consent_id"),
    IdKind.CASE: (16, "case_file", "id"),
    IdKind.PENDING: (16, "pending", "id"),
    IdKind.PROPOSAL: (32, "proposal", "terms"),
}


def clear_ids(path: Path, kind: IdKind, prefix: str) -> Iterator[bytes]:
    """Yields at most ``MAX_IDS`` ids with a prefix; all packets newest first, others in order.

    An unreadable database has no ids: completion reports no errors.

    Args:
        path: The node's database.
        kind: The kind of id.
        prefix: Beginning of the id in hexadecimal; empty for any.
    """
    size, table, column = _COLUMNS[kind]
    first, last = ids_from(prefix, size) if prefix else (b"", b"\xff" * size)
    order = "received_ms DESC, id DESC" if kind is IdKind.PACKET and not prefix else column
    sql = (
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} BETWEEN ? AND ?"  # noqa: S608 (ours)
        f" ORDER BY {order} LIMIT {MAX_IDS}"
    )
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            yield from [bytes(row[0]) for row in connection.execute(sql, (first, last))]
    except apsw.Error:
        return


def member_names(path: Path, prefix: str) -> Iterator[str]:
    """Yields at most ``MAX_IDS`` names of members with a prefix, as the node last read them.

    Args:
        path: The node's database.
        prefix: Beginning of the name; empty for any.
    """
    sql = (
        f"SELECT name FROM {_MEMBERS} WHERE name BETWEEN ? AND ?"  # noqa: S608 (ours)
        f" ORDER BY name LIMIT {MAX_IDS}"
    )
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            bounds = (prefix, prefix + "\U0010ffff")
            yield from [str(row[0]) for row in connection.execute(sql, bounds)]
    except apsw.Error:
        return
