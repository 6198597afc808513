"""A program whose extra is not installed names it; a fault of the program stays one."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.paths import ROOT

PAGE = (ROOT / "docs" / "howto" / "install.md").read_text(encoding="utf-8")
CLIENT = "from tearline_client.cli import main"
SERVER = "from tearline_server.cli import main"


def run(program: str, lacks: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program where one module cannot be imported."""
    code = f"import sys; sys.modules[{lacks!r}] = None; {program}; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("program", "lacks", "arguments", "extra"),
    [
        (CLIENT, "rich", ("version",), "tearline[client]"),
        (CLIENT, "stdnum", ("import", "csv", "--help"), "tearline[client]"),
        (SERVER, "prometheus_client", ("check",), "tearline[server]"),
    ],
)
def test_a_program_names_the_extra_that_is_missing(
    program: str, lacks: str, arguments: tuple[str, ...], extra: str, tmp_path: Path
) -> None:
    home = ("--home", str(tmp_path)) if program == SERVER else ()
    done = run(program, lacks, *arguments, *home)
    assert done.returncode == 1
    assert done.stderr.startswith("TL-CFG-012")
    assert f"{lacks} is missing; it comes with {extra}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("program", "lacks", "arguments"),
    [
        (CLIENT, "tearline_client.cli.version", ("version",)),
        (SERVER, "tearline_server.bootstrap", ("check", "--home", ".")),
    ],
)
def test_a_module_of_ours_that_is_missing_is_a_fault(
    program: str, lacks: str, arguments: tuple[str, ...]
) -> None:
    done = run(program, lacks, *arguments)
    assert done.returncode == 1
    assert "TL-CFG-012" not in done.stderr
    assert "ModuleNotFoundError" in done.stderr


def test_the_page_has_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = PAGE[PAGE.index("| role |") : PAGE.index("## For one person")]
    assert all(
        f"`{extra}`" in table or f",{extra}`" in table for extra in extras["optional-dependencies"]
    )
