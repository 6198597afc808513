"""``tearline demo --console`` as a process: what it prints lets persons sign in, until Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from support.paths import ROOT
from tearline_client.cli import command
from tearline_client.demo.world import AGENCIES

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/integration/test_cli_story.py::test_founding_speaks_on_stderr_and_prints_no_data"
    ),
]

_CONSOLE = re.compile(r"(\S+): (http://localhost:\d+)/")
_PERSON = re.compile(r"  (\w+) +(\w+) +passphrase (\S+)  passkey code (\S+)")
ROLES = ["liaison", "officer", "auditor"]
_LAST = "Running until Ctrl-C"


def verify_entrance(origin: str, name: str, passphrase: str, code: str) -> None:
    """A person signs in, sees the story's packets, and may enrol a passkey."""
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=origin, headers=headers, follow_redirects=True) as browser:
        signed_in = browser.post("/sign-in", data={"name": name, "passphrase": passphrase})
        assert signed_in.url.path == "/to-do", signed_in.text
        assert "us-justice" in browser.get("/packets").text
        enrolled = browser.post("/enrol", data={"name": name, "code": code})
        assert 'data-passkey="create"' in enrolled.text


def test_every_printed_person_signs_in_and_the_end_of_the_terminal_leaves_nothing(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tearline_client", "demo", "--console"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        try:
            said = ""
            while _LAST not in said:
                line = demo.stdout.readline()
                assert line, said
                said += line
            consoles = dict(_CONSOLE.findall(said))
            parts = _CONSOLE.split(said)
            persons = dict(zip(parts[1::3], map(_PERSON.findall, parts[3::3]), strict=True))
            assert consoles.keys() == persons.keys() == AGENCIES.keys()
            for agency, origin in consoles.items():
                assert [role for _, role, _, _ in persons[agency]] == ROLES
                for name, _, passphrase, code in persons[agency]:
                    verify_entrance(origin, name, passphrase, code)
            pids = [int(each.read_text()) for each in tmp_path.glob("tearline-demo-*/*.pid")]
            demo.send_signal(signal.SIGHUP)
            assert demo.wait(60) == 0
        finally:
            demo.kill()
    assert len(pids) == 4
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert [*tmp_path.iterdir()] == []


def test_the_consoles_are_for_a_person_and_not_for_a_program() -> None:
    ended = CliRunner().invoke(command, ["demo", "--console", "--json"])
    assert (ended.exit_code, "leave out --json" in ended.output) == (2, True)
