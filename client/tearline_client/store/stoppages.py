"""Stoppages, by agreement, agency and scope, with sealed scopes."""

import json
from collections.abc import Collection, Iterable

from tearline.limits import MAX_LOG_SIZE
from tearline.suspensions.stoppage import ScopeChange, Stoppage
from tearline.suspensions.suspension import Scope
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_SCOPE = Column("standing_scope", "sealed", ("id",))
# Each half uses an index: current stoppages, and those that ended since. The index is named,
# because SQLite would use the primary key while few suspensions exist.
_SINCE = (
    "SELECT began, began_ms, ended, ended_ms FROM stoppage INDEXED BY stoppage_end"
    " WHERE scope = ?1 AND ended IS NULL AND began < ?3 UNION ALL"
    " SELECT began, began_ms, ended, ended_ms FROM stoppage INDEXED BY stoppage_time"
    " WHERE scope = ?1 AND ended_ms > ?2 AND began < ?3"
)
_AT = (
    "SELECT began, began_ms, ended, ended_ms FROM stoppage INDEXED BY stoppage_end"
    " WHERE scope = ?1 AND ended IS NULL AND began < ?3 UNION ALL"
    " SELECT began, began_ms, ended, ended_ms FROM stoppage INDEXED BY stoppage_end"
    " WHERE scope = ?1 AND ended >= ?2 AND began < ?3"
)


class StoppageStore(Store):
    """Stoppages from standings; the caller's transaction makes writes durable.

    Args:
        database: The node's database.
    """

    def change(self, agreement_id: bytes, changes: Collection[ScopeChange]) -> None:
        """Stores a standing's suspensions and resumptions, after all stored ones of its agency."""
        ids = self._ids(agreement_id, ((each.agency, each.scope) for each in changes))
        for each in changes:
            scope = ids[each.agency, each.scope]
            if each.stops:
                self._db.execute(
                    "INSERT INTO stoppage VALUES (?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING",
                    (scope, each.entry, each.time_ms),
                )
            else:
                self._db.execute(
                    "UPDATE stoppage SET ended = ?, ended_ms = ? WHERE scope = ? AND ended IS NULL",
                    (each.entry, each.time_ms, scope),
                )

    def replace(self, agreement_id: bytes, agency: str, stoppages: Collection[Stoppage]) -> None:
        """Replaces all stoppages of an agency."""
        ids = self._ids(agreement_id, ((agency, each.scope) for each in stoppages))
        self._db.execute(
            "DELETE FROM stoppage WHERE scope IN"
            " (SELECT id FROM standing_scope WHERE agreement = ? AND agency = ?)",
            (agreement_id, agency),
        )
        self._db.insert_many(
            "INSERT INTO stoppage VALUES (?, ?, ?, ?, ?)",
            [
                (ids[agency, each.scope], each.start, each.start_ms, each.end, each.end_ms)
                for each in stoppages
            ],
        )

    def since(self, agreement_id: bytes, article: str, time_ms: int) -> tuple[Stoppage, ...]:
        """Returns the stoppages of an article, or of all, since a log time."""
        scopes = [each for each in self._scopes(agreement_id) if each[2][0] in ("", article)]
        return self._found(_SINCE, scopes, time_ms, MAX_LOG_SIZE)

    def at(self, agreement_id: bytes, entry: int) -> tuple[Stoppage, ...]:
        """Returns the stoppages at the time of an entry."""
        return self._found(_AT, self._scopes(agreement_id), entry, entry)

    def _found(
        self, sql: str, scopes: Iterable[tuple[int, str, Scope]], since: int, below: int
    ) -> tuple[Stoppage, ...]:
        return tuple(
            Stoppage(
                agency=agency,
                scope=scope,
                start=began,
                start_ms=began_ms,
                end=ended,
                end_ms=ended_ms,
            )
            for id_, agency, scope in scopes
            for began, began_ms, ended, ended_ms in self._db.rows(sql, (id_, since, below))
        )

    def _scopes(self, agreement_id: bytes) -> list[tuple[int, str, Scope]]:
        # An agreement has few scopes: those of its articles and directions that were ever
        # suspended.
        rows = self._db.rows(
            "SELECT id, agency, sealed FROM standing_scope WHERE agreement = ?", (agreement_id,)
        )
        found = []
        for id_, agency, sealed in rows:
            article, sender, recipient = json.loads(self._db.vault.open(_SCOPE.at(id_), sealed))
            found.append((id_, agency, (article, sender, recipient)))
        return found

    def _ids(
        self, agreement_id: bytes, wanted: Iterable[tuple[str, Scope]]
    ) -> dict[tuple[str, Scope], int]:
        ids = {(agency, scope): id_ for id_, agency, scope in self._scopes(agreement_id)}
        for agency, scope in wanted:
            if (agency, scope) not in ids:
                number = self._db.value("SELECT coalesce(max(id), 0) + 1 FROM standing_scope")
                sealed = self._db.vault.seal(_SCOPE.at(number), json.dumps(scope).encode())
                self._db.execute(
                    "INSERT INTO standing_scope VALUES (?, ?, ?, ?)",
                    (number, agreement_id, agency, sealed),
                )
                ids[agency, scope] = number
        return ids
