"""Fetches large documents of partners' packets, part by part.

Each part is verified before it is written, and the whole before the file gets its name.
"""

import asyncio

from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import Blob, blob_in, masked
from tearline.blobs.parts import part_bytes
from tearline.errors import BlobMismatch, BlobUnavailable
from tearline.packets.packet import OpenedField
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.verification.exhibit import field_secrets
from tearline.wire.blobs import Question, encode_question, parse_leaves, parse_part
from tearline_client.connectors.exporters.unfinished import UnfinishedFile
from tearline_client.connectors.importers.large_documents import Tell
from tearline_client.context import NodeContext


class Downloads:
    """Recipient of large documents.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    async def save(
        self,
        packet_id: bytes,
        opened: OpenedField,
        file: UnfinishedFile,
        tell: Tell = lambda done, total: None,
    ) -> None:
        """Writes a large document to a file.

        Args:
            packet_id: 32 bytes, a partner's packet.
            opened: The field that describes the document, as opened.
            file: The file; from where it stands, the document is fetched.
            tell: Told of each part.

        Raises:
            BlobUnavailable: If the exchange has it no longer for this node: what an earlier call
                wrote is deleted.
            BlobMismatch: If a part, or the whole, is not the one that its sender signed.
            DocumentRefused: If its content is not of the type that its sender stated.
            ExportRefused: If the file cannot be written, or exists.
            ExchangeError: If the exchange does not answer; a later call continues.
        """
        blob = self._unmasked(packet_id, opened)
        cipher = BlobCipher(blob.secret, blob.id)
        try:
            grant, leaves = await self._leaves(packet_id, opened.slot, blob)
            with file.opened():
                for number in range(file.begin, len(leaves)):
                    question = Question(grant=grant, slot=opened.slot, number=number)
                    reply = await self._context.transport.get_blob(encode_question(question))
                    data = parse_part(reply).data
                    verify_part(blob, leaves, number, data)
                    file.write(number, cipher.open(number, data))
                    tell(number + 1, len(leaves))
                await asyncio.to_thread(file.finish)
        except BlobUnavailable as error:
            if file.discard():  # it may have been recalled
                raise BlobUnavailable("its unfinished file is deleted") from error
            raise

    def _unmasked(self, packet_id: bytes, opened: OpenedField) -> Blob:
        """Returns the description of a document, with its secret unmasked."""
        packet = self._context.stores.packets.packet(packet_id)
        blob, inner = blob_in(opened.field), packet.manifest.packet_id
        secret = next(iter(field_secrets(inner, packet.keys, opened.slot)), None)
        if blob is None or secret is None:
            raise BlobUnavailable("the packet has no such document here")
        return masked(blob, secret, inner, opened.slot)

    async def _leaves(
        self, packet_id: bytes, slot: int, blob: Blob
    ) -> tuple[bytes, tuple[bytes, ...]]:
        """Returns the grant by which this node may get a document, and the hashes of its parts."""
        refused = BlobUnavailable("the packet is ours: its document was sent from here")
        for stored in self._context.stores.packets.grants(packet_id):  # few
            if not stored.incoming:
                continue
            grant = stored.signed.statement.id
            try:
                leaves = await self._all_leaves(grant, slot, blob.division.parts)
            except BlobUnavailable as error:
                refused = error  # another grant may name the slot
                continue
            verify_leaves(blob, leaves)
            return grant, leaves
        raise refused

    async def _all_leaves(self, grant: bytes, slot: int, count: int) -> tuple[bytes, ...]:
        found: tuple[bytes, ...] = ()
        while len(found) < count:
            question = encode_question(Question(grant=grant, slot=slot, number=len(found)))
            page = parse_leaves(await self._context.transport.blob_leaves(question))
            if not page:
                break
            found += page
        return found


def verify_leaves(blob: Blob, leaves: tuple[bytes, ...]) -> None:
    """Checks that leaf hashes are those of a document's parts.

    Raises:
        BlobMismatch: If not.
    """
    if len(leaves) != blob.division.parts or root_from_leaf_hashes(leaves) != blob.root:
        raise BlobMismatch("its parts are not those that its sender signed")


def verify_part(blob: Blob, leaves: tuple[bytes, ...], number: int, data: bytes) -> None:
    """Checks that a sealed part is the one of its number.

    Raises:
        BlobMismatch: If it is not.
    """
    size = part_bytes(blob.division.sealed, number)
    if len(data) != size or leaf_hash(data) != leaves[number]:
        raise BlobMismatch(f"part {number} is not the one that its sender signed")
