"""Readable fields of packets as entities, for other programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import EntityFieldMalformed
from tearline.onward.use import caveats_in_words
from tearline.packets.correction import superseded
from tearline.packets.packet import TEXT, Field, OpenedField
from tearline.policy.form import Form
from tearline_client.context import NodeContext
from tearline_client.planning.entities import Entity, entities_from_fields, ids_by_token

ExportedEntity = tuple[Entity, frozenset[str]]
"""An entity, and the properties of which only a generalised form is stored."""


@immutable
class PacketExport:
    """Entities of some packets.

    Attributes:
        entities: The entities; ids are resolved within originator and agreement.
        fields: The exported fields by packet.
        left_out: The packets that form no entities, each with the reason.
        caveats: Rules for partners' fields among them, in words.
    """

    entities: tuple[ExportedEntity, ...]
    fields: Mapping[bytes, tuple[OpenedField, ...]]
    left_out: Mapping[bytes, str]
    caveats: tuple[str, ...]


def export_packets(context: NodeContext, packets: Sequence[bytes]) -> PacketExport:
    """Returns entities of some packets, or of all that are neither frozen nor superseded.

    Raises:
        EntityFieldMalformed: If requested packets do not form entities.
    """
    stated: dict[bytes, bool] = {}
    by_source: dict[tuple[str, bytes], dict[bytes, tuple[OpenedField, ...]]] = {}
    for packet_id in packets or _current(context):
        shown = context.open_view(packet_id)
        stated[packet_id] = shown.has_narrative
        source = by_source.setdefault((shown.packet.origin, shown.manifest.agreement.id), {})
        source[packet_id] = tuple(
            each
            for each in shown.view.best()
            if each.field.form in (Form.CLEAR, Form.GENERALISED)
            and each.field.media_type == TEXT
            and "/Packet/" not in each.field.path
        )
    entities: list[ExportedEntity] = []
    taken: dict[bytes, tuple[OpenedField, ...]] = {}
    left_out: dict[bytes, str] = {}
    foreign: list[OpenedField] = []
    for (origin, _), source in by_source.items():
        fields = [each for opened in source.values() for each in opened]
        try:
            entities += _entities([each.field for each in fields])
        except EntityFieldMalformed as error:
            if packets:
                raise
            left_out |= dict.fromkeys(source, error.why)
        else:
            taken |= source
            foreign += fields if origin != context.uri else ()
    return PacketExport(
        entities=tuple(entities),
        fields=taken,
        left_out=left_out,
        caveats=caveats_in_words(
            [each.field.marking for each in foreign], narrative=all(stated[each] for each in taken)
        ),
    )


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
