"""Shows that every attack test guards something: without its defence, it must fail.

    make mutants        or, in tests/: python -m attacks.mutants [WORD …]

First all tests of the table run as they are, and must pass. Then each runs with the function
of its row taken away, and must fail because the attack succeeded: an assertion did not hold,
nothing was raised, or another defence answered. A test that fails by accident, because a
caller cannot bear what the function returns, shows nothing; its row then needs ``returns``.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attacks.mutant import VARIABLE, parse_mutant
from attacks.table import ATTACKS, Attack

TESTS = Path(__file__).resolve().parent.parent
INJECT = TESTS / "attacks" / "inject"
PARALLEL = 2  # each is one interpreter, and most wait for nothing but the processor
TIMEOUT_S = 300  # for one test, on a machine that is busy with others
INTACT_S = 3600  # for all of them, one after the other

_FAILED = 1  # pytest: tests ran, and some failed; all else means that the row is wrong
_ACCIDENTS = re.compile(
    r" - (?:AttributeError|TypeError|NameError|UnboundLocalError|KeyError|IndexError|ImportError)\b"
)


def run_pytest(
    tests: list[str], mutant: str = "", *, timeout_s: int = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Runs ``tests`` in a process of their own, with ``mutant`` in it and in its children."""
    environment = os.environ | {"COLUMNS": "500"}  # or pytest shortens its lines
    if mutant:
        path = environment.get("PYTHONPATH", "")
        environment["PYTHONPATH"] = f"{INJECT}{os.pathsep}{path}"
        environment[VARIABLE] = mutant
    options = ["-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=TESTS.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def weakness(attack: Attack) -> str:
    """What is wrong with the row of ``attack``; empty if its test fails as it should."""
    mutant = str(parse_mutant(f"{attack.function}={attack.returns}"))
    try:
        ended = run_pytest([attack.test], mutant)
    except subprocess.TimeoutExpired:
        return f"its test was not done after {TIMEOUT_S} s"
    if ended.returncode == 0:
        return "its test passes without it"
    if ended.returncode != _FAILED:
        return f"pytest could not run it:\n{ended.stdout}{ended.stderr}"
    failures = re.findall(r"^FAILED .*$", ended.stdout, re.MULTILINE)
    accident = next((line for line in failures if _ACCIDENTS.search(line)), "")
    if accident or not failures:
        return f"its test fails by accident; the row needs `returns`: {accident or ended.stdout}"
    return ""


def main(words: list[str]) -> int:
    """Runs the rows that name all ``words``; returns the exit status."""
    rows = [row for row in ATTACKS if all(word in f"{row.name} {row.function}" for word in words)]
    if not rows:
        print("no row of the table has these words")
        return 1
    intact = run_pytest(sorted({row.test for row in rows}), timeout_s=INTACT_S)
    if intact.returncode:
        print(f"{intact.stdout}{intact.stderr}The tests must pass before anything is taken away.")
        return 1
    with ThreadPoolExecutor(PARALLEL) as pool:
        weak = 0
        for row, found in zip(rows, pool.map(weakness, rows), strict=True):
            weak += bool(found)
            print(f"{'WEAK' if found else 'ok  '} {row.name} ({row.function})")
            if found:
                print(f"     {found}")
    print(f"{len(rows) - weak} of {len(rows)} attacks succeed once their defence is taken away")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
