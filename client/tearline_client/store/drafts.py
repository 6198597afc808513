"""Drafts: objects that service accounts added, with the answers to them, and forms of persons."""

import json
from collections.abc import Iterable
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_TAXII_DRAFT_AGE_MS
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_TOLD = Column("feed_draft", "told", ("id",))
_DRAFT = Column("feed_draft", "sealed", ("id",))
_SELECT = "SELECT id, account, time_ms, told, person FROM feed_draft"
_STATUS = Column("feed_status", "sealed", ("id",))


@immutable
class DraftRow:
    """A draft without its objects.

    Attributes:
        id: 16 bytes.
        account: Name of the service account; empty for a form.
        time_ms: Time of its addition or of its latest change, Unix milliseconds.
        told: What a list shows of it, as JSON.
        person: The person who filled in the form, by the agency's own name; otherwise empty.
    """

    id: bytes
    account: str
    time_ms: int
    told: bytes
    person: str = ""

    @property
    def ends_ms(self) -> int:
        """Returns its expiry, Unix milliseconds."""
        return self.time_ms + MAX_TAXII_DRAFT_AGE_MS


@immutable
class StatusRow:
    """Answer to an addition.

    Attributes:
        id: 16 bytes.
        account: Name of the service account that may read it.
        content: The TAXII resource, as JSON.
    """

    id: bytes
    account: str
    content: bytes


