"""Large documents of the members: offered, sent in parts, named by packets, dropped.

A document belongs to the agency that offered it, and its id names it among that agency's documents
alone. So no answer tells an agency whether another one has a document.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tearline.blobs.parts import part_bytes, part_count
from tearline.errors import (
    BlobMismatch,
    BlobsNotStored,
    BlobUnavailable,
    ObjectsUnreachable,
)
from tearline.limits import BLOB_CLAIM_MS, LEAVES_PAGE
from tearline.packets.packet import BLOB_ID_SIZE, PacketParts
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.blobs import Offer, Part
from tearline.wire.publications import Outcome
from tearline_server.blobs.exclusive import exclusively
from tearline_server.blobs.interface import BlobName, BlobStore, Claim, owner_of
from tearline_server.blobs.sweeper import Sweeper
from tearline_server.storage.blob_rows import BlobState
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import Clock

_log = logging.getLogger(__name__)

T = TypeVar("T")

Earlier = Mapping[bytes, frozenset[bytes]]
"""Complete documents by id, each with the other packets that name it."""

Judge = Callable[[Mapping[bytes, Earlier]], Awaitable[tuple[Outcome, ...]]]
"""Judges a publication, by the complete documents of each packet."""


class Documents:
    """Large documents at the exchange.

    Args:
        blobs: Their parts and state; None if this exchange stores none.
        store: The store of packets.
        clock: The time.
        may_write: Returns whether writing is permitted now; only then are documents dropped.
        agencies: Returns the number of members, each of which has a share of the space.
    """

    def __init__(
        self,
        blobs: BlobStore | None,
        store: Store,
        clock: Clock,
        may_write: Callable[[], bool],
        agencies: Callable[[], int],
    ) -> None:
        self._agencies = agencies
        self._stored = blobs
        self._store = store
        self._clock = clock
        self._locks: defaultdict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)  # a member each
        self._publishing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sweeper = (
            None if blobs is None else Sweeper(blobs, store, clock, may_write, self._locks)
        )

    @property
    def _blobs(self) -> BlobStore:
        if self._stored is None:
            raise BlobsNotStored
        return self._stored

    async def _alone(self, name: BlobName, work: Coroutine[Any, Any, T]) -> T:
        """Returns the result of work, without other work here on the agency's documents."""
        return await exclusively(self._locks[name.owner], work)

    async def offer(self, agency: str, offer: Offer) -> int:
        """Begins a document, or returns to it; returns how many of its parts are here.

        Raises:
            BlobsNotStored: If this exchange stores none.
            BlobMismatch: If the agency offered other parts under this id.
            BlobQuotaExceeded: If its agency has no space left.
        """
        blobs, name = self._blobs, _name(agency, offer.id)
        return await self._alone(name, self._offer(blobs, name, offer))

    async def _offer(self, blobs: BlobStore, name: BlobName, offer: Offer) -> int:
        known = await blobs.offer(name)
        if known is None:
            await self._verify_room(blobs, name, offer.size)
            await blobs.begin(name, offer, self._clock())
            known = await blobs.offer(name)  # another process may have begun it at the same time
        if known != offer:
            raise BlobMismatch("other parts were announced under this id")
        await blobs.renew(name, self._clock())
        return await self._intact(blobs, name, offer)

    async def _verify_room(self, blobs: BlobStore, name: BlobName, size: int) -> None:
        """Checks that an agency's share, or the rest of the space, has room for some bytes.

        Two agencies that ask at once may exceed the rest by a part each. The reserve has room.
        """
        (await blobs.space()).verify_room(name.owner, size, self._agencies())

    async def _intact(self, blobs: BlobStore, name: BlobName, offer: Offer) -> int:
        """Returns how many parts of an offer, from the first on, are here and as announced."""
        state = await blobs.state(name)
        count = state.held if state is not None else 0
        if (
            state is not None and not state.root and count
        ):  # the last one may be torn, of a machine that lost power
            last = await blobs.read(name, offer.size, count - 1)
            if leaf_hash(last) != offer.leaves[count - 1]:
                count -= 1
        return count

    async def put(self, agency: str, part: Part) -> int:
        """Stores a part, durably; returns how many parts, from the first on, are here.

        Raises:
            BlobMismatch: If it is not the announced part, or an earlier part is missing.
            BlobQuotaExceeded: If its agency, or the disk, has no space left.
        """
        blobs, name = self._blobs, _name(agency, part.id)
        return await self._alone(name, self._put(blobs, name, part))

    async def _put(self, blobs: BlobStore, name: BlobName, part: Part) -> int:
        state = await blobs.state(name)
        if state is None:
            raise BlobMismatch("it was not announced")
        verify_part(
            await blobs.leaves(name, part.number, 1), part_bytes(state.size, part.number), part
        )
        if part.number > state.held:
            raise BlobMismatch(f"part {state.held} is missing")
        if part.number == state.held or await self._is_torn(blobs, name, state, part):
            await self._verify_room(blobs, name, len(part.data))
            await blobs.write(name, part.number, part.data, self._clock())
        return max(state.held, part.number + 1)

    async def _is_torn(
        self, blobs: BlobStore, name: BlobName, state: BlobState, part: Part
    ) -> bool:
        """Returns whether a part is the last one here, of a machine that lost power."""
        if part.number != state.held - 1:
            return False
        return await blobs.read(name, state.size, part.number) != part.data

    async def judged(
        self, agency: str, linked: Sequence[PacketParts], judge: Judge
    ) -> tuple[Outcome, ...]:
        """Returns the outcomes of a publication, whose packets claim their documents meanwhile.

        A caller that goes away ends the look-ups with the current one.

        Args:
            agency: The publisher's agency, of which one such publication is judged at a time.
            linked: The parts of its genuine packets that name documents.
            judge: Judges it.
        """
        if self._stored is None or not linked:
            return await judge({parts.manifest: {} for parts in linked})
        has_left = asyncio.Event()
        work = self._judged(self._stored, agency, linked, judge, has_left)
        try:
            return await exclusively(self._publishing[agency], work)
        except asyncio.CancelledError:
            has_left.set()
            raise

    async def _judged(
        self,
        blobs: BlobStore,
        agency: str,
        linked: Sequence[PacketParts],
        judge: Judge,
        has_left: asyncio.Event,
    ) -> tuple[Outcome, ...]:
        earlier: dict[bytes, dict[bytes, frozenset[bytes]]] = {}
        roots: dict[bytes, bytes] = {}  # of the documents looked up: each once
        claims: list[Claim] = []
        accepted: set[bytes] = set()
        try:
            for parts in linked:
                found = earlier[parts.manifest] = {}
                for link in parts.blobs:
                    if not has_caller(has_left):
                        return ()
                    name = _name(agency, link.id)
                    claim = await self._alone(name, self._claim(blobs, name, parts.manifest))
                    if claim is None:
                        continue
                    claims.append(claim)  # from now on the document stays
                    if link.id not in roots:
                        roots[link.id] = await self._alone(name, self._root(blobs, name))
                    if is_complete(roots[link.id], link.root):
                        found[link.id] = claim.others
            outcomes = await judge(earlier)
            accepted.update(each.about for each in outcomes if not each.refusal)
            return outcomes
        finally:
            for claim in claims:
                settled = blobs.settle(claim, is_accepted=claim.packet in accepted)
                await self._alone(claim.name, settled)

    async def _claim(self, blobs: BlobStore, name: BlobName, packet: bytes) -> Claim | None:
        """Returns a packet's claim on a document; None if there is no such document."""
        claim = await blobs.claim(name, packet, self._clock())
        if claim is None or not claim.others:
            return claim
        return replace(claim, others=claim.others - await self._stale(blobs, name, claim.others))

    async def _root(self, blobs: BlobStore, name: BlobName) -> bytes:
        """Returns the root of a document of which all parts are here; empty for any other.

        It is computed once in a document's life, and stored.
        """
        state = await blobs.state(name)
        if state is None or state.held < part_count(state.size) or state.root:
            return state.root if state is not None else b""
        offer = await blobs.offer(name)
        if offer is None or await self._intact(blobs, name, offer) < len(offer.leaves):
            return b""
        root = await asyncio.to_thread(root_from_leaf_hashes, offer.leaves)
        await blobs.keep_root(name, root)
        return root

    async def _stale(
        self, blobs: BlobStore, name: BlobName, packets: Iterable[bytes]
    ) -> frozenset[bytes]:
        """Returns packets, never stored, of an hour or more: their process was killed.

        Until the exchange may write for an hour, an accepted packet may yet come again.
        """
        oldest_ms = self._clock() - BLOB_CLAIM_MS
        if self._sweeper is None or not self._sweeper.has_written_since(oldest_ms):
            return frozenset()
        linked = await blobs.links(name)
        old = [each for each in packets if linked.get(each, 0) <= oldest_ms]
        return frozenset(old) - (await self._store.linking(old, name.id)).keys()

    async def leaves(self, agency: str, blob_id: bytes, first: int) -> tuple[bytes, ...]:
        """Returns leaf hashes of an agency's document from the first one on, up to a bound.

        Raises:
            BlobUnavailable: If there is no such document.
        """
        blobs, name = self._blobs, _name(agency, blob_id)
        if await blobs.state(name) is None:
            raise BlobUnavailable
        return await blobs.leaves(name, first, LEAVES_PAGE)

    async def part(self, agency: str, blob_id: bytes, number: int) -> bytes:
        """Returns a sealed part of an agency's document.

        Raises:
            BlobUnavailable: If there is no such part.
            BlobMismatch: If it is not here completely.
        """
        blobs, name = self._blobs, _name(agency, blob_id)
        state = await blobs.state(name)
        if state is None or number >= part_count(state.size):
            raise BlobUnavailable
        data = await blobs.read(name, state.size, number)
        if len(data) != part_bytes(state.size, number):
            raise BlobMismatch(f"part {number} is not here")
        return data

    async def sweep(self) -> None:
        """Drops documents that no packet needs; see ``Sweeper.sweep``."""
        if self._sweeper is not None:
            await self._sweeper.sweep()

    async def check(self) -> None:
        """Checks that parts can be stored, if this exchange stores documents.

        Raises:
            ObjectsUnreachable: If not.
        """
        if self._stored is not None:
            await self._stored.check()

    async def verify_shares(self) -> None:
        """Logs a warning if members may together send more documents than the place holds."""
        if self._stored is None:
            return
        try:
            space = await self._stored.space()
        except ObjectsUnreachable:  # each call about documents reports it
            return
        agencies = self._agencies()
        if space.total is None:
            _log.warning("documents without a quota", extra={"agencies": agencies})
        elif space.total < agencies * self._stored.agency_bytes:
            share = space.share(agencies)
            sizes = {"agencies": agencies, "bytes": space.total, "share": share}
            _log.warning("documents share too little space", extra=sizes)

    async def close(self) -> None:
        """Ends the connections of the documents' store."""
        if self._stored is not None:
            await self._stored.close()


def has_caller(has_left: asyncio.Event) -> bool:
    """Returns whether the caller of a publication still waits for its outcomes."""
    return not has_left.is_set()


def verify_part(leaves: Sequence[bytes], size: int, part: Part) -> None:
    """Checks that a sealed part is the announced one.

    Args:
        leaves: The announced leaf hash; empty if the document has no such part.
        size: The bytes of the part with that number.
        part: The part.

    Raises:
        BlobMismatch: If it is not.
    """
    if (leaf_hash(part.data),) != tuple(leaves) or len(part.data) != size:
        raise BlobMismatch(f"part {part.number}")


def is_complete(found: bytes, root: bytes) -> bool:
    """Returns whether a document with a root, empty if parts are missing, is the linked one."""
    return found == root


def _name(agency: str, blob_id: bytes) -> BlobName:
    if len(blob_id) != BLOB_ID_SIZE:
        raise BlobMismatch("a large document is named by 16 bytes")
    return BlobName(owner=owner_of(agency), id=blob_id)
