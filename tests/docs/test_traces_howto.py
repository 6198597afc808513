"""The example of the section on traces, run: it prints the spans that it gets."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.docs_pages import program
from support.federation import free_port
from tearline_runtime.traces import Attribute, SpanName, span, tracing

if os.environ.get("TEARLINE_REQUIRE_ALL") != "1":
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
_WAIT_S = 30


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[int]:
    """The program of the page, with a port of its own; its output is the file ``printed``."""
    port, path = free_port(), program("howto/run-exchange.md", tmp_path)
    path.write_text(path.read_text("utf-8").replace("4318", str(port)), encoding="utf-8")
    with (tmp_path / "printed").open("wb") as printed:
        process = subprocess.Popen([sys.executable, path], stdout=printed)
        try:
            end = time.monotonic() + _WAIT_S
            while not is_open(port):
                assert time.monotonic() < end, "the program does not listen"
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait(20)


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_the_program_prints_each_span(collector: int, tmp_path: Path) -> None:
    with (
        tracing(f"http://127.0.0.1:{collector}/v1/traces", "tearline-exchange"),
        span(SpanName.COMMIT) as made,
    ):
        made.add(Attribute.STATEMENTS, 3)
    (line,) = (tmp_path / "printed").read_text().splitlines()
    assert line.startswith("commit ")
    assert line.endswith(" ms: statements code")
