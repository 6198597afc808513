"""Processor time of commands before they call the exchange: ``python -m bench.startup HOME``.

HOME is a node's home, with its passphrase in TEARLINE_PASSPHRASE. Each figure is the least of
several runs, user and system time together. The passphrase is hashed slowly on purpose: its time
is measured by itself, and taken off. The bare interpreter is the baseline of the run. Modules are
compiled once, as for an installed program: without that, most of the time is their compilation.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore

RUNS = 5
WITHOUT_NODE = (
    ("--help",),
    ("--version",),
    ("packet", "--help"),
    *((*words, "--help") for words in (("packet", "send"), ("import", "csv"), ("audit", "verify"))),
    *((noun, "--help") for noun in ("init", "login", "console", "demo", "bench")),
    ("completion", "bash"),
    ("version",),
    ("config", "show"),
    ("policy", "check"),
    ("federation", "show"),
)
WITH_NODE = (
    ("todo", "--no-sync"),
    ("inbox", "--no-sync"),
    ("packet", "list", "--no-sync"),
    ("request", "list"),
    ("consent", "list", "--no-sync"),
    ("transfer", "match", "--inbox"),
    ("case", "list"),
    ("export", "ftm"),
    ("agreement", "list"),
    ("audit", "checkpoint", "--no-sync"),
    ("log", "cosigners"),
    ("keys", "list", "--no-sync"),
    ("person", "list"),
    ("node", "status", "--no-sync"),
)
_COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
COMPLETED = (("packet", ""), ("packet", "show", ""), ("inbox", "--from", ""))


def child_s(words: tuple[str, ...], environment: dict[str, str]) -> float:
    """Processor seconds of one command."""
    return process_s(["-m", "tearline_client", *words], environment)


def process_s(arguments: list[str], environment: dict[str, str]) -> float:
    """Processor seconds of one interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        env=_COMPILED | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def passphrase_s(home: Home) -> float:
    """Processor seconds that opening the keystore takes."""
    started = time.process_time()
    Keystore.open(home.keys, os.environ["TEARLINE_PASSPHRASE"].encode())
    return time.process_time() - started


def main(path: str) -> None:
    """Prints a row for each command."""
    hashed = min(passphrase_s(Home(Path(path))) for _ in range(RUNS))
    bare = min(process_s(["-c", "pass"], {}) for _ in range(RUNS))
    print(f"| `python -c pass` | {bare:.2f} s |")
    print(f"| passphrase, once for each command with a node | {hashed:.2f} s |")
    for words in (*WITHOUT_NODE, *WITH_NODE):
        as_node = ("--as", "node") if words in WITH_NODE else ()
        taken = min(child_s((*as_node, *words), {"TEARLINE_HOME": path}) for _ in range(RUNS))
        net = taken - (hashed if words in WITH_NODE else 0)
        print(f"| `tearline {' '.join(words)}` | {net:.2f} s |")
    for words in COMPLETED:
        line = {"COMP_WORDS": f"tearline {' '.join(words)}", "COMP_CWORD": str(len(words))}
        shell = {"TEARLINE_HOME": path, "_TEARLINE_COMPLETE": "bash_complete"}
        taken = min(child_s((), line | shell) for _ in range(RUNS))
        print(f"| `tearline {' '.join(words)}` and the Tab key | {taken:.2f} s |")


if __name__ == "__main__":
    main(sys.argv[1])
