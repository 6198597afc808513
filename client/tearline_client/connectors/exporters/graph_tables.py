"""Entities as two CSV tables in one ZIP archive: ``nodes.csv`` and ``edges.csv``.

The columns ``Id``, ``Label``, ``Source`` and ``Target`` have the names that Gephi expects.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.csv_safe import safe_cell
from tearline_client.connectors.exporters.graph import LABEL, OWN, Graph, attribute
from tearline_client.connectors.importers.report import Report

_COLUMNS = tuple(name for name in OWN if name != LABEL)


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    graph = Graph(packets, report)
    names = [*_COLUMNS, *map(attribute, graph.columns)]
    nodes = (({"Id": node.id}, node.attributes) for node in graph.nodes())
    edges = (
        ({"Source": edge.source, "Target": edge.target, "Id": edge.id}, edge.attributes)
        for edge in graph.edges()
    )
    with ZipFile(target, "w") as archive:
        _add(archive, "nodes.csv", ["Id", "Label", *names], nodes, report)
        _add(archive, "edges.csv", ["Source", "Target", "Id", "Label", *names], edges, report)


def _add(
    archive: ZipFile,
    name: str,
    columns: list[str],
    elements: Iterable[tuple[Mapping[str, str], Mapping[str, str]]],
    report: Report,
) -> None:
    member = ZipInfo(name)  # without the time, so equal views make equal bytes
    member.compress_type = ZIP_DEFLATED
    with (
        archive.open(member, "w", force_zip64=True) as binary,
        io.TextIOWrapper(binary, encoding="utf-8", newline="") as stream,
    ):
        table = csv.DictWriter(stream, columns, restval="")
        table.writeheader()
        for ends, attributes in elements:
            report.made += 1
            row = {"Label": attributes.get(LABEL, ""), **attributes, **ends}
            row.pop(LABEL, None)
            table.writerow({column: safe_cell(text) for column, text in row.items()})


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as CSV tables of nodes and edges in a ZIP file.",
    details="""\
The archive has nodes.csv and edges.csv. A cell that a spreadsheet would read as a formula begins \
with an apostrophe. Each row names its originators and the markings of its properties.

Example: tearline export graph-csv --output-file case.zip""",
    write=_write,
    suffix=".zip",
    is_text=False,
)
