"""``python -m bench [ID]``: measures, prints a table, writes bench/results/latest.json."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from bench import (
    b1,
    b2,
    b3,
    b4,
    b5,
    b6,
    b7,
    b8,
    b9,
    b10,
    b11,
    b12,
    b13,
    b14,
    b15,
    b16,
    b17,
    b18,
    b19,
    b20,
    b21,
    b22,
)
from bench.harness import LATEST, ROOT, Result, commit, machine, table, write

BENCHMARKS: Mapping[str, Callable[[], Sequence[Result]]] = {
    "B1": b1.run,
    "B2": b2.run,
    "B3": b3.run,
    "B4": b4.run,
    "B5": b5.run,
    "B6": b6.run,
    "B7": b7.run,
    "B8": b8.run,
    "B9": b9.run,
    "B10": b10.run,
    "B11": b11.run,
    "B12": b12.run,
    "B13": b13.run,
    "B14": b14.run,
    "B15": b15.run,
    "B16": b16.run,
    "B17": b17.run,
    "B18": b18.run,
    "B19": b19.run,
    "B20": b20.run,
    "B21": b21.run,
    "B22": b22.run,
}


def main() -> None:
    """Runs what was asked for; a missed target is a result, and no failure."""
    sys.path.insert(0, str(ROOT / "tests"))  # federations and stores are those of the tests
    parser = argparse.ArgumentParser(prog="bench", description="Measure beside baselines.")
    parser.add_argument("id", nargs="?", choices=BENCHMARKS, help="one benchmark; all if not given")
    wanted = parser.parse_args().id
    print(f"{machine()}, commit {commit()}")
    results: list[Result] = []
    for name, measure in BENCHMARKS.items():
        if wanted in (None, name):
            started = time.monotonic()
            print(f"{name} … ", end="", file=sys.stderr, flush=True)
            results += measure()
            print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    write(results)
    print(table(results))
    print(f"Written to {LATEST.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
