"""Copy of large documents from one store to another, such as from files beside a database."""

from tearline.tlog.merkle import leaf_hash
from tearline_server.blobs.interface import BlobName, BlobStore

_DOCUMENTS = 256


async def copy_documents(source: BlobStore, target: BlobStore, now_ms: int) -> int:
    """Copies all documents with the records of their packets; a repeated call continues.

    Args:
        source: The store to copy from, which no exchange uses.
        target: The store to copy to.
        now_ms: The time, from which documents without a packet are kept for a day.

    Returns:
        The number of documents that are in both now.

    Raises:
        BlobQuotaExceeded: If an agency, or the place, has no space left.
        StoreError: If one of them cannot be used.
    """
    copied = 0
    for owner in await source.owners():  # one for each member
        after = b""
        while ids := await source.page(owner, after, _DOCUMENTS):
            for each in ids:
                copied += await _copy(source, target, BlobName(owner=owner, id=each), now_ms)
            after = ids[-1]
    return copied


async def _copy(source: BlobStore, target: BlobStore, name: BlobName, now_ms: int) -> bool:
    """Copies one document, part by part; returns whether it is there."""
    offer, state = await source.offer(name), await source.state(name)
    if offer is None or state is None:
        return False
    if await target.state(name) is None:
        await target.begin(name, offer, now_ms)
    there = await target.state(name)
    for number in range(there.held if there is not None else 0, state.held):
        data = await source.read(name, offer.size, number)
        if leaf_hash(data) != offer.leaves[number]:
            break  # torn or damaged: verify-documents names it
        await target.write(name, number, data, now_ms)
    for packet in await source.links(name):  # a correction line: 64 at most
        claim = await target.claim(name, packet, now_ms)
        if claim is not None:
            await target.settle(claim, is_accepted=True)
    return True
