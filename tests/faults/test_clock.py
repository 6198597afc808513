"""A clock that is wrong by hours, at a node and at the exchange: refused with a code, never used.

What arrives at a node whose clock is ahead is taken in all the same; one that is behind follows no
log of its future. Once the clock is right, work goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.federation import (
    CN,
    ORDER,
    Agency,
    Ended,
    Federation,
    Program,
    at_work,
    copied,
    serving,
)

pytestmark = [pytest.mark.faults, pytest.mark.slow]

INJECT = Path(__file__).with_name("inject")
HOURS_S = 3 * 3600
# Ahead, all that the node knows seems old; behind, it comes from the future.
REFUSED = {HOURS_S: "TL-TRU-006", -HOURS_S: "TL-TRU-007"}


@contextmanager
def wrong_by(program: Program, seconds: int) -> Iterator[None]:
    """Has a program's processes see another time."""
    skew = {"PYTHONPATH": str(INJECT), "SKEW_S": str(seconds)}
    program.variables |= skew
    yield
    for name in skew:
        del program.variables[name]


def send(federation: Federation) -> Ended:
    lead = str(federation.lead())
    return federation.us.run("packet", "send", "--yes", lead, f"--to={CN}", *ORDER, "-q")


def packets(agency: Agency) -> set[str]:
    listed = agency.done_here("packet", "list", "--no-sync", "-o", "json")
    return {row["id"] for row in listed.rows}


@pytest.mark.parametrize("skew_s", REFUSED, ids=["ahead", "behind"])
def test_a_node_whose_clock_is_wrong_by_hours(tmp_path: Path, skew_s: int) -> None:
    with serving(tmp_path) as federation:
        us, cn = federation.us, federation.cn
        with wrong_by(us, skew_s):
            assert send(federation).refused(REFUSED[skew_s], 4)
        assert packets(us) == set()
        assert send(federation).status == 0
        with wrong_by(cn, skew_s):
            if skew_s > 0:
                cn.done("node", "sync")
            else:  # it follows no log of its future
                assert cn.run("node", "sync").refused(REFUSED[skew_s], 4)
                assert packets(cn) == set()
        cn.done("node", "sync")
        assert packets(cn) == packets(us) != set()


def test_an_exchange_whose_clock_is_wrong_by_hours(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    operator, us, cn = federation.operator, federation.us, federation.cn
    # Ahead, its certificate is not yet valid; behind, those of nodes are not for it.
    for skew_s, code, status in ((HOURS_S, "TL-REQ-001", 3), (-HOURS_S, "TL-TLS-002", 4)):
        with wrong_by(operator, skew_s), at_work(operator):
            if status == 3:  # as one that cannot be reached: what is decided waits
                queued = send(federation)
                assert (queued.status, f"({code})" in queued.err) == (7, True)
            else:
                assert send(federation).refused(code, status)
            assert cn.run("node", "sync").refused(code, status)
        with at_work(operator):
            assert send(federation).status == 0
            cn.done("node", "sync")
        assert packets(cn) == packets(us) != set()
    assert operator.done("verify-log").out.endswith("all as they were logged\n")
