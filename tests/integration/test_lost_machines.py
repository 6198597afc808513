"""Backup, more traffic, a lost machine, restore: the exchange's, then a node's."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from support.federation import CN, MX, ORDER, Agency, Federation, copied, serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/attacks/test_lost_machines.py::test_nothing_is_written_before_every_cosigner_said_what_it_signed"
    ),
]


def send(federation: Federation, *to: str) -> str:
    partners = [f"--to={name}" for name in to]
    sent = federation.us.done_here(
        "packet", "send", "--yes", str(federation.lead()), *partners, *ORDER, "-o", "json"
    )
    (row,) = sent.rows
    return row["packet"]


def packets(agency: Agency) -> set[str]:
    """The ids of the packets that lie at an agency, without asking the exchange."""
    return {row["id"] for row in agency.done_here("packet", "list", "--no-sync", "-o", "json").rows}


def put_aside(agency: Agency) -> set[str]:
    return {which for what, which in agency.status() if what == "put aside"}


def test_an_exchange_that_lost_its_machine(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    operator, us, cn, mx = federation.operator, federation.us, federation.cn, federation.mx
    backup, mirror = tmp_path / "exchange.backup", tmp_path / "us.mirror"
    running = operator.serve()
    first = send(federation, CN)
    cn.done_here("node", "sync")
    operator.done("backup", str(backup))  # while it serves
    assert backup.stat().st_mode & 0o077 == 0
    assert operator.run("backup", str(backup)).refused("TL-STO-007", 1)
    second = send(federation, CN, MX)  # acknowledged, and taken in by nobody
    us.done_here("node", "sync")
    running.kill()
    shutil.rmtree(operator.home)

    # A backup alone is a log that was longer: the first node that comes says so.
    operator.done("restore", str(backup))
    assert operator.run("restore", str(backup)).refused("TL-STO-007", 1)
    running = operator.serve()
    assert us.here("node", "sync").refused("TL-LOG-003", 5)
    running.await_(lambda: "the log signed more entries than are stored" in running.said, "told")
    assert mx.here("node", "sync").refused("TL-REQ-008", 5)
    running.kill()
    assert operator.run("check").refused("TL-LOG-004", 5)
    shutil.rmtree(operator.home)

    us.done_here("node", "mirror", "--output-file", str(mirror))
    operator.done("restore", str(backup), "--mirror", str(mirror))
    lost = operator.done("verify-log").out
    assert "its opening is missing since the restore" in lost
    assert lost.endswith("all as they were logged\n")
    running = operator.serve()
    assert "waiting" in running.said
    for _ in range(3):  # as daemons do; who is told to wait comes again
        for agency in (us, cn, mx):
            agency.here("node", "sync")
    third = send(federation, CN)
    for agency in (us, cn, mx):
        agency.done_here("node", "sync")
    assert packets(cn) == {first, second, third}
    assert packets(mx) == {second}
    # What the first, shorter log showed is evidence; of the restored one there is none.
    assert [put_aside(agency) for agency in (us, cn, mx)] == [{"TL-LOG-003"}, set(), set()]
    assert running.terminate() == 0
    assert "was changed" not in operator.done("verify-log").out


def test_a_node_that_lost_its_machine(tmp_path: Path) -> None:
    backup = tmp_path / "cn.backup"
    with serving(tmp_path / "federation") as federation:
        us, cn = federation.us, federation.cn
        first = send(federation, CN)
        cn.done_here("node", "sync")
        cn.done_here("node", "backup", str(backup))
        assert backup.stat().st_mode & 0o077 == 0
        second = send(federation, CN)
        cn.done_here("node", "sync")  # what it said since, the backup does not know
        us.done_here("node", "sync")
        cn.secret.rename(tmp_path / "kept")
        shutil.rmtree(cn.home)
        (tmp_path / "kept").rename(cn.secret)

        cn.done_here("node", "restore", str(backup))
        assert cn.here("node", "restore", str(backup)).refused("TL-STO-007", 1)
        cn.done_here("node", "sync")
        third = send(federation, CN)
        cn.done_here("node", "sync")
        us.done_here("node", "sync")
        assert packets(cn) == {first, second, third}
        assert not put_aside(us)
        assert not put_aside(cn)
        assert cn.status()["channel", "us-justice"].startswith("sent 4")
        assert us.status()["channel", CN] == "sent 3, received 4"
        # Its old cosigning key is in no backup; a new one comes once another agency cosigned.
        time.sleep(1)
        for _ in range(2):
            us.done_here("node", "sync")
            cn.done_here("node", "sync")
        rows = cn.done_here("keys", "list", "-o", "json").rows
        assert [row["use"] for row in rows].count("cosign") == 2


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_nothing_half(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    operator, backup = federation.operator, tmp_path / "exchange.backup"
    operator.done("backup", str(backup))
    shutil.rmtree(operator.home)
    for delay_s in (0.05, 0.2, 0.4, 0.6, 0.8, 1.0):
        running = operator.start("restore", str(backup))
        timer = threading.Timer(delay_s, running.kill)
        timer.start()
        timer.join()
        if operator.home.exists():
            break
    else:
        operator.done("restore", str(backup))
    assert operator.done("verify-log").out.endswith("all as they were logged\n")
