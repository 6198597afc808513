"""``tearline node run``: receives while it runs, outlives an exchange, ends with marks sent."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from support.federation import CN, MX, ORDER, US, Agency, Federation, Running, copied, free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/service/test_status.py::test_a_healthy_node_has_status_0_and_names_each_check"
    ),
]


@contextmanager
def at_work(agency: Agency) -> Iterator[Running]:
    """The agency's daemon; it must end well when told to."""
    running = agency.start("node", "run")
    try:
        yield running
    finally:
        assert running.terminate() == 0, running.said


def packets(agency: Agency) -> set[str]:
    """The ids of the packets that lie at an agency, without asking the exchange."""
    return {row["id"] for row in agency.done_here("packet", "list", "--no-sync", "-o", "json").rows}


def send(federation: Federation, *to: str) -> str:
    partners = [f"--to={name}" for name in to]
    sent = federation.us.done_here(
        "packet", "send", "--yes", str(federation.lead()), *partners, *ORDER, "-o", "json"
    )
    (row,) = sent.rows
    return row["packet"]


def asked(port: int, path: str) -> tuple[int, str]:
    """What a running node's port of the metrics answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(port: int) -> dict[str, float]:
    """What it says of the node: each series by its name and labels."""
    lines = [line for line in asked(port, "/metrics")[1].splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def numbers(agency: Agency, peer: str) -> str:
    return agency.status()["channel", peer]


def test_a_daemon_logs_for_programs(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    exchange = federation.operator.serve()
    running = federation.cn.start("node", "run", "--json")
    running.await_(lambda: "In touch with the exchange." in running.said, "it said so")
    exchange.kill()
    running.await_(lambda: '"code": "TL-REQ-001"' in running.said, "it noticed")
    assert running.terminate() == 0
    lines = [json.loads(line) for line in running.said.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    made = [line for line in lines if line["message"] == "call"]
    assert {line["method"].rpartition("/")[2] for line in made} >= {"Entries", "Subscribe"}
    assert "ok" in {line["code"] for line in made}
    assert "UNAVAILABLE" not in running.said
    answered = {line["request"] for line in made if line["code"] == "ok"}
    there = [json.loads(line) for line in exchange.said.splitlines()]
    assert answered <= {line.get("node_request") for line in there if line["message"] == "call"}


def test_a_daemon_receives_reconnects_and_ends_with_marks(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, cn = federation.us, federation.cn
    exchange = federation.operator.serve()
    with at_work(cn) as daemon:
        first = send(federation, CN)
        daemon.await_(lambda: f"grant from {us.node}" in daemon.said, "the grant arrived")
        daemon.await_(lambda: "In touch with the exchange." in daemon.said, "it said so")
        assert packets(cn) == {first}

        exchange.kill()
        daemon.await_(lambda: "TL-REQ-001" in daemon.said, "it noticed")
        exchange = federation.operator.serve()
        second = send(federation, CN, MX)
        daemon.await_(lambda: daemon.said.count("grant from") == 2, "the second grant arrived")
        daemon.await_(lambda: "In touch" in daemon.said.rpartition("TL-REQ-001")[2], "it said so")
        assert packets(cn) == {first, second}
    assert exchange.terminate() == 0

    # SIGTERM had its marks sent: nothing waits, and a second mark has nothing to say.
    exchange = federation.operator.serve()
    assert cn.done_here("node", "mark").err == "0 marks sent.\n"
    us.done_here("node", "sync")
    assert us.done_here("node", "mark").err == "2 marks sent.\n"
    assert us.done_here("node", "mark").err == "0 marks sent.\n"
    cn.done_here("node", "sync")
    # Both ends count the same: two grants there, two receipts back.
    assert numbers(us, CN) == "sent 2, received 2"
    assert numbers(cn, US) == "sent 2, received 2"
    for agency in (us, cn):
        assert not [which for what, which in agency.status() if what in ("put aside",)]
    assert exchange.terminate() == 0


def test_commands_work_beside_the_daemon_of_the_same_node(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, cn = federation.us, federation.cn
    exchange = federation.operator.serve()
    sent = set()
    with at_work(us) as here, at_work(cn) as there:
        for _ in range(3):
            sent.add(send(federation, CN))
            cn.done_here("packet", "list")  # asks the exchange for what the daemon is taking, too
        there.await_(lambda: there.said.count("grant from") >= 1, "grants arrived")
        here.await_(lambda: "receipt from" in here.said, "receipts arrived")
    assert exchange.terminate() == 0
    assert packets(us) == packets(cn) == sent
    for agency in (us, cn):
        state = agency.status()
        assert not [which for what, which in state if what == "put aside"], state
        assert {which for what, which in state if what == "outbox"} == {"accepted"}, state
    assert federation.operator.done("verify-log").out.endswith("all as they were logged\n")


def test_a_daemon_tells_how_it_is_while_the_exchange_comes_and_goes(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, port = federation.us, free_port()
    us.variables["TEARLINE_METRICS"] = f"127.0.0.1:{port}"
    exchange = federation.operator.serve()
    with at_work(us) as daemon:
        daemon.await_(lambda: f"on port {port}" in daemon.said, "the port was open")
        daemon.await_(lambda: asked(port, "/readyz")[0] == 200, "it was ready")
        assert figures(port)["tearline_node_ready"] == 1
        exchange.kill()
        daemon.await_(lambda: asked(port, "/readyz")[0] == 503, "it was not ready")
        assert asked(port, "/healthz") == (200, "ok\n")
        failed = 'tearline_node_rounds_failed_total{code="TL-REQ-001"}'
        away = figures(port)
        assert (away["tearline_node_ready"], away[failed] >= 1) == (0, True)
        exchange = federation.operator.serve()
        daemon.await_(lambda: asked(port, "/readyz")[0] == 200, "it was ready again")
        found, shown = figures(port), us.status()
        assert (
            found["tearline_node_contact_timestamp_seconds"]
            > (away["tearline_node_contact_timestamp_seconds"])
        )
        entries = "tearline_node_log_entries"
        assert away[entries] <= found[entries] <= shown["log", "entries read and verified"]
        assert found['tearline_node_outbox_items{state="accepted"}'] <= shown["outbox", "accepted"]
        assert found["process_resident_memory_bytes"] > 0
    assert exchange.terminate() == 0


def test_on_sighup_a_daemon_goes_on_with_what_a_command_put_there(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    cn = federation.cn
    exchange = federation.operator.serve()
    with at_work(cn) as daemon:
        send(federation, CN)
        daemon.await_(lambda: "grant from" in daemon.said, "it listened")
        cn.done("keys", "rotate", "--tls")
        os.kill(daemon.pid, signal.SIGHUP)
        daemon.await_(lambda: "fresh TLS certificate" in daemon.said, "it was taken")
        send(federation, CN)
        daemon.await_(lambda: daemon.said.count("grant from") == 2, "it listened on")
    assert exchange.terminate() == 0


def test_a_hook_is_told_again_after_the_node_was_killed_while_it_ran(tmp_path: Path) -> None:
    """The first run hangs, with the node killed beside it; after the restart it is run again."""
    federation = copied(tmp_path)
    cn, told, hook = federation.cn, tmp_path / "told.jsonl", tmp_path / "hook.py"
    hook.write_text(
        "import sys, time\n"
        "notice, path = sys.stdin.read(), sys.argv[1]\n"
        "first = not open(path, 'a').tell()\n"
        "open(path, 'a').write(notice)\n"
        "if first: time.sleep(60)\n"
    )
    watch = ("node", "run", "--on", "packet-arrived", f"{sys.executable} {hook} {told}")

    def lines() -> list[dict]:
        return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []

    exchange = federation.operator.serve()
    daemon = cn.start(*watch)
    packet = send(federation, CN)
    daemon.await_(lambda: len(lines()) == 1, "the hook began")
    daemon.kill()
    again = cn.start(*watch)
    again.await_(lambda: len(lines()) == 2, "the hook was run again")
    again.await_(lambda: "ended with 0" in again.said, "its end was reported")
    assert again.terminate() == 0, again.said
    assert exchange.terminate() == 0
    assert [line["packet"] for line in lines()] == [packet, packet]
    assert len({line["notice"] for line in lines()}) == 1
