"""A command in a process of its own, and what it took: ``python -m bench.measured COMMAND…``.

The system counts a process's peak memory from what its parent held when it began. So this one,
which holds next to nothing, stands between a benchmark and the command that is measured.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_KIB_PER_UNIT = 1 / 1024 if sys.platform == "darwin" else 1  # getrusage(2) differs there


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a command took.

    Attributes:
        wall_s: Seconds on the clock.
        cpu_s: Seconds of processor time.
        peak_mib: The most memory that it held, in MiB.
        output: What it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str


def measured(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Taken:
    """Runs Python with ``arguments`` and measures it.

    Raises:
        CalledProcessError: If the command fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.measured", *arguments],
        cwd=_ROOT,
        env=os.environ | (environment or {}),
        check=True,
        capture_output=True,
        text=True,
    )
    return Taken(**json.loads(done.stdout))


def main() -> None:
    """Runs the command, and prints as JSON what it took."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *sys.argv[1:]], check=False, stdout=subprocess.PIPE)
    wall_s = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.returncode)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = Taken(
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mib=used.ru_maxrss * _KIB_PER_UNIT / 1024,
        output=done.stdout.decode("utf-8"),
    )
    print(json.dumps(asdict(taken)))


if __name__ == "__main__":
    main()
