"""The exchange's keys are rotated by commands, on processes at work: no accepted mail is lost."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.federation import (
    COMMAND_S,
    ORDER,
    Agency,
    Federation,
    Operator,
    Program,
    at_work,
    copied,
)
from tearline_client.demo.world import DNS_NAME, EXCHANGE_DOMAIN

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/server/admin/test_rotation.py::test_preparing_is_run_again_after_it_was_killed"
    ),
]


def send(federation: Federation, *to: Agency) -> str:
    """Sends the lead, and returns its packet's id."""
    lead, recipients = str(federation.lead()), [f"--to={each.home.name}" for each in to]
    args = ("packet", "send", lead, *ORDER, *recipients, "--yes", "-o", "json")
    (row,) = federation.us.done_here(*args).rows
    return str(row["packet"])


def received(agency: Agency) -> set[str]:
    agency.done_here("node", "sync")
    return {row["id"] for row in agency.done_here("packet", "list", "-o", "json").rows}


def decide(federation: Federation) -> None:
    """The council decides on the prepared keys."""
    file = federation.operator.home / "exchange-next.enrolment"
    federation.us.done_here("federation", "exchange", str(file), "--yes")
    (row,) = federation.mx.done_here("federation", "pending", "-o", "json").rows
    federation.mx.done_here("federation", "vote", row["content"], "--yes")


def in_force(operator: Operator) -> list[str]:
    """The files of the keys that the council decided on, as the operator is told."""
    lines = operator.done("keys", "show").out.splitlines()
    return [line.partition(":")[0] for line in lines if line.endswith("in force")]


