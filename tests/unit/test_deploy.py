"""The files of deploy/: what they start is there, with the options that they give."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from support import ROOT
from tearline.errors import EXIT_INTEGRITY
from tearline_client.cli import command as node
from tearline_server.__main__ import cli as exchange

DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text()
UNITS = sorted(DEPLOY.glob("*.service"))
PROGRAMS: dict[str, click.Command] = {"tearline": node, "tearline-server": exchange}


def command_line(unit: Path) -> list[str]:
    (line,) = (
        line.removeprefix("ExecStart=")
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    )
    return shlex.split(line)


def verify_parses(program: click.Command, arguments: list[str]) -> str:
    """The name of the command that is reached; raises UsageError for what it does not know."""
    context = program.make_context("program", list(arguments), resilient_parsing=False)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return str(context.info_name)


def test_there_is_a_unit_for_each_program() -> None:
    assert {Path(command_line(unit)[0]).name for unit in UNITS} == PROGRAMS.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    program, *arguments = command_line(unit)
    assert verify_parses(PROGRAMS[Path(program).name], arguments) in {"serve", "run"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_command_that_there_is_not_would_be_found(unit: Path) -> None:
    program, *arguments = command_line(unit)
    with pytest.raises(click.UsageError):
        verify_parses(PROGRAMS[Path(program).name], [*arguments, "--no-such-option"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("this machine has no systemd-analyze")
    program = command_line(unit)[0]
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(program, shutil.which("true") or "/bin/true"))
    done = subprocess.run(
        [analyze, "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr


def test_the_container_starts_what_there_is() -> None:
    lines = CONTAINER.splitlines()
    entry, command = (
        json.loads(line.removeprefix(word))
        for word in ("ENTRYPOINT ", "CMD ")
        for line in lines
        if line.startswith(word)
    )
    assert [Path(each).name for each in entry] == ["tearline-server"]
    assert verify_parses(exchange, command) == "serve"


def test_the_container_has_what_either_program_may_need() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (installed,) = re.findall(r"pip install --no-cache-dir '\.\[(.+)\]'", CONTAINER)
    assert set(installed.split(",")) == extras["optional-dependencies"].keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_gives_up_for_no_reason_but_what_does_not_verify(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert {"Restart=on-failure", "StartLimitIntervalSec=0"} <= set(lines)
    assert f"RestartPreventExitStatus={EXIT_INTEGRITY}" in lines
