"""``tearline export``: readable fields in formats of other programs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from tearline.audit.event import EventCode
from tearline.errors import EntityFieldMalformed
from tearline.onward.use import caveats_in_words
from tearline.packets.packet import TEXT, Field, OpenedField
from tearline.policy.form import Form
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, open_node
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.exporters.ftm import encode_entity, without_extension
from tearline_client.node import Node
from tearline_client.planning.entities import Entity, entities_from_fields, ids_by_token
from tearline_client.rendering.output import print_lines

Exported = tuple[Entity, frozenset[str]]
"""An entity, and the properties of which only a generalised form is stored."""


@click.group(cls=Group)
def command() -> None:
    """Export readable fields for other programs."""


@command.command()
@click.argument("packets", nargs=-1)
@click.option("--output-file", "target", type=FILE, help="A new file; by default standard output.")
@click.option("--plain", is_flag=True, help="Convert extension schemata to standard FtM.")
@async_command
async def ftm(cli: CliContext, packets: tuple[str, ...], target: Path | None, plain: bool) -> None:
    """Export PACKETS, or all packets here, as FollowTheMoney JSON lines.

    Properties held only in generalised form are listed under the entity's key "generalised". Fields
    kept back are left out. Without PACKETS, corrected packets are left out too, and so are, with a
    message, the packets of a partner and agreement that do not form entities.

    Example: tearline export ftm --output-file all.ftm.json
    """
    if target is not None:
        verify_free(target.parent, target.name)  # a failed export is not logged as done

    async with open_node(cli) as node:
        entities, shown, left_out = exported(node, packets)
        for packet_id, why in left_out.items():
            cli.say(f"Left out packet {packet_id.hex()[:12]}: it forms no entities: {why}.")
        for packet_id, last in node.corrections.corrected_by(shown).items():
            cli.say(f"Packet {packet_id.hex()[:12]} was corrected by {last.hex()[:12]}.")
        act = EventCode.ACCESS_PRINT if target is None else EventCode.ACCESS_EXPORT
        node.access.record(act, shown, person=cli.settings.person)
        store = node.packets
        foreign = [
            opened.field.marking
            for packet_id, fields in shown.items()
            if store.get(packet_id).origin != node.uri
            for opened in fields
        ]
        stated = all(node.state.open_view(packet_id).has_narrative for packet_id in shown)
    caveats = caveats_in_words(foreign, narrative=stated)
    lines = [
        encode_entity(
            without_extension(entity, generalised=coarse) if plain else entity, generalised=coarse
        )
        for entity, coarse in entities
    ]
    if target is None:
        for line in lines:
            print_lines(line.decode("utf-8"))
    else:
        with create_file(target.parent, target.name) as stream:
            stream.writelines(lines)
    cli.say(f"{len(lines)} entities.")
    for words in caveats:
        cli.say(words)


def exported(
    node: Node, packets: tuple[str, ...]
) -> tuple[list[Exported], dict[bytes, list[OpenedField]], dict[bytes, str]]:
    """Builds entities of some packets, or of all that are neither frozen nor superseded.

    Ids are resolved within originator and agreement.

    Returns:
        The entities; the exported fields by packet, for the access log; and the reasons for the
        packets left out. A packet requested by id is never left out.

    Raises:
        EntityFieldMalformed: If requested packets do not form entities.
    """
    store, superseded = node.packets, node.corrections.superseded()
    everything = [
        packet_id
        for packet_id in store.ids()[::-1]
        if not store.is_frozen(packet_id) and packet_id not in superseded
    ]
    ids = [store.find(prefix) for prefix in packets] if packets else everything
    by_source: dict[tuple[str, bytes], dict[bytes, list[OpenedField]]] = {}
    for packet_id in ids:
        shown = node.state.open_view(packet_id)
        source = by_source.setdefault((shown.packet.origin, shown.manifest.agreement.id), {})
        source[packet_id] = [
            o
            for o in shown.view.best()
            if o.field.form in (Form.CLEAR, Form.GENERALISED)
            and o.field.media_type == TEXT
            and "/Packet/" not in o.field.path
        ]
    entities: list[Exported] = []
    taken: dict[bytes, list[OpenedField]] = {}
    left_out: dict[bytes, str] = {}
    for source in by_source.values():
        try:
            entities += _entities([o.field for opened in source.values() for o in opened])
        except EntityFieldMalformed as error:
            if packets:
                raise
            left_out |= dict.fromkeys(source, error.why)
        else:
            taken |= source
    return entities, taken, left_out


def _entities(fields: Sequence[Field]) -> list[Exported]:
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