class DraftStore(Store):
    """Drafts and statuses; the caller's transaction makes writes durable together."""

    # Drafts.

    def put(self, row: DraftRow, objects: bytes) -> None:
        """Stores a draft, or the newest contents of one."""
        vault = self._db.vault
        self._db.execute(
            "INSERT INTO feed_draft (id, account, person, time_ms, told, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " time_ms = excluded.time_ms, told = excluded.told, sealed = excluded.sealed",
            (
                row.id,
                row.account,
                row.person,
                row.time_ms,
                vault.seal(_TOLD.at(row.id), row.told),
                vault.seal(_DRAFT.at(row.id), objects),
            ),
        )

    def count(self, account: str) -> int:
        """Returns the number of an account's drafts."""
        return int(self._db.value("SELECT count(*) FROM feed_draft WHERE account = ?", (account,)))

    def total(self) -> int:
        """Returns the number of all drafts."""
        return int(self._db.value("SELECT count(*) FROM feed_draft"))

    def all(self) -> list[DraftRow]:
        """Returns all drafts, oldest first; accounts, persons and their drafts are bounded."""
        return self._opened(self._db.rows(f"{_SELECT} ORDER BY place"))

    def of_programs(self) -> list[DraftRow]:
        """Returns the drafts of all service accounts, oldest first."""
        return self._opened(self._db.rows(f"{_SELECT} WHERE person = '' ORDER BY place"))

    def of_person(self, person: str) -> list[DraftRow]:
        """Returns the forms of a person, the latest change last."""
        sql = f"{_SELECT} WHERE person = ? ORDER BY time_ms, place"
        return self._opened(self._db.rows(sql, (person,)))

    def of_id(self, draft_id: bytes) -> DraftRow | None:
        """Returns a draft, or None if there is none of that id."""
        return next(iter(self._opened(self._db.rows(f"{_SELECT} WHERE id = ?", (draft_id,)))), None)

    def others(self, person: str, draft_id: bytes) -> tuple[int, int]:
        """Returns the number of a person's forms other than one, and their stored bytes."""
        sql = (
            "SELECT count(*), coalesce(sum(length(told) + length(sealed)), 0) FROM feed_draft"
            " WHERE person = ? AND id <> ?"
        )
        number, size = self._db.rows(sql, (person, draft_id))[0]
        return number, size

    def _opened(self, rows: Iterable[tuple[Any, ...]]) -> list[DraftRow]:
        return [
            DraftRow(
                id=draft_id,
                account=account,
                time_ms=time_ms,
                told=self._db.vault.open(_TOLD.at(draft_id), told),
                person=person,
            )
            for draft_id, account, time_ms, told, person in rows
        ]

    def objects(self, draft_id: bytes) -> bytes | None:
        """Returns the objects of a draft, or None if there is none of that id."""
        sealed = self._db.value("SELECT sealed FROM feed_draft WHERE id = ?", (draft_id,))
        return None if sealed is None else self._db.vault.open(_DRAFT.at(draft_id), sealed)

    def replace(self, row: DraftRow, objects: bytes, *, lost: int) -> None:
        """Stores the objects that an erasure left of a draft, and the number of those it took."""
        told = json.loads(row.told)
        told["objects"] -= lost
        told["lost"] = told.get("lost", 0) + lost
        vault = self._db.vault
        self._db.erase(
            "UPDATE feed_draft SET told = ?, sealed = ? WHERE id = ?",
            (
                vault.seal(_TOLD.at(row.id), json.dumps(told).encode()),
                vault.seal(_DRAFT.at(row.id), objects),
                row.id,
            ),
        )

    def discard(self, draft_id: bytes) -> None:
        """Deletes a draft."""
        self._db.erase("DELETE FROM feed_draft WHERE id = ?", (draft_id,))

    def erasures(self) -> int:
        """Returns the number of erasures of packets so far: earlier plans may hold their values."""
        return int(self._db.value("SELECT count FROM draft_erasures"))

    def count_erasure(self) -> None:
        """Counts an erasure of a packet."""
        self._db.execute("UPDATE draft_erasures SET count = count + 1")

    # Statuses.

    def put_status(self, row: StatusRow, digest: bytes, *, time_ms: int, most: int) -> None:
        """Stores a status; the account's oldest ones over a bound go."""
        self._db.execute(
            "INSERT INTO feed_status (id, account, digest, time_ms, sealed) VALUES (?, ?, ?, ?, ?)",
            (
                row.id,
                row.account,
                digest,
                time_ms,
                self._db.vault.seal(_STATUS.at(row.id), row.content),
            ),
        )
        self._db.erase(
            "DELETE FROM feed_status WHERE place IN (SELECT place FROM feed_status"
            " WHERE account = ? ORDER BY place DESC LIMIT -1 OFFSET ?)",
            (row.account, most),
        )

    def status(self, status_id: bytes) -> StatusRow | None:
        """Returns a status by its id, or None."""
        row = self._db.row("SELECT id, account, sealed FROM feed_status WHERE id = ?", (status_id,))
        return None if row is None else self._status(*row)

    def status_of(self, digest: bytes) -> StatusRow | None:
        """Returns the status of an addition by its keyed hash, or None."""
        sql = "SELECT id, account, sealed FROM feed_status WHERE digest = ?"
        row = self._db.row(sql, (digest,))
        return None if row is None else self._status(*row)

    # Both.

    def has_ended(self, drafts_ms: int, statuses_ms: int) -> bool:
        """Returns whether there are drafts, or statuses, of before these times."""
        drafts = self._db.row("SELECT 1 FROM feed_draft WHERE time_ms < ? LIMIT 1", (drafts_ms,))
        sql = "SELECT 1 FROM feed_status WHERE time_ms < ? LIMIT 1"
        return drafts is not None or self._db.row(sql, (statuses_ms,)) is not None

    def expire(self, drafts_ms: int, statuses_ms: int) -> None:
        """Deletes drafts, and statuses, of before these times."""
        self._db.erase("DELETE FROM feed_draft WHERE time_ms < ?", (drafts_ms,))
        self._db.erase("DELETE FROM feed_status WHERE time_ms < ?", (statuses_ms,))

    def _status(self, status_id: bytes, account: str, sealed: bytes) -> StatusRow:
        content = self._db.vault.open(_STATUS.at(status_id), sealed)
        return StatusRow(id=status_id, account=account, content=content)
