"""The tutorial, followed to the letter: its blocks in order, in an empty folder, for real."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.docs_pages import blocks
from support.federation import free_port
from support.run_cache import once

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/integration/test_cli_story.py::test_founding_speaks_on_stderr_and_prints_no_data"
    ),
]

PORT = "7443"  # the tutorial's; the test takes one that is free
PRINTED = "printed"
_MAX_S = 300  # a busy machine takes long to start forty programs


def script() -> str:
    """Every block of the tutorial, one after the other, with nothing before or between."""
    return "".join(blocks("tutorial.md")).replace(PORT, str(free_port()))


def environment() -> dict[str, str]:
    """As a stranger's shell: the commands of this interpreter first, and no settings."""
    kept = {name: os.environ[name] for name in os.environ if not name.startswith("TEARLINE_")}
    bin_ = Path(sys.executable).parent
    return kept | {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}


def follow(folder: Path) -> None:
    """Follows the tutorial, and keeps what that prints; a block that fails ends it."""
    # To a file: of a pipe, the exchange in the background would hold the end open.
    with (folder / PRINTED).open("w", encoding="utf-8") as output:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script()],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            shell.wait(_MAX_S)
        finally:
            with contextlib.suppress(ProcessLookupError):  # the usual end: nothing runs any more
                os.killpg(shell.pid, signal.SIGKILL)  # the exchange, where the shell left it
            shell.wait()
    assert shell.returncode == 0, (folder / PRINTED).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def followed() -> str:
    """What following the tutorial prints."""
    with once("tutorial", follow) as folder:
        return (folder / PRINTED).read_text(encoding="utf-8")


def test_it_ends_with_a_log_that_verifies(followed: str) -> None:
    assert followed.rstrip().endswith("entries: all as they were logged")


def test_the_account_is_masked_before_the_disclosure_and_clear_after_it(followed: str) -> None:
    line = r"^  Iban  \[(generalised|)[^\]]*finance\.account[^\]]*\]\n  │ (.+)$"
    assert re.findall(line, followed, re.MULTILINE) == [
        ("generalised", "DE 120 …51"),
        ("", "DE02120300000000202051"),
    ]


def test_the_tear_line_tells_what_was_kept_back(followed: str) -> None:
    assert followed.count("torn off here") == 2
    assert followed.count("method: 1 field kept back") == 2


def test_what_the_agreement_does_not_allow_is_refused(followed: str) -> None:
    assert "TL-POL-009" in followed
    assert "refused with status 4" in followed


def test_the_partner_said_that_it_opened_the_packet(followed: str) -> None:
    assert re.search(r"mx-prosecutor +\d+ +opened", followed)


def test_every_proof_verifies(followed: str) -> None:
    judged = re.findall(r"^proofs/\S+\.tlog-proof +(\w+)", followed, re.MULTILINE)
    assert judged
    assert set(judged) == {"verified"}
