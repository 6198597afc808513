"""Packets by value, with keyed hashes: an index that only this node can query.

Arrivals are indexed when they are stored, other packets when the index is queried, so that sending
does not wait. Deleting a packet's keys deletes its values, except the tags that identify a copy of
a partner's value. Those stay until the end of the partner's grants.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from enum import IntEnum

from tearline.dataclass.immutable import immutable
from tearline.encoding import label
from tearline.errors import MalformedInput
from tearline_client.planning.search_text import folded
from tearline_client.store.database import Database

_TAG_SIZE = 16
_TAGS_AT_ONCE = 500  # per query: far below SQLite's limit


class _Word(IntEnum):
    """Origin of a value, for the detection of copies."""

    COMMON = 0  # not identifying, or ours but derived from others
    OWN = 1
    TELLING = 2


@immutable
class ValueSource:
    """A packet of a partner that holds an identifying value.

    Attributes:
        packet: 32 bytes, its id.
        origin: URI of the originator's node.
        erased: Whether the value was erased here since.
    """

    packet: bytes
    origin: str
    erased: bool


class ValueStore:
    """Tags of values by packet.

    Args:
        database: The node's database.
        key: 32 bytes for the tags, which are meaningless without it.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._db = database
        self._key = key

    def forget(self, packet: bytes, limit: int) -> bool:
        """Deletes some values of a packet to index it anew; returns whether there were any."""
        row = self._db.row(
            "DELETE FROM value_tag WHERE (tag, packet) IN (SELECT tag, packet FROM value_tag"
            " WHERE packet = ? AND ends_ms IS NULL LIMIT ?) RETURNING 1",
            (packet, limit),
        )
        return row is not None

    def put(
        self,
        packet: bytes,
        values: Iterable[str],
        *,
        own: bool = False,
        telling: Collection[str] = (),
    ) -> None:
        """Indexes readable values of a packet, in the caller's transaction.

        A number is indexed by each spelling that identifies it; see ``number_spellings``.

        Args:
            packet: 32 bytes, its id.
            values: Values of its text fields.
            own: Whether they are our own: a packet of ours without sources.
            telling: The values of a partner's packet of which a single one identifies a copy.
        """
        from tearline_client.planning.printed_forms import number_spellings  # few commands index

        own_word = _Word.OWN if own else _Word.COMMON
        words: dict[bytes, _Word] = {}
        for value in values:
            word = _Word.TELLING if value in telling else own_word
            for plain in filter(None, (folded(value), *number_spellings(value))):
                tag = self._tag(plain)
                words[tag] = max(word, words.get(tag, word))
        place = self._db.value("SELECT place FROM packet_place WHERE packet = ?", (packet,))
        self._db.insert_many(
            "INSERT INTO value_tag (tag, packet, word, place) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET word = max(word, excluded.word), ends_ms = NULL",
            [(tag, packet, word, place) for tag, word in sorted(words.items())],
        )

    def find(self, value: str) -> list[bytes]:
        """Returns the packets that hold ``value``, in any case, script or punctuation.

        Raises:
            MalformedInput: If it contains no letter and no digit.
        """
        plain = folded(value)
        if not plain:
            raise MalformedInput("expected a value with a letter or a digit")
        rows = self._db.rows(
            "SELECT v.packet FROM value_tag v JOIN packet p ON p.id = v.packet"
            " WHERE v.tag = ? AND v.ends_ms IS NULL ORDER BY p.received_ms, p.id",
            (self._tag(plain),),
        )
        return [packet for (packet,) in rows]

    def keep_until(self, packet: bytes, ends_ms: int) -> None:
        """Records the end of the tags of a partner's erased values.

        Args:
            packet: 32 bytes, its id.
            ends_ms: The end of its last grant.
        """
        self._db.execute(
            "UPDATE value_tag SET ends_ms = ? WHERE packet = ? AND ends_ms IS NOT NULL",
            (ends_ms, packet),
        )

    def expire(self, log_ms: int) -> None:
        """Deletes the tags of erased values whose grants ended by a time of the log."""
        self._db.erase("DELETE FROM value_tag WHERE ends_ms <= ?", (log_ms,))

    def is_own_word(self, value: str) -> bool:
        """Returns whether we used a value before any partner sent it to us.

        It is our own in a packet of ours without sources. A packet that arrived after a partner's
        with the value may repeat it.
        """
        first = self._first(value, _Word.OWN)
        told = self._first(value, _Word.TELLING)
        return first is not None and (told is None or first < told)

    def _first(self, value: str, word: _Word) -> int | None:
        """Returns the place of the first packet that holds a value of such an origin."""
        row = self._db.row(
            "SELECT place FROM value_tag WHERE tag = ? AND word = ? ORDER BY place LIMIT 1",
            (self._tag(folded(value)), word),
        )
        return None if row is None else row[0]

    def told(self, value: str) -> list[ValueSource]:
        """Returns the partners' packets with an identifying value, in order of arrival."""
        rows = self._db.rows(
            "SELECT v.packet, p.origin, v.ends_ms FROM value_tag v JOIN packet p ON p.id = v.packet"
            " WHERE v.tag = ? AND v.word = ? ORDER BY v.place",
            (self._tag(folded(value)), _Word.TELLING),
        )
        return [
            ValueSource(packet=packet, origin=origin, erased=ends_ms is not None)
            for packet, origin, ends_ms in rows
        ]

    def told_among(self, plains: Iterable[str]) -> dict[str, list[ValueSource]]:
        """Returns the identifying ones among folded values, with their packets.

        Values of our own are excluded.
        """
        tags = {self._tag(plain): plain for plain in plains}
        found: dict[str, list[ValueSource]] = {}
        asked = list(tags)
        for at in range(0, len(asked), _TAGS_AT_ONCE):
            some = asked[at : at + _TAGS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._db.rows(
                f"SELECT DISTINCT tag FROM value_tag WHERE word = ? AND tag IN ({marks})",  # noqa: S608 (marks alone)
                (_Word.TELLING, *some),
            )
            for (tag,) in rows:
                if not self.is_own_word(tags[tag]):
                    found[tags[tag]] = self.told(tags[tag])
        return found

    def _tag(self, plain: str) -> bytes:
        message = label("value-tag") + plain.encode("utf-8")
        return hmac.digest(self._key, message, hashlib.sha256)[:_TAG_SIZE]
