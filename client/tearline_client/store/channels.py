"""Both directions of every channel, as counted by this node."""

from tearline.dataclass.immutable import immutable
from tearline.statements.channel import Address, Incoming
from tearline_client.store.database import Store

DUE = (-2, -2)
"""Replaces the last mark's numbers: a new mark is due at once."""


@immutable
class ChannelState:
    """Known state of one channel pair.

    Attributes:
        peer: The other party's node URI.
        agreement_id: 16 bytes.
        sent: Highest seq sent.
        received: Highest seq received without a gap below it.
        waiting: Number of statements received after a gap.
        counter: Number of the last mark made.
        marked: The numbers sent and received in the last mark.
    """

    peer: str
    agreement_id: bytes
    sent: int
    received: int
    waiting: int
    counter: int
    marked: tuple[int, int]


class ChannelStore(Store):
    """Sequence numbers, stored in the transaction of their statements."""

    def next_place(self, recipient: str, agreement_id: bytes) -> Address:
        """Assigns the next place in a channel to ``recipient``."""
        self._db.execute(
            "INSERT INTO channel_out (recipient, agreement, seq) VALUES (?, ?, 1)"
            " ON CONFLICT (recipient, agreement) DO UPDATE SET seq = seq + 1",
            (recipient, agreement_id),
        )
        seq = self.sent(recipient, agreement_id)
        return Address(recipient=recipient, agreement_id=agreement_id, seq=seq)

    def advance(self, recipient: str, agreement_id: bytes, seq: int, mark: int) -> None:
        """Skips places and marks that were used before, up to the given ones."""
        self._db.execute(
            "INSERT INTO channel_out (recipient, agreement, seq, mark) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (recipient, agreement) DO UPDATE SET seq = max(seq, excluded.seq),"
            " mark = max(mark, excluded.mark)",
            (recipient, agreement_id, seq, mark),
        )

    def excuse(self) -> None:
        """Records that an earlier life of either party may have used all places up to here."""
        self._db.execute("UPDATE channel_out SET excused_seq = seq, excused_mark = mark")

    def excused(self, recipient: str, agreement_id: bytes) -> tuple[int, int]:
        """Returns the place and the mark of the last ``excuse`` of a channel."""
        row = self._db.row(
            "SELECT excused_seq, excused_mark FROM channel_out"
            " WHERE recipient = ? AND agreement = ?",
            (recipient, agreement_id),
        )
        return row or (0, 0)

    def sent(self, recipient: str, agreement_id: bytes) -> int:
        """Returns the last used place in a channel to ``recipient``; 0 before the first."""
        return int(
            self._db.value(
                "SELECT coalesce(max(seq), 0) FROM channel_out"
                " WHERE recipient = ? AND agreement = ?",
                (recipient, agreement_id),
            )
        )

    def next_mark(self, recipient: str, agreement_id: bytes, sent: int, received: int) -> int:
        """Assigns the next mark's number, and stores the mark's values."""
        self._db.execute(
            "INSERT INTO channel_out"
            " (recipient, agreement, seq, mark, marked_sent, marked_received)"
            " VALUES (?, ?, 0, 1, ?, ?)"
            " ON CONFLICT (recipient, agreement) DO UPDATE SET mark = mark + 1,"
            " marked_sent = excluded.marked_sent, marked_received = excluded.marked_received",
            (recipient, agreement_id, sent, received),
        )
        return int(
            self._db.value(
                "SELECT mark FROM channel_out WHERE recipient = ? AND agreement = ?",
                (recipient, agreement_id),
            )
        )

    def mark_due(self, agreement_id: bytes) -> None:
        """Makes new marks due for all channels of an agreement, moved or not."""
        self._db.execute(
            "INSERT INTO channel_out (recipient, agreement, seq)"
            " SELECT sender, agreement, 0 FROM channel_in WHERE agreement = ?"
            " ON CONFLICT DO NOTHING",
            (agreement_id,),
        )
        self._db.execute(
            "UPDATE channel_out SET marked_sent = ?, marked_received = ? WHERE agreement = ?",
            (*DUE, agreement_id),
        )

    def incoming(self, sender: str, agreement_id: bytes) -> Incoming:
        """Returns the receiving end of a channel."""
        row = self._db.row(
            "SELECT contiguous, counter, confirmed FROM channel_in"
            " WHERE sender = ? AND agreement = ?",
            (sender, agreement_id),
        )
        contiguous, counter, confirmed = row or (0, 0, 0)
        ahead = self._db.rows(
            "SELECT seq, statement_id FROM channel_ahead WHERE sender = ? AND agreement = ?",
            (sender, agreement_id),
        )
        return Incoming(
            contiguous=contiguous, ahead=dict(ahead), counter=counter, confirmed=confirmed
        )

    def put_incoming(self, sender: str, agreement_id: bytes, incoming: Incoming) -> None:
        """Stores the receiving end of a channel."""
        self._db.execute(
            "INSERT INTO channel_in (sender, agreement, contiguous, counter, confirmed)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (sender, agreement) DO UPDATE SET"
            " contiguous = excluded.contiguous, counter = excluded.counter,"
            " confirmed = excluded.confirmed",
            (sender, agreement_id, incoming.contiguous, incoming.counter, incoming.confirmed),
        )
        self._db.execute(
            "DELETE FROM channel_ahead WHERE sender = ? AND agreement = ? AND seq <= ?",
            (sender, agreement_id, incoming.contiguous),
        )
        self._db.insert_many(
            "INSERT INTO channel_ahead VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(sender, agreement_id, seq, i) for seq, i in sorted(incoming.ahead.items())],
        )

    def all(self) -> tuple[ChannelState, ...]:
        """Returns every channel pair, in order of peer."""
        sent = {
            (peer, agreement): (seq, mark, (marked_sent, marked_received))
            for peer, agreement, seq, mark, marked_sent, marked_received in self._db.rows(
                "SELECT recipient, agreement, seq, mark, marked_sent, marked_received"
                " FROM channel_out"
            )
        }
        received = {
            (peer, agreement): contiguous
            for peer, agreement, contiguous in self._db.rows(
                "SELECT sender, agreement, contiguous FROM channel_in"
            )
        }
        waiting = {
            (peer, agreement): count
            for peer, agreement, count in self._db.rows(
                "SELECT sender, agreement, count(*) FROM channel_ahead GROUP BY 1, 2"
            )
        }
        return tuple(
            ChannelState(
                peer=peer,
                agreement_id=agreement,
                sent=sent.get((peer, agreement), (0, 0, (-1, -1)))[0],
                received=received.get((peer, agreement), 0),
                waiting=waiting.get((peer, agreement), 0),
                counter=sent.get((peer, agreement), (0, 0, (-1, -1)))[1],
                marked=sent.get((peer, agreement), (0, 0, (-1, -1)))[2],
            )
            for peer, agreement in sorted(sent.keys() | received.keys())
        )
