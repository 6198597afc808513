"""Recalls: ours to partners, partners' to us, and their answers."""

from tearline.dataclass.immutable import immutable
from tearline.packets.recall import Recall, RecallAnswer, RecallOrder, RecallState, answer_due_ms
from tearline.wire.recalls import encode_recall, parse_recall
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_ORDER = Column("recall", "sealed", ("statement_id",))
_ANSWER = Column("recall", "answer", ("statement_id",))
_FORGOTTEN = Column("forgotten_recall", "sealed", ("recall",))
_FORGOTTEN_ROWS = "SELECT recall, packet, partner, sealed FROM forgotten_recall"
_OPEN = f"state = {RecallState.OPEN:d}"  # no parameter: an index covers exactly these rows
_COLUMNS = "statement_id, incoming, state, arrived_ms, answered_ms, sealed, answer"


@immutable
class StoredRecall:
    """A stored recall.

    Attributes:
        signed: Its statement.
        incoming: Whether it is a partner's to us.
        state: Its state.
        arrived_ms: Arrival of a partner's recall, Unix milliseconds; 0 for ours.
        answered_ms: Time of the last answer, Unix milliseconds; 0 before.
        answer: The last answer, or None.
    """

    signed: Signed
    incoming: bool
    state: RecallState
    arrived_ms: int
    answered_ms: int
    answer: RecallAnswer | None

    @property
    def id(self) -> bytes:
        """Returns the recall's statement id, 32 bytes."""
        return self.signed.statement.id

    @property
    def recall(self) -> Recall:
        """Returns the recall."""
        return parse_recall(self.signed.statement.body)

    @property
    def order(self) -> RecallOrder:
        """Returns the order."""
        said = self.recall.said
        if not isinstance(said, RecallOrder):
            raise LookupError("the stored statement is an answer, not a recall")
        return said

    @property
    def due_ms(self) -> int:
        """Returns the deadline of the answer; for a partner's recall, of the decision here."""
        order = self.order
        return answer_due_ms(order, self.arrived_ms) if self.incoming else order.respond_by_ms

    @property
    def partner(self) -> str:
        """Returns the URI of the other node."""
        recall = self.recall
        return recall.header.signer if self.incoming else recall.address.recipient


@immutable
class ForgottenRecall:
    """A recall of ours from before this node's restore, known only by its answer.

    Its slots are unknown, so it counts as a recall of all that the partner has.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        partner: URI of the answering node.
        answer: Its last answer.
    """

    packet: bytes
    partner: str
    answer: RecallAnswer

    @property
    def grant(self) -> bytes:
        """Returns an empty id: it names no single grant."""
        return b""

    @property
    def slots(self) -> tuple[int, ...]:
        """Returns no slots: all are recalled."""
        return ()


