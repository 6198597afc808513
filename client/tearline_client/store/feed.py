"""Objects that service accounts are offered, and the packets whose objects are to be read anew.

A row says which packet an object is in, and not its contents: the packet is opened for each reader.
"""

import json
from collections.abc import Collection, Sequence
from enum import IntEnum

from tearline.dataclass.immutable import immutable
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

NO_PACKET = b""
"""Packet of an object that is in none: its row holds all of it."""

UNVERSIONED = 0
"""Version of an object that has no versions, such as an account."""

_SEALED = Column("feed_object", "sealed", ("added_us",))
_WINDOW = 4096  # rows that one query passes at most, so that it ends within milliseconds
_LAST_US = (1 << 63) - 1
# Rows that a query is about: of a collection, and of one object or type in it.
_OF_ALL = "INDEXED BY feed_object_place WHERE collection = ?1 AND ?2 = x''"
_OF_TYPE = "INDEXED BY feed_object_type WHERE collection = ?1 AND type = ?2"
_OF_OBJECT = "INDEXED BY feed_object_version WHERE collection = ?1 AND object = ?2"
_COLUMNS = "added_us, object, version_us, packet, content, sealed"
# An object that several packets give in one version counts once, at its first place.
_STANDS = (
    " AND NOT EXISTS (SELECT 1 FROM feed_object n WHERE n.collection = f.collection"
    " AND n.object = f.object AND n.version_us = f.version_us AND n.added_us < f.added_us)"
    " AND (?5 OR (?6 AND NOT EXISTS (SELECT 1 FROM feed_object n WHERE"
    " n.collection = f.collection AND n.object = f.object AND n.version_us > f.version_us))"
    " OR (?7 AND NOT EXISTS (SELECT 1 FROM feed_object n WHERE"
    " n.collection = f.collection AND n.object = f.object AND n.version_us < f.version_us))"
    " OR version_us IN (SELECT value FROM json_each(?8)))"
)


class _State(IntEnum):
    """State of a packet; queries name it by its number, for an index of few rows."""

    DUE = 0
    FROZEN = 1
    UNREADABLE = 2


@immutable
class Versions:
    """Versions of objects that a reader asks for.

    Attributes:
        all: Whether all.
        last: Whether the last of each object.
        first: Whether the first of each object.
        exact: Those of these times, in microseconds.
    """

    all: bool = False
    last: bool = False
    first: bool = False
    exact: tuple[int, ...] = ()

    @property
    def bindings(self) -> tuple[int, int, int, str]:
        """Returns the values of the query."""
        return self.all, self.last, self.first, json.dumps(self.exact)


@immutable
class FeedRow:
    """Row of an object in a collection.

    Attributes:
        added_us: Time of its addition, unique, Unix microseconds.
        object: 16 bytes, keyed hash of its id.
        version_us: Its version, Unix microseconds; or ``UNVERSIONED``.
        packet: 32 bytes, or ``NO_PACKET``.
        content: 16 bytes, keyed hash of the object.
        data: Its id, type and time of creation as JSON; all of an object without a packet.
    """

    added_us: int
    object: bytes
    version_us: int
    packet: bytes
    content: bytes
    data: bytes


@immutable
class NewRow:
    """Row to add; attributes as ``FeedRow``.

    Attributes:
        collection: 16 bytes.
        object: Keyed hash of its id.
        type: 16 bytes, keyed hash of its type.
        version_us: Its version.
        packet: 32 bytes, or ``NO_PACKET``.
        content: Keyed hash of the object.
        data: As ``FeedRow.data``.
    """

    collection: bytes
    object: bytes
    type: bytes
    version_us: int
    packet: bytes
    content: bytes
    data: bytes


@immutable
class FeedRows:
    """Some rows of a collection.

    Attributes:
        rows: The rows, in order of their addition.
        next_us: The place to continue behind; None at the end.
    """

    rows: tuple[FeedRow, ...]
    next_us: int | None


