"""Entities as FollowTheMoney JSON lines, for Aleph, OpenAleph, yente and Tearline."""

from collections.abc import Collection
from typing import BinaryIO

from tearline.errors import MalformedInput
from tearline_client.connectors.contract import Exporter, Option, OptionKind, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.json_text import encode_json
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import EXTENSIONS, GENERALISED, property_of

# The substitute of each own schema, and its property for texts without a property.
_STANDS_IN = {"Substance": ("Asset", "notes"), "TransferLeg": ("Payment", "description")}
_EVENT = ("Event", "notes")


def encode_entity(entity: Entity, *, generalised: Collection[str] = ()) -> bytes:
    """Returns one line of JSON in UTF-8 with its line end; safe to show on a terminal.

    Args:
        entity: The entity.
        generalised: Its properties with generalised values. They are listed under a key that
            FollowTheMoney treats as context.
    """
    data: dict[str, object] = {
        "id": entity.id,
        "schema": entity.schema,
        "properties": {name: list(values) for name, values in entity.properties.items()},
    }
    if named := sorted(name for name in generalised if name in entity.properties):
        data[GENERALISED] = named
    return encode_json(data) + b"\n"


def without_extension(entity: Entity, *, generalised: Collection[str] = ()) -> Entity:
    """Returns the entity in FollowTheMoney's own schemata, for readers that know no others.

    A ``Substance`` becomes an ``Asset``, a ``TransferLeg`` a ``Payment``, any other an
    ``Event``. Its notes or description contain the values without a property. An entity with more
    of these than one property holds is returned unchanged.
    """
    if entity.schema not in EXTENSIONS:
        return entity
    schema, remarks = _STANDS_IN.get(entity.schema, _EVENT)
    properties: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for name, values in entity.properties.items():
        if property_of(schema, name):
            properties[name] = values
        else:
            said = f"{name} (generalised)" if name in generalised else name
            notes.extend(f"{said}: {value}" for value in values)
    if notes:
        properties[remarks] = (*properties.get(remarks, ()), *notes)
    try:
        return Entity(id=entity.id, schema=schema, properties=properties)
    except MalformedInput:
        return entity


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    for each in packets.entities():
        entity, coarse = each.entity, each.generalised
        report.made += 1
        each.report_coarse(report)
        written = without_extension(entity, generalised=coarse) if options["plain"] else entity
        if options["plain"] and written is entity and entity.schema in EXTENSIONS:
            why = "in Tearline's own schema, for it has too many texts for notes of another"
            report.add(Concern.NOT_UNDERSTOOD, why, column=entity.schema, id=entity.id)
        if written is not entity:
            for name in entity.properties.keys() - written.properties.keys():
                why = f"among the texts of a {written.schema}, which has no such property"
                column = f"{entity.schema}.{name}"
                report.add(Concern.NOT_UNDERSTOOD, why, column=column, id=entity.id)
        target.write(encode_entity(written, generalised=coarse))


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as FollowTheMoney JSON lines.",
    details="""\
The file holds readable fields only. Properties in generalised form stand under the entity's key \
"generalised". Without PACKETS, the command leaves out corrected packets. It also leaves out a \
partner's packets that do not form entities, and names them.

Example: tearline export ftm --output-file all.ftm.json""",
    write=_write,
    suffix=".ftm.json",
    options=(
        Option(
            name="plain",
            kind=OptionKind.FLAG,
            help="Convert Tearline's own schemata to standard FollowTheMoney.",
        ),
    ),
)
