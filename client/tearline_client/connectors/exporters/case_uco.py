"""Packets as a graph of CASE and UCO, with the provenance of each, up to the export itself."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import BinaryIO

from tearline.cases.case import case_id_of
from tearline.packets.packet import Manifest
from tearline.policy.marking import strictest
from tearline_client.connectors.contract import Exporter, Options, PacketsView
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
from tearline_client.connectors.exporters.marked_entities import EntityKey, marked_entities
from tearline_client.connectors.exporters.stix_objects import timestamp
from tearline_client.connectors.importers.report import Report

_MEMBERS, _MARKING = "uco-core:object", "uco-core:objectMarking"


def _write(view: PacketsView, target: BinaryIO, options: Options, report: Report) -> None:
    target.write(b'{"@context":' + encode_json(CONTEXT) + b',"@graph":[')
    for number, each in enumerate(_objects(view, report)):
        report.made += 1
        target.write((b",\n" if number else b"\n") + encode_json(each))
    target.write(b"\n]}\n")


def _objects(view: PacketsView, report: Report) -> Iterator[CaseObject]:
    """Yields the objects of a view, each once; none if no field is readable."""
    found = marked_entities(view)
    entities = CaseEntities(found, report)
    by_packet: dict[bytes, list[EntityKey]] = {}
    for key, entity in found.items():
        for packet in entity.packets:
            by_packet.setdefault(packet, []).append(key)
    if not by_packet:
        return
    provenance = _Provenance(view, by_packet)
    fields = (each.field.marking for packet in by_packet for each in view.fields[packet])
    yield from definitions(chain(entities.markings(), fields))
    for node in sorted({view.node, *(key.source.origin for key in found)}):
        yield {**node_ref(node), "@type": "uco-identity:Organization", NAME: node}
    yield from provenance.objects()
    yield from entities.objects()


class _Provenance:
    """Investigations, actions and records of exported packets.

    Args:
        view: The view.
        packets: The entities of each packet; a packet without one is not exported.
    """

    def __init__(self, view: PacketsView, packets: Mapping[bytes, Sequence[EntityKey]]) -> None:
        self._view = view
        self._packets = packets
        self._export = ref("export", view.node, str(view.begun_ms))

    def objects(self) -> Iterator[CaseObject]:
        """Yields all of them, each once."""
        yield from self._investigations()
        yield self._export_action()
        for packet, keys in self._packets.items():
            yield self._sending(packet)
            yield self._record(packet, keys)

    def _investigations(self) -> Iterator[CaseObject]:
        """Yields an investigation for each joint case, and each agreement for packets in none."""
        found: dict[tuple[str, bytes], list[bytes]] = {}
        for packet in self._packets:
            found.setdefault(_investigation_of(self._view.manifests[packet]), []).append(packet)
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
            **self._action("Tearline export", self._view.node, list(self._packets)),
            "uco-action:startTime": moment(timestamp(self._view.begun_ms)),
            "uco-action:object": list(map(_record_ref, self._packets)),
            "case-investigation:wasInformedBy": list(map(_sending_ref, self._packets)),
        }

    def _sending(self, packet: bytes) -> CaseObject:
        """Returns the action of its originator that sent a packet."""
        signer = self._view.manifests[packet].header.signer
        return {
            **_sending_ref(packet),
            **self._action(_name(packet), signer, [packet]),
            "uco-action:endTime": moment(timestamp(self._view.times[packet])),
            "uco-action:result": _record_ref(packet),
        }

    def _record(self, packet: bytes, keys: Sequence[EntityKey]) -> CaseObject:
        """Returns the record of the entities in a packet."""
        manifest = self._view.manifests[packet]
        return {
            **_record_ref(packet),
            "@type": "case-investigation:ProvenanceRecord",
            **self._common(_name(packet), manifest.header.signer, [packet]),
            "case-investigation:exhibitNumber": packet.hex(),
            "tearline:notAfter": moment(timestamp(manifest.not_after_ms)),
            _MEMBERS: [object_ref(key) for key in keys],
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
        fields = (each.field for packet in packets for each in self._view.fields[packet])
        return marking_refs(strictest(field.marking for field in fields))


def _investigation_of(manifest: Manifest) -> tuple[str, bytes]:
    """Returns whether a packet belongs to a joint case or to its agreement alone, and the id."""
    case_id = case_id_of(manifest.case_id)
    return ("agreement", manifest.agreement.id) if case_id is None else ("case", case_id)


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
