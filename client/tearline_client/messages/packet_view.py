"""The view of a packet that this node may have, from its store."""

from tearline.bodies.body import Problem
from tearline.bodies.registry import judge_body
from tearline.dataclass.immutable import immutable
from tearline.errors import NameAmbiguous, NotFound, PacketFrozen
from tearline.packets.grant import Grant
from tearline.packets.packet import Manifest, OpenedField, View
from tearline.sealing import SealedPacket, open_packet
from tearline.text.choices import matched, one_of
from tearline.wire.packets import Release
from tearline_client.messages.field_checks import judge_fields, usable_fields
from tearline_client.store.packet_records import StoredGrant, StoredPacket
from tearline_client.store.packets import PacketStore

NARRATIVE = "/Packet/narrative"
"""End of the path of a packet's narrative."""


TOKEN_SHOWN = 6
"""Digits of a token that distinguish the entities of a packet on a screen."""


def short_path(path: str) -> str:
    """Returns a path with its token shortened to distinguish entities on a screen."""
    token, _, rest = path.partition("/")
    return f"{token[:TOKEN_SHOWN]}/{rest}"


@immutable
class PacketView:
    """View of a packet by this node.

    Attributes:
        packet: The stored packet.
        manifest: Its manifest.
        view: The readable fields, without invalid ones.
        grants: Our grants to partners, or a partner's grants to us.
        own: Whether this node made it.
        problems: Deviations of a partner's packet from its kind, by path.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> (packet,) = node.packets.send([node.packets.plan(draft, ["mx-prosecutor"])]).packets
        >>> shown = node.packets.show(packet)
        >>> shown.own, [opened.field.texts for opened in shown.view.best()][-1]
        (True, ('Qiu Wenhao',))
    """

    packet: StoredPacket
    manifest: Manifest
    view: View
    grants: tuple[StoredGrant, ...]
    own: bool
    problems: tuple[Problem, ...]

    def field(self, path: str) -> OpenedField | None:
        """Returns the most revealing form of one field, or None."""
        return next((opened for opened in self.view.best() if opened.field.path == path), None)

    def path_of(self, text: str) -> str:
        """Returns the path of the one readable field that ``text`` is, or is the end of.

        Raises:
            NotFound: If there is none; lists the nearest.
            NameAmbiguous: If there are several; lists them.
        """
        paths = [opened.field.path for opened in self.view.best()]
        found = [path for path in paths if path == text or path.endswith(f"/{text}")]
        if len(found) > 1:
            raise NameAmbiguous(matched(text, "end of the path", map(short_path, found)))
        if not found:
            ends = dict.fromkeys(path.partition("/")[2] for path in paths)
            raise NotFound(one_of(text, "readable field", ends))
        return found[0]

    @property
    def has_narrative(self) -> bool:
        """Returns whether a narrative of the packet is readable here."""
        return any(opened.field.path.endswith(NARRATIVE) for opened in self.view.fields)

    def slots_of(self, grant: Grant) -> frozenset[int]:
        """Returns the slots that a grant of the packet opens: compartments and single fields."""
        openings = self.packet.parts.openings
        whole = (each.slots for each in openings if each.compartment in grant.compartments)
        return frozenset(grant.fields).union(*whole)


def open_view(store: PacketStore, packet_id: bytes, *, node: str) -> PacketView:
    """Opens one packet with every key of this node, and verifies it again.

    Raises:
        NotFound: If it is not stored here.
        PacketFrozen: If its originator has frozen it.
        PacketError: If the stored packet no longer verifies.
    """
    if store.is_frozen(packet_id):
        raise PacketFrozen
    packet = store.packet(packet_id)
    manifest = packet.manifest
    view = View(fields=(), existences=())
    for release in packet.keys:
        view = view.merged(open_packet(manifest, packet.parts.ciphertexts, release))
    wrong = judge_fields(view)
    return PacketView(
        packet=packet,
        manifest=manifest,
        view=View(
            fields=tuple(opened for opened in view.fields if opened.slot not in wrong),
            existences=view.existences,
        ),
        grants=store.grants(packet_id),
        own=packet.origin == node,
        problems=judge_body(manifest.kind, usable_fields(view, wrong)),
    )


def sealed_again(shown: PacketView) -> SealedPacket:
    """Returns a packet of ours with its keys, as first sealed, to release more of it."""
    keys: Release = shown.packet.keys[0]
    return SealedPacket(
        manifest=shown.manifest,
        openings={opening.compartment: opening for opening in shown.packet.parts.openings},
        ciphertexts=tuple(
            shown.packet.parts.ciphertexts[slot] for slot in range(len(shown.manifest.slots))
        ),
        keys={item.opening.compartment: item.key for item in keys.compartments},
    )
