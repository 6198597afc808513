"""What was taken in, how far the mailbox was read, and what had to be put aside."""

from dataclasses import dataclass

from tearline.errors import TearlineError
from tearline.wire.exchange import START, Cursor, encode_cursor, parse_cursor
from tearline_client.store.database import Database

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
        """Moves the cursor, in the transaction that stores what was read."""
        self._db.put_setting(_CURSOR, encode_cursor(cursor))

    def is_taken(self, statement_id: bytes) -> bool:
        """Whether a statement was taken in before."""
        return bool(self._db.row("SELECT 1 FROM taken WHERE statement_id = ?", (statement_id,)))

    def take(self, statement_id: bytes) -> None:
        """Notes that a statement was taken in."""
        self._db.execute("INSERT INTO taken VALUES (?) ON CONFLICT DO NOTHING", (statement_id,))

    def quarantine(self, error: TearlineError, evidence: bytes, *, now_ms: int) -> None:
        """Puts a delivery aside, with the reason."""
        self._db.execute(
            "INSERT INTO quarantine (time_ms, code, why, sealed) VALUES (?, ?, ?, ?)",
            (now_ms, error.code, error.why, self._db.vault.seal(_PLACE, evidence)),
        )

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
