"""Entities of fields, as an export reads them."""

from collections.abc import Iterable, Sequence

from tearline.packets.packet import Field, OpenedField
from tearline.policy.marking import STRICTEST
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.marked_entities import ExportedPacket, Source
from tearline_client.planning.entities import Entity

SOURCE = Source(origin="tearline:mx:fgr:node-1", agreement=bytes(16))


def read_entities(*packets: Iterable[tuple[str, Sequence[bytes]]]) -> tuple[Entity, ...]:
    """The entities of packets of one source, each given as its fields in clear form."""
    exported = ExportedPackets("tearline:us:doj:node-3", 0)
    for number, listed in enumerate(packets):
        packet = ExportedPacket(
            id=number.to_bytes(32, "big"), source=SOURCE, case_id="", not_after_ms=1, time_ms=number
        )
        fields = (
            Field(path=path, values=tuple(values), marking=STRICTEST) for path, values in listed
        )
        exported.add(packet, [OpenedField(slot=s, field=each) for s, each in enumerate(fields)])
    return tuple(each.entity for each in exported.entities())
