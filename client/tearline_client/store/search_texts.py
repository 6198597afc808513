"""Texts of packets in the forms in which they are found: sealed, and compressed in blocks.

A search reads all of them: a packet's texts take a hundredth of the packet, and a block is opened
at once. The texts of a packet end with its keys, as a trigger ensures. Then its block is deleted,
and the block's other packets are indexed anew.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tearline.dataclass.immutable import immutable
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_ROW = Column("search_text", "sealed", ("place",))
_BLOCK = Column("search_block", "sealed", ("id",))
_AT_ONCE = 64  # packets in a block: opened in a millisecond or two
_SINGLE = 0  # instead of a block: a row with texts of its own
_PART, _LINE, _TAB = "\f", "\n", "\t"


@immutable
class PacketTexts:
    """The texts of a packet, and the properties by which a search is narrowed.

    Attributes:
        place: Its place in the order of arrival.
        kind: Its kind.
        case_id: Its case, or empty.
        origin: URI of its originator's node.
        received_ms: The time it arrived, or was made here.
        lines: Its texts; see ``planning.text_search.index_lines``.
    """

    place: int
    kind: str
    case_id: str
    origin: str
    received_ms: int
    lines: str


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The texts of some packets.

    Attributes:
        text: All of them.
    """

    text: str

    def packets(self, passes: Callable[[str], bool] = lambda _: True) -> Iterator[PacketTexts]:
        """Yields the texts of each packet.

        Args:
            passes: Returns whether a packet's texts deserve a look.
        """
        for part in filter(passes, self.text.split(_PART)):
            head, _, lines = part.partition(_LINE)
            place, kind, case_id, origin, received = head.split(_TAB)
            yield PacketTexts(
                place=int(place),
                kind=kind,
                case_id=case_id,
                origin=origin,
                received_ms=int(received),
                lines=lines,
            )


class SearchTextStore(Store):
    """Texts of packets; the caller's transaction makes writes durable together."""

    def put(self, packet: bytes, *, kind: str, case_id: str, lines: str) -> None:
        """Stores the texts of a packet that is here, in place of earlier ones."""
        place, origin, received_ms = self._db.rows(
            "SELECT l.place, p.origin, p.received_ms FROM packet_place l"
            " JOIN packet p ON p.id = l.packet WHERE l.packet = ?",
            (packet,),
        )[0]
        case_id = "".join(c for c in case_id if c.isprintable())
        head = _TAB.join((str(place), kind, case_id, origin, str(received_ms)))
        block = self._db.value("SELECT block FROM search_text WHERE place = ?", (place,))
        if block is not None:  # its earlier texts are erased
            if block > 0:
                self._divide(block)
            self._db.erase("DELETE FROM search_text WHERE place = ?", (place,))
        self._put_row(place, f"{head}{_LINE}{lines}")

    def unite(self) -> bool:
        """Moves rows into a block, in a transaction of its own; returns whether it did."""
        with self._db.transaction():
            rows = self._db.rows(
                "SELECT place, sealed FROM search_text WHERE block = ? ORDER BY place LIMIT ?",
                (_SINGLE, _AT_ONCE),
            )
            if len(rows) < _AT_ONCE:
                return False
            text = _PART.join(self._opened(place, sealed) for place, sealed in rows)
            self._db.execute("INSERT INTO search_block (sealed) VALUES (x'')")
            block = self._db.value("SELECT last_insert_rowid()")
            self._db.execute(
                "UPDATE search_block SET sealed = ? WHERE id = ?",
                (self._db.vault.seal(_BLOCK.at(block), _packed(text)), block),
            )
            for place, _ in rows:
                self._db.execute(
                    "UPDATE search_text SET block = ?, sealed = x'' WHERE place = ?", (block, place)
                )
        return True

    def blocks(self) -> Iterator[TextBlock]:
        """Yields all texts, in no order; the store may change meanwhile.

        Texts that are moved meanwhile may come twice.
        """
        seen = 0
        while True:
            for block, found in self._blocks(seen):
                seen = block
                yield found
            yield from self._singles()
            if next(self._blocks(seen), None) is None:  # else some were moved behind our back
                return

    def packet(self, place: int) -> bytes | None:
        """Returns the id of the packet at a place, or None if it is no longer here."""
        row = self._db.row("SELECT packet FROM packet_place WHERE place = ?", (place,))
        return None if row is None else row[0]

    def _blocks(self, after: int) -> Iterator[tuple[int, TextBlock]]:
        sql = "SELECT id, sealed FROM search_block WHERE id > ? ORDER BY id LIMIT 1"
        while (row := self._db.row(sql, (after,))) is not None:
            after, sealed = row
            yield after, TextBlock(_unpacked(self._db.vault.open(_BLOCK.at(after), sealed)))

    def _singles(self) -> Iterator[TextBlock]:
        after = 0
        while rows := self._db.rows(
            "SELECT place, sealed FROM search_text WHERE block = ? AND place > ?"
            " ORDER BY place LIMIT ?",
            (_SINGLE, after, _AT_ONCE),
        ):
            yield TextBlock(_PART.join(self._opened(place, sealed) for place, sealed in rows))
            after = rows[-1][0]

    def _divide(self, block: int) -> None:
        """Moves the texts of a block into rows of their own."""
        sealed = self._db.value("SELECT sealed FROM search_block WHERE id = ?", (block,))
        text = _unpacked(self._db.vault.open(_BLOCK.at(block), sealed))
        self._db.erase("DELETE FROM search_block WHERE id = ?", (block,))
        for part in text.split(_PART):
            place = int(part.partition(_TAB)[0])
            self._put_row(place, part)

    def _put_row(self, place: int, text: str) -> None:
        self._db.execute(
            "INSERT INTO search_text VALUES (?, ?, ?)"
            " ON CONFLICT (place) DO UPDATE SET block = excluded.block, sealed = excluded.sealed",
            (place, _SINGLE, self._db.vault.seal(_ROW.at(place), _packed(text))),
        )

    def _opened(self, place: int, sealed: bytes) -> str:
        return _unpacked(self._db.vault.open(_ROW.at(place), sealed))


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode())


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
