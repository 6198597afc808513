"""The page on plug-ins, followed by an agency: pip installs the example into a folder."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import Desk, desk, quick, rested
from support.docs_pages import blocks
from support.paths import ROOT

pytestmark = pytest.mark.thorough(
    twin="tests/unit/client/cli/test_connector_commands.py::test_the_example_is_listed_and_sends"
)

__all__ = ["desk", "quick", "rested"]

EXAMPLE = ROOT / "docs" / "examples" / "plug-in"
# Of this machine: no package index, and a folder that the test removes in place of uninstalling.
OPTIONS = ("--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q", "--target")


def test_every_command_of_the_page_works(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    install, use, remove = blocks("howto/plug-in.md")
    pip, *listing = install.splitlines()
    words = shlex.split(pip)
    assert words == ["python", "-m", "pip", "install", "--no-deps", "./plug-in"]
    command = [sys.executable, *words[1:-1], *OPTIONS, str(tmp_path / "venv"), str(EXAMPLE)]
    subprocess.run(command, check=True, capture_output=True)
    (metadata,) = (tmp_path / "venv").glob("*.dist-info/METADATA")
    assert f"\nName: {remove.split()[-1]}\n" in metadata.read_text("utf-8")
    with monkeypatch.context() as installed:
        installed.syspath_prepend(tmp_path / "venv")
        told = "".join(desk.run(*shlex.split(line)[1:]).stdout for line in listing).split()
        assert "ledger Send all transfers of FILE, a ledger." in " ".join(told)
        assert "ledger Export PACKETS, or all packets here, as a ledger." in " ".join(told)
        for line in use.replace("\\\n", " ").splitlines():
            line, _, target = line.partition(" > ")
            done = desk.run(*shlex.split(line)[1:])
            assert done.exit_code == 0, done.output
            if target:
                (desk.folder / target).write_text(done.stdout, encoding="utf-8")
    written = (desk.folder / "all.ledger").read_text("utf-8")
    assert "Qiu Wenhao > Lantern Trading: 480.00 CNY\n" in written
    assert "ledger" not in desk.run("import", "--help").stdout
