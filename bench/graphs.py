"""``python -m bench.graphs [RESULTS…]``: draws docs/graphs from docs/graphs/measured.json.

Results named on the command line, as ``make bench`` writes them, first take the place of those of
the same benchmark in that file; so a figure that a page shows has a line there, with the commit
and the machine that it was measured on.
"""

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.harness import ROOT

FOLDER = ROOT / "docs" / "graphs"
MEASURED = FOLDER / "measured.json"
Line = Mapping[str, object]

_INK, _PALE, _ACCENT, _OTHER = "#1f2933", "#c8d0d8", "#1d5b8f", "#b4541a"
_WIDTH = 760
_FARTHEST = 24  # times better or worse than a target: beyond that the number says it


def picture(height: int, title: str, parts: Iterable[str]) -> str:
    """An SVG file."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' font-family="sans-serif" font-size="13" fill="{_INK}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join((head, _text(16, 26, title, size=15, weight="bold"), *parts, "</svg>\n"))


def targets(lines: Sequence[Line]) -> str:
    """How far each benchmark is from its target; to the left of the line it is met."""
    rows = [(line, _distance(line)) for line in lines if line["target"]]
    left, right, top, step = 86, 540, 62, 26

    def x(distance: float) -> float:
        share = (1 + math.log(distance) / math.log(_FARTHEST)) / 2
        return left + share * (right - left)

    bottom = top + step * len(rows)
    parts = [
        _text(x(1), 48, "target", anchor="middle"),
        _line(x(1), 54, x(1), bottom, _INK),
    ]
    for number, (line, distance) in enumerate(rows):
        y, met = top + number * step, bool(line["met"])
        start, end = sorted((x(1), x(distance)))
        parts += [
            _text(left - 10, y + 13, str(line["id"]), anchor="end"),
            _bar(start, y, max(2.0, end - start), 16, _ACCENT if met else _OTHER),
            _text(
                right + 14,
                y + 13,
                f"{line['ratio']:g}, wanted {line['target']}: {'met' if met else 'missed'}",
            ),
        ]
    return picture(bottom + 16, "Ratio to the baseline of the same run, beside its target", parts)


def opening(lines: Sequence[Line]) -> str:
    """How many packets were open after how long, idle and under load."""
    curves = [
        (line, name, colour)
        for id_, name, colour in (("B5", "idle", _ACCENT), ("B5l", "under load", _OTHER))
        for line in lines
        if line["id"] == id_
    ]
    times = sorted(run for line, _, _ in curves for run in _runs(line))
    left, right, top, bottom = 60, 720, 60, 300
    first, last = 10 ** math.floor(math.log10(times[0])), 10 ** math.ceil(math.log10(times[-1]))

    def x(ms: float) -> float:
        return left + math.log(ms / first) / math.log(last / first) * (right - left)

    def y(share: float) -> float:
        return bottom - share * (bottom - top)

    parts = [_text((left + right) / 2, bottom + 40, "milliseconds", anchor="middle")]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts += [
            _line(left, y(share), right, y(share), _PALE),
            _text(left - 8, y(share) + 4, f"{share:.0%}", anchor="end"),
        ]
    for decade in range(round(math.log10(first)), round(math.log10(last)) + 1):
        parts += [
            _line(x(10**decade), top, x(10**decade), bottom, _PALE),
            _text(x(10**decade), bottom + 18, f"{10**decade:g}", anchor="middle"),
        ]
    for number, (line, name, colour) in enumerate(curves):
        runs = sorted(_runs(line))
        points = " ".join(
            f"{x(run):.1f},{y((place + 1) / len(runs)):.1f}" for place, run in enumerate(runs)
        )
        dashes = ' stroke-dasharray="6 3"' if number else ""
        legend = bottom - 44 + 20 * number  # where no curve comes that has an end
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
            _line(right - 250, legend, right - 220, legend, colour),
            _text(right - 212, legend + 4, f"{name}: half within {line['figure']} ms"),
        ]
    return picture(bottom + 56, "From publishing a packet to a subscriber that opened it", parts)


def fans(lines: Sequence[Line]) -> str:
    """What the exchange spends on a delivery, by how many a packet goes to."""
    found = [line for line in lines if str(line["id"]).startswith("B6c-")]
    bars = [("1", float(str(found[0]["baseline"])))]
    bars += [(str(line["id"]).split("-")[1], float(str(line["figure"]))) for line in found]
    most = max(value for _, value in bars)
    left, right, top, step = 130, 600, 50, 34
    parts = []
    for number, (name, value) in enumerate(bars):
        y = top + number * step
        width = value / most * (right - left)
        parts += [
            _text(left - 10, y + 16, f"{name} subscribers" if number else "1 subscriber", "end"),
            _bar(left, y, width, 22, _ACCENT),
            _text(left + width + 8, y + 16, f"{value:,.0f} µs"),
        ]
    title = "The exchange's processor time for a delivery, publishing included"
    return picture(top + step * len(bars) + 12, title, parts)


GRAPHS: Mapping[str, Callable[[Sequence[Line]], str]] = {
    "targets.svg": targets,
    "opening.svg": opening,
    "fans.svg": fans,
}


def merged(lines: Sequence[Line], newer: Sequence[Line]) -> list[Line]:
    """Lines with those of newer benchmarks in the place of their older ones, in order."""
    names = {_benchmark(line) for line in newer}
    kept = [line for line in lines if _benchmark(line) not in names]
    return sorted([*kept, *newer], key=_benchmark)


def _benchmark(line: Line) -> int:
    digits = str(line["id"])[1:].split("-")[0].rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits)


def _distance(line: Line) -> float:
    """Above 1: so many times worse than its target, as far as is drawn."""
    sign, limit = str(line["target"]).split()
    ratio, wanted = max(float(str(line["ratio"])), 1e-6), float(limit)
    distance = ratio / wanted if sign == "≤" else wanted / ratio
    return min(max(distance, 1 / _FARTHEST), _FARTHEST)


def _runs(line: Line) -> list[float]:
    runs = line["runs"]
    assert isinstance(runs, list)
    return [float(run) for run in runs]


def _text(
    x: float, y: float, text: str, anchor: str = "start", *, size: int = 13, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}"/>'


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>'


def main() -> None:
    """Takes new results, if any are named, and draws."""
    FOLDER.mkdir(exist_ok=True)
    lines: list[Line] = json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else []
    for name in sys.argv[1:]:
        lines = merged(lines, json.loads(Path(name).read_text("utf-8")))
    MEASURED.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, draw in GRAPHS.items():
        (FOLDER / name).write_text(draw(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
