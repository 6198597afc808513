"""Texts of packets in the forms in which they are found: sealed, and compressed in blocks.

A search reads all of them: a packet's texts take a hundredth of the packet, and a block is opened
at once. The texts of a large packet are parts, each a row of its own. The texts of a packet end
with its keys: they are taken out of their block first. If a block cannot be opened, it is deleted,
and its packets are indexed anew.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tearline.dataclass.immutable import immutable
from tearline.errors import StoreDamaged
from tearline_client.store.database import Store
from tearline_client.store.index_queue import IndexQueue
from tearline_client.store.vault import Column

_ROW = Column("search_text", "sealed", ("place", "part"))
_BLOCK = Column("search_block", "sealed", ("id",))
_AT_ONCE = 64  # packets in a block: opened in a millisecond or two
_ROWS_AT_ONCE = 8  # of large ones, each up to a megabyte
_WAITS, _STAYS = 0, -1  # instead of a block: a row to be moved into one, and a large row
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

    def put(
        self, packet: bytes, *, part: int, is_whole: bool, kind: str, case_id: str, lines: str
    ) -> None:
        """Stores texts of a packet that is here.

        Args:
            packet: 32 bytes, its id.
            part: Number of the part, used once until ``forget``.
            is_whole: Whether these are all texts of the packet, so that they may move into a block.
            kind: Its kind.
            case_id: Its case, or empty.
            lines: The texts.
        """
        place, origin, received_ms = self._db.rows(
            "SELECT l.place, p.origin, p.received_ms FROM packet_place l"
            " JOIN packet p ON p.id = l.packet WHERE l.packet = ?",
            (packet,),
        )[0]
        case_id = "".join(c for c in case_id if c.isprintable())
        head = _TAB.join((str(place), kind, case_id, origin, str(received_ms)))
        sealed = self._db.vault.seal(_ROW.at(place, part), _packed(f"{head}{_LINE}{lines}"))
        self._db.execute(
            "INSERT INTO search_text VALUES (?, ?, ?, ?)",
            (place, part, _WAITS if is_whole else _STAYS, sealed),
        )

    def forget(self, packet: bytes) -> None:
        """Erases the texts of a packet; those of other packets in its block stay."""
        place = self._db.value("SELECT place FROM packet_place WHERE packet = ?", (packet,))
        for (block,) in self._db.rows(
            "SELECT DISTINCT block FROM search_text WHERE place = ? AND block > 0", (place,)
        ):
            self._take_out(block, place)
        self._db.erase("DELETE FROM search_text WHERE place = ?", (place,))

    def _take_out(self, block: int, place: int) -> None:
        sealed = self._db.value("SELECT sealed FROM search_block WHERE id = ?", (block,))
        try:
            text = _unpacked(self._db.vault.open(_BLOCK.at(block), sealed))
        except StoreDamaged:
            return  # deleted with the packet's row, by a trigger
        parts = text.split(_PART)
        left = [part for part in parts if int(part.partition(_TAB)[0]) != place]
        self._db.erase(
            "UPDATE search_block SET sealed = ? WHERE id = ?",
            (self._db.vault.seal(_BLOCK.at(block), _packed(_PART.join(left))), block),
        )
        self._db.execute(
            "UPDATE search_text SET block = ? WHERE place = ? AND block = ?", (_STAYS, place, block)
        )
        if not left:
            self._db.execute("DELETE FROM search_block WHERE id = ?", (block,))

    def unite(self) -> bool:
        """Moves rows into a block, in a transaction of its own; returns whether it did."""
        with self._db.transaction():
            rows = self._db.rows(
                "SELECT place, part, sealed FROM search_text WHERE block = ?"
                " ORDER BY place, part LIMIT ?",
                (_WAITS, _AT_ONCE),
            )
            if len(rows) < _AT_ONCE:
                return False
            opened = [self._opened(*row) for row in rows]
            if None in opened:
                for (place, _, _), text in zip(rows, opened, strict=True):
                    if text is None:
                        self._drop(place)
                return True
            text = _PART.join(filter(None, opened))
            self._db.execute("INSERT INTO search_block (sealed) VALUES (x'')")
            block = self._db.value("SELECT last_insert_rowid()")
            self._db.execute(
                "UPDATE search_block SET sealed = ? WHERE id = ?",
                (self._db.vault.seal(_BLOCK.at(block), _packed(text)), block),
            )
            for place, part, _ in rows:
                self._db.execute(
                    "UPDATE search_text SET block = ?, sealed = x'' WHERE place = ? AND part = ?",
                    (block, place, part),
                )
        return True

    def blocks(self) -> Iterator[TextBlock | None]:
        """Yields all texts, in no order; the store may change meanwhile.

        Texts that are moved meanwhile may come twice. None stands for texts that could not be
        opened: they are deleted, and their packets are due to be indexed.
        """
        seen = 0
        while True:
            for block, found in self._blocks(seen):
                seen = block
                yield found
            yield from self._single_rows()
            if next(self._blocks(seen), None) is None:  # else some were moved behind our back
                return

    def packet(self, place: int) -> bytes | None:
        """Returns the id of the packet at a place, or None if it is no longer here."""
        row = self._db.row("SELECT packet FROM packet_place WHERE place = ?", (place,))
        return None if row is None else row[0]

    def _blocks(self, after: int) -> Iterator[tuple[int, TextBlock | None]]:
        sql = "SELECT id, sealed FROM search_block WHERE id > ? ORDER BY id LIMIT 1"
        while (row := self._db.row(sql, (after,))) is not None:
            after, sealed = row
            try:
                text = _unpacked(self._db.vault.open(_BLOCK.at(after), sealed))
            except StoreDamaged:
                with self._db.transaction():  # a trigger makes its packets due
                    self._db.erase("DELETE FROM search_block WHERE id = ?", (after,))
                yield after, None
            else:
                yield after, TextBlock(text)

    def _single_rows(self) -> Iterator[TextBlock | None]:
        sql = (
            "SELECT place, part, sealed FROM search_text WHERE block = ?"
            " AND (place, part) > (?, ?) ORDER BY place, part LIMIT ?"
        )
        for block in (_WAITS, _STAYS):
            last = (0, 0)
            while rows := self._db.rows(sql, (block, *last, _ROWS_AT_ONCE)):
                for place, part, sealed in rows:
                    last = (place, part)
                    if (text := self._opened(place, part, sealed)) is not None:
                        yield TextBlock(text)
                        continue
                    with self._db.transaction():
                        self._drop(place)
                    yield None

    def _opened(self, place: int, part: int, sealed: bytes) -> str | None:
        try:
            return _unpacked(self._db.vault.open(_ROW.at(place, part), sealed))
        except StoreDamaged:
            return None

    def _drop(self, place: int) -> None:
        """Deletes the texts of a packet, and makes it due."""
        if (packet := self.packet(place)) is not None:
            IndexQueue(self._db).begin(packet)
            self.forget(packet)


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode())


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
