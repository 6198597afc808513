"""Documents of packets, for people: judged by the agency's scanner before they are handed out."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tearline.audit.event import EventCode
from tearline.blobs.description import BLOB
from tearline.errors import NotFound, ScannerError
from tearline.packets.packet import OpenedField
from tearline_client.features.packets.reader import PacketReader

if TYPE_CHECKING:
    from tearline_client.store.received_parts import ReceivedParts
    from tearline_client.transport.clamd import Scanner


class DocumentReader(PacketReader):
    """Reads packets, and hands out their documents."""

    async def documents(
        self,
        packet_id: bytes,
        *,
        slot: int | None = None,
        person: str = "",
        act: EventCode = EventCode.ACCESS_EXPORT,
        verify: Callable[[str], None] = lambda name: None,
    ) -> dict[str, OpenedField]:
        """Returns a packet's documents by safe file name; an entry of the node's own access log.

        The agency's scanner judges them; of a large one, only the description is here, and
        ``receive_document`` has it judged.

        Args:
            packet_id: 32 bytes.
            slot: The slot of the only wanted document; None for all.
            person: The exporting person; by default the logged-in person.
            act: The entry's act.
            verify: Called with each name before the entry is written; raises if the file cannot
                be written.

        Raises:
            NotFound: If no document of the packet is readable here.
            ScannerError: If the scanner does not find each clean; this is an entry, too.
            StoreError: If the entry cannot be written: then nothing is exported.
        """
        # Imported here: most commands export nothing.
        from tearline_client.connectors.exporters.documents import documents_in

        self._access.verify_reader(person)
        documents = documents_in(self._open(packet_id).view)
        found = {name: each for name, each in documents.items() if slot in (None, each.slot)}
        if not found:
            raise NotFound("no document of the packet is readable here")
        for name in found:
            verify(name)
        small = [each.field.values for each in found.values() if each.field.media_type != BLOB]
        with self._judged(packet_id, person, act):
            await asyncio.to_thread(_scan, self._context.scanner, small)
        self._access.record(act, {packet_id: found.values()}, person=person)
        return found

    async def receive_document(
        self,
        packet_id: bytes,
        opened: OpenedField,
        tell: Callable[[int, int], None] = lambda done, total: None,
        *,
        person: str = "",
    ) -> "ReceivedParts":
        """Returns a large document, fetched, verified and scanned; see ``Downloads.fetch``.

        Its description came from ``documents``, which wrote the entry of the access log. A refusal
        by the scanner is an entry, too.
        """
        # Imported here: most commands read no large document.
        from tearline_client.features.packets.downloads import Downloads

        with self._judged(packet_id, person, EventCode.ACCESS_EXPORT):
            return await Downloads(self._context).fetch(packet_id, opened, tell)

    def parts_here(self, packet_id: bytes, opened: OpenedField) -> int:
        """Returns the number of bytes of a large document that are here, sealed; no contents."""
        from tearline_client.features.packets.downloads import Downloads

        return Downloads(self._context).parts(packet_id, opened).size

    def drop_unused_documents(self) -> None:
        """Deletes the fetched parts of erased packets, and those that no person saves."""
        if os.path.isdir(self._context.documents):
            from tearline_client.features.packets.downloads import Downloads

            Downloads(self._context).sweep()

    @contextmanager
    def _judged(self, packet_id: bytes, person: str, act: EventCode) -> Iterator[None]:
        """Records the refusal of an act by the scanner."""
        try:
            yield
        except ScannerError as error:
            self._access.record(act, {packet_id: ()}, person=person, refused=error.code)
            raise


def _scan(scanner: "Scanner | None", documents: Iterable[Sequence[bytes]]) -> None:
    """Has documents scanned, one after another; without a scanner, all pass."""
    if scanner is not None:
        for values in documents:
            scanner.scan(values, sum(map(len, values)))
