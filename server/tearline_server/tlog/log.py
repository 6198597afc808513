"""Audit log: appends entries, signs checkpoints, proves.

``append`` is pure, and runs inside the transaction that writes the described changes. A checkpoint
covers only durable entries, is signed at most every second, and is stored before it is published.
So the log never signs two trees of one size. Processes that share a log read the newest checkpoint
before they publish one, so published sizes never decrease.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache

from tearline.audit.event import Event, EventKeys
from tearline.dataclass.immutable import immutable
from tearline.errors import FrontierDamaged, KeysUnnamed, LogBehind, NotFound
from tearline.federation.directory import DirectoryEntry
from tearline.identity import domain_uri_of
from tearline.limits import CHECKPOINT_INTERVAL_MS, CHECKPOINT_REFRESH_MS, MAX_ENTRY_BYTES
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import SALT_SIZE
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, sign_checkpoint
from tearline.tlog.merkle import (
    Frontier,
    Node,
    NodeId,
    consistency_nodes,
    consistency_proof,
    frontier_nodes,
    inclusion_nodes,
    inclusion_proof,
)
from tearline.tlog.note import parse_note
from tearline.tlog.tiles import TILE_WIDTH, Tile, encode_entry_bundle, encode_tile
from tearline.verification.log_entries import blind_entry, clear_entry, entry_hash
from tearline.wire.grants import encode_event
from tearline.wire.statements import Signed
from tearline_server.storage.interface import Store
from tearline_server.storage.rows import EventRow, Head

Clock = Callable[[], int]
"""The time, Unix milliseconds."""

CheckpointSigners = Callable[[int], Awaitable[Sequence[CheckpointSigner]]]
"""Returns the keys that sign a checkpoint of a size."""

_BUNDLE_BYTES = TILE_WIDTH * MAX_ENTRY_BYTES  # a bundle is never truncated


@immutable
class Appended:
    """Additions of a batch to the log.

    Attributes:
        tree: The tree including them.
        entries: The entries, in order.
        nodes: The tree nodes that they completed.
        openings: Openings of blind entries, by position in the batch.
        events: Rows of blind entries.
    """

    tree: Frontier
    entries: tuple[bytes, ...]
    nodes: tuple[Node, ...]
    openings: dict[int, LogOpening]
    events: tuple[EventRow, ...]


def append(tree: Frontier, batch: Sequence[Signed | Event | DirectoryEntry]) -> Appended:
    """Returns the additions of statements, events and directories to the log, in order."""
    entries: list[bytes] = []
    openings: dict[int, LogOpening] = {}
    rows: list[EventRow] = []
    for position, item in enumerate(batch):
        if isinstance(item, Signed):
            entries.append(clear_entry(item))
            continue
        if isinstance(item, DirectoryEntry):
            entries.append(item.encode())
            continue
        salt, encoded = secrets.token_bytes(SALT_SIZE), encode_event(item)
        index = tree.size + position
        entries.append(blind_entry(salt, encoded))
        openings[position] = LogOpening(index=index, salt=salt, event=encoded)
        rows.append(event_row(index, salt, encoded, item))
    following, nodes = tree.append(entry_hash(entry) for entry in entries)
    return Appended(
        tree=following,
        entries=tuple(entries),
        nodes=tuple(nodes),
        openings=openings,
        events=tuple(rows),
    )


def event_row(index: int, salt: bytes, encoded: bytes, event: Event | EventKeys) -> EventRow:
    """Returns the row of an event; all columns follow from the event."""
    return EventRow(
        idx=index,
        salt=salt,
        event=encoded,
        time_ms=event.time_ms,
        code=str(event.code),
        outcome=str(event.outcome),
        reason=event.reason,
        actor=event.actor,
        party=event.party,
        statement=event.statement_id,
        packet=event.packet,
        agreement=event.agreement_id,
        agencies=_agencies_of(event.actor, event.party, event.counterpart),
    )


@lru_cache(maxsize=4096)  # millions of events have few distinct pairs of parties
def _agencies_of(*uris: str) -> tuple[str, ...]:
    """Returns the URIs of the agencies that an event names, sorted."""
    return tuple(sorted({domain_uri_of(uri) for uri in uris if "://" in uri}))


async def _no_signers(size: int) -> Sequence[CheckpointSigner]:
    raise KeysUnnamed("no key signs the log yet")


@immutable
class _Signed:
    """Newest checkpoint, and the time of its signing."""

    size: int
    note: bytes
    time_ms: int


class AuditLog:
    """Checkpoints over the stored log, and proofs under them.

    Args:
        store: The store of the log.
        origin: The log's name.
        clock: The time.

    Attributes:
        signers: Returns its keys for a size; each signs the checkpoint.
        stated: Size and note of the last checkpoint signed behind a directory; 0 for none.
    """

    def __init__(self, store: Store, *, origin: str, clock: Clock) -> None:
        self._store = store
        self._origin = origin
        self._clock = clock
        self.signers: CheckpointSigners = _no_signers
        self._tree = Frontier()
        self._signed_size = 0
        self._newest: _Signed | None = None
        self._paced_ms = 0
        self._directory: Frontier | None = None
        self.stated: tuple[int, bytes] = (0, b"")
        self._signing = asyncio.Lock()
        self._growth = asyncio.Event()

    async def restore(self, head: Head, checkpoint: tuple[int, bytes] | None) -> None:
        """Resumes from the stored log.

        Raises:
            FrontierDamaged: If a signed tree is larger than the stored one, or not a prefix of it:
                signing again would fork the log.
            StoreError: If it cannot be read.
        """
        self._tree = head.tree
        if checkpoint is None:
            return
        size, note = checkpoint
        if size > head.tree.size:
            raise FrontierDamaged(f"size {size} was signed, {head.tree.size} entries are stored")
        await self._verify_begins(head.tree, size, note)
        self._newest = _Signed(size=size, note=note, time_ms=0)

    async def _verify_begins(self, tree: Frontier, size: int, note: bytes) -> None:
        """Checks that a note covers the first ``size`` entries of a tree.

        Raises:
            FrontierDamaged: If it covers other entries.
        """
        if size < tree.size:
            tree = Frontier(size=size, hashes=await self._hashes(frontier_nodes(size)))
        if self._state(tree).encode() != parse_note(note).text:
            raise FrontierDamaged(f"another tree of size {size} was signed")

    async def refresh(self) -> None:
        """Loads the entries and checkpoints of other processes.

        Raises:
            FrontierDamaged: If the store holds less than before: it was rolled back.
            StoreError: If it cannot be read.
        """
        size, signed = self._tree.size, self.covered
        found = await self._store.grown(size, signed)
        if found is None:
            return
        tree, checkpoint = found
        covered, note = checkpoint or (0, b"")
        if tree.size < size or covered < signed:
            raise FrontierDamaged("the store is older than the state read from it before")
        if covered > tree.size:  # another process learned that more was signed, and halted
            self._signed_size = max(self._signed_size, covered)
        elif covered > signed:
            await self._verify_begins(tree, covered, note)
            if covered > self.covered:  # nothing newer was signed meanwhile
                self._newest = _Signed(size=covered, note=note, time_ms=self._clock())
        self.advance(tree)

    def advance(self, tree: Frontier) -> None:
        """Adopts the tree that a commit made durable."""
        if tree.size > self._tree.size:
            self._tree = tree
            self.wake()

    def end_with_directory(self, tree: Frontier) -> None:
        """Has the next checkpoint cover exactly this tree, for the turns of light nodes."""
        self._directory = tree

    def wake(self) -> None:
        """Wakes all waiters for new entries."""
        self._growth.set()
        self._growth = asyncio.Event()

    async def grown(self, size: int) -> None:
        """Waits until there are more than ``size`` entries, or until the next ``wake``."""
        if self._tree.size <= size:
            await self._growth.wait()

    @property
    def size(self) -> int:
        """Returns the number of durable entries."""
        return self._tree.size

    @property
    def covered(self) -> int:
        """Returns the number of entries that the newest checkpoint covers."""
        return self._newest.size if self._newest else 0

    @property
    def signed_ms(self) -> int:
        """Returns the time of its signing, Unix milliseconds; 0 if before this process."""
        return self._newest.time_ms if self._newest else 0

    async def halt(self, size: int, note: bytes) -> None:
        """Stops signing permanently, because more was signed than is stored.

        Args:
            size: Entries of a checkpoint that this log signed.
            note: Its note.
        """
        self._signed_size = max(self._signed_size, size)
        self.wake()
        async with self._signing:
            await self._store.put_checkpoint(size, note)

    @property
    def is_whole(self) -> bool:
        """Returns whether the log never held less than it had signed.

        Later writes cannot repair a loss: they would form another history.
        """
        return not self._signed_size

    def verify_whole(self) -> None:
        """Checks that the log never held less than it had signed.

        Raises:
            LogBehind: If it did.
        """
        if not self.is_whole:
            raise LogBehind(f"{self._signed_size} were signed, and fewer were stored")

    async def checkpoint(self, size: int = 0) -> tuple[int, bytes]:
        """Returns the size and note of a checkpoint over at least ``size`` entries.

        If fewer entries are durable, the newest checkpoint covers all of them. An old checkpoint is
        signed anew, so that readers see that the log is alive.

        Raises:
            LogBehind: If more was signed than is stored.
        """
        await self.refresh()
        wanted = min(size, self._tree.size)
        while True:
            self.verify_whole()
            newest = self._newest
            if newest is not None and newest.size >= wanted and self._is_fresh(newest):
                return newest.size, newest.note
            async with self._signing:
                self.verify_whole()
                if self._newest is newest:
                    await self._sign(newest)

    async def beyond(self, size: int, *, within_s: float) -> tuple[int, bytes]:
        """Returns a checkpoint as soon as it covers more than ``size`` entries.

        Returns the newest one after ``within_s`` seconds, or at the next ``wake``.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.grown(size)
        return await self.checkpoint(self._tree.size)

    def _is_fresh(self, newest: _Signed) -> bool:
        # A checkpoint from the future was signed by a wrong clock, and nodes refuse it.
        return abs(self._clock() - newest.time_ms) < CHECKPOINT_REFRESH_MS

    async def _sign(self, newest: _Signed | None) -> None:
        tree = self._directory
        is_stated = tree is not None and tree.size > self.covered
        if not is_stated or tree is None:
            wait_ms = self._paced_ms + CHECKPOINT_INTERVAL_MS - self._clock()
            if newest is not None and wait_ms > 0:
                await asyncio.sleep(min(wait_ms, CHECKPOINT_INTERVAL_MS) / 1000)
                await self.refresh()
            tree = self._tree
        now_ms, signers = self._clock(), await self.signers(tree.size)
        note = sign_checkpoint(self._state(tree), signers, time_s=now_ms // 1000)
        size, kept = await self._store.put_checkpoint(tree.size, note)
        if size == tree.size:
            self._newest = _Signed(size=size, note=kept, time_ms=now_ms)
        else:  # another process signed more, or halted
            await self.refresh()
        if is_stated and size == tree.size:
            self.stated = (size, kept)
        else:
            self._paced_ms = now_ms

    def _state(self, tree: Frontier) -> Checkpoint:
        return Checkpoint(origin=self._origin, size=tree.size, root=tree.root())

    async def prove(self, indices: Sequence[int], size: int) -> list[tuple[bytes, ...]]:
        """Returns the inclusion proof of each index in the tree of the first ``size`` entries.

        Raises:
            ProofMalformed: If that tree has no such entry.
            FrontierDamaged: If a node of the tree is missing.
        """
        needed = sorted({node for index in indices for node in inclusion_nodes(index, size)})
        nodes = dict(zip(needed, await self._hashes(needed), strict=True))
        return [
            inclusion_proof(index, size, lambda level, place: nodes[level, place])
            for index in indices
        ]

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Returns the proof that the first ``old`` entries begin the first ``new``.

        The proof is empty for ``old`` 0.

        Raises:
            ProofMalformed: If ``old`` is above ``new``.
            FrontierDamaged: If a node of the tree is missing.
        """
        if not old:
            return ()
        needed = consistency_nodes(old, new)
        nodes = dict(zip(needed, await self._hashes(needed), strict=True))
        return consistency_proof(old, new, lambda level, place: nodes[level, place])

    async def entry(self, index: int) -> bytes:
        """Returns one of the durable entries."""
        (entry,) = await self._store.entries(index, index + 1, max_bytes=MAX_ENTRY_BYTES)
        return entry

    async def tile(self, tile: Tile) -> bytes:
        """Returns the content of a tile, hashes or entries, of any width.

        Raises:
            NotFound: If the newest checkpoint does not cover all of it.
            FrontierDamaged: If a part of it is missing.
        """
        if self._newest is None or not tile.is_within(self._newest.size):
            raise NotFound("the newest checkpoint does not cover that tile")
        if tile.level is None:
            entries = await self._store.entries(tile.start, tile.end, max_bytes=_BUNDLE_BYTES)
            if len(entries) != tile.width:
                raise FrontierDamaged("an entry of the log is missing")
            return encode_entry_bundle(entries)
        return encode_tile(await self._hashes(tile.nodes()))

    async def _hashes(self, places: Sequence[NodeId]) -> tuple[bytes, ...]:
        """Returns the hashes of tree nodes, in order.

        Raises:
            FrontierDamaged: If one is missing.
        """
        nodes = await self._store.nodes(places)
        if not nodes.keys() >= {*places}:
            raise FrontierDamaged("a node of the log's tree is missing")
        return tuple(nodes[place] for place in places)
