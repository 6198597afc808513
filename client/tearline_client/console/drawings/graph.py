"""Drawing of an entity graph: circles with names, and lines with amounts and dates."""

import math
from collections.abc import Iterator

from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_PICTURE_LINKS, MAX_PICTURE_NODES
from tearline_client.console.drawings.entities import SAME_NAME, EntityGraph, Node
from tearline_client.console.drawings.layout import Layout, Point, layout_of

RADIUS = 9
_LABEL = 22  # characters of a name in the picture; the table has all of it
_LABELLED_LINKS = 60  # beyond, the texts of links would cover each other
_TONES = {
    "Person": "person",
    "Company": "company",
    "Organization": "company",
    "LegalEntity": "company",
    "PublicBody": "company",
    "BankAccount": "account",
    "CryptoWallet": "account",
}


@immutable
class Circle:
    """A node of the picture.

    Attributes:
        x: Its place from the left.
        y: Its place from above.
        tone: Name of its colour.
        label: The beginning of its name.
        node: The node.
    """

    x: float
    y: float
    tone: str
    label: str
    node: Node


@immutable
class Line:
    """A link of the picture.

    Attributes:
        start: Its beginning, at the edge of a circle.
        end: Its end, at the edge of a circle.
        middle: The place of its text.
        text: Amount and date, or empty.
        kind: Its schema or property.
        is_possible: Whether it only says that two names are equal.
    """

    start: Point
    end: Point
    middle: Point
    text: str
    kind: str
    is_possible: bool


@immutable
class Drawing:
    """A graph with places.

    Attributes:
        width: Width of the picture.
        height: Its height.
        circles: The nodes.
        lines: The links.
    """

    width: float
    height: float
    circles: tuple[Circle, ...]
    lines: tuple[Line, ...]


def drawing_of(graph: EntityGraph) -> Drawing | None:
    """Returns the picture of a graph, or None if it is empty, or too large to be read."""
    if not 0 < len(graph.nodes) <= MAX_PICTURE_NODES or len(graph.links) > MAX_PICTURE_LINKS:
        return None
    layout = layout_of(len(graph.nodes), [(each.source, each.target) for each in graph.links])
    return Drawing(
        width=layout.width,
        height=layout.height,
        circles=tuple(
            Circle(x=x, y=y, tone=_TONES.get(node.schema, "thing"), label=_short(node), node=node)
            for (x, y), node in zip(layout.points, graph.nodes, strict=True)
        ),
        lines=tuple(_lines(graph, layout)),
    )


def _short(node: Node) -> str:
    label = " ".join(node.label.split())
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


def _lines(graph: EntityGraph, layout: Layout) -> Iterator[Line]:
    is_labelled = len(graph.links) <= _LABELLED_LINKS
    texts: dict[frozenset[int], int] = {}
    for link in graph.links:
        (ax, ay), (bx, by) = layout.points[link.source], layout.points[link.target]
        length = math.hypot(bx - ax, by - ay) or 1.0
        dx, dy = (bx - ax) / length * (RADIUS + 2), (by - ay) / length * (RADIUS + 2)
        text = " · ".join(filter(None, (link.amount, link.date))) if is_labelled else ""
        pair = frozenset((link.source, link.target))
        number = texts.get(pair, 0)  # texts of several links between two nodes stand in lines
        texts[pair] = number + bool(text)
        yield Line(
            start=(round(ax + dx, 1), round(ay + dy, 1)),
            end=(round(bx - dx, 1), round(by - dy, 1)),
            middle=(round((ax + bx) / 2, 1), round((ay + by) / 2 - 4 - 13 * number, 1)),
            text=text,
            kind=link.kind,
            is_possible=link.kind == SAME_NAME,
        )
