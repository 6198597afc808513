"""The log as this node follows it: entries, proofs, and the received openings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain

from tearline.audit.event import Event
from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.errors import EntryMismatch, NodeIsLight, NotFound
from tearline.federation.directory import DIRECTORY_ENTRY_SIZE, DirectoryEntry
from tearline.limits import EVENT_PAGE
from tearline.statements.receipt import LogOpening
from tearline.tlog.merkle import (
    Frontier,
    Node,
    NodeId,
    consistency_nodes,
    consistency_proof,
    frontier_nodes,
    inclusion_nodes,
    inclusion_proof,
    root_from_leaf_hashes,
)
from tearline.tlog.tiles import Tile, encode_entry_bundle, encode_tile
from tearline.verification.log_entries import (
    blind_entry,
    entry_hash,
    parse_entry,
    verify_same_entry,
)
from tearline.wire.grants import encode_log_opening, parse_event, parse_log_opening
from tearline_client.store.database import Store
from tearline_client.store.vault import Column
from tearline_runtime.state_entries import state_entries_sql

TURN = "light.turn"
"""Setting of a light node: its last turn."""
_CHECKPOINT = "log.checkpoint"
_OPENING = Column("log_opening", "sealed", ("event_id",))
_STATE = state_entries_sql("log_entry", "?1")
_WATCHED = "log.watched"
_LOWEST = 4  # the lowest stored level: lower nodes follow from at most 16 entries


@immutable
class OpenedEvent:
    """A received event, with its opening."""

    opening: LogOpening
    event: Event


class LogStore(Store):
    """Entries in the order of the log. All data except the openings are public to members."""

    def transaction(self) -> AbstractContextManager[None]:
        """Runs the context as one transaction."""
        return self._db.transaction()

    @property
    def size(self) -> int:
        """Returns the number of entries here."""
        return int(self._db.value("SELECT coalesce(max(idx) + 1, 0) FROM log_entry"))

    def frontier(self) -> Frontier:
        """Returns the tree over all entries here."""
        size = self.size
        return Frontier(size=size, hashes=self._hashes(frontier_nodes(size)))

    @staticmethod
    def grown(tree: Frontier, entries: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
        """Returns the tree with appended entries, and its new nodes to be stored."""
        return tree.append(map(entry_hash, entries), lowest=_LOWEST)

    def append(self, start: int, entries: Sequence[bytes], nodes: Sequence[Node]) -> None:
        """Appends verified entries and their nodes.

        Raises:
            EntryMismatch: If they do not begin at the end of the stored ones.
        """
        if start != self.size:
            raise EntryMismatch("the entries do not follow the stored ones")
        rows = enumerate(entries, start=start)
        self._db.insert_many("INSERT INTO log_entry VALUES (?, ?)", rows)
        self._db.insert_many("INSERT INTO log_node VALUES (?, ?, ?)", nodes)

    def put_proven(self, entries: Mapping[int, bytes]) -> None:
        """Stores entries of a light node, each with a verified inclusion proof.

        A directory among them stays, as one beside a clear entry.
        """
        self._db.insert_many(
            "INSERT INTO log_entry VALUES (?, ?) ON CONFLICT DO NOTHING", sorted(entries.items())
        )
        self.put_effects(
            index for index, entry in entries.items() if len(entry) == DIRECTORY_ENTRY_SIZE
        )

    def end_with(self, index: int, directory: bytes) -> None:
        """Replaces the last entry of a light node, the directory of its turn, by the next one's."""
        self._db.execute(
            "DELETE FROM log_entry WHERE idx = (SELECT max(idx) FROM log_entry)"
            " AND idx < ? AND length(entry) = ?"
            " AND NOT EXISTS (SELECT 1 FROM directory_effect d WHERE d.idx = log_entry.idx)",
            (index, DIRECTORY_ENTRY_SIZE),
        )
        self._db.execute(
            "INSERT INTO log_entry VALUES (?, ?) ON CONFLICT DO NOTHING", (index, directory)
        )

    def missing(self, indexes: Iterable[int]) -> tuple[int, ...]:
        """Returns those entries that are not here."""
        return tuple(index for index in indexes if self.entry(index) is None)

    def entry(self, index: int) -> bytes | None:
        """Returns the entry at ``index``, or None if it is not here yet."""
        found = self._db.value("SELECT entry FROM log_entry WHERE idx = ?", (index,))
        return None if found is None else bytes(found)

    def clear_entries(self, start: int = 0) -> list[tuple[int, bytes]]:
        """Returns the clear entries from an index on, with the directories to be replayed.

        Each comes with its index, in order; see ``state_entries_sql``.
        """
        return self._db.rows(_STATE, (start,))

    def put_effects(self, directories: Iterable[int]) -> None:
        """Records directory entries whose time changed a member."""
        rows = [(index,) for index in directories]
        self._db.insert_many("INSERT INTO directory_effect VALUES (?) ON CONFLICT DO NOTHING", rows)

    def effects(self) -> frozenset[int]:
        """Returns the directory entries whose time changed a member."""
        # As many as roots that the council replaced.
        return frozenset(index for (index,) in self._db.rows("SELECT idx FROM directory_effect"))

    def watched(self) -> int | None:
        """Returns the number of entries searched for acts in our name, or None at the start."""
        found = self._db.setting(_WATCHED)
        return None if found is None else int.from_bytes(found)

    def put_watched(self, size: int) -> None:
        """Records how many entries were searched for acts in our name."""
        self._db.put_setting(_WATCHED, u64(size))

    def time_after(self, index: int) -> int:
        """Returns the time of the first directory entry behind an entry; 0 without one."""
        # The exchange writes one with each decision, and each minute: the scan is short.
        found = self._db.value(
            "SELECT entry FROM log_entry WHERE idx > ? AND length(entry) = ? ORDER BY idx LIMIT 1",
            (index, DIRECTORY_ENTRY_SIZE),
        )
        entry = None if found is None else parse_entry(bytes(found))
        return entry.time_ms if isinstance(entry, DirectoryEntry) else 0

    def path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Returns the inclusion proof of one entry in the tree of ``size`` entries."""
        needed = inclusion_nodes(index, size)
        hashes = dict(zip(needed, self._hashes(needed), strict=True))
        return inclusion_proof(index, size, lambda level, idx: hashes[level, idx])

    def tile(self, tile: Tile) -> bytes:
        """Returns the content of a tile, hashes or entries, covered by a checkpoint.

        Raises:
            NotFound: If the tile is not complete here.
            EntryMismatch: If an expected part is missing.
        """
        if not tile.is_within(self.size):
            raise NotFound("the newest checkpoint does not cover that tile")
        if tile.level is not None:
            return encode_tile(self._hashes(tile.nodes()))
        rows = self._db.rows(
            "SELECT entry FROM log_entry WHERE idx >= ? AND idx < ? ORDER BY idx",
            (tile.start, tile.end),
        )
        if len(rows) != tile.width and self._db.setting(TURN) is not None:
            raise NodeIsLight
        if len(rows) != tile.width:
            raise EntryMismatch("an entry of the log is missing here")
        return encode_entry_bundle(entry for (entry,) in rows)

    def root_at(self, size: int) -> bytes:
        """Returns the root over the first ``size`` entries here."""
        return Frontier(size=size, hashes=self._hashes(frontier_nodes(size))).root()

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Returns the proof that the first ``old`` entries begin the first ``new``; ``old`` > 0."""
        needed = consistency_nodes(old, new)
        hashes = dict(zip(needed, self._hashes(needed), strict=True))
        return consistency_proof(old, new, lambda level, idx: hashes[level, idx])

    def _hashes(self, nodes: Sequence[NodeId]) -> tuple[bytes, ...]:
        """Returns the nodes' hashes, with two queries for any number."""
        spans = {
            (level, place): range(place << level, place + 1 << level)
            for level, place in nodes
            if level < _LOWEST
        }
        leaves = self._leaves(sorted({index for span in spans.values() for index in span}))
        hashes = self._kept(sorted({*nodes} - spans.keys()))
        try:
            for node, span in spans.items():
                hashes[node] = root_from_leaf_hashes(leaves[index] for index in span)
            return tuple(hashes[node] for node in nodes)
        except KeyError:
            if self._db.setting(TURN) is not None:
                raise NodeIsLight from None
            raise EntryMismatch("a part of the log's tree is missing here") from None

    def _leaves(self, indices: Sequence[int]) -> dict[int, bytes]:
        marks = ", ".join("?" * len(indices))
        sql = f"SELECT idx, entry FROM log_entry WHERE idx IN ({marks})"  # noqa: S608 (marks only)
        rows = self._db.rows(sql, tuple(indices)) if indices else []
        return {index: entry_hash(entry) for index, entry in rows}

    def _kept(self, nodes: Sequence[NodeId]) -> dict[NodeId, bytes]:
        marks = ", ".join(["(?, ?)"] * len(nodes))
        sql = f"SELECT level, idx, hash FROM log_node WHERE (level, idx) IN (VALUES {marks})"  # noqa: S608 (marks only)
        rows = self._db.rows(sql, tuple(chain.from_iterable(nodes))) if nodes else []
        return {(level, place): node for level, place, node in rows}

    def checkpoint(self) -> bytes | None:
        """Returns the newest verified checkpoint, or None."""
        return self._db.setting(_CHECKPOINT)

    def put_checkpoint(self, note: bytes) -> None:
        """Stores a verified checkpoint."""
        self._db.put_setting(_CHECKPOINT, note)

    def put_opening(self, opening: LogOpening) -> Event:
        """Stores the opening of an entry here; returns its event.

        Raises:
            EntryMismatch: If the log has another entry at that index.
            TwinEntries: If this event was received before with another index or salt.
        """
        if self.entry(opening.index) != blind_entry(opening.salt, opening.event):
            raise EntryMismatch(f"entry {opening.index} is not what was opened")
        event = parse_event(opening.event)
        known = self._db.value("SELECT sealed FROM log_opening WHERE event_id = ?", (event.id,))
        if known is not None:
            verify_same_entry(self._open(event.id, known), opening)
            return event
        if self._db.row("SELECT 1 FROM erasure WHERE idx = ?", (opening.index,)):
            return event  # erased openings stay erased
        self._db.execute(
            "INSERT INTO log_opening VALUES (?, ?, ?, ?)",
            (
                opening.index,
                event.id,
                event.statement_id,
                self._db.vault.seal(_OPENING.at(event.id), encode_log_opening(opening)),
            ),
        )
        return event

    def opened(self, index: int) -> OpenedEvent | None:
        """Returns the opened event of one entry, or None."""
        row = self._db.row("SELECT event_id, sealed FROM log_opening WHERE idx = ?", (index,))
        return None if row is None else self._opened(*row)

    def forget(self, index: int) -> None:
        """Deletes the opening of one entry; the entry stays."""
        self._db.erase("DELETE FROM log_opening WHERE idx = ?", (index,))

    def opening(self, index: int) -> LogOpening | None:
        """Returns the opening of an entry, or None."""
        row = self._db.row("SELECT event_id, sealed FROM log_opening WHERE idx = ?", (index,))
        return None if row is None else self._open(*row)

    def openings_between(self, after: int, last: int) -> Iterator[OpenedEvent]:
        """Yields the opened events of entries above ``after`` and up to ``last``, in order."""
        # Paged, so that memory does not grow with the range.
        while rows := self._db.rows(
            "SELECT event_id, sealed, idx FROM log_opening WHERE idx > ? AND idx <= ?"
            " ORDER BY idx LIMIT ?",
            (after, last, EVENT_PAGE),
        ):
            yield from (self._opened(event, sealed) for event, sealed, _ in rows)
            after = rows[-1][2]

    def openings(self, statement_id: bytes | None = None) -> tuple[OpenedEvent, ...]:
        """Returns the opened events, all or those about one statement, in the order of the log."""
        rows = (
            self._db.rows("SELECT event_id, sealed FROM log_opening ORDER BY idx")
            if statement_id is None
            else self._db.rows(
                "SELECT event_id, sealed FROM log_opening WHERE statement_id = ? ORDER BY idx",
                (statement_id,),
            )
        )
        return tuple(self._opened(*row) for row in rows)

    def _opened(self, event: bytes, sealed: bytes) -> OpenedEvent:
        opening = self._open(event, sealed)
        return OpenedEvent(opening=opening, event=parse_event(opening.event))

    def _open(self, event: bytes, sealed: bytes) -> LogOpening:
        return parse_log_opening(self._db.vault.open(_OPENING.at(event), sealed))