class RecallStore(Store):
    """Recalls, stored in the transaction of their effects."""

    def put(self, signed: Signed, *, incoming: bool, arrived_ms: int = 0) -> None:
        """Stores an unanswered recall."""
        recall = parse_recall(signed.statement.body)
        self._db.execute(
            "INSERT INTO recall (statement_id, packet, incoming, state, arrived_ms, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                signed.statement.id,
                recall.packet,
                int(incoming),
                RecallState.OPEN,
                arrived_ms,
                self._db.vault.seal(_ORDER.at(signed.statement.id), encode_signed(signed)),
            ),
        )

    def drop(self, recall: bytes) -> None:
        """Deletes a recall that the exchange refused."""
        self._db.execute("DELETE FROM recall WHERE statement_id = ?", (recall,))

    def set_answer(self, recall: bytes, state: RecallState, said: Recall, *, time_ms: int) -> None:
        """Records a recall's state after an answer; the caller verified that it moves forward."""
        answer = self._db.vault.seal(_ANSWER.at(recall), encode_recall(said))
        self._db.execute(
            "UPDATE recall SET state = ?, answered_ms = ?, answer = ? WHERE statement_id = ?",
            (state, time_ms, answer, recall),
        )

    def bound_arrivals(self, latest_ms: int) -> None:
        """Limits the arrival times of partners' open recalls to now: a clock was ahead."""
        self._db.execute(
            f"UPDATE recall SET arrived_ms = ? WHERE incoming = 1 AND {_OPEN} AND arrived_ms > ?",  # noqa: S608
            (latest_ms, latest_ms),
        )

    def get(self, recall: bytes) -> StoredRecall | None:
        """Returns one recall, or None."""
        row = self._db.row(f"SELECT {_COLUMNS} FROM recall WHERE statement_id = ?", (recall,))  # noqa: S608 (names of our own)
        return None if row is None else self._stored(row)

    def of(self, packet: bytes) -> tuple[StoredRecall, ...]:
        """Returns the recalls of one packet, in order of arrival."""
        sql = f"SELECT {_COLUMNS} FROM recall WHERE packet = ? ORDER BY number"  # noqa: S608
        return tuple(self._stored(row) for row in self._db.rows(sql, (packet,)))

    def all(self) -> tuple[StoredRecall, ...]:
        """Returns every recall, in order of arrival."""
        sql = f"SELECT {_COLUMNS} FROM recall ORDER BY number"  # noqa: S608
        return tuple(self._stored(row) for row in self._db.rows(sql))

    def newest(self, limit: int) -> tuple[StoredRecall, ...]:
        """Returns the latest recalls, newest first."""
        sql = f"SELECT {_COLUMNS} FROM recall ORDER BY number DESC LIMIT ?"  # noqa: S608
        return tuple(self._stored(row) for row in self._db.rows(sql, (limit,)))

    def put_forgotten(self, said: Recall, answer: RecallAnswer, partner: str) -> None:
        """Stores a partner's last answer to recalls of ours that are missing here.

        One per packet and partner suffices, so that invented answers add no rows.
        """
        self._db.execute(
            "DELETE FROM forgotten_recall WHERE packet = ? AND partner = ?", (said.packet, partner)
        )
        sealed = self._db.vault.seal(_FORGOTTEN.at(answer.recall), encode_recall(said))
        self._db.execute(
            "INSERT OR REPLACE INTO forgotten_recall VALUES (?, ?, ?, ?)",
            (answer.recall, said.packet, partner, sealed),
        )

    def forgotten(self) -> tuple[ForgottenRecall, ...]:
        """Returns our recalls that are missing from the backup, as far as known."""
        rows = self._db.rows(f"{_FORGOTTEN_ROWS} ORDER BY packet, partner, recall")
        return tuple(self._forgotten(*row) for row in rows)

    def forgotten_of(self, packet: bytes) -> tuple[ForgottenRecall, ...]:
        """Returns those of one packet."""
        rows = self._db.rows(f"{_FORGOTTEN_ROWS} WHERE packet = ? ORDER BY recall", (packet,))
        return tuple(self._forgotten(*row) for row in rows)

    def _forgotten(
        self, recall: bytes, packet: bytes, partner: str, sealed: bytes
    ) -> ForgottenRecall:
        said = parse_recall(self._db.vault.open(_FORGOTTEN.at(recall), sealed)).said
        if not isinstance(said, RecallAnswer):
            raise LookupError("the stored statement is not an answer to a recall")
        return ForgottenRecall(packet=packet, partner=partner, answer=said)

    def is_kept(self, packet: bytes) -> bool:
        """Returns whether a person keeps a partner's packet: by a hold, or after a recall."""
        sql = (
            "SELECT 1 FROM recall WHERE packet = ? AND incoming = 1 AND state = ?"
            " UNION ALL SELECT 1 FROM hold WHERE packet = ?"
        )
        return self._db.row(sql, (packet, RecallState.KEPT, packet)) is not None

    def sent(self, partner: str, agreement_id: bytes) -> tuple[Signed, ...]:
        """Returns our recalls in one channel, in order."""
        ours = [each for each in self.all() if not each.incoming and each.partner == partner]
        return tuple(
            each.signed for each in ours if each.recall.address.agreement_id == agreement_id
        )

    def open(self, *, incoming: bool) -> tuple[StoredRecall, ...]:
        """Returns the unanswered recalls: partners', or ours."""
        sql = f"SELECT {_COLUMNS} FROM recall WHERE incoming = ? AND {_OPEN} ORDER BY number"  # noqa: S608
        rows = self._db.rows(sql, (int(incoming),))
        return tuple(self._stored(row) for row in rows)

    def set_obeyed(self, recall: bytes) -> None:
        """Records that a partner's recall was obeyed, although no answer can be sent."""
        self._db.execute("UPDATE recall SET obeyed = 1 WHERE statement_id = ?", (recall,))

    def unobeyed(self) -> tuple[StoredRecall, ...]:
        """Returns partners' open recalls that were not obeyed."""
        sql = f"SELECT {_COLUMNS} FROM recall WHERE incoming = 1 AND {_OPEN} AND NOT obeyed"  # noqa: S608
        return tuple(self._stored(row) for row in self._db.rows(f"{sql} ORDER BY number"))

    def count_open(self, *, incoming: bool) -> int:
        """Returns the number of unanswered recalls, without opening them."""
        sql = f"SELECT count(*) FROM recall WHERE incoming = ? AND {_OPEN}"  # noqa: S608
        return int(self._db.value(sql, (int(incoming),)))

    def _stored(self, row: tuple[bytes, int, int, int, int, bytes, bytes | None]) -> StoredRecall:
        key, incoming, state, arrived_ms, answered_ms, sealed, answer = row
        opened = None if answer is None else self._db.vault.open(_ANSWER.at(key), answer)
        said = None if opened is None else parse_recall(opened).said
        return StoredRecall(
            signed=parse_signed(self._db.vault.open(_ORDER.at(key), sealed)),
            incoming=bool(incoming),
            state=RecallState(state),
            arrived_ms=arrived_ms,
            answered_ms=answered_ms,
            answer=said if isinstance(said, RecallAnswer) else None,
        )
