"""Entities as GraphML, for programs that draw networks, such as Gephi, yEd and networkx.

The format is that of http://graphml.graphdrawing.org/specification.html, with attributes of the
type ``string`` alone.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from tearline.text.display import visible_lines
from tearline_client.connectors.contract import Exporter, Options
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.graph import OWN, Graph, attribute
from tearline_client.connectors.importers.report import Report

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns \
http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


def _write(packets: ExportedPackets, target: BinaryIO, options: Options, report: Report) -> None:
    for line in _lines(Graph(packets, report), report):
        target.write(line.encode("utf-8"))


def _lines(graph: Graph, report: Report) -> Iterator[str]:
    names = [*OWN, *map(attribute, graph.columns)]
    keys = {name: f"k{number}" for number, name in enumerate(names)}
    yield _HEAD
    for name, key in keys.items():
        yield f'<key id="{key}" for="all" attr.name="{name}" attr.type="string"/>\n'
    yield '<graph edgedefault="directed">\n'
    for node in graph.nodes():
        report.made += 1
        yield f"<node id={quoteattr(node.id)}>{_data(node.attributes, keys)}</node>\n"
    for edge in graph.edges():
        report.made += 1
        own = f" id={quoteattr(edge.id)}" if edge.id else ""
        ends = f"source={quoteattr(edge.source)} target={quoteattr(edge.target)}"
        yield f"<edge{own} {ends}>{_data(edge.attributes, keys)}</edge>\n"
    yield "</graph>\n</graphml>\n"


def _data(attributes: Mapping[str, str], keys: Mapping[str, str]) -> str:
    # XML 1.0 has no place for most control characters; they become visible escapes.
    return "".join(
        f'<data key="{keys[name]}">{escape(visible_lines(text))}</data>'
        for name, text in attributes.items()
    )


EXPORTER = Exporter(
    summary="Export PACKETS, or all packets here, as a GraphML network.",
    details="""\
Entities are nodes; ownerships, payments and other links are edges. Each element names its \
originators and the markings of its properties. Several values of a property stand in one text.

Example: tearline export graphml --output-file case.graphml""",
    write=_write,
    suffix=".graphml",
)
