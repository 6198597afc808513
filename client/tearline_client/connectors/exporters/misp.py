"""Packets as MISP events, one object for each entity, with the marking of every attribute as tags.

The format is the MISP core format (draft-dulaunoy-misp-core-format). UUIDs are names in a namespace
of their own (RFC 9562, version 5): of the packet, and of the path of a field, whose token is a
keyed hash. They reveal no value, and stay the same when more of a packet becomes readable.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID, uuid5

from tearline.bodies.body import ID_PROPERTY, UNKNOWN_SCHEMA
from tearline.packets.packet import Field, OpenedField
from tearline.policy.marking import Marking, Tlp, strictest
from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.json_text import encode_json
from tearline_client.connectors.exporters.misp_objects import MispObject
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.marked_entities import ExportedPacket
from tearline_client.planning.entities import token_of_reference
from tearline_client.planning.ftm_schema import is_reference

NAMESPACE = UUID("6f4c1a0e-0b62-5c0d-9d9e-3f6f3e5b7c21")
"""Namespace of the UUIDs."""

OWN_ORGANISATION, INHERITED = "0", "5"
"""Distributions: not beyond the organisation of the instance, and as the event."""

_THREAT_UNDEFINED, _ANALYSIS_INITIAL = "4", "0"

_Entity = tuple[str, str]
"""Token and schema of an entity."""


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    target.write(b'{"response":[')
    separator = b"\n"
    for packet_id, opened in packets.fields.items():
        event = _event(packets.packets[packet_id], opened, report)
        if event["Object"]:  # a recalled packet has no fields left
            target.write(separator + encode_json({"Event": event}))
            separator = b",\n"
    target.write(b"\n]}\n")


def _event(
    exported: ExportedPacket, opened: tuple[OpenedField, ...], report: Report
) -> dict[str, Any]:
    signer, packet = exported.source.origin, exported.id.hex()
    fields = [each.field for each in opened]
    ends = datetime.fromtimestamp(exported.not_after_ms // 1000, UTC).date().isoformat()
    objects = _objects(packet, fields, report)
    return {
        "uuid": _uuid("event", packet),
        "info": f"Tearline packet {packet[:12]} of {signer}",
        "Orgc": {"name": signer, "uuid": _uuid("organisation", signer)},
        "distribution": OWN_ORGANISATION,
        "published": False,
        "threat_level_id": _THREAT_UNDEFINED,
        "analysis": _ANALYSIS_INITIAL,
        "Tag": [
            *_handling_tags(strictest(field.marking for field in fields)),
            _tag(f'tearline:not-after="{ends}"'),
        ],
        "Attribute": [],
        "Object": objects,
    }


def _objects(packet: str, fields: list[Field], report: Report) -> list[dict[str, Any]]:
    entities: dict[_Entity, list[Field]] = {}
    for field in fields:
        token, schema, _ = field.path.split("/")
        entities.setdefault((token, schema), []).append(field)
    # An entity of which only the id is known is no part of the packet.
    entities = {
        key: own
        for key, own in entities.items()
        if key[1] != UNKNOWN_SCHEMA or any(_property(field) != ID_PROPERTY for field in own)
    }
    targets: dict[str, str] = {}
    for token, schema in entities:
        targets.setdefault(token, _uuid(packet, token, schema))
    report.made += len(entities)
    return [_object(packet, key, own, targets, report) for key, own in entities.items()]


def _object(
    packet: str, key: _Entity, fields: list[Field], targets: Mapping[str, str], report: Report
) -> dict[str, Any]:
    token, schema = key
    made = MispObject(token, schema, fields, report)
    uuid = _uuid(packet, token, schema)
    distributions = {_distribution(each.marking) for each in made.attributes}
    return {
        "uuid": uuid,
        "name": made.template.name,
        "meta-category": made.template.category,
        "description": made.template.description,
        "template_uuid": made.template.uuid,
        "template_version": str(made.template.version),
        "comment": schema,
        "distribution": INHERITED if distributions == {INHERITED} else OWN_ORGANISATION,
        "Attribute": [
            {
                "uuid": _uuid(packet, token, schema, *each.place),
                "object_relation": each.relation.name,
                "type": each.relation.type,
                "category": each.category,
                "value": each.value,
                "to_ids": False,
                "disable_correlation": each.is_free_text,
                "comment": "",
                "distribution": _distribution(each.marking),
                "Tag": [
                    *_handling_tags(each.marking),
                    _tag(f'tearline:category="{each.marking.category}"'),
                ],
            }
            for each in made.attributes
        ],
        "ObjectReference": list(_references(uuid, schema, fields, targets, report)),
    }


def _references(
    source: str, schema: str, fields: list[Field], targets: Mapping[str, str], report: Report
) -> Iterator[dict[str, Any]]:
    for field in fields:
        name = _property(field)
        if not is_reference(schema, name):
            continue
        for text in field.texts:
            target = targets.get(token_of_reference(text))
            if target is None:
                why = "the entity is in another packet, and an event refers to its own objects only"
                report.add(Concern.STAYS_HOME, why, column=f"{schema}.{name}", id=source)
                continue
            yield {
                "uuid": _uuid(source, name, target),
                "object_uuid": source,
                "referenced_uuid": target,
                "relationship_type": name,
                "comment": field.marking.encode(),
            }


def _property(field: Field) -> str:
    return field.path.rpartition("/")[2]


def _uuid(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "/".join(parts)))


def _handling_tags(marking: Marking) -> list[dict[str, str]]:
    """Returns the tags of the taxonomies ``tlp`` and ``PAP``, and of the handling codes."""
    codes = (*marking.handling, *(("ORCON",) if marking.orcon else ())) or ("H0",)
    return [
        _tag(f"tlp:{marking.tlp.text}"),
        _tag(f"PAP:{marking.pap.name}"),
        *(_tag(f'tearline:handling="{code}"') for code in codes),
    ]


def _tag(name: str) -> dict[str, str]:
    return {"name": name}


def _distribution(marking: Marking) -> str:
    """Returns the distribution of an attribute; the event's is never wider than its organisation.

    A person of the instance may widen an event. Attributes follow it only if every reader may pass
    them on.
    """
    is_free = marking.tlp is Tlp.CLEAR and not marking.handling and not marking.orcon
    return INHERITED if is_free else OWN_ORGANISATION


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as MISP events in JSON.",
    details="""\
Each packet is an event, and each entity an object of a MISP template. Tags state the marking of \
every attribute. Events are not published, and have the distribution "Your organisation only".

Example: tearline export misp --output-file case.misp.json""",
    write=_write,
    suffix=".misp.json",
)
