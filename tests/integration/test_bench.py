"""``tearline bench`` against a running exchange: real processes, and what a terminal shows."""

import json
import os
import pty
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from support.federation import COMMAND_S, MX, ORDER, Agency, copied

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_bench_command.py::test_it_measures_both_ways_of_sending"
    ),
]

ALONE, STREAMED = 3, 5
BENCH = (
    *("bench", f"--to={MX}", *ORDER, "-o", "json"),
    *(f"--alone={ALONE}", f"--packets={STREAMED}"),
)


def test_it_measures_a_running_exchange_and_shows_how_far_it_is(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    exchange = federation.operator.serve()
    partner = federation.mx.start("node", "run")
    out, shown = at_a_terminal(federation.us)
    assert "Measuring" in shown
    assert "100%" in shown
    alone, stored, streamed = json.loads(out)
    assert alone["packets"] == ALONE
    assert 0 < alone["p50_ms"] <= alone["p99_ms"]
    assert alone["entries"] >= 2 * ALONE  # of each packet and its grant, and what others log
    assert stored["packets"] <= ALONE  # as many as the partner signed for while it was waited for
    assert (streamed["packets"], streamed["per_s"] > 0) == (STREAMED, True)
    partner.await_(lambda: partner.said.count("grant from") == ALONE + STREAMED, "all arrived")
    assert partner.terminate() == 0, partner.said
    assert exchange.terminate() == 0
    assert federation.operator.done("verify-log").out.endswith("all as they were logged\n")


def at_a_terminal(agency: Agency) -> tuple[str, str]:
    """What a measurement prints, and what a person at a terminal sees meanwhile."""
    terminal, line = pty.openpty()
    with ThreadPoolExecutor() as pool:
        process = subprocess.Popen(
            agency.command(*BENCH),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=line,
            text=True,
            env={**agency.environment, "TERM": "xterm"},
        )
        os.close(line)
        seen = pool.submit(everything, terminal)  # else it would wait for somebody to read
        out, _ = process.communicate(timeout=COMMAND_S)
        shown = seen.result(timeout=COMMAND_S)
    os.close(terminal)
    assert process.returncode == 0, shown
    return out, shown


def everything(terminal: int) -> str:
    found = b""
    with suppress(OSError):  # how the kernel says that nobody writes any more
        while data := os.read(terminal, 4096):
            found += data
    return found.decode("utf-8", "replace")
