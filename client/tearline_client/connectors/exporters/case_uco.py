"""Packets as a graph of CASE and UCO, with the provenance of each, up to the export itself."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from tearline.cases.case import case_id_of
from tearline.policy.marking import strictest
from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.case_objects import CaseEntities, node_ref, object_ref
from tearline_client.connectors.exporters.case_terms import (
    CONTEXT,
    NAME,
    CaseObject,
    definitions,
    marking_refs,
    moment,
    ref,
)
from tearline_client.connectors.exporters.json_text import encode_json
from tearline_client.connectors.exporters.stix_objects import timestamp
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.marked_entities import ExportedPacket

_MEMBERS, _MARKING = "uco-core:object", "uco-core:objectMarking"


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    target.write(b'{"@context":' + encode_json(CONTEXT) + b',"@graph":[')
    for number, each in enumerate(_objects(packets, report)):
        report.made += 1
        target.write((b",\n" if number else b"\n") + encode_json(each))
    target.write(b"\n]}\n")


def _objects(packets: ExportedPackets, report: Report) -> Iterator[CaseObject]:
    """Yields the objects of packets, each once; none if no field is readable."""
    entities, provenance = CaseEntities(packets, report), _Provenance(packets)
    if not provenance.markings:
        return
    yield from definitions(chain(entities.markings(), provenance.markings.values()))
    origins = (packets.packets[packet].source.origin for packet in provenance.markings)
    for node in sorted({packets.node, *origins}):
        yield {**node_ref(node), "@type": "uco-identity:Organization", NAME: node}
    yield from provenance.objects()
    yield from entities.objects()


class _Provenance:
    """Investigations, actions and records of exported packets.

    Args:
        packets: The packets; one without an entity has no record.

    Attributes:
        markings: Strictest marking of the fields of each packet with an entity.
    """

    def __init__(self, packets: ExportedPackets) -> None:
        self._packets = packets
        self._export = ref("export", packets.node, str(packets.begun_ms))
        self.markings = {
            packet: strictest(each.field.marking for each in fields)
            for packet, fields in packets.fields.items()
            if packets.keys(packet)
        }

    def objects(self) -> Iterator[CaseObject]:
        """Yields all of them, each once."""
        yield from self._investigations()
        yield self._export_action()
        for packet in map(self._packets.packets.__getitem__, self.markings):
            yield self._sending(packet)
            yield self._record(packet)

    def _investigations(self) -> Iterator[CaseObject]:
        """Yields an investigation for each joint case, and each agreement for packets in none."""
        found: dict[tuple[str, bytes], list[bytes]] = {}
        for packet in self.markings:
            found.setdefault(_investigation_of(self._packets.packets[packet]), []).append(packet)
        for (kind, own_id), packets in found.items():
            parts = (make(packet) for packet in packets for make in (_sending_ref, _record_ref))
            yield {
                **ref("investigation", kind, own_id.hex()),
                "@type": "case-investigation:Investigation",
                NAME: f"Tearline {kind} {own_id.hex()}",
                _MARKING: self._marking_refs(packets),
                _MEMBERS: [*parts, self._export],
            }

    def _export_action(self) -> CaseObject:
        """Returns the action that read the packets here, after the actions that sent them."""
        return {
            **self._export,
            **self._action("Tearline export", self._packets.node, list(self.markings)),
            "uco-action:startTime": moment(timestamp(self._packets.begun_ms)),
            "uco-action:object": list(map(_record_ref, self.markings)),
            "case-investigation:wasInformedBy": list(map(_sending_ref, self.markings)),
        }

    def _sending(self, packet: ExportedPacket) -> CaseObject:
        """Returns the action of its originator that sent a packet."""
        return {
            **_sending_ref(packet.id),
            **self._action(_name(packet.id), packet.source.origin, [packet.id]),
            "uco-action:endTime": moment(timestamp(packet.time_ms)),
            "uco-action:result": _record_ref(packet.id),
        }

    def _record(self, packet: ExportedPacket) -> CaseObject:
        """Returns the record of the entities in a packet."""
        return {
            **_record_ref(packet.id),
            "@type": "case-investigation:ProvenanceRecord",
            **self._common(_name(packet.id), packet.source.origin, [packet.id]),
            "case-investigation:exhibitNumber": packet.id.hex(),
            "tearline:notAfter": moment(timestamp(packet.not_after_ms)),
            _MEMBERS: [object_ref(key) for key in self._packets.keys(packet.id)],
        }

    def _action(self, name: str, node: str, packets: Sequence[bytes]) -> CaseObject:
        return {
            "@type": "case-investigation:InvestigativeAction",
            **self._common(name, node, packets),
            "uco-action:performer": node_ref(node),
        }

    def _common(self, name: str, node: str, packets: Sequence[bytes]) -> CaseObject:
        return {
            NAME: name,
            "uco-core:createdBy": node_ref(node),
            _MARKING: self._marking_refs(packets),
        }

    def _marking_refs(self, packets: Sequence[bytes]) -> list[dict[str, str]]:
        """Returns the strictest marking of the fields of some packets."""
        return marking_refs(strictest(self.markings[packet] for packet in packets))


def _investigation_of(packet: ExportedPacket) -> tuple[str, bytes]:
    """Returns whether a packet belongs to a joint case or to its agreement alone, and the id."""
    case_id = case_id_of(packet.case_id)
    return ("agreement", packet.source.agreement) if case_id is None else ("case", case_id)


def _name(packet: bytes) -> str:
    return f"Tearline packet {packet.hex()}"


def _sending_ref(packet: bytes) -> dict[str, str]:
    return ref("action", packet.hex())


def _record_ref(packet: bytes) -> dict[str, str]:
    return ref("record", packet.hex())


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as a graph of CASE and UCO in JSON-LD.",
    details="""\
Each packet is an investigative action of its originator, with a provenance record of its \
entities; the export is an action of this node. Joint cases are investigations. People and \
organisations are identities, addresses locations, accounts observables, payments actions, and \
links relationships. Each object has the strictest marking of its properties; a facet for each \
property tells its own.

Example: tearline export case-uco --output-file case.jsonld""",
    write=_write,
    suffix=".case.jsonld",
)
