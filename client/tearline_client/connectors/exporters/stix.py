"""Entities as a bundle of STIX 2.1, for threat intelligence platforms."""

from typing import BinaryIO

from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.json_text import encode_json
from tearline_client.connectors.exporters.stix_markings import own_id
from tearline_client.connectors.exporters.stix_objects import stix_objects
from tearline_client.connectors.importers.report import Report


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    bundle = own_id(
        "bundle", *sorted(packet.hex() for packet, fields in packets.fields.items() if fields)
    )
    target.write(b'{"type":"bundle","id":' + encode_json(bundle) + b',"objects":[')
    for number, each in enumerate(stix_objects(packets, report)):
        report.made += 1
        target.write((b",\n" if number else b"\n") + encode_json(each))
    target.write(b"\n]}\n")


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as a STIX 2.1 bundle.",
    details="""\
Parties are identities, addresses locations, accounts with an IBAN user accounts, and links \
relationships; other entities are objects of an extension. Each object has the strictest marking \
of its fields: TLP 2.0, and statements for handling codes and PAP. Granular markings tell which \
properties have which of them.

Example: tearline export stix --output-file case.stix.json""",
    write=_write,
)
