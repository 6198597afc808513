"""Ids of the packets here: by time, by their beginning, and unread ones."""

from tearline.limits import MAX_LISTED_NAMES
from tearline.statements.receipt import Status
from tearline.text.choices import the_one
from tearline_client.store.database import Store
from tearline_client.store.id_ranges import ids_from

_UNREAD = f"incoming = 1 AND status < {Status.SEEN:d}"  # no parameter: an index covers these rows


class PacketIndex(Store):
    """Ids of packets, without any of their parts."""

    def ids(self) -> list[bytes]:
        """Returns the ids of all packets, newest first."""
        return [i for (i,) in self._db.rows("SELECT id FROM packet ORDER BY received_ms DESC, id")]

    def newest(self, limit: int, *, after: bytes = b"") -> list[bytes]:
        """Returns the ids of some packets, newest first.

        Args:
            limit: Their greatest number.
            after: Id of the packet before the first one; empty for the newest. None follow a packet
                that is not here.
        """
        if not after:
            sql = "SELECT id FROM packet ORDER BY received_ms DESC, id LIMIT ?"
            return [packet for (packet,) in self._db.rows(sql, (limit,))]
        since = self._db.value("SELECT received_ms FROM packet WHERE id = ?", (after,))
        rows = self._db.rows(
            "SELECT id FROM packet WHERE received_ms <= ? AND (received_ms < ? OR id > ?)"
            " ORDER BY received_ms DESC, id LIMIT ?",
            (since, since, after, limit),
        )
        return [packet for (packet,) in rows]

    def unread(self, limit: int) -> tuple[bytes, ...]:
        """Returns the ids of partners' packets that no person has seen, newest first.

        Args:
            limit: Maximum number of grants to read; a packet may have several.
        """
        rows = self._db.rows(
            f"SELECT packet FROM packet_grant WHERE {_UNREAD}"  # noqa: S608 (names of our own)
            " ORDER BY rowid DESC LIMIT ?",
            (limit,),
        )
        return tuple(dict.fromkeys(packet for (packet,) in rows))

    def is_unread(self, packet_id: bytes) -> bool:
        """Returns whether a packet is a partner's, and no person has seen it."""
        sql = f"SELECT 1 FROM packet_grant WHERE packet = ? AND {_UNREAD}"  # noqa: S608 (the same)
        return self._db.row(sql, (packet_id,)) is not None

    def has_partners(self, node: str) -> bool:
        """Returns whether there is a packet made by another node."""
        ends = self._db.row(
            "SELECT (SELECT min(origin) FROM packet), (SELECT max(origin) FROM packet)"
        )
        return ends is not None and not {*ends} <= {None, node}

    def find(self, prefix: str) -> bytes:
        """Returns the packet whose hexadecimal id begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            NameAmbiguous: If there are several.
        """
        rows = self._db.rows(
            "SELECT id FROM packet WHERE id BETWEEN ? AND ? LIMIT ?",
            (*ids_from(prefix, 32), MAX_LISTED_NAMES + 1),
        )
        return the_one(prefix, "packet", (bytes(row[0]) for row in rows))
