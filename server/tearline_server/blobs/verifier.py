"""Verification of large documents: that stored packets have theirs, and that each part is intact.

One part is in memory at a time, and the leaf hashes of one document.
"""

from collections.abc import AsyncIterator, Sequence

from tearline.identity import agency_uri_of
from tearline.packets.packet import BlobLink
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.blobs import Offer
from tearline_server.blobs.interface import BlobName, BlobStore, owner_of
from tearline_server.storage.columns import parts_of
from tearline_server.storage.interface import Store
from tearline_server.tlog.fsck import Finding

_ROWS = 256  # statements read at once
_PACKETS = 16  # three MiB each at most
_DOCUMENTS = 256
_NAMED = 10  # parts in a finding


class DocumentVerifier:
    """Verifier of the large documents of a store.

    Args:
        store: The store of packets.
        blobs: The store of documents; None if this exchange has none.
    """

    def __init__(self, store: Store, blobs: BlobStore | None) -> None:
        self._store = store
        self._blobs = blobs
        self.documents = 0
        """Documents whose parts were read so far."""
        self.parts = 0
        """Parts read so far."""
        self.named = 0
        """Links of packets to documents that were looked at so far."""

    async def missing(self) -> AsyncIterator[Finding]:
        """Yields documents that a stored packet names and that are not here completely.

        No part is read.

        Raises:
            StoreError: If the packets or the state of documents cannot be read.
        """
        start = 0
        while rows := await self._store.statement_rows(start, limit=_ROWS):
            manifests = {row.id: row.signer for row in rows if row.type == StatementType.MANIFEST}
            ids = [*manifests]
            for first in range(0, len(ids), _PACKETS):
                packets = await self._store.packets(ids[first : first + _PACKETS])
                for id_, packet in packets.items():
                    for link in parts_of(packet.ciphertexts).blobs:
                        self.named += 1
                        agency = agency_uri_of(manifests[id_])
                        if what := await self._lack(agency, link):
                            yield _finding(link.id, f"{what}: packet {id_.hex()} of {agency}")
            start = rows[-1].idx + 1

    async def _lack(self, agency: str, link: BlobLink) -> str:
        """Returns the fault of a packet's document by its state; empty if there is none."""
        if self._blobs is None:
            return "it is missing"
        name = BlobName(owner=owner_of(agency), id=link.id)
        offer, state = await self._blobs.offer(name), await self._blobs.state(name)
        if offer is None or state is None:
            return "it is missing"
        if root_from_leaf_hashes(offer.leaves) != link.root:
            return "its hashes have another root than its packet names"
        if state.held < len(offer.leaves):
            return f"{state.held} of {len(offer.leaves)} parts are there"
        return ""

    async def damaged(self) -> AsyncIterator[Finding]:
        """Reads every part that is here, and yields documents with a wrong or missing one.

        Raises:
            StoreError: If the documents cannot be read at all.
        """
        if self._blobs is None:
            return
        for owner in await self._blobs.owners():  # one for each member
            after = b""
            while ids := await self._blobs.page(owner, after, _DOCUMENTS):
                for each in ids:
                    if wrong := await self._wrong_parts(
                        self._blobs, BlobName(owner=owner, id=each)
                    ):
                        yield _finding(each, f"not as announced: part {_listed(wrong)}")
                after = ids[-1]

    async def _wrong_parts(self, blobs: BlobStore, name: BlobName) -> Sequence[int]:
        """Returns the numbers of a document's parts that differ from their announced hashes."""
        offer, state = await blobs.offer(name), await blobs.state(name)
        if offer is None or state is None:
            return []
        self.documents += 1
        wrong = [
            number
            for number in range(state.held)
            if not await self._is_intact(blobs, name, offer, number)
        ]
        if wrong == [state.held - 1] and state.held < len(offer.leaves):
            return []  # torn while it was written: it is sent again
        return wrong

    async def _is_intact(self, blobs: BlobStore, name: BlobName, offer: Offer, number: int) -> bool:
        self.parts += 1
        data = await blobs.read(name, offer.size, number)
        return leaf_hash(data) == offer.leaves[number]


def _finding(blob_id: bytes, what: str) -> Finding:
    return Finding(place=f"document {blob_id.hex()}", what=what)


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return ", ".join(map(str, numbers[:_NAMED])) + more
