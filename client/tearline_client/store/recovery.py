"""What is kept for the day on which the exchange, or this node, loses its machine."""

from dataclasses import dataclass

from tearline.encoding import u64
from tearline.statements.statement import StatementType
from tearline.wire.grants import parse_void
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_SENT = Column("sent", "sealed", ("recipient", "agreement", "seq"))
_DUE = "recovery.due"
_RESTORED = "recovery.restored"
_UNREAD = "recovery.unread"
_TWIN = "recovery.twin"
_THEIRS, _OURS = b"\1", b"\2"  # whose loss it is that the two have to talk about


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """That this node was made of a backup.

    Attributes:
        time_s: When, Unix seconds.
        log_size: Entries of the log that the backup held.
    """

    time_s: int
    log_size: int


class RecoveryStore:
    """The caller's transaction makes all of it durable with what it belongs to."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # What was sent, and not signed for.

    def keep(self, recipient: str, agreement_id: bytes, seq: int, sent: Signed) -> None:
        """Keeps what was accepted at a place of a channel."""
        sealed = self._db.vault.seal(_SENT.at(recipient, agreement_id, seq), encode_signed(sent))
        self._db.execute(
            "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?)",
            (recipient, agreement_id, seq, sealed),
        )

    def confirm(self, recipient: str, agreement_id: bytes, seq: int) -> None:
        """The recipient signed that it has everything up to a place."""
        self._db.execute(
            "DELETE FROM sent WHERE recipient = ? AND agreement = ? AND seq <= ?",
            (recipient, agreement_id, seq),
        )

    def sent(self, recipient: str, agreement_id: bytes, seq: int) -> Signed | None:
        """What was accepted at a place, if it is still kept."""
        sealed = self._db.value(
            "SELECT sealed FROM sent WHERE recipient = ? AND agreement = ? AND seq = ?",
            (recipient, agreement_id, seq),
        )
        return None if sealed is None else self._opened(recipient, agreement_id, seq, sealed)

    def withdrawals(self, recipient: str, agreement_id: bytes, seq: int) -> tuple[Signed, ...]:
        """What withdrew grants at places up to ``seq``, as far as the recipient lacks it."""
        rows = self._db.rows(
            "SELECT seq, sealed FROM sent WHERE recipient = ? AND agreement = ? AND seq <= ?"
            " ORDER BY seq",
            (recipient, agreement_id, seq),
        )
        found = [self._opened(recipient, agreement_id, *row) for row in rows]
        return tuple(each for each in found if _withdraws(each))

    def _opened(self, recipient: str, agreement_id: bytes, seq: int, sealed: bytes) -> Signed:
        return parse_signed(self._db.vault.open(_SENT.at(recipient, agreement_id, seq), sealed))

    # The exchange's loss.

    @property
    def is_due(self) -> bool:
        """Whether node and exchange have to tell each other where they stand."""
        return bool(self._db.setting(_DUE))

    def begin(self) -> None:
        """The exchange began another epoch: what its receipts promised may be lost."""
        if not self.is_own_loss:
            self._db.put_setting(_DUE, _THEIRS)
        self._db.execute(
            "INSERT INTO excused SELECT receipt FROM promise WHERE true ON CONFLICT DO NOTHING"
        )

    def finish(self) -> None:
        """Both know where they stand."""
        self._db.put_setting(_DUE, b"")

    def is_excused(self, receipt: bytes) -> bool:
        """Whether a receipt is of an earlier epoch of the exchange."""
        return self._db.row("SELECT 1 FROM excused WHERE receipt = ?", (receipt,)) is not None

    # Our own loss.

    @property
    def is_own_loss(self) -> bool:
        """Whether this node does not know yet what it did after its backup."""
        return self._db.setting(_DUE) == _OURS

    def restored(self) -> Restored | None:
        """When this node was made of a backup last, or None."""
        stored = self._db.setting(_RESTORED)
        if stored is None:
            return None
        return Restored(time_s=int.from_bytes(stored[:8]), log_size=int.from_bytes(stored[8:]))

    def put_restored(self, restored: Restored) -> None:
        """Notes that this node is made of a backup."""
        self._db.put_setting(_RESTORED, u64(restored.time_s) + u64(restored.log_size))
        self._db.put_setting(_DUE, _OURS)
        self._db.put_setting(_UNREAD, b"\1")

    @property
    def is_unread(self) -> bool:
        """Whether this node was made of a backup, and has not read its mailbox to the end since."""
        return bool(self._db.setting(_UNREAD))

    def note_read(self) -> None:
        """Notes that the mailbox was read to its end: what was recalled since is known."""
        self._db.put_setting(_UNREAD, b"")

    # Another copy of this node.

    def twin(self) -> str:
        """Returns the sign of another copy of this node at work; empty for none."""
        return (self._db.setting(_TWIN) or b"").decode()

    def put_twin(self, sign: str) -> None:
        """Keeps the sign of another copy, until an operator decides; empty once one did."""
        self._db.put_setting(_TWIN, sign.encode())


def _withdraws(sent: Signed) -> bool:
    statement = sent.statement
    return statement.type is StatementType.VOID and bool(parse_void(statement.body).withdraws)
