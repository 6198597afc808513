"""Which packets hold a value, by keyed hashes: an index that only this node can ask.

What comes is indexed when it is stored; all else, when the index is asked: sending does not wait.
Deleting the keys of a packet deletes what was read with them.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from enum import IntEnum

from tearline.encoding import label
from tearline.errors import MalformedInput
from tearline_client.planning.search import folded
from tearline_client.store.database import Database

_TAG_SIZE = 16


class _Word(IntEnum):
    """Whose word a value is, as far as a copy of it is looked for."""

    COMMON = 0  # it tells nothing, or it is ours but taken from others
    OWN = 1
    TELLING = 2


class ValueStore:
    """Tags of values by packet.

    Args:
        database: The node's database.
        key: 32 bytes that make the tags; without it they tell nothing.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._db = database
        self._key = key

    def behind(self) -> list[bytes]:
        """The packets that were opened further since they were indexed."""
        rows = self._db.rows(
            "SELECT DISTINCT k.packet FROM packet_key k LEFT JOIN value_indexed i"
            " ON i.packet = k.packet AND i.grant_id = k.grant_id WHERE i.packet IS NULL"
        )
        return [packet for (packet,) in rows]

    def put(
        self,
        packet: bytes,
        values: Iterable[str],
        *,
        own: bool = False,
        telling: Collection[str] = (),
    ) -> None:
        """Indexes all that is open of a packet; in the caller's transaction.

        Args:
            packet: 32 bytes, its id.
            values: All values of its text fields.
            own: Whether they are our own word: it is a packet of ours, made from nobody's.
            telling: Those among them, of a partner's packet, of which one is enough to tell a copy.
        """
        tags = {value: self._tag(plain) for value in values if (plain := folded(value))}
        words = dict.fromkeys(tags.values(), _Word.OWN if own else _Word.COMMON)
        words |= {tags[value]: _Word.TELLING for value in telling if value in tags}
        self._db.insert_many(
            "INSERT INTO value_tag VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET word = max(word, excluded.word)",
            [(tag, packet, word) for tag, word in sorted(words.items())],
        )
        self._db.execute(
            "INSERT INTO value_indexed SELECT packet, grant_id FROM packet_key WHERE packet = ?"
            " ON CONFLICT DO NOTHING",
            (packet,),
        )

    def find(self, value: str) -> list[bytes]:
        """The packets that hold ``value``, in whatever case, script or punctuation.

        Raises:
            MalformedInput: If it holds no letter and no digit.
        """
        plain = folded(value)
        if not plain:
            raise MalformedInput("a value with a letter or a digit was expected")
        rows = self._db.rows(
            "SELECT v.packet FROM value_tag v JOIN packet p ON p.id = v.packet"
            " WHERE v.tag = ? ORDER BY p.received_ms, p.id",
            (self._tag(plain),),
        )
        return [packet for (packet,) in rows]

    def is_own_word(self, value: str) -> bool:
        """Whether we said a value ourselves in a packet made from nobody's: we knew it."""
        found = self._db.row(
            "SELECT 1 FROM value_tag WHERE tag = ? AND word = ? LIMIT 1",
            (self._tag(folded(value)), _Word.OWN),
        )
        return found is not None

    def told(self, value: str) -> list[tuple[bytes, str]]:
        """The packets of partners in which a value tells a copy, and their originators' nodes."""
        return self._db.rows(
            "SELECT v.packet, p.origin FROM value_tag v JOIN packet p ON p.id = v.packet"
            " WHERE v.tag = ? AND v.word = ? ORDER BY p.received_ms, p.id",
            (self._tag(folded(value)), _Word.TELLING),
        )

    def _tag(self, plain: str) -> bytes:
        message = label("value-tag") + plain.encode("utf-8")
        return hmac.digest(self._key, message, hashlib.sha256)[:_TAG_SIZE]
