"""Sends large documents beside packets, part by part, from the part at which the exchange is.

The hash of each part is stored with the draft, before its first byte leaves. A file that has other
content since is refused, so no part is ever sealed to other bytes under its key.
"""

import asyncio
import functools
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tearline.blobs.description import Blob, blob_in
from tearline.errors import DocumentChanged, ExchangeMisbehaved, UploadUnderWay
from tearline.limits import CONSOLE_DRAFT_S
from tearline.packets.packet import Field
from tearline_client.context import NodeContext
from tearline_client.store.draft_content import packets_of
from tearline_client.store.uploads import UploadSource

if TYPE_CHECKING:
    from tearline_client.connectors.importers.large_documents import LargeDocument, Tell


class Uploads:
    """Sender of large documents.

    Args:
        context: The node.

    Attributes:
        tell: Told of each part.
        progress: Parts that are sent, and all of them, of the latest call; None once all are.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self.tell: Tell = lambda done, total: None
        self.progress: tuple[int, int] | None = None

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

    def sweep(self) -> None:
        """Deletes sealed files of drafts that ended, also of a process that was killed.

        A draft has ended two lives after it was last planned, unless a decision has it.
        """
        if not os.path.isdir(self._context.outgoing):
            return
        from tearline_client.connectors.importers.large_documents import sweep_sealed

        decided = functools.cache(self._decided)  # read only if a file is old
        now_s = self._context.right_ms() // 1000
        oldest_ms = 1000 * (now_s - 2 * CONSOLE_DRAFT_S)

        def is_kept(blob_id: bytes) -> bool:
            planned_ms = self._context.stores.uploads.time_ms(blob_id)
            if planned_ms is None:
                return False  # its packet is stored, or it came to no draft
            if planned_ms > oldest_ms or blob_id in decided():
                return True
            self._forget(blob_id)
            return False

        sweep_sealed(self._context.outgoing, is_kept, now_s)

    def discard(self, blobs: Iterable[bytes]) -> None:
        """Deletes the sealed files of documents whose draft ended, unless a decision sends them.

        Args:
            blobs: Ids of the documents.
        """
        from tearline_client.connectors.importers.large_documents import sealed_path

        for blob_id in set(blobs) - self._decided():
            self._forget(blob_id)
            with suppress(OSError):  # the sweep tries again
                sealed_path(self._context.outgoing, blob_id).unlink(missing_ok=True)

    def _forget(self, blob_id: bytes) -> None:
        with self._context.stores.database.transaction():
            self._context.stores.uploads.drop(blob_id)

    def _decided(self) -> frozenset[bytes]:
        """Returns the documents of decisions, and of releases that wait for a second person.

        Both lists are bounded.
        """
        stores = self._context.stores
        decisions = (each.content for each in stores.decisions.all())
        pending = (each.content for each in stores.approvals.all())
        packets = (packet for content in (*decisions, *pending) for packet in packets_of(content))
        return frozenset(blob.id for packet in packets for blob in blobs_of(packet.draft.fields))

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
                self.progress = (done, total)
                self.tell(done, total)
        self.progress = None


def blobs_of(fields: Iterable[Field]) -> tuple[Blob, ...]:
    """Returns the large documents that fields describe."""
    return tuple(blob for field in fields if (blob := blob_in(field)) is not None)
