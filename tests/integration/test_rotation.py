"""The exchange's keys are rotated by commands, on processes at work: no accepted mail is lost."""

from pathlib import Path

import pytest

from support.federation import ORDER, Agency, Federation, Operator, at_work, copied

pytestmark = pytest.mark.integration


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