def test_all_keys_are_rotated_while_mail_is_under_way(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, cn, mx, operator = federation.us, federation.cn, federation.mx, federation.operator
    sent = []
    operator.done("keys", "prepare")
    assert in_force(operator) == ["exchange.keys"] * 4
    with at_work(operator):
        sent.append(send(federation, cn, mx))
        us.done_here("node", "sync")
        us.done_here("audit", "prove", sent[0], "--output-dir", str(tmp_path / "proofs"))
        decide(federation)
        sent.append(send(federation, cn, mx))
        assert received(mx) == {*sent}
    assert in_force(operator) == ["exchange.keys.next"] * 4
    with at_work(operator):  # after a restart, by the same files
        sent.append(send(federation, cn))
    operator.done("keys", "retire")
    assert in_force(operator) == ["exchange.keys"] * 4
    with at_work(operator):
        sent.append(send(federation, mx))
        assert received(mx) == {*sent[:2], sent[3]}
        # China was away all the time, and knows the old CA only.
        refused = cn.here("node", "sync")
        assert refused.refused("TL-REQ-001", 3)
        mirror = tmp_path / "us.mirror"
        us.done_here("node", "mirror", "--output-file", str(mirror))
        cn.done_here("log", "read", str(mirror))
        assert received(cn) == {*sent[:3]}
        sent.append(send(federation, cn))
        assert sent[-1] in received(cn)
    operator.done("verify-log")
    us.done_here("audit", "verify", str(tmp_path / "proofs"))  # under the keys of before


BY_THREES = """
import tearline_server.admin.backup as backup
whole = backup.read_entries
def by_threes(*given):
    for entries in whole(*given):
        for at in range(0, len(entries), 3):
            yield entries[at : at + 3]
backup.read_entries = by_threes
"""


def killed(program: Program, place: str, *arguments: str, call: int = 1, before: str = "") -> None:
    """Runs a command that is killed (SIGKILL) where it would call a function.

    Args:
        program: The program.
        place: ``module:name`` of the function.
        arguments: The command.
        call: The call of the function that the command does not survive.
        before: What the process does first.
    """
    module, _, name = place.partition(":")
    code = f"""{before}
import os, signal, {module} as module
honest, calls = module.{name}, []
def killed(*given, **named):
    calls.append(given)
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(*given, **named)
module.{name} = killed
from {program.module}.cli import main
main()
"""
    line = [sys.executable, "-c", code, *arguments, "--home", str(program.home)]
    ended = subprocess.run(line, env=program.environment, capture_output=True, timeout=COMMAND_S)
    assert ended.returncode == -signal.SIGKILL, ended


def levelled(federation: Federation, folder: Path) -> Path:
    """All nodes read the longest mirror, and then each other's cosignatures; returns a mirror."""
    mirrors = {name: folder / f"{name}.mirror" for name in federation.agencies}
    for _ in range(2):
        for name, agency in federation.agencies.items():
            mirrors[name].unlink(missing_ok=True)
            agency.done_here("node", "mirror", "--output-file", str(mirrors[name]))
        for agency in federation.agencies.values():
            for mirror in mirrors.values():
                agency.done_here("log", "read", str(mirror))
    return mirrors["us-justice"]


def test_an_exchange_that_was_compromised_is_succeeded_by_another(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, cn, mx, operator = federation.us, federation.cn, federation.mx, federation.operator
    backup, succession = str(tmp_path / "exchange.backup"), str(tmp_path / "next.succession")
    operator.done("backup", backup)
    with at_work(operator):
        sent = [send(federation, cn, mx)]
        assert received(cn) == {*sent}
        sent.append(send(federation, cn, mx))  # which waits at the exchange
        us.done_here("node", "sync")
    shutil.move(operator.home, tmp_path / "thief")
    mirror = levelled(federation, tmp_path)

    operator.done("restore", backup, "--mirror", str(mirror))
    operator.done("keys", "prepare")
    enrolment = str(operator.home / "exchange-next.enrolment")
    proposes = ("federation", "succeed", enrolment, "--output-file", succession, "--yes")
    killed(us, "tearline_client.cli.succession:replace_file", *proposes)
    us.done_here(*proposes)
    goes_on = ("federation", "succeed", succession, "--mirror-file", str(tmp_path / "new.mirror"))
    assert operator.run(*goes_on).refused("TL-TRU-004", 4)  # one vote decides nothing
    votes = ("federation", "succeed", succession, "--output-file", succession, "--yes")
    killed(mx, "tearline_client.cli.succession:replace_file", *votes)
    mx.done_here(*votes)
    for place in (
        "tearline_server.admin.succession:write_entries",
        "tearline_server.admin.rotation:_replace_keys",
        "tearline_server.admin.rotation:_write_enrolment",
        "tearline_server.admin.succession:pack",
    ):
        killed(operator, place, *goes_on)
    operator.done(*goes_on)
    operator.done(*goes_on)  # as after an interruption behind the last step
    assert in_force(operator) == ["exchange.keys"] * 4
    with at_work(operator):
        assert us.here("node", "sync").refused("TL-REQ-001", 3)  # it trusts the old CA alone
        for agency in federation.agencies.values():
            agency.done_here("log", "read", str(tmp_path / "new.mirror"))
        for _ in range(3):  # as daemons do; who is told to wait comes again
            for agency in federation.agencies.values():
                agency.here("node", "sync")
        sent.append(send(federation, cn))
        assert received(cn) == {*sent}
        assert received(mx) == {*sent[:2]}
    assert operator.done("verify-log").out.endswith("all as they were logged\n")


def test_a_successor_begins_with_the_log_alone(tmp_path: Path) -> None:
    """No backup is left: what nodes have read is enough, and agreements are published again."""
    federation = copied(tmp_path)
    us, cn, mx, operator = federation.us, federation.cn, federation.mx, federation.operator
    succession, written = str(tmp_path / "next.succession"), str(tmp_path / "new.mirror")
    with at_work(operator):
        sent = [send(federation, cn)]
        assert received(cn) == {*sent}
        sent.append(send(federation, cn))  # which waits at the exchange
        us.done_here("node", "sync")
    settings = (operator.home / "exchange.toml").read_text(encoding="utf-8")
    shutil.rmtree(operator.home)
    mirror = str(levelled(federation, tmp_path))

    new = ("--name", EXCHANGE_DOMAIN, "--dns", DNS_NAME, "--address", operator.address)
    operator.done("init", *new)
    (operator.home / "exchange.toml").write_text(settings, encoding="utf-8")
    enrolment = str(operator.home / "exchange.enrolment")
    us.done_here("federation", "succeed", enrolment, "--output-file", succession, "--yes")
    mx.done_here("federation", "succeed", succession, "--output-file", succession, "--yes")
    goes_on = ("federation", "succeed", succession, "--mirror-file", written, "--mirror", mirror)
    killed(operator, "tearline_server.admin.succession:refill", *goes_on)
    filling = "tearline_server.admin.backup:Commit"  # of three entries each
    killed(operator, filling, *goes_on, call=4, before=BY_THREES)
    killed(operator, "tearline_server.admin.succession:write_entries", *goes_on)
    operator.done(*goes_on)
    operator.done(*goes_on)  # as after an interruption behind the last step
    with at_work(operator):
        for agency in federation.agencies.values():
            agency.done_here("log", "read", written)
        for agency in (us, cn):  # they return what they hold of the log, and are told to wait
            assert agency.here("node", "sync").refused("TL-REQ-002", 3)
        # The last one to come begins with the agreement, so that no mail is refused without it.
        mx.here("agreement", "publish", "narcotics-2026")
        for _ in range(3):  # as daemons do
            for agency in federation.agencies.values():
                agency.here("node", "sync")
        sent.append(send(federation, cn))
        assert received(cn) == {*sent}
    found = operator.done("verify-log").out
    assert found.endswith("all as they were logged\n")
