"""State of a light node: its last turn, the agencies it follows, and the entries it awaits."""

from collections.abc import Iterable, Mapping

from tearline.federation.turns import EntryPart
from tearline.limits import MAX_FOLLOWED
from tearline_client.store.database import Store
from tearline_client.store.log import TURN


class LightStore(Store):
    """Store of a light node; that of a full node is empty."""

    def turn(self) -> bytes | None:
        """Returns the last turn, or None before the first."""
        return self._db.setting(TURN)

    def put_turn(self, turn: bytes) -> None:
        """Stores a verified turn, in one transaction with its entries."""
        self._db.put_setting(TURN, turn)

    def read(self) -> dict[tuple[str, EntryPart], int]:
        """Returns the size of the tree up to which each part of an agency's entries was read."""
        # As many as the agencies followed, the councils and the cosigners, each three times.
        rows = self._db.rows("SELECT agency, part, size FROM read_part")
        return {(agency, EntryPart(part)): size for agency, part, size in rows}

    def put_read(self, parts: Mapping[tuple[str, EntryPart], int]) -> None:
        """Stores the parts that were read, in one transaction with their entries."""
        self._db.insert_many(
            "INSERT INTO read_part VALUES (?, ?, ?)"
            " ON CONFLICT (agency, part) DO UPDATE SET size = excluded.size",
            ((agency, part, size) for (agency, part), size in parts.items()),
        )

    def followed(self) -> tuple[str, ...]:
        """Returns the URIs of the agencies that this node follows, ascending."""
        rows = self._db.rows(
            "SELECT uri FROM followed_agency ORDER BY uri LIMIT ?", (MAX_FOLLOWED,)
        )
        return tuple(uri for (uri,) in rows)

    def follow(self, uris: Iterable[str]) -> None:
        """Adds agencies; beyond ``MAX_FOLLOWED``, none."""
        self._db.insert_many(
            "INSERT INTO followed_agency SELECT ?1"
            " WHERE (SELECT count(*) FROM followed_agency) < ?2 ON CONFLICT DO NOTHING",
            ((uri, MAX_FOLLOWED) for uri in uris),
        )

    def awaited(self, size: int, *, limit: int) -> tuple[int, ...]:
        """Returns the first ``limit`` awaited entries of a tree of ``size`` entries."""
        rows = self._db.rows(
            "SELECT idx FROM awaited_entry WHERE idx < ? ORDER BY idx LIMIT ?", (size, limit)
        )
        return tuple(index for (index,) in rows)

    def wait_for(self, indexes: Iterable[int]) -> None:
        """Adds entries to be read once a turn covers them."""
        self._db.insert_many(
            "INSERT INTO awaited_entry VALUES (?) ON CONFLICT DO NOTHING",
            ((index,) for index in indexes),
        )

    def has_come(self, indexes: Iterable[int]) -> None:
        """Removes entries that are here."""
        self._db.insert_many(
            "DELETE FROM awaited_entry WHERE idx = ?", ((index,) for index in indexes)
        )
