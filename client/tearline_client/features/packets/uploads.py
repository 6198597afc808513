"""Sends large documents beside packets, part by part, from the part at which the exchange is.

The hash of each part is stored with the draft, before its first byte leaves. A file that has other
content since is refused, so no part is ever sealed to other bytes under its key.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tearline.blobs.description import Blob, blob_in
from tearline.errors import DocumentChanged, ExchangeMisbehaved, UploadUnderWay
from tearline.packets.packet import Field
from tearline_client.context import NodeContext
from tearline_client.store.uploads import UploadSource

if TYPE_CHECKING:
    from tearline_client.connectors.importers.large_documents import LargeDocument, Tell


class Uploads:
    """Sender of large documents.

    Args:
        context: The node.

    Attributes:
        tell: Told of each part.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self.tell: Tell = lambda done, total: None

    def register(self, documents: "Iterable[LargeDocument]") -> None:
        """Stores the files of a draft, so that a later process can send them."""
        now_ms = self._context.right_ms()
        with self._context.stores.database.transaction():
            for each in documents:
                source = UploadSource(path=str(each.path), leaves=each.leaves)
                self._context.stores.uploads.put(each.blob.id, source, now_ms=now_ms)

    def drop(self, blobs: Iterable[Blob]) -> None:
        """Forgets the files of stored packets, in the caller's transaction."""
        for blob in blobs:
            self._context.stores.uploads.drop(blob.id)

    async def send(self, blobs: Sequence[Blob], *, most: int | None = None) -> None:
        """Sends what the exchange lacks of large documents.

        Args:
            blobs: The documents, with their secrets.
            most: Parts to send at most; None for all.

        Raises:
            DocumentChanged: If a file is gone, or has other content than when it was drafted.
            UploadUnderWay: If ``most`` parts were sent, and some are left.
            BlobError: If the exchange refuses one.
            ExchangeError: If the exchange does not answer; a later call continues.
        """
        # Imported here: most packets have no large document.
        from tearline.wire.blobs import Offer, Part, encode_offer, encode_part, parse_state
        from tearline_client.connectors.importers.large_documents import sealed_part

        total, done = sum(blob.division.parts for blob in blobs), 0
        for blob in blobs:
            source = self._context.stores.uploads.get(blob.id)
            if source is None:
                raise DocumentChanged("its file is not known here")
            size = blob.division.sealed
            offer = Offer(id=blob.id, size=size, leaves=source.leaves)
            held = parse_state(await self._context.transport.offer_blob(encode_offer(offer)))
            done += held
            for number in range(held, blob.division.parts):
                if most is not None and most <= 0:
                    raise UploadUnderWay(f"{done} of {total} parts are sent")
                data = await asyncio.to_thread(
                    sealed_part, source.path, source.leaves[number], blob, number
                )
                part = encode_part(Part(id=blob.id, number=number, data=data))
                if parse_state(await self._context.transport.put_blob(part)) <= number:
                    raise ExchangeMisbehaved("it did not keep a part")
                done += 1
                most = None if most is None else most - 1
                self.tell(done, total)


def blobs_of(fields: Iterable[Field]) -> tuple[Blob, ...]:
    """Returns the large documents that fields describe."""
    return tuple(blob for field in fields if (blob := blob_in(field)) is not None)
