"""Shows that every attack test guards something: without its defence, it must fail.

    make mutants        or, in tests/: python -m attacks.mutants [--passed] [WORD …]

First all tests of the table run as they are, and must pass; ``--passed`` says that they just have.
Then each runs with the function of its row taken away, and must fail because the attack succeeded:
an assertion did not hold, nothing was raised, or another defence answered. A test that fails by
accident, because a caller cannot bear what the function returns, shows nothing; its row then needs
``returns``.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from attacks.loaded_process import OPTIONS, TESTS, LoadedProcess
from attacks.mutant import parse_mutant
from attacks.table import ATTACKS, Attack

PARALLEL = 2  # each is one process, and most wait for nothing but the processor
TIMEOUT_S = 300  # for one test, on a machine that is busy with others
INTACT_S = 3600  # for all of them
FEW = 10  # tests that are over before workers have started

_FAILED = 1  # pytest: tests ran, and some failed; all else means that the row is wrong
_ACCIDENTS = re.compile(
    r" - (?:AttributeError|TypeError|NameError|UnboundLocalError|KeyError|IndexError|ImportError)\b"
)

_BY_ACCIDENT = "its test fails by accident"


def weakness(attack: Attack, process: LoadedProcess) -> str:
    """What is wrong with the row of ``attack``; empty if its test fails as it should."""
    mutant = str(parse_mutant(f"{attack.function}={attack.returns}"))
    ended = process.run(attack.test, mutant, timeout_s=TIMEOUT_S)
    if ended.status is None:
        return f"its test was not done after {TIMEOUT_S} s"
    if ended.status == 0:
        return "its test passes without it"
    if ended.status != _FAILED:
        return f"pytest could not run it:\n{ended.output}"
    failures = re.findall(r"^FAILED .*$", ended.output, re.MULTILINE)
    accident = next((line for line in failures if _ACCIDENTS.search(line)), "")
    if accident or not failures:
        return f"{_BY_ACCIDENT}; the row needs `returns`: {accident or ended.output}"
    return ""


def pass_intact(tests: list[str]) -> bool:
    """Returns whether the tests pass with every defence in place; prints why not."""
    workers = PARALLEL if len(tests) > FEW else 0
    intact = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-n", str(workers), *tests],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=INTACT_S,
    )
    if intact.returncode:
        print(f"{intact.stdout}{intact.stderr}The tests must pass before anything is taken away.")
    return not intact.returncode


def main(words: list[str]) -> int:
    """Runs the rows that name all words that are no option; returns the exit status."""
    has_passed = "--passed" in words
    words = [word for word in words if word != "--passed"]
    rows = [row for row in ATTACKS if all(word in f"{row.name} {row.function}" for word in words)]
    if not rows:
        print("no row of the table has these words")
        return 1
    if not has_passed and not pass_intact(sorted({row.test for row in rows})):
        return 1
    with ExitStack() as stack:
        idle: SimpleQueue[LoadedProcess] = SimpleQueue()
        for _ in range(PARALLEL):
            idle.put(stack.enter_context(LoadedProcess()))

        def judge(row: Attack) -> str:
            process = idle.get()
            try:
                found = weakness(row, process)
                # The accident of a moment does not come twice; that of a row does.
                return weakness(row, process) if found.startswith(_BY_ACCIDENT) else found
            finally:
                idle.put(process)

        pool = stack.enter_context(ThreadPoolExecutor(PARALLEL))
        weak = 0
        for row, found in zip(rows, pool.map(judge, rows), strict=True):
            weak += bool(found)
            print(f"{'WEAK' if found else 'ok  '} {row.name} ({row.function})")
            if found:
                print(f"     {found}")
    print(f"{len(rows) - weak} of {len(rows)} attacks succeed once their defence is taken away")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
