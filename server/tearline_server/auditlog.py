"""The log: appending entries, signing checkpoints, proving.

``append`` is pure and runs inside the transaction that writes what the entries describe.
A checkpoint is signed only over what is on the disk, at most every second, and kept before
anybody is shown it: so the log never signs two trees of one size. Where several processes sign,
each asks for the newest checkpoint before it shows one: so none shows an older than another did.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from tearline.checkpoint import Checkpoint, CheckpointSigner, sign_checkpoint
from tearline.errors import FrontierDamaged, LogBehind, NotFound
from tearline.event import Event
from tearline.identity import domain_uri_of
from tearline.ledger import blind_entry, clear_entry, entry_hash
from tearline.limits import CHECKPOINT_INTERVAL_MS, CHECKPOINT_REFRESH_MS, MAX_ENTRY_BYTES
from tearline.merkle import (
    Frontier,
    Node,
    NodeId,
    consistency_nodes,
    consistency_proof,
    frontier_nodes,
    inclusion_nodes,
    inclusion_proof,
)
from tearline.note import parse_note
from tearline.receipt import LogOpening
from tearline.statement import SALT_SIZE
from tearline.tiles import TILE_WIDTH, Tile, encode_entry_bundle, encode_tile
from tearline.wire.flow import encode_event
from tearline.wire.statements import Signed
from tearline_server.storage.rows import EventRow, Head
from tearline_server.storage.store import Store

Clock = Callable[[], int]
"""The time, Unix milliseconds."""

_BUNDLE_BYTES = TILE_WIDTH * MAX_ENTRY_BYTES  # a bundle is whole, or it is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What a batch adds to the log.

    Attributes:
        tree: The tree with it.
        entries: The entries, in order.
        nodes: The nodes of the tree that they completed.
        openings: By position in the batch, for the blind ones.
        events: Rows of the blind ones.
    """

    tree: Frontier
    entries: tuple[bytes, ...]
    nodes: tuple[Node, ...]
    openings: dict[int, LogOpening]
    events: tuple[EventRow, ...]


def append(tree: Frontier, batch: Sequence[Signed | Event]) -> Appended:
    """Adds clear statements and blind events to the log, in order."""
    entries: list[bytes] = []
    openings: dict[int, LogOpening] = {}
    rows: list[EventRow] = []
    for position, item in enumerate(batch):
        if isinstance(item, Signed):
            entries.append(clear_entry(item))
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


def event_row(index: int, salt: bytes, encoded: bytes, event: Event) -> EventRow:
    """The row by which an event is found; all of it follows from the event."""
    return EventRow(
        idx=index,
        salt=salt,
        event=encoded,
        time_ms=event.time_ms,
        code=event.code.value,
        outcome=event.outcome.value,
        reason=event.reason,
        actor=event.actor,
        party=event.party,
        statement=event.statement_id,
        packet=event.packet,
        agreement=event.agreement_id,
        agencies=_agencies_of(event.actor, event.party, event.counterpart),
    )


