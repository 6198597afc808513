"""The node's own access log: a tamper-evident tree of local reads and their readers.

Entries are blind entries as in the exchange's log, stored with their openings, sealed. The state
needed for appending is sealed too, in one value. So edited rows neither stop the node from logging
nor change its state. Specified in docs/spec/access-v1.md.
"""

import secrets
from collections.abc import Iterator, Sequence

from tearline.audit.anchor import AnchoredTree
from tearline.audit.event import Event
from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.errors import StoreDamaged
from tearline.limits import EVENT_PAGE
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import SALT_SIZE
from tearline.tlog.merkle import HASH_SIZE, Frontier
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.grants import encode_event, encode_log_opening, parse_log_opening
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_HEAD = "access.head"
_FORWARDED = "access.forwarded."
_U64 = 8


@immutable
class AccessHead:
    """State of the access log.

    Attributes:
        since_ms: Time of its first entry, Unix milliseconds; 0 without one.
        tree: The tree over all entries.
    """

    since_ms: int
    tree: Frontier


@immutable
class StoredAnchor:
    """An anchor of ours, with its tree.

    Attributes:
        number: From 1.
        statement_id: 32 bytes.
        body: The body of its statement.
        tree: The committed tree.
        time_ms: Time of its creation.
    """

    number: int
    statement_id: bytes
    body: bytes
    tree: AnchoredTree
    time_ms: int


_ENTRY = Column("access_entry", "sealed", ("idx",))
_ANCHOR = Column("access_anchor", "sealed", ("number",))


class AccessStore:
    """Entries of the access log, its tree and its anchors."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def head(self) -> AccessHead:
        """Returns the state of the log.

        Raises:
            StoreDamaged: If there are entries but no stored end: appending would overwrite them.
        """
        data = self.database.setting(_HEAD)
        if data is None:
            if self.database.row("SELECT 1 FROM access_entry") is not None:
                raise StoreDamaged("the end of the access log is missing")
            return AccessHead(since_ms=0, tree=Frontier())
        hashes = data[2 * _U64 :]
        tree = Frontier(
            size=int.from_bytes(data[_U64 : 2 * _U64], "big"),
            hashes=tuple(
                hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE)
            ),
        )
        return AccessHead(since_ms=int.from_bytes(data[:_U64], "big"), tree=tree)

    def append(self, events: Sequence[Event]) -> None:
        """Appends an entry for each event, at least one, in the caller's transaction."""
        head = self.head()
        rows, leaves = [], []
        for index, event in enumerate(events, start=head.tree.size):
            salt, encoded = secrets.token_bytes(SALT_SIZE), encode_event(event)
            leaves.append(entry_hash(blind_entry(salt, encoded)))
            opening = LogOpening(index=index, salt=salt, event=encoded)
            sealed = self.database.vault.seal(_ENTRY.at(index), encode_log_opening(opening))
            rows.append((index, sealed))
        tree, nodes = head.tree.append(leaves)
        # Rows inserted by hand behind the end are not ours, and must not block writing.
        self.database.insert_many("INSERT OR REPLACE INTO access_entry VALUES (?, ?)", rows)
        self.database.insert_many("INSERT OR REPLACE INTO access_node VALUES (?, ?, ?)", nodes)
        since_ms = head.since_ms or events[0].time_ms
        self.database.put_setting(_HEAD, u64(since_ms) + u64(tree.size) + b"".join(tree.hashes))

    def rows(self) -> Iterator[tuple[int, bytes]]:
        """Yields every row, sealed, ascending by index, including rows inserted by hand."""
        after = -(1 << 63)
        while rows := self.database.rows(
            "SELECT idx, sealed FROM access_entry WHERE idx > ? ORDER BY idx LIMIT ?",
            (after, EVENT_PAGE),
        ):
            yield from rows
            after = rows[-1][0]

    def rows_between(self, start: int, end: int) -> dict[int, bytes]:
        """Returns the rows from ``start`` up to ``end``, sealed, by index."""
        return dict(
            self.database.rows(
                "SELECT idx, sealed FROM access_entry WHERE idx >= ? AND idx < ?", (start, end)
            )
        )

    def forwarded(self, sink: bytes) -> int:
        """Returns the place of the next entry for a receiver; 0 for a new one."""
        return int.from_bytes(self.database.setting(_FORWARDED + sink.hex()) or b"")

    def put_forwarded(self, sink: bytes, index: int) -> None:
        """Records the place of the next entry for a receiver, in its own transaction."""
        with self.database.transaction():
            self.database.put_setting(_FORWARDED + sink.hex(), u64(index))

    def opening(self, index: int, sealed: bytes) -> LogOpening:
        """Returns the opening in a row.

        Raises:
            StoreDamaged: If it was not sealed for this place.
            StatementMalformed: If the sealed value is not an opening.
        """
        return parse_log_opening(self.database.vault.open(_ENTRY.at(index), sealed))

    def leaf(self, index: int) -> bytes | None:
        """Returns the leaf written with an entry, or None if it is missing."""
        found = self.database.value(
            "SELECT hash FROM access_node WHERE level = 0 AND idx = ?", (index,)
        )
        return None if found is None else bytes(found)

    def put_anchor(self, anchor: StoredAnchor) -> None:
        """Stores an anchor, in the caller's transaction."""
        tree = anchor.tree
        value = u64(anchor.time_ms) + tree.salt + u64(tree.size) + tree.root + anchor.body
        self.database.execute(
            "INSERT INTO access_anchor VALUES (?, ?, ?)",
            (
                anchor.number,
                anchor.statement_id,
                self.database.vault.seal(_ANCHOR.at(anchor.number), value),
            ),
        )

    def anchors(self) -> tuple[StoredAnchor, ...]:
        """Returns every anchor, by number.

        Raises:
            StoreDamaged: If one cannot be opened.
        """
        rows = self.database.rows(
            "SELECT number, statement_id, sealed FROM access_anchor ORDER BY number"
        )
        return tuple(self._anchor(*row) for row in rows)

    def last_anchor(self) -> StoredAnchor | None:
        """Returns the newest anchor, or None.

        Raises:
            StoreDamaged: If it cannot be opened.
        """
        row = self.database.row(
            "SELECT number, statement_id, sealed FROM access_anchor ORDER BY number DESC LIMIT 1"
        )
        return None if row is None else self._anchor(*row)

    def _anchor(self, number: int, statement_id: bytes, sealed: bytes) -> StoredAnchor:
        value = self.database.vault.open(_ANCHOR.at(number), sealed)
        salt_at, size_at = _U64, _U64 + SALT_SIZE
        root_at, body_at = size_at + _U64, size_at + _U64 + HASH_SIZE
        return StoredAnchor(
            number=number,
            statement_id=statement_id,
            body=value[body_at:],
            tree=AnchoredTree(
                salt=value[salt_at:size_at],
                size=int.from_bytes(value[size_at:root_at], "big"),
                root=value[root_at:body_at],
            ),
            time_ms=int.from_bytes(value[:_U64], "big"),
        )
