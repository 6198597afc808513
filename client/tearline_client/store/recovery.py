"""Data for a recovery after the exchange, or this node, loses its machine."""

from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.errors import StoreDamaged
from tearline.statements.statement import StatementType
from tearline.wire.grants import parse_void
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Database, Store
from tearline_client.store.packets import PacketStore
from tearline_client.store.vault import Column

_SENT = Column("sent", "sealed", ("recipient", "agreement", "seq"))
_DUE = "recovery.due"
_RESTORED = "recovery.restored"
_UNREAD = "recovery.unread"
_TWIN = "recovery.twin"
_GRANT = b"\1"  # marks the id of a stored grant; a statement begins differently
_THEIRS, _OURS = b"\1", b"\2"  # the party with the loss


@immutable
class Restored:
    """A restore of this node from a backup.

    Attributes:
        time_s: Its time, Unix seconds.
        log_size: Log entries in the backup.
    """

    time_s: int
    log_size: int


class RecoveryStore(Store):
    """Recovery data, stored in the transaction of their subjects."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._packets = PacketStore(database)

    # Sent statements without a recipient's receipt.

    def keep(self, recipient: str, agreement_id: bytes, seq: int, sent: Signed) -> None:
        """Stores the statement accepted at a place of a channel; of a stored grant, its id."""
        grant = self._packets.grant(sent.statement.id)
        is_stored = grant is not None and grant.signed == sent
        data = _GRANT + sent.statement.id if is_stored else encode_signed(sent)
        sealed = self._db.vault.seal(_SENT.at(recipient, agreement_id, seq), data)
        self._db.execute(
            "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?)",
            (recipient, agreement_id, seq, sealed),
        )

    def confirm(self, recipient: str, agreement_id: bytes, seq: int) -> None:
        """Deletes the statements up to a place: the recipient signed for them."""
        self._db.execute(
            "DELETE FROM sent WHERE recipient = ? AND agreement = ? AND seq <= ?",
            (recipient, agreement_id, seq),
        )

    def sent(self, recipient: str, agreement_id: bytes, seq: int) -> Signed | None:
        """Returns the statement accepted at a place, if it is still stored.

        Raises:
            StoreDamaged: If it is a grant that is missing.
        """
        sealed = self._db.value(
            "SELECT sealed FROM sent WHERE recipient = ? AND agreement = ? AND seq = ?",
            (recipient, agreement_id, seq),
        )
        if sealed is None:
            return None
        data = self._opened(recipient, agreement_id, seq, sealed)
        if not data.startswith(_GRANT):
            return parse_signed(data)
        grant = self._packets.grant(data.removeprefix(_GRANT))
        if grant is None:
            raise StoreDamaged("a grant is missing")
        return grant.signed

    def withdrawals(self, recipient: str, agreement_id: bytes, seq: int) -> tuple[Signed, ...]:
        """Returns the withdrawals of grants at places up to ``seq`` that the recipient lacks."""
        rows = self._db.rows(
            "SELECT seq, sealed FROM sent WHERE recipient = ? AND agreement = ? AND seq <= ?"
            " ORDER BY seq",
            (recipient, agreement_id, seq),
        )
        found = (self._opened(recipient, agreement_id, *row) for row in rows)
        others = (parse_signed(data) for data in found if not data.startswith(_GRANT))
        return tuple(each for each in others if _withdraws(each))

    def _opened(self, recipient: str, agreement_id: bytes, seq: int, sealed: bytes) -> bytes:
        return self._db.vault.open(_SENT.at(recipient, agreement_id, seq), sealed)

    # A loss of the exchange.

    @property
    def is_due(self) -> bool:
        """Returns whether node and exchange must reconcile."""
        return bool(self._db.setting(_DUE))

    def begin(self) -> None:
        """Begins a recovery: the exchange's new epoch may have lost promised entries."""
        if not self.is_own_loss:
            self._db.put_setting(_DUE, _THEIRS)
        self._db.execute(
            "INSERT INTO excused SELECT receipt FROM promise WHERE true ON CONFLICT DO NOTHING"
        )

    def finish(self) -> None:
        """Ends a recovery."""
        self._db.put_setting(_DUE, b"")

    def is_excused(self, receipt: bytes) -> bool:
        """Returns whether a receipt is of an earlier epoch of the exchange."""
        return self._db.row("SELECT 1 FROM excused WHERE receipt = ?", (receipt,)) is not None

    # A loss of this node.

    @property
    def is_own_loss(self) -> bool:
        """Returns whether this node does not know its acts since its backup yet."""
        return self._db.setting(_DUE) == _OURS

    def restored(self) -> Restored | None:
        """Returns the last restore of this node, or None."""
        stored = self._db.setting(_RESTORED)
        if stored is None:
            return None
        return Restored(time_s=int.from_bytes(stored[:8]), log_size=int.from_bytes(stored[8:]))

    def put_restored(self, restored: Restored) -> None:
        """Records a restore of this node from a backup.

        What waits for a person in it may have been decided on since: it counts as of long ago, so
        it is approved no more, and expires. Forms are gone: their values may be recalled since.
        """
        self._db.execute("UPDATE pending SET time_ms = 0")
        self._db.erase("DELETE FROM feed_draft WHERE person <> ''")
        self._db.execute("UPDATE feed_draft SET time_ms = 0")
        self._db.execute("UPDATE feed_status SET time_ms = 0")
        self._db.put_setting(_RESTORED, u64(restored.time_s) + u64(restored.log_size))
        self._db.put_setting(_DUE, _OURS)
        self._db.put_setting(_UNREAD, b"\1")

    @property
    def is_unread(self) -> bool:
        """Returns whether this node has not read its mailbox to the end since a restore."""
        return bool(self._db.setting(_UNREAD))

    def note_read(self) -> None:
        """Records that the mailbox was read to its end, so that recalls since are known."""
        self._db.put_setting(_UNREAD, b"")

    # Other copies of this node.

    def twin(self) -> str:
        """Returns the evidence of another running copy of this node, or an empty string."""
        return (self._db.setting(_TWIN) or b"").decode()

    def put_twin(self, sign: str) -> None:
        """Stores the evidence of another copy; an operator's decision empties it."""
        self._db.put_setting(_TWIN, sign.encode())


def _withdraws(sent: Signed) -> bool:
    statement = sent.statement
    return statement.type is StatementType.VOID and bool(parse_void(statement.body).withdraws)
