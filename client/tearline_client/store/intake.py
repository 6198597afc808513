"""What was taken in, how far the mailbox was read, and what had to be put aside."""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.errors import QuarantineFull, TearlineError
from tearline.limits import MAX_QUARANTINED
from tearline.wire.deliveries import START, Cursor, encode_cursor, parse_cursor
from tearline_client.store.database import Database
from tearline_client.store.recovery import RecoveryStore

_CURSOR = "mailbox.cursor"
_PLACE = "quarantine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Something that could not be taken in, kept as evidence."""

    id: int
    time_ms: int
    code: str
    why: str


class IntakeStore:
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
        self,
        error: TearlineError,
        evidence: bytes,
        *,
        about: bytes,
        now_ms: int,
        most: int = MAX_QUARANTINED,
    ) -> None:
        """Puts something aside, with the reason; once, however often it comes.

        Args:
            error: What is wrong with it.
            evidence: The bytes that show it.
            about: What it is: with the same thing the same is wrong once.
            now_ms: When, Unix milliseconds.
            most: How much may lie there.

        Raises:
            QuarantineFull: If so much lies there already.
        """
        if self._db.row(
            "SELECT 1 FROM quarantine WHERE about = ? AND code = ?", (about, error.code)
        ):
            return
        if self._db.value("SELECT count(*) FROM quarantine") >= most:
            raise QuarantineFull()
        self._db.execute(
            "INSERT INTO quarantine (time_ms, code, why, sealed, about) VALUES (?, ?, ?, ?, ?)",
            (now_ms, error.code, error.why, self._db.vault.seal(_PLACE, evidence), about),
        )

    def replace_evidence(self, item_id: int, evidence: bytes) -> None:
        """Keeps less of what was put aside."""
        self._db.erase(
            "UPDATE quarantine SET sealed = ? WHERE id = ?",
            (self._db.vault.seal(_PLACE, evidence), item_id),
        )

    def release(self, item_id: int) -> None:
        """Forgets something that was put aside, as what was wrong with it has passed."""
        self._db.execute("DELETE FROM quarantine WHERE id = ?", (item_id,))

    def forget(self, code: str) -> int:
        """Forgets everything that was put aside for one reason; returns how much it was."""
        rows = self._db.erase("DELETE FROM quarantine WHERE code = ? RETURNING id", (code,))
        return len(rows)

    def put_aside_for(self, codes: Iterable[str]) -> tuple[int, ...]:
        """Ids of what was put aside for one of these reasons, oldest first."""
        sql = "SELECT id FROM quarantine WHERE code = ?"
        return tuple(sorted(i for code in codes for (i,) in self._db.rows(sql, (code,))))

    def quarantined(self) -> tuple[Quarantined, ...]:
        """What was put aside, oldest first."""
        rows = self._db.rows("SELECT id, time_ms, code, why FROM quarantine ORDER BY id")
        return tuple(
            Quarantined(id=i, time_ms=time_ms, code=code, why=why) for i, time_ms, code, why in rows
        )

    def evidence(self, item_id: int) -> bytes | None:
        """The bytes that were put aside, or None."""
        sealed = self._db.value("SELECT sealed FROM quarantine WHERE id = ?", (item_id,))
        return None if sealed is None else self._db.vault.open(_PLACE, sealed)
