"""Accepted statements, the mailbox cursor, and the quarantine."""

from collections.abc import Iterable, Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError
from tearline.limits import MAX_QUARANTINED, MAX_QUARANTINED_BYTES
from tearline.wire.deliveries import START, Cursor, encode_cursor, parse_cursor
from tearline_client.store.database import Store
from tearline_client.store.recovery import RecoveryStore
from tearline_client.store.vault import Column

ALARMS = "alarms"
"""Precedes a code in place of an agency's URI."""

_CURSOR = "mailbox.cursor"
_EVIDENCE = Column("quarantine", "sealed", ("id",))
_AGENCIES = (  # one index step for each agency, for any number of rows
    "WITH RECURSIVE each(agency) AS ("
    "SELECT min(agency) FROM quarantine WHERE sealed = x'' UNION ALL"
    " SELECT (SELECT min(q.agency) FROM quarantine q WHERE q.sealed = x''"
    " AND q.agency > each.agency) FROM each WHERE agency IS NOT NULL)"
    " SELECT agency FROM each WHERE agency IS NOT NULL"
)


@immutable
class Evidence:
    """Bytes that prove a defect, with their source.

    Attributes:
        data: The bytes.
        about: Their subject; a code is stored once for each subject.
        agency: The agency of the quota: the delivery's stated sender, or empty.
        packet: The packet whose ciphertexts they contain, or empty.
        place: Their cursor at the exchange; ``START`` for none.
    """

    data: bytes
    about: bytes
    agency: str
    packet: bytes = b""
    place: Cursor = START


@immutable
class Quarantined:
    """A refused delivery, or part of one, stored as evidence."""

    id: int
    time_ms: int
    code: str
    why: str


@immutable
class Noted:
    """A delivery over its sender's quota: only its id, cursor and code are stored.

    Attributes:
        id: The record.
        about: The statement's id.
        place: Its cursor at the exchange.
    """

    id: int
    about: bytes
    place: Cursor


