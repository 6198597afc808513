"""Readable fields of packets as entities, for other programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import EntityFieldMalformed
from tearline.onward.use import caveats_in_words
from tearline.packets.correction import superseded
from tearline.packets.packet import TEXT
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Tlp
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.marked_entities import ExportedPacket, Source
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView


@immutable
class PacketExport:
    """Readable fields of some packets.

    Attributes:
        exported: The packets that form entities, with their fields.
        left_out: The other packets, each with the reason.
        caveats: Rules for partners' fields among them, in words.
    """

    exported: ExportedPackets
    left_out: Mapping[bytes, str]
    caveats: tuple[str, ...]


class Gathering:
    """Gathers the readable fields of packets, one packet at a time, for an export.

    Args:
        node: URI of this node.
        now_ms: Its time, in ms of Unix time.
        most: Fields with a stricter marking are left out.
        is_strict: Whether a packet that forms no entities is refused, and not left out.
    """

    def __init__(
        self, node: str, *, now_ms: int, most: Tlp = Tlp.RED, is_strict: bool = False
    ) -> None:
        self._exported = ExportedPackets(node, now_ms)
        self._most = most
        self._is_strict = is_strict
        self._left_out: dict[bytes, str] = {}
        self._foreign: dict[Marking, None] = {}  # its keys are a set that keeps the order
        self._are_narratives = True

    def add(self, shown: PacketView) -> None:
        """Adds a packet.

        Raises:
            EntityFieldMalformed: If it forms no entities, and such packets are refused.
        """
        packet = _exported(shown)
        fields = [
            each
            for each in shown.view.best()
            if each.field.form in (Form.CLEAR, Form.GENERALISED)
            and each.field.media_type == TEXT
            and "/Packet/" not in each.field.path
            and each.field.marking.tlp <= self._most
        ]
        try:
            self._exported.add(packet, fields)
        except EntityFieldMalformed as error:
            if self._is_strict:
                raise
            self._left_out[packet.id] = error.why
            return
        self._are_narratives &= shown.has_narrative
        if packet.source.origin != self._exported.node:
            self._foreign |= dict.fromkeys(each.field.marking for each in fields)

    def made(self) -> PacketExport:
        """Returns the packets so far."""
        return PacketExport(
            exported=self._exported,
            left_out=self._left_out,
            caveats=caveats_in_words(self._foreign, narrative=self._are_narratives),
        )


def export_packets(
    context: NodeContext, packets: Sequence[bytes], advance: Callable[[int], None]
) -> PacketExport:
    """Returns some packets, or all that are neither frozen nor superseded.

    Args:
        context: The node.
        packets: Ids of the packets; none for all.
        advance: Called with the number of packets that were just read.

    Raises:
        EntityFieldMalformed: If requested packets do not form entities.
    """
    gathering = Gathering(context.uri, now_ms=context.now_ms(), is_strict=bool(packets))
    for packet_id in packets or _current(context):
        gathering.add(context.open_view(packet_id))
        advance(1)
    return gathering.made()


def _current(context: NodeContext) -> Iterable[bytes]:
    """Yields the packets that are neither frozen nor superseded, oldest first."""
    packets, replaced = context.stores.packets, superseded(context.stores.corrections.all())
    return [
        packet_id
        for packet_id in packets.ids()[::-1]
        if not packets.is_frozen(packet_id) and packet_id not in replaced
    ]


def _exported(shown: PacketView) -> ExportedPacket:
    manifest = shown.manifest
    return ExportedPacket(
        id=shown.packet.id,
        source=Source(origin=shown.packet.origin, agreement=manifest.agreement.id),
        case_id=manifest.case_id,
        not_after_ms=manifest.not_after_ms,
        time_ms=shown.packet.received_ms,
    )
