"""Fetches large documents of partners' packets, part by part.

Each part is verified before it is stored, and the whole before anything of it is shown.
"""

import asyncio

from tearline.blobs.description import Blob, blob_in, masked
from tearline.blobs.parts import part_bytes
from tearline.errors import BlobMismatch, BlobUnavailable
from tearline.packets.packet import OpenedField
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.blobs import Question, encode_question, parse_leaves, parse_part
from tearline_client.connectors.importers.large_documents import Tell
from tearline_client.context import NodeContext
from tearline_client.store.received_parts import ReceivedParts, sweep


class Downloads:
    """Recipient of large documents.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def parts(self, packet_id: bytes, opened: OpenedField) -> ReceivedParts:
        """Returns the place of a document's parts here, whether or not they are there.

        Args:
            packet_id: 32 bytes.
            opened: The field that describes the document, as opened.

        Raises:
            BlobUnavailable: If the packet cannot be read here.
        """
        # Imported here: most commands read no document.
        from tearline.verification.shown_fields import field_secrets

        packet = self._context.stores.packets.packet(packet_id)
        blob, inner = blob_in(opened.field), packet.manifest.packet_id
        secret = next(iter(field_secrets(inner, packet.keys, opened.slot)), None)
        if blob is None or secret is None:
            raise BlobUnavailable("the packet has no such document here")
        unmasked = masked(blob, secret, inner, opened.slot)
        return ReceivedParts(self._context.documents, packet_id, opened.slot, unmasked)

    async def fetch(self, packet_id: bytes, opened: OpenedField, tell: Tell) -> ReceivedParts:
        """Fetches the parts of a document that are not here, and verifies and scans the whole.

        Args:
            packet_id: 32 bytes, a partner's packet.
            opened: The field that describes the document, as opened.
            tell: Told of each fetched part.

        Returns:
            The document, of which now all may be shown.

        Raises:
            BlobUnavailable: If the exchange has it no longer for this node: parts that are here
                are deleted.
            BlobMismatch: If a part, or the whole, is not the one that its sender signed.
            DocumentRefused: If its content is not of the type that its sender stated.
            ScannerError: If the agency's scanner does not find it clean, or is not there.
            ExportRefused: If its parts cannot be stored.
            ExchangeError: If the exchange does not answer; a later call continues.
        """
        self.sweep()
        parts, scanner = self.parts(packet_id, opened), self._context.scanner
        if scanner is not None:
            await asyncio.to_thread(scanner.verify_ready)  # rather than after a fetch of hours
        if not parts.is_complete:
            try:
                await self._fetch(packet_id, opened.slot, parts, tell)
            except BlobUnavailable as error:
                if parts.discard():  # it may have been recalled
                    raise BlobUnavailable("its parts here are deleted") from error
                raise
        scan = None if scanner is None else scanner.scan
        await asyncio.to_thread(parts.verify, scan, lambda done, total: None)
        return parts

    def sweep(self) -> None:
        """Deletes documents of erased packets, and those that no person saves."""
        sweep(self._context.documents, self._is_readable, self._context.right_ms() // 1000)

    def _is_readable(self, packet_id: bytes) -> bool:
        held = self._context.stores.packets.held(packet_id)
        return held is not None and any(held.keys)

    async def _fetch(self, packet_id: bytes, slot: int, parts: ReceivedParts, tell: Tell) -> None:
        grant, leaves = await self._leaves(packet_id, slot, parts.blob)
        with parts.opened(leaves) as begin:
            for number in range(begin, len(leaves)):
                question = Question(grant=grant, slot=slot, number=number)
                reply = await self._context.transport.get_blob(encode_question(question))
                data = parse_part(reply).data
                await asyncio.to_thread(_store, parts, leaves, number, data)
                tell(number + 1, len(leaves))

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


def _store(parts: ReceivedParts, leaves: tuple[bytes, ...], number: int, data: bytes) -> None:
    verify_part(parts.blob, leaves, number, data)
    parts.write(number, data)


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
