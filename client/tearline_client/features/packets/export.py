"""Readable fields of packets as entities, for other programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import EntityFieldMalformed
from tearline.onward.use import caveats_in_words
from tearline.packets.correction import superseded
from tearline.packets.packet import TEXT, Field, Manifest, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.entities import (
    ExportedEntity,
    entities_from_fields,
    ids_by_token,
)


@immutable
class PacketExport:
    """Entities of some packets.

    Attributes:
        entities: The entities; ids are resolved within originator and agreement.
        fields: The exported fields by packet.
        manifests: The manifests of the same packets.
        times: Their times of arrival or creation here, in milliseconds of Unix time.
        left_out: The packets that form no entities, each with the reason.
        caveats: Rules for partners' fields among them, in words.
        node: URI of this node.
        begun_ms: This node's time when it began to read the packets, in ms of Unix time.
    """

    entities: tuple[ExportedEntity, ...]
    fields: Mapping[bytes, tuple[OpenedField, ...]]
    manifests: Mapping[bytes, Manifest]
    times: Mapping[bytes, int]
    left_out: Mapping[bytes, str]
    caveats: tuple[str, ...]
    node: str
    begun_ms: int


class Gathering:
    """Gathers the readable fields of packets, one packet at a time, for an export.

    Args:
        node: URI of this node.
        now_ms: Its time, in ms of Unix time.
        most: Fields with a stricter marking are left out.
    """

    def __init__(self, node: str, *, now_ms: int, most: Tlp = Tlp.RED) -> None:
        self._node = node
        self._begun_ms = now_ms
        self._most = most
        self._stated: dict[bytes, bool] = {}
        self._manifests: dict[bytes, Manifest] = {}
        self._times: dict[bytes, int] = {}
        self._by_source: dict[tuple[str, bytes], dict[bytes, tuple[OpenedField, ...]]] = {}

    def add(self, shown: PacketView) -> None:
        """Adds a packet."""
        packet_id = shown.packet.id
        self._stated[packet_id] = shown.has_narrative
        self._manifests[packet_id] = shown.manifest
        self._times[packet_id] = shown.packet.received_ms
        key = shown.packet.origin, shown.manifest.agreement.id
        self._by_source.setdefault(key, {})[packet_id] = tuple(
            each
            for each in shown.view.best()
            if each.field.form in (Form.CLEAR, Form.GENERALISED)
            and each.field.media_type == TEXT
            and "/Packet/" not in each.field.path
            and each.field.marking.tlp <= self._most
        )

    def made(self, *, is_strict: bool) -> PacketExport:
        """Returns the entities of the packets so far.

        Args:
            is_strict: Whether packets that form no entities are refused, and not left out.

        Raises:
            EntityFieldMalformed: If such packets are refused.
        """
        entities: list[ExportedEntity] = []
        taken: dict[bytes, tuple[OpenedField, ...]] = {}
        left_out: dict[bytes, str] = {}
        foreign: list[OpenedField] = []
        for (origin, _), source in self._by_source.items():
            fields = [each for opened in source.values() for each in opened]
            try:
                entities += _entities([each.field for each in fields])
            except EntityFieldMalformed as error:
                if is_strict:
                    raise
                left_out |= dict.fromkeys(source, error.why)
            else:
                taken |= source
                foreign += fields if origin != self._node else ()
        return PacketExport(
            entities=tuple(entities),
            fields=taken,
            manifests={each: self._manifests[each] for each in taken},
            times={each: self._times[each] for each in taken},
            left_out=left_out,
            caveats=caveats_in_words(
                [each.field.marking for each in foreign],
                narrative=all(self._stated[each] for each in taken),
            ),
            node=self._node,
            begun_ms=self._begun_ms,
        )


def export_packets(
    context: NodeContext, packets: Sequence[bytes], advance: Callable[[int], None]
) -> PacketExport:
    """Returns entities of some packets, or of all that are neither frozen nor superseded.

    Args:
        context: The node.
        packets: Ids of the packets; none for all.
        advance: Called with the number of packets that were just read.

    Raises:
        EntityFieldMalformed: If requested packets do not form entities.
    """
    gathering = Gathering(context.uri, now_ms=context.now_ms())
    for packet_id in packets or _current(context):
        gathering.add(context.open_view(packet_id))
        advance(1)
    return gathering.made(is_strict=bool(packets))


def _current(context: NodeContext) -> Iterable[bytes]:
    """Yields the packets that are neither frozen nor superseded, oldest first."""
    packets, replaced = context.stores.packets, superseded(context.stores.corrections.all())
    return [
        packet_id
        for packet_id in packets.ids()[::-1]
        if not packets.is_frozen(packet_id) and packet_id not in replaced
    ]


def _entities(fields: Sequence[Field]) -> list[ExportedEntity]:
    """Returns the entities of one source's fields; a clear value overrides a generalised one.

    Raises:
        EntityFieldMalformed: If the fields do not form entities.
    """
    clear, coarse = (
        [(field.path, field.values) for field in fields if field.form is form]
        for form in (Form.CLEAR, Form.GENERALISED)
    )
    known = ids_by_token(clear)
    found = {(e.id, e.schema): e for e in entities_from_fields(clear, known=known)}
    names: dict[tuple[str, str], frozenset[str]] = {}
    for entity in entities_from_fields(coarse, known=known):
        key = entity.id, entity.schema
        own = found[key].properties if key in found else {}
        names[key] = frozenset(entity.properties) - frozenset(own)
        found[key] = replace(entity, properties={**entity.properties, **own})
    return [(entity, names.get(key, frozenset())) for key, entity in found.items()]
