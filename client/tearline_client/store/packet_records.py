"""Records of packets and grants in the store."""

from tearline.dataclass.immutable import immutable
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, PacketParts
from tearline.statements.channel import VoidReason
from tearline.statements.receipt import Status
from tearline.wire.grants import parse_grant
from tearline.wire.packets import Release, parse_manifest
from tearline.wire.statements import Signed


@immutable
class StoredPacket:
    """A stored packet.

    Attributes:
        id: 32 bytes, the manifest's statement id.
        origin: The originator's node URI.
        received_ms: Time of its arrival or creation here.
        signed: The manifest's statement.
        parts: Ciphertexts, and openings if the packet is ours.
        keys: Its keys, by grant; without a grant if it is ours.
    """

    id: bytes
    origin: str
    received_ms: int
    signed: Signed
    parts: PacketParts
    keys: tuple[Release, ...]

    @property
    def manifest(self) -> Manifest:
        """Returns the manifest."""
        return parse_manifest(self.signed.statement.body)


@immutable
class StoredGrant:
    """A stored grant: ours to a partner, or a partner's to us.

    Attributes:
        signed: The grant's statement.
        incoming: Whether it is a partner's to us.
        status: The latest known status; None before the exchange answered.
        withdrawn: The reason of its withdrawal before delivery, or None.
    """

    signed: Signed
    incoming: bool
    status: Status | None
    withdrawn: VoidReason | None = None

    @property
    def grant(self) -> Grant:
        """Returns the grant."""
        return parse_grant(self.signed.statement.body)

    @property
    def stands(self) -> bool:
        """Returns whether it is neither refused, nor withdrawn, nor erased by its recipient."""
        return self.withdrawn is None and self.status not in (Status.ERASED, Status.REFUSED)
