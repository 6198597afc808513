"""Layout of a graph by forces, the same for the same graph: components side by side.

Within a component, nodes repel each other and links attract (Fruchterman and Reingold, 1991).
"""

import math
from collections.abc import Iterable, Sequence

from tearline.dataclass.immutable import immutable

WIDTH = 1120.0
"""Greatest width of a picture of small components; a large component may be wider."""
_LENGTH = 150.0  # of a link at rest; its text, an amount and a date, stands beside no circle
_STRETCH = 1.35  # labels are wider than high
_MARGIN_X, _MARGIN_Y = 100.0, 44.0  # around a component, for its labels
_GOLDEN = math.pi * (3 - math.sqrt(5))  # turns that never meet
_ROUNDS = 90
_LEAST = 0.01
_REACH = (3.0 * _LENGTH) ** 2  # beyond this distance, squared, nodes do not repel each other

Point = tuple[float, float]


@immutable
class Layout:
    """Places of nodes.

    Attributes:
        width: Width of the picture.
        height: Its height.
        points: The place of each node.
    """

    width: float
    height: float
    points: tuple[Point, ...]


def layout_of(count: int, pairs: Iterable[tuple[int, int]]) -> Layout:
    """Returns a place for each node.

    Args:
        count: The number of nodes.
        pairs: The linked nodes.
    """
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for one, other in pairs:
        if one != other:
            neighbours[one].add(other)
            neighbours[other].add(one)
    points: list[Point] = [(0.0, 0.0)] * count
    x = y = row = width = 0.0
    for members in _components(neighbours):
        placed, (wide, high) = _component(members, neighbours)
        if x and x + wide > WIDTH:
            x, y, row = 0.0, y + row, 0.0
        for node, (across, down) in placed.items():
            points[node] = (round(x + across, 1), round(y + down, 1))
        x, row = x + wide, max(row, high)
        width = max(width, x)
    return Layout(width=round(width), height=round(y + row), points=tuple(points))


def _components(neighbours: Sequence[set[int]]) -> list[list[int]]:
    """Returns connected nodes together, in the order of a walk; large components first."""
    seen: set[int] = set()
    found: list[list[int]] = []
    for start in range(len(neighbours)):
        if start in seen:
            continue
        seen.add(start)
        walk = [start]
        for node in walk:  # grows as it goes
            fresh = sorted(neighbours[node] - seen)
            seen.update(fresh)
            walk.extend(fresh)
        found.append(walk)
    return sorted(found, key=lambda members: -len(members))  # stable


def _component(
    members: Sequence[int], neighbours: Sequence[set[int]]
) -> tuple[dict[int, Point], Point]:
    """Returns the place of each node within its component, and the component's size."""
    place = {node: number for number, node in enumerate(members)}
    links = [
        (place[node], place[other])
        for node in members
        for other in neighbours[node]
        if node < other
    ]
    xs, ys = _relaxed(len(members), links)
    left, top = min(xs) - _MARGIN_X, min(ys) - _MARGIN_Y
    size = max(xs) - left + _MARGIN_X, max(ys) - top + _MARGIN_Y
    return {node: (xs[n] - left, ys[n] - top) for n, node in enumerate(members)}, size


def _relaxed(count: int, links: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    radius = [_LENGTH * 0.6 * math.sqrt(number) for number in range(count)]
    xs = [r * math.cos(n * _GOLDEN) for n, r in enumerate(radius)]
    ys = [r * math.sin(n * _GOLDEN) for n, r in enumerate(radius)]
    heat = _LENGTH
    for _ in range(_ROUNDS if count > 1 else 0):
        fx, fy = [0.0] * count, [0.0] * count
        for one in range(count):
            x, y = xs[one], ys[one]
            for other in range(one):
                dx, dy = x - xs[other], y - ys[other]
                apart = dx * dx + dy * dy
                if apart > _REACH:
                    continue
                push = _LENGTH * _LENGTH / (apart + _LEAST)
                fx[one] += dx * push
                fy[one] += dy * push
                fx[other] -= dx * push
                fy[other] -= dy * push
        for one, other in links:
            dx, dy = xs[one] - xs[other], ys[one] - ys[other]
            pull = math.hypot(dx, dy) / _LENGTH
            fx[one] -= dx * pull
            fy[one] -= dy * pull
            fx[other] += dx * pull
            fy[other] += dy * pull
        for node in range(count):
            force = math.hypot(fx[node], fy[node]) or _LEAST
            step = min(force, heat) / force
            xs[node] += fx[node] * step
            ys[node] += fy[node] * step
        heat *= 0.955
    return [x * _STRETCH for x in xs], ys