@lru_cache(maxsize=4096)  # who has to do with whom is few pairs in millions of events
def _agencies_of(*uris: str) -> tuple[str, ...]:
    """URIs of the agencies that an event names, sorted."""
    return tuple(sorted({domain_uri_of(uri) for uri in uris if "://" in uri}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """The newest checkpoint, and when it was signed."""

    size: int
    note: bytes
    time_ms: int


class AuditLog:
    """Checkpoints over the stored log, and proofs under them.

    Args:
        store: Where the log is.
        origin: The log's name.
        signers: Its keys; each signs every checkpoint.
        clock: The time.
    """

    def __init__(
        self, store: Store, *, origin: str, signers: Sequence[CheckpointSigner], clock: Clock
    ) -> None:
        self._store = store
        self._origin = origin
        self._signers = signers
        self._clock = clock
        self._tree = Frontier()
        self._signed_size = 0
        self._newest: _Signed | None = None
        self._signing = asyncio.Lock()
        self._growth = asyncio.Event()

    async def restore(self, head: Head, checkpoint: tuple[int, bytes] | None) -> None:
        """Goes on from what is stored.

        Raises:
            FrontierDamaged: If a larger tree was signed than is stored, or one that does not begin
                it: signing again would fork the log.
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
        """Checks that a note is of the first ``size`` entries of a tree.

        Raises:
            FrontierDamaged: If it is of others.
        """
        if size < tree.size:
            tree = Frontier(size=size, hashes=await self._hashes(frontier_nodes(size)))
        if self._state(tree).encode() != parse_note(note).text:
            raise FrontierDamaged(f"another tree of size {size} was signed")

    async def refresh(self) -> None:
        """Takes in how far others have brought the log, and what they signed of it.

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
            raise FrontierDamaged("the store is of an earlier time than what was read from it")
        if covered > tree.size:  # another process was told that more was signed, and halted
            self._signed_size = max(self._signed_size, covered)
        elif covered > signed:
            await self._verify_begins(tree, covered, note)
            if covered > self.covered:  # nothing newer was signed meanwhile
                self._newest = _Signed(size=covered, note=note, time_ms=self._clock())
        self.advance(tree)

    def advance(self, tree: Frontier) -> None:
        """Takes the tree that a commit made durable."""
        if tree.size > self._tree.size:
            self._tree = tree
            self.wake()

    def wake(self) -> None:
        """Lets everybody look who waits for entries."""
        self._growth.set()
        self._growth = asyncio.Event()

    async def grown(self, size: int) -> None:
        """Waits until there are more than ``size`` entries, or somebody wakes who waits."""
        if self._tree.size <= size:
            await self._growth.wait()

    @property
    def size(self) -> int:
        """Entries that are durable."""
        return self._tree.size

    @property
    def covered(self) -> int:
        """Entries that the newest checkpoint covers."""
        return self._newest.size if self._newest else 0

    @property
    def signed_ms(self) -> int:
        """When that was signed, Unix milliseconds; 0 if not in this life."""
        return self._newest.time_ms if self._newest else 0

    async def halt(self, size: int, note: bytes) -> None:
        """Signs nothing more, in no later life either: more was signed than is stored.

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
        """Whether the log was never found to hold less than it had signed.

        What is written behind a loss makes good for nothing: it is another history.
        """
        return not self._signed_size

    def verify_whole(self) -> None:
        """Checks that the log was never found to hold less than it had signed.

        Raises:
            LogBehind: If it was.
        """
        if not self.is_whole:
            raise LogBehind(f"{self._signed_size} were signed, and fewer were stored")

    async def checkpoint(self, size: int = 0) -> tuple[int, bytes]:
        """The size and note of a checkpoint over at least ``size`` entries.

        Entries above what is durable cannot be waited for: the newest checkpoint then covers
        all there is. An old checkpoint is signed anew, so that readers see the log is alive.

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
        """The newest checkpoint, as soon as it covers more than ``size`` entries.

        Whatever there is, after ``within_s`` seconds or when somebody wakes who waits.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.grown(size)
        return await self.checkpoint(self._tree.size)

    def _is_fresh(self, newest: _Signed) -> bool:
        # One of a time to come was signed by a clock that was wrong: no node follows it.
        return abs(self._clock() - newest.time_ms) < CHECKPOINT_REFRESH_MS

    async def _sign(self, newest: _Signed | None) -> None:
        if newest is not None:
            wait_ms = newest.time_ms + CHECKPOINT_INTERVAL_MS - self._clock()
            if wait_ms > 0:
                await asyncio.sleep(min(wait_ms, CHECKPOINT_INTERVAL_MS) / 1000)
                await self.refresh()
        tree, now_ms = self._tree, self._clock()
        note = sign_checkpoint(self._state(tree), self._signers, time_s=now_ms // 1000)
        size, note = await self._store.put_checkpoint(tree.size, note)
        if size == tree.size:
            self._newest = _Signed(size=size, note=note, time_ms=now_ms)
        else:  # another process signed more, or halted
            await self.refresh()

    def _state(self, tree: Frontier) -> Checkpoint:
        return Checkpoint(origin=self._origin, size=tree.size, root=tree.root())

    async def prove(self, indices: Sequence[int], size: int) -> list[tuple[bytes, ...]]:
        """For each index its inclusion proof in the tree of the first ``size`` entries.

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
        """The proof that the first ``old`` entries begin the first ``new``; empty from none.

        Raises:
            ProofMalformed: If ``old`` is above ``new``.
            FrontierDamaged: If a node of the tree is missing.
        """
        if not old:
            return ()
        needed = consistency_nodes(old, new)
        nodes = dict(zip(needed, await self._hashes(needed), strict=True))
        return consistency_proof(old, new, lambda level, place: nodes[level, place])

    async def tile(self, tile: Tile) -> bytes:
        """The content of a tile, hashes or entries, whatever its width.

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
        """The hashes of nodes of the tree, in order.

        Raises:
            FrontierDamaged: If one is missing.
        """
        nodes = await self._store.nodes(places)
        if not nodes.keys() >= {*places}:
            raise FrontierDamaged("a node of the log's tree is missing")
        return tuple(nodes[place] for place in places)
