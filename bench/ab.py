"""``python -m bench.ab --before DIR --after DIR ID…``: two checkouts, measured in turns.

A figure of one run says little on a shared machine. Here both checkouts meet the same weather: each
round measures one, then the other, and the medians of the rounds are compared.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from bench.__main__ import BENCHMARKS

_PACKAGES = ("proto", "server", "client", "tests", ".")

Figures = dict[str, list[float]]


def main() -> None:
    """Prints the figures of both checkouts, and how the later compares with the earlier."""
    parser = argparse.ArgumentParser(prog="bench.ab", description="Compare two checkouts.")
    parser.add_argument("--before", type=Path, required=True, help="the earlier checkout")
    parser.add_argument("--after", type=Path, required=True, help="the later checkout")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, in turns")
    parser.add_argument("ids", nargs="+", choices=BENCHMARKS, metavar="ID", help="benchmarks")
    wanted = parser.parse_args()
    before: Figures = defaultdict(list)
    after: Figures = defaultdict(list)
    for _ in range(wanted.rounds):
        for folder, figures in ((wanted.before, before), (wanted.after, after)):
            for name in wanted.ids:
                for line, figure in _measured(folder, name):
                    figures[line].append(figure)
    for line, runs in after.items():
        if line in before:
            old, new = median(before[line]), median(runs)
            print(f"{line:6} {old:12,.1f} {new:12,.1f}   {new / old:.3f}")


def _measured(folder: Path, name: str) -> list[tuple[str, float]]:
    """Measures one benchmark of a checkout, and returns its lines with their figures."""
    paths = os.pathsep.join(str(folder.resolve() / each) for each in _PACKAGES)
    subprocess.run(
        [sys.executable, "-m", "bench", name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    results = json.loads((folder / "bench" / "results" / "latest.json").read_text("utf-8"))
    return [(each["id"], each["figure"]) for each in results]


if __name__ == "__main__":
    main()
