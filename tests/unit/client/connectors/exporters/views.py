"""Views of packets for tests of exporters."""

import io
from collections.abc import Mapping, Sequence

from tearline.packets.packet import Field, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Pap, Tlp
from tearline.policy.profile import marking_of
from tearline_client.connectors.contract import Exporter
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.marked_entities import ExportedPacket, Source
from tearline_client.planning.entities import Entity, connected_groups, fields_of

AMBER = Marking(
    category="organisation.name", tlp=Tlp.AMBER, handling=("H1",), orcon=False, pap=Pap.AMBER
)
RED = Marking(category="finance.account", tlp=Tlp.RED, handling=(), orcon=True, pap=Pap.RED)
TIME_MS = 1_796_000_000_123
NOT_AFTER_MS = 1_794_528_000_000
BEGUN_MS = 1_796_100_000_456
ORIGIN = "tearline:mx:fgr:node-1"
NODE = "tearline:us:doj:node-3"
CASE = bytes(range(16)).hex()


def view_of(
    entities: Sequence[Entity],
    *,
    markings: Mapping[str, Marking] = {},
    coarse: frozenset[str] = frozenset(),
    origin: str = ORIGIN,
    case_id: str = "",
    first: int = 0,
) -> ExportedPackets:
    """The packets that would carry these entities.

    Args:
        entities: What is readable.
        markings: Of properties by name or ``Schema/name``; ``AMBER`` for others.
        coarse: Names of properties that are there in generalised form alone.
        origin: Who sent all of them.
        case_id: The case that all of them are filed in, if any.
        first: Number of the first packet.
    """
    made = ExportedPackets(NODE, BEGUN_MS)
    for number, group in enumerate(connected_groups(entities), first):
        packet = ExportedPacket(
            id=number.to_bytes(32, "big"),
            source=Source(origin=origin, agreement=bytes(16)),
            case_id=case_id,
            not_after_ms=NOT_AFTER_MS,
            time_ms=TIME_MS + number,
        )
        fields = fields_of(group, key=bytes(range(32)), agreement_id=bytes(16))
        made.add(
            packet,
            [
                OpenedField(slot=slot, field=_field(path, values, markings, coarse))
                for slot, (path, values) in enumerate(fields)
            ],
        )
    return made


def only(
    packets: ExportedPackets, fields: Mapping[bytes, Sequence[OpenedField]]
) -> ExportedPackets:
    """The same export with these fields alone."""
    made = ExportedPackets(packets.node, packets.begun_ms)
    for packet, kept in fields.items():
        made.add(packets.packets[packet], kept)
    return made


def joined(*parts: ExportedPackets) -> ExportedPackets:
    """One export of all these packets."""
    made = ExportedPackets(NODE, BEGUN_MS)
    for part in parts:
        for packet, fields in part.fields.items():
            made.add(part.packets[packet], fields)
    return made


def view_by_profile(entities: Sequence[Entity]) -> ExportedPackets:
    """A view of these entities in which each field has the marking of the profile."""
    paths = {
        f"{entity.schema}/{name}": marking_of(f"t/{entity.schema}/{name}")
        for entity in entities
        for name in (*entity.properties, "id")
    }
    return view_of(entities, markings=paths)


def written(exporter: Exporter, view: ExportedPackets, report: Report | None = None) -> bytes:
    """The file that an exporter writes of a view."""
    out = io.BytesIO()
    exporter.write(view, out, {}, Report() if report is None else report)
    return out.getvalue()


def _field(
    path: str, values: tuple[bytes, ...], markings: Mapping[str, Marking], coarse: frozenset[str]
) -> Field:
    name = path.rpartition("/")[2]
    marking = markings.get(path.partition("/")[2], markings.get(name, AMBER))
    if name in coarse:
        return Field(path=path, values=values, marking=marking, form=Form.GENERALISED, mask="month")
    return Field(path=path, values=values, marking=marking)