class InboxStore(Store):
    """Cursor, known statements and quarantine."""

    def cursor(self) -> Cursor:
        """Returns the cursor up to which the mailbox is stored durably."""
        stored = self._db.setting(_CURSOR)
        return START if stored is None else parse_cursor(stored)

    def put_cursor(self, cursor: Cursor) -> None:
        """Moves the cursor, in the transaction that stores the deliveries.

        A cursor of another epoch means that the exchange was restored.
        """
        if cursor.epoch != (known := self.cursor().epoch) and known:
            RecoveryStore(self._db).begin()
        self._db.put_setting(_CURSOR, encode_cursor(cursor))

    def is_taken(self, statement_id: bytes) -> bool:
        """Returns whether a statement was accepted before."""
        return bool(self._db.row("SELECT 1 FROM taken WHERE statement_id = ?", (statement_id,)))

    def take(self, statement_id: bytes) -> None:
        """Records that a statement was accepted."""
        self._db.execute("INSERT INTO taken VALUES (?) ON CONFLICT DO NOTHING", (statement_id,))

    def quarantine(
        self, error: TearlineError, evidence: Evidence, *, now_ms: int, most: int = MAX_QUARANTINED
    ) -> bool:
        """Quarantines evidence with its reason, once per subject and code.

        Over the sender's quota, only subject, code and cursor are stored.

        Args:
            error: The defect.
            evidence: The bytes that prove it.
            now_ms: Unix milliseconds.
            most: The quota.

        Returns:
            Whether the bytes are stored, now or from before.
        """
        known = self._db.row(
            "SELECT id, sealed = x'' FROM quarantine WHERE about = ? AND code = ? AND about <> x''",
            (evidence.about, error.code),
        )
        if known is not None and not known[1]:
            return True
        if known is not None:
            self.release(
                known[0], evidence.about
            )  # its place may be another now, and there may be room
        has_room = self._has_room(evidence.agency, most)
        number = self._db.next_id("quarantine")
        data = self._db.vault.seal(_EVIDENCE.at(number), evidence.data) if has_room else b""
        self._db.execute(
            "INSERT INTO quarantine"
            " (id, time_ms, code, why, sealed, about, agency, packet, epoch, seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                now_ms,
                error.code,
                error.why if has_room else "",
                data,
                evidence.about,
                evidence.agency,
                evidence.packet if has_room else b"",
                evidence.place.epoch,
                evidence.place.seq,
            ),
        )
        return has_room

    def _has_room(self, agency: str, most: int = MAX_QUARANTINED) -> bool:
        """Returns whether an agency's next delivery is stored; one may exceed the byte limit."""
        count, size = self._kept(agency)
        return count < most and size < MAX_QUARANTINED_BYTES

    def _kept(self, agency: str) -> tuple[int, int]:
        """Returns the number and bytes of an agency's quarantined deliveries.

        Short: at most the quota.
        """
        sql = (
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM quarantine"
            " WHERE agency = ? AND sealed <> x''"
        )
        count, size = self._db.rows(sql, (agency,))[0]
        return count, size

    def noted(self, codes: Iterable[str]) -> tuple[Noted, ...]:
        """Returns deliveries over a quota that has room now, for some reasons, oldest first."""
        found: list[tuple[int, bytes, bytes, int]] = []
        reasons = tuple(codes)
        for (agency,) in self._db.rows(_AGENCIES):
            if not self._has_room(agency):
                continue
            room = MAX_QUARANTINED - self._kept(agency)[0]
            rows = [
                row
                for code in reasons
                for row in self._db.rows(
                    "SELECT id, about, epoch, seq FROM quarantine"
                    " WHERE agency = ? AND code = ? AND sealed = x'' AND seq > 0"
                    " ORDER BY id LIMIT ?",
                    (agency, code, room),
                )
            ]
            found += sorted(rows)[:room]
        return tuple(
            Noted(id=i, about=about, place=Cursor(epoch=epoch, seq=seq))
            for i, about, epoch, seq in sorted(found)
        )

    def set_lost(self, item_id: int, about: bytes) -> None:
        """Records that the exchange no longer has a delivery over quota.

        Args:
            item_id: The record.
            about: Its subject; see ``release``.
        """
        self._db.execute(
            "UPDATE quarantine SET seq = 0 WHERE id = ? AND about = ?", (item_id, about)
        )

    def over_quota(self) -> Mapping[str, int]:
        """Returns the number of deliveries over quota, by sending agency."""
        return dict(self._db.rows("SELECT agency, noted FROM quarantine_count WHERE noted > 0"))

    def replace_evidence(self, item_id: int, evidence: bytes) -> None:
        """Replaces quarantined bytes with reduced ones."""
        self._db.erase(
            "UPDATE quarantine SET sealed = ? WHERE id = ?",
            (self._db.vault.seal(_EVIDENCE.at(item_id), evidence), item_id),
        )

    def release(self, item_id: int, about: bytes) -> None:
        """Deletes a quarantined item whose defect has passed.

        Args:
            item_id: The record.
            about: Its subject: another process may have released the record and reused its number.
        """
        self._db.execute("DELETE FROM quarantine WHERE id = ? AND about = ?", (item_id, about))

    def forget(self, code: str) -> int:
        """Deletes all items with a code; returns their number."""
        rows = self._db.erase("DELETE FROM quarantine WHERE code = ? RETURNING id", (code,))
        return len(rows)

    def put_aside_for(self, codes: Iterable[str]) -> tuple[int, ...]:
        """Returns ids of items with some codes, oldest first; at most a quota per agency.

        Alarms are excluded: they have no delivery.
        """
        sql = "SELECT id FROM quarantine WHERE code = ? AND sealed <> x'' AND agency <> ?"
        found = (self._db.rows(sql, (code, f"{ALARMS} {code}")) for code in codes)
        return tuple(sorted(i for rows in found for (i,) in rows))

    def with_packet(self, packet: bytes) -> tuple[int, ...]:
        """Returns ids of items with ciphertexts of a packet; at most a quota per agency."""
        sql = "SELECT id FROM quarantine WHERE packet = ? AND packet <> x''"
        return tuple(i for (i,) in self._db.rows(sql, (packet,)))

    def quarantined(self) -> tuple[Quarantined, ...]:
        """Returns the quarantined items, oldest first; at most a quota per agency."""
        rows = self._db.rows(
            "SELECT id, time_ms, code, why FROM quarantine INDEXED BY quarantine_kept"
            " WHERE sealed <> x''"
        )
        return tuple(
            Quarantined(id=i, time_ms=time_ms, code=code, why=why)
            for i, time_ms, code, why in sorted(rows)
        )

    def evidence(self, item_id: int) -> bytes | None:
        """Returns the quarantined bytes, or None."""
        sealed = self._db.value(
            "SELECT sealed FROM quarantine WHERE id = ? AND sealed <> x''", (item_id,)
        )
        return None if sealed is None else self._db.vault.open(_EVIDENCE.at(item_id), sealed)