class FeedStore(Store):
    """Rows of collections; the caller's transaction makes writes durable together."""

    # Packets to read anew.

    def due(self, limit: int) -> list[bytes]:
        """Returns some packets whose objects are to be read anew, in order of arrival."""
        rows = self._db.rows(
            "SELECT packet FROM feed_due WHERE state = 0 ORDER BY place LIMIT ?", (limit,)
        )
        return [packet for (packet,) in rows]

    def is_due(self, packet: bytes) -> bool:
        """Returns whether the objects of a packet are to be read anew."""
        sql = "SELECT 1 FROM feed_due WHERE packet = ? AND state = ?"
        return self._db.row(sql, (packet, _State.DUE)) is not None

    def finish(self, packet: bytes) -> None:
        """Records that the rows of a packet are its objects."""
        self._db.execute("DELETE FROM feed_due WHERE packet = ?", (packet,))

    def freeze(self, packet: bytes) -> None:
        """Leaves a frozen packet out; a trigger makes it due when its originator resumes."""
        self._put_due(packet, _State.FROZEN)

    def set_unreadable(self, packet: bytes) -> None:
        """Leaves a packet out that could not be opened."""
        self._put_due(packet, _State.UNREADABLE)

    def _put_due(self, packet: bytes, state: _State) -> None:
        self._db.execute(
            "INSERT INTO feed_due (packet, state) VALUES (?, ?)"
            " ON CONFLICT (packet) DO UPDATE SET state = excluded.state",
            (packet, state),
        )

    # Rows.

    def add(self, row: NewRow, *, now_us: int) -> None:
        """Adds a row behind all others."""
        last = self._db.value("SELECT max(added_us) FROM feed_object") or 0
        added_us = max(now_us, last + 1)
        self._db.execute(
            "INSERT INTO feed_object VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                added_us,
                row.collection,
                row.object,
                row.type,
                row.version_us,
                row.packet,
                row.content,
                self._db.vault.seal(_SEALED.at(added_us), row.data),
            ),
        )

    def remove(self, added_us: int) -> None:
        """Deletes a row."""
        self._db.erase("DELETE FROM feed_object WHERE added_us = ?", (added_us,))

    def of_packet(self, packet: bytes) -> list[tuple[bytes, bytes, FeedRow]]:
        """Returns the rows of a packet, each with its collection and type; at most a few thousand.

        A packet has a bounded number of fields, and is in two collections.
        """
        rows = self._db.rows(
            f"SELECT collection, type, {_COLUMNS} FROM feed_object"  # noqa: S608 (names of our own)
            " WHERE packet = ? AND packet <> x'' ORDER BY added_us",
            (packet,),
        )
        return [(row[0], row[1], self._row(row[2:])) for row in rows]

    def newest(self, collection: bytes, object_: bytes) -> FeedRow | None:
        """Returns the row of an object's last version; of several, the first one."""
        row = self._db.row(
            f"SELECT {_COLUMNS} FROM feed_object INDEXED BY feed_object_version"  # noqa: S608 (the same)
            " WHERE collection = ? AND object = ? ORDER BY version_us DESC, added_us DESC LIMIT 1",
            (collection, object_),
        )
        return None if row is None else self._row(row)

    def page(
        self,
        collection: bytes,
        *,
        after_us: int,
        limit: int,
        versions: Versions,
        types: Collection[bytes] = (),
        objects: Collection[bytes] = (),
    ) -> FeedRows:
        """Returns some rows of a collection, in order of their addition.

        It passes a bounded number of rows, so there may be fewer than ``limit``, and more behind.

        Args:
            collection: 16 bytes.
            after_us: Only rows that were added after this time.
            limit: Maximum number.
            versions: The versions.
            types: Only objects of these types, by keyed hash; by default of any.
            objects: Only these objects, by keyed hash; by default all.
        """
        which = (versions, after_us, limit + 1)
        if objects:
            lanes = [self._lane(_OF_OBJECT, collection, each, *which) for each in objects]
            if types:
                lanes = [(self._typed(rows, types), end) for rows, end in lanes]
        elif types:
            lanes = [self._lane(_OF_TYPE, collection, each, *which) for each in types]
        else:
            lanes = [self._lane(_OF_ALL, collection, b"", *which)]
        return _merged(lanes, limit)

    def _typed(self, rows: Sequence[FeedRow], types: Collection[bytes]) -> list[FeedRow]:
        sql = "SELECT type FROM feed_object WHERE added_us = ?"
        return [row for row in rows if self._db.value(sql, (row.added_us,)) in types]

    def _lane(
        self,
        those: str,
        collection: bytes,
        key: bytes,
        versions: Versions,
        after_us: int,
        limit: int,
    ) -> tuple[list[FeedRow], int | None]:
        """Returns some rows of those, and the place up to which it has read; None at the end."""
        end = self._db.value(
            f"SELECT added_us FROM feed_object {those}"  # noqa: S608 (the same)
            " AND added_us > ?3 ORDER BY added_us LIMIT 1 OFFSET ?4",
            (collection, key, after_us, _WINDOW - 1),
        )
        last_us = _LAST_US if end is None else end
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM feed_object f {those}"  # noqa: S608 (the same)
            f" AND added_us > ?3 AND added_us <= ?4 {_STANDS} ORDER BY added_us LIMIT ?9",
            (collection, key, after_us, last_us, *versions.bindings, limit),
        )
        found = [self._row(row) for row in rows]
        return found, found[-1].added_us if len(found) == limit else end

    def _row(self, row: tuple[int, bytes, int, bytes, bytes, bytes]) -> FeedRow:
        added_us, object_, version_us, packet, content, sealed = row
        return FeedRow(
            added_us=added_us,
            object=object_,
            version_us=version_us,
            packet=packet,
            content=content,
            data=self._db.vault.open(_SEALED.at(added_us), sealed),
        )


def _merged(lanes: Sequence[tuple[Sequence[FeedRow], int | None]], limit: int) -> FeedRows:
    """Returns the first rows of several queries, as far as all of them have read."""
    read_to = min((end for _, end in lanes if end is not None), default=None)
    found = sorted((row for rows, _ in lanes for row in rows), key=lambda row: row.added_us)
    if read_to is not None:
        found = [row for row in found if row.added_us <= read_to]
    if len(found) > limit:
        return FeedRows(rows=tuple(found[:limit]), next_us=found[limit - 1].added_us)
    return FeedRows(rows=tuple(found), next_us=read_to)
