"""What was taken in, how far the mailbox was read, and the quarantine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tearline.errors import TearlineError
from tearline.limits import MAX_QUARANTINED, MAX_QUARANTINED_BYTES
from tearline.wire.deliveries import START, Cursor, encode_cursor, parse_cursor
from tearline_client.store.database import Database
from tearline_client.store.recovery import RecoveryStore
from tearline_client.store.vault import Column

ALARMS = "alarms"
"""Before a code, in the place of an agency, which is never called so: their names are URIs."""

_CURSOR = "mailbox.cursor"
_EVIDENCE = Column("quarantine", "sealed", ("id",))
_AGENCIES = (  # one step of the index for each agency, however much lies there
    "WITH RECURSIVE each(agency) AS ("
    "SELECT min(agency) FROM quarantine WHERE sealed = x'' UNION ALL"
    " SELECT (SELECT min(q.agency) FROM quarantine q WHERE q.sealed = x''"
    " AND q.agency > each.agency) FROM each WHERE agency IS NOT NULL)"
    " SELECT agency FROM each WHERE agency IS NOT NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The bytes that show what is wrong, and where they come from.

    Attributes:
        data: The bytes.
        about: What they are about: the same code is kept once of it.
        agency: Whose quota they count against: the sender, as the delivery says; empty where it
            says nothing.
        packet: The packet whose ciphertexts are among the bytes; empty for none.
        place: Where the exchange has them; ``START`` for nowhere.
    """

    data: bytes
    about: bytes
    agency: str
    packet: bytes = b""
    place: Cursor = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A delivery that was not taken in, or a part of one, kept as evidence."""

    id: int
    time_ms: int
    code: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A delivery over its sender's quota: only its id, its place and a code are here.

    Attributes:
        id: The record.
        about: The statement's id.
        place: Where the exchange has it.
    """

    id: int
    about: bytes
    place: Cursor


class InboxStore:
    """Cursor, known statements and quarantine."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def cursor(self) -> Cursor:
        """How far the mailbox was read and made durable."""
        stored = self._db.setting(_CURSOR)
        return START if stored is None else parse_cursor(stored)

    def put_cursor(self, cursor: Cursor) -> None:
        """Moves the cursor, in the transaction that stores what was read.

        A cursor of another epoch says that the exchange was restored.
        """
        if cursor.epoch != (known := self.cursor().epoch) and known:
            RecoveryStore(self._db).begin()
        self._db.put_setting(_CURSOR, encode_cursor(cursor))

    def is_taken(self, statement_id: bytes) -> bool:
        """Whether a statement was taken in before."""
        return bool(self._db.row("SELECT 1 FROM taken WHERE statement_id = ?", (statement_id,)))

    def take(self, statement_id: bytes) -> None:
        """Notes that a statement was taken in."""
        self._db.execute("INSERT INTO taken VALUES (?) ON CONFLICT DO NOTHING", (statement_id,))

    def quarantine(
        self, error: TearlineError, evidence: Evidence, *, now_ms: int, most: int = MAX_QUARANTINED
    ) -> bool:
        """Puts something aside, with the reason; once, however often it comes.

        Over the sender's quota only what it is about, the code and its place are kept.

        Args:
            error: What is wrong with it.
            evidence: The bytes that show it.
            now_ms: When, Unix milliseconds.
            most: The quota.

        Returns:
            Whether the bytes lie here, from now on or from before.
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
        """Whether an agency's next delivery is kept: one more may come on top of the bytes."""
        count, size = self._kept(agency)
        return count < most and size < MAX_QUARANTINED_BYTES

    def _kept(self, agency: str) -> tuple[int, int]:
        """How many deliveries of an agency are kept as evidence, and their bytes.

        Short: no more than the quota are kept.
        """
        sql = (
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM quarantine"
            " WHERE agency = ? AND sealed <> x''"
        )
        count, size = self._db.rows(sql, (agency,))[0]
        return count, size

    def noted(self, codes: Iterable[str]) -> tuple[Noted, ...]:
        """What is over a quota that has room by now, for one of these reasons, oldest first."""
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
        """Notes that the exchange has something no longer that is over a quota.

        Args:
            item_id: The record.
            about: What it is about; see ``release``.
        """
        self._db.execute(
            "UPDATE quarantine SET seq = 0 WHERE id = ? AND about = ?", (item_id, about)
        )

    def over_quota(self) -> Mapping[str, int]:
        """How many deliveries are over a quota, by the agency that sent them."""
        return dict(self._db.rows("SELECT agency, noted FROM quarantine_count WHERE noted > 0"))

    def replace_evidence(self, item_id: int, evidence: bytes) -> None:
        """Keeps less of what was put aside."""
        self._db.erase(
            "UPDATE quarantine SET sealed = ? WHERE id = ?",
            (self._db.vault.seal(_EVIDENCE.at(item_id), evidence), item_id),
        )

    def release(self, item_id: int, about: bytes) -> None:
        """Forgets something that was put aside, as what was wrong with it has passed.

        Args:
            item_id: The record.
            about: What it is about: a record that another process released meanwhile may have
                left its number to another finding.
        """
        self._db.execute("DELETE FROM quarantine WHERE id = ? AND about = ?", (item_id, about))

    def forget(self, code: str) -> int:
        """Forgets everything that was put aside for one reason; returns how much it was."""
        rows = self._db.erase("DELETE FROM quarantine WHERE code = ? RETURNING id", (code,))
        return len(rows)

    def put_aside_for(self, codes: Iterable[str]) -> tuple[int, ...]:
        """Ids of what is kept for one of these reasons, oldest first; a quota of each agency.

        Alarms are not among them: nothing was put aside with those.
        """
        sql = "SELECT id FROM quarantine WHERE code = ? AND sealed <> x'' AND agency <> ?"
        found = (self._db.rows(sql, (code, f"{ALARMS} {code}")) for code in codes)
        return tuple(sorted(i for rows in found for (i,) in rows))

    def with_packet(self, packet: bytes) -> tuple[int, ...]:
        """Ids of what holds ciphertexts of a packet; a quota of each agency at most."""
        sql = "SELECT id FROM quarantine WHERE packet = ? AND packet <> x''"
        return tuple(i for (i,) in self._db.rows(sql, (packet,)))

    def quarantined(self) -> tuple[Quarantined, ...]:
        """What is kept as evidence, oldest first; a quota of each agency at most."""
        rows = self._db.rows(
            "SELECT id, time_ms, code, why FROM quarantine INDEXED BY quarantine_kept"
            " WHERE sealed <> x''"
        )
        return tuple(
            Quarantined(id=i, time_ms=time_ms, code=code, why=why)
            for i, time_ms, code, why in sorted(rows)
        )

    def evidence(self, item_id: int) -> bytes | None:
        """The bytes that were put aside, or None."""
        sealed = self._db.value(
            "SELECT sealed FROM quarantine WHERE id = ? AND sealed <> x''", (item_id,)
        )
        return None if sealed is None else self._db.vault.open(_EVIDENCE.at(item_id), sealed)
