"""The files of deploy/: what they start is there, with the options that they give."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from support.paths import ROOT
from tearline.errors import EXIT_INTEGRITY
from tearline.limits import MAX_AGENCY_CALLS, MAX_STREAMS_PER_CONNECTION
from tearline_client.cli import command as node
from tearline_server.cli import cli as exchange

DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text()
RULES = DEPLOY / "tearline.nft"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # users' own often lacks an administrator's tools
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


def in_a_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command where no rule of a packet filter reaches this machine."""
    unshare = shutil.which("unshare", path=PATH)
    if unshare is None or shutil.which("nft", path=PATH) is None:
        pytest.skip("this machine has no nft, or no unshare")
    namespace = [unshare, "--map-root-user", "--net"]
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody have a network namespace")
    environment = {**os.environ, "PATH": PATH}
    return subprocess.run(
        [*namespace, *command], check=False, capture_output=True, text=True, env=environment
    )


def test_nftables_understands_the_rules() -> None:
    checked = in_a_namespace("nft", "--check", "--file", str(RULES))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_nftables_would_refuse_a_rule_that_it_does_not_know(tmp_path: Path) -> None:
    broken = tmp_path / "broken.nft"
    broken.write_text(RULES.read_text().replace("ct count over", "ct counted over"))
    assert in_a_namespace("nft", "--check", "--file", str(broken)).returncode


def test_an_address_begins_no_more_calls_than_an_agency_may() -> None:
    """Beyond it every call is refused, and a refusal takes the exchange's processor, too."""
    (allowed,) = set(re.findall(r"ct count over (\d+)", RULES.read_text()))
    assert int(allowed) * MAX_STREAMS_PER_CONNECTION <= MAX_AGENCY_CALLS


def test_an_address_holds_so_many_connections_and_keeps_no_other_out() -> None:
    (allowed,) = set(re.findall(r"ct count over (\d+)", RULES.read_text()))
    script = Path(__file__).with_name("connection_limit.py")
    tried = in_a_namespace(sys.executable, str(script), str(RULES))
    assert (tried.stderr, tried.stdout.split()) == ("", [allowed, "other"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_reloads_by_a_program_that_every_system_has(unit: Path) -> None:
    (line,) = re.findall(r"^ExecReload=(.*)$", unit.read_text(), re.MULTILINE)
    assert shlex.split(line) == ["/bin/sh", "-c", "kill -HUP $MAINPID"]
