"""Packets as deliveries read them, and the slots that a grant releases of them."""

from collections.abc import Mapping, Set
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound
from tearline.packets.ciphertexts import CiphertextTree
from tearline.packets.packet import Manifest, Opening, PacketParts
from tearline.sealing import granted_slots
from tearline.statements.statement import Statement
from tearline.wire.grants import parse_grant
from tearline.wire.packet_parts import parse_parts
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import parse_statement
from tearline_server.processing.handlers.recall_rules import gone_slots
from tearline_server.storage.columns import parts_of
from tearline_server.storage.interface import Store


@immutable
class ReadPacket:
    """Parsed packet.

    Attributes:
        statement: Its manifest's statement.
        manifest: Its manifest.
        openings: Its openings, by compartment.
        parts: Its ciphertexts and links, as far as they are left.
        tree: The tree over its ciphertexts, for deliveries; None if none is left.
    """

    statement: Statement
    manifest: Manifest
    openings: Mapping[int, Opening]
    parts: PacketParts
    tree: CiphertextTree | None = None

    def with_tree(self) -> "ReadPacket":
        """Returns the packet with the tree over its ciphertexts."""
        return replace(self, tree=CiphertextTree(self.parts) if self.parts.ciphertexts else None)

    def granted(self, grant: Statement) -> Set[int]:
        """Returns the slots that a grant releases, before any recall."""
        return granted_slots(self.manifest, parse_grant(grant.body), self.openings)

    def end_ms(self, grant: Statement) -> int:
        """Returns when a grant or the packet ends, whichever is earlier, Unix milliseconds."""
        return min(self.manifest.not_after_ms, parse_grant(grant.body).not_after_ms)


async def read_packet(store: Store, packet_id: bytes) -> ReadPacket:
    """Returns a packet from the store, without the tree.

    Raises:
        NotFound: If it is missing.
    """
    stored = (await store.packets([packet_id])).get(packet_id)
    if stored is None:
        raise NotFound("the packet of a grant is missing")
    statement = parse_statement(stored.envelope)
    openings = parse_parts(stored.openings).openings
    return ReadPacket(
        statement=statement,
        manifest=parse_manifest(statement.body),
        openings={opening.compartment: opening for opening in openings},
        parts=parts_of(stored.ciphertexts),
    )


async def without_recalled(
    store: Store, slots: Set[int], node: str, packet: bytes, grant: bytes
) -> Set[int]:
    """Returns slots of a node's grant without the recalled ones.

    The recalls are read every time, because another process may have accepted one.
    """
    gone = gone_slots(await store.recalls(packet), node, grant)
    return set() if gone is None else slots - gone
