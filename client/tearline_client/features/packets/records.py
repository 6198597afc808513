"""Packets by their manifests, without any contents."""

from contextlib import suppress

from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound
from tearline.packets.packet import Manifest
from tearline.statements.receipt import Receipt
from tearline_client.context import NodeContext
from tearline_client.store.awaiting_cosignature import WaitingGrant
from tearline_client.store.packet_records import StoredGrant


@immutable
class PacketRecord:
    """A packet of this node, without its contents.

    Attributes:
        id: 32 bytes, the manifest's statement id.
        origin: The originator's node URI.
        received_ms: The time it arrived, or was made here.
        manifest: Its manifest.
    """

    id: bytes
    origin: str
    received_ms: int
    manifest: Manifest


class PacketRecords:
    """Records of the packets of this node, without contents.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._stores = context.stores
        self._packets = context.stores.packets

    def find(self, prefix: str) -> bytes:
        """Returns the id of the one packet whose id begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            CosignatureAwaited: If it waits for the sender's cosignature.
            NameAmbiguous: If there are several.
        """
        try:
            return self._packets.find(prefix)
        except NotFound:
            self._stores.awaiting_cosignature.verify_none(prefix)
            raise

    def awaiting(self) -> tuple[WaitingGrant, ...]:
        """Returns the grants that wait for their sender's cosignature, oldest first."""
        return self._stores.awaiting_cosignature.all()

    def count_awaiting(self) -> int:
        """Returns the number of grants that wait for a cosignature, at most 10,000."""
        return self._stores.awaiting_cosignature.count()

    def get(self, packet_id: bytes) -> PacketRecord:
        """Returns the record of a packet.

        Raises:
            NotFound: If it is not here.
        """
        origin, received_ms, manifest = self._packets.header(packet_id)
        return PacketRecord(id=packet_id, origin=origin, received_ms=received_ms, manifest=manifest)

    def held(self, packet_id: bytes) -> PacketRecord | None:
        """Returns the record of a packet, or None if it is not here."""
        with suppress(NotFound):
            return self.get(packet_id)
        return None

    def list(self) -> tuple[PacketRecord, ...]:
        """Returns the records of all packets, newest first."""
        return tuple(map(self.get, self.ids()))

    def ids(self) -> tuple[bytes, ...]:
        """Returns the ids of all packets, newest first."""
        return tuple(self._packets.ids())

    def newest(self, limit: int, *, after: bytes = b"") -> tuple[bytes, ...]:
        """Returns the ids of some packets, newest first; see ``PacketStore.newest``."""
        return tuple(self._packets.newest(limit, after=after))

    def unread(self, limit: int) -> tuple[bytes, ...]:
        """Returns the ids of partners' packets that no person has seen, newest first."""
        return self._packets.unread(limit)

    def manifest(self, packet_id: bytes) -> Manifest:
        """Returns the manifest of a packet.

        Raises:
            NotFound: If it is not here.
        """
        return self._packets.manifest(packet_id)

    def grants(self, packet_id: bytes) -> tuple[StoredGrant, ...]:
        """Returns the grants of a packet: ours to partners, or a partner's to us."""
        return self._packets.grants(packet_id)

    def is_unread(self, packet_id: bytes) -> bool:
        """Returns whether a packet is a partner's, and no person here has seen it."""
        return self._packets.is_unread(packet_id)

    def receipts(self, statement: bytes) -> tuple[Receipt, ...]:
        """Returns the receipts of a statement of ours, such as a grant."""
        return tuple(self._stores.receipts.of(statement))

    def is_frozen(self, packet_id: bytes) -> bool:
        """Returns whether its originator froze a packet."""
        return self._packets.is_frozen(packet_id)

    def repeats(self, packet_id: bytes) -> tuple[str, ...]:
        """Returns the reasons that persons gave for values repeated in a packet's texts."""
        return self._stores.repeats.of(packet_id)

    def repeats_in(self, statement: bytes) -> str:
        """Returns the reason for values repeated in a statement's texts, or an empty text."""
        return self._stores.repeats.of_statement(statement)
