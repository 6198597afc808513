"""Alternated runs, their medians, and how results are written down."""

import json
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import cpu_count
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
LATEST = ROOT / "bench" / "results" / "latest.json"

Runs = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the ratio of a figure to its baseline should be.

    Attributes:
        limit: The ratio.
        at_most: Whether a lower ratio is better.
    """

    limit: float
    at_most: bool

    def is_met(self, ratio: float) -> bool:
        """Whether ``ratio`` reaches it."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of a report.

    Attributes:
        id: Of the benchmark; a letter behind it tells several lines of one apart.
        what: What was measured.
        figure: The median of the runs.
        unit: Of the figure and the runs.
        baseline: The median of the baseline's runs.
        baseline_unit: What the baseline is, and its unit.
        ratio: Figure to baseline.
        target: For the ratio, or None where there is none.
        met: Whether the target is met, or None where there is none.
        runs: Every run's figure.
    """

    id: str
    what: str
    figure: float
    unit: str
    baseline: float
    baseline_unit: str
    ratio: float
    target: str | None
    met: bool | None
    runs: Sequence[float]


def alternate(contenders: Mapping[str, Callable[[], float]], rounds: int) -> Runs:
    """Runs each contender in turn, ``rounds`` times, so that all meet the same weather.

    Args:
        contenders: By name; each makes its own preparations and returns its figure.
        rounds: How often; five at least for a result that is written down.
    """
    runs: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            runs[name].append(contender())
    return runs


def cpu_us(work: Callable[[int], object], count: int) -> float:
    """Microseconds of processor time that one of ``count`` pieces of work takes.

    Work that waits for nothing costs its processor time; the clock on the wall would also
    count what other programs of the machine do meanwhile.
    """
    started_ns = time.process_time_ns()
    for number in range(count):
        work(number)
    return (time.process_time_ns() - started_ns) / count / 1000


def result(
    id_: str,
    what: str,
    *,
    runs: Sequence[float],
    unit: str,
    baseline: Sequence[float],
    baseline_unit: str,
    target: Target | None = None,
) -> Result:
    """The result of some runs beside their baseline."""
    ratio = median(runs) / median(baseline)
    return Result(
        id=id_,
        what=what,
        figure=round(median(runs), 1),
        unit=unit,
        baseline=round(median(baseline), 1),
        baseline_unit=baseline_unit,
        ratio=round(ratio, 3),
        target=None if target is None else str(target),
        met=None if target is None else target.is_met(ratio),
        runs=[round(run, 1) for run in runs],
    )


def write(results: Iterable[Result], path: Path = LATEST) -> None:
    """Writes results with what they were measured on."""
    origin = {"machine": machine(), "commit": commit()}
    lines = [asdict(each) | origin for each in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(results: Iterable[Result]) -> str:
    """Results as a Markdown table."""
    rows: list[tuple[str, ...]] = [("id", "figure", "unit", "baseline", "ratio", "target", "what")]
    rows += [
        (
            each.id,
            f"{each.figure:,}",
            each.unit,
            f"{each.baseline:,}",
            f"{each.ratio:.2f}",
            "" if each.target is None else f"{each.target} {'met' if each.met else 'MISSED'}",
            f"{each.what}; baseline: {each.baseline_unit}",
        )
        for each in results
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(map(str.ljust, row, widths)) + " |"  # every column as wide as needed
        for row in rows
    )


def machine() -> str:
    """The machine in general words: enough to judge figures by, and no name."""
    system, kind = platform.system(), platform.machine()
    return f"{cpu_count()} cores, {system} {kind}, Python {platform.python_version()}"


def commit() -> str:
    """The commit measured; a plus sign says that files were changed since."""
    described = subprocess.run(
        ["git", "describe", "--always", "--exclude=*", "--dirty=+"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
