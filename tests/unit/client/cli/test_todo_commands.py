"""``tearline todo``: every kind of task, the most urgent first, until a person has done it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Desk
from support.node import stores_of
from support.simulation import PASSPHRASE
from tearline.errors import MalformedInput
from tearline_client import Node
from tearline_client.features.worklist.service import Task, TaskKind
from tearline_client.store.inbox import Evidence

MX, CN = "mx-prosecutor", "cn-public-security"
REQUEST = """\
to = "mx-prosecutor"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
urgency = "emergency"
urgency_reason = "The money leaves today."
offence = "Money laundering"
link = "Qiu controls the account."

[[item]]
record = "Who opened it"
"""


def log_in(desk: Desk, name: str, agency: str, role: str = "liaison") -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", name, "--role", role), ("login", name)):
        ran = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
        assert ran.exit_code == 0, ran.output


def kinds(desk: Desk, agency: str) -> list[str]:
    return [row["kind"] for row in desk.rows("todo", agency=agency)]


def in_node(desk: Desk, agency: str, act: Callable[[Node], object]) -> None:
    async def run() -> None:
        async with await Node.open(desk.folder / agency, passphrase=PASSPHRASE) as node:
            act(node)

    asyncio.run(run())


def test_a_packet_is_to_be_read_until_a_person_has_seen_it(desk: Desk) -> None:
    log_in(desk, "mar", MX)
    (task,) = desk.rows("todo", agency=MX)
    assert (task["kind"], task["id"], task["partner"]) == ("unread", desk.packet, "us-justice")
    assert task["next"] == f"tearline packet show {desk.packet[:12]}"
    assert desk.run("--as", "mar", *task["next"].split()[1:], agency=MX).exit_code == 0
    assert kinds(desk, MX) == []
    said = desk.run("todo", agency=MX)
    assert "No task waits for you." in said.stderr
    # The sender has nothing to read of its own packet.
    assert kinds(desk, "us-justice") == []


def test_a_request_waits_with_its_deadline_until_it_is_answered(desk: Desk, tmp_path: Path) -> None:
    log_in(desk, "lin", "us-justice")
    log_in(desk, "mar", MX)
    file = tmp_path / "request.toml"
    file.write_text(REQUEST)
    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    first, *rest = desk.rows("todo", agency=MX)
    assert (first["kind"], first["id"], first["name"]) == ("request", asked["request"], "emergency")
    assert first["due_ms"] is not None
    assert (first["count"], first["late"]) == (1, False)
    assert [row["kind"] for row in rest] == ["unread", "unread"]  # the request is a packet, too
    assert [row["kind"] for row in desk.rows("todo", "--limit", "1", agency=MX)] == ["request"]

    # A question of the holder passes the task to the asker.
    request = asked["request"][:10]
    desk.rows("request", "clarify", request, "--text", "which?", "--as", "mar", agency=MX)
    assert "request" not in kinds(desk, MX)
    assert "question" in kinds(desk, "us-justice")
    desk.rows("request", "clarify", request, "--text", "all", "--as", "lin")
    assert kinds(desk, "us-justice") == []
    assert kinds(desk, MX)[0] == "request"
    desk.rows("request", "refuse", request, "--ground", "not-held", "--as", "mar", agency=MX)
    assert "request" not in kinds(desk, MX)


def test_a_recall_waits_for_a_person_where_persons_decide(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEARLINE_RECALL", "ask")
    log_in(desk, "lin", "us-justice")
    log_in(desk, "mar", MX)
    ran = desk.run(
        *("packet", "recall", desk.packet, "--reason", "mistake", "--alone", "--yes"),
        *("--as", "lin"),
    )
    assert ran.exit_code == 0, ran.output
    first = desk.rows("todo", agency=MX)[0]
    assert (first["kind"], first["id"], first["name"]) == ("recall", desk.packet, "mistake")
    assert first["due_ms"] is not None
    erased = desk.run("packet", "erase", desk.packet, "--yes", "--as", "mar", agency=MX)
    assert erased.exit_code == 0, erased.output
    assert kinds(desk, MX) == []


def test_an_invitation_and_a_consent_wait_for_their_answers(desk: Desk) -> None:
    for name, agency in (("lin", "us-justice"), ("mar", MX)):
        log_in(desk, name, agency)
    opened = ("case", "open", "Riverbank", "--agreement", "narcotics-2026", "--with", MX)
    assert desk.run(*opened, "--as", "lin").exit_code == 0
    asked = ("consent", "ask", desk.packet, "iban", "--use", "evidence", "--for", "case 12/2026")
    (consent,) = desk.rows(*asked, "--as", "mar", agency=MX)
    (ours,) = desk.rows("todo")
    assert (ours["kind"], ours["id"], ours["name"]) == ("consent", consent["id"], "evidence")
    assert (ours["partner"], ours["count"]) == (MX, 1)
    invitation = desk.rows("todo", agency=MX)[0]
    assert (invitation["kind"], invitation["name"]) == ("invitation", "Riverbank")
    assert desk.run("case", "join", "Riverbank", "--as", "mar", agency=MX).exit_code == 0
    assert "invitation" not in kinds(desk, MX)
    desk.rows("consent", "refuse", ours["id"], "--as", "lin")
    assert kinds(desk, "us-justice") == []


def test_quarantined_messages_are_one_task_of_each_code(desk: Desk) -> None:
    def quarantine(node: Node) -> None:
        stores = stores_of(node)
        with stores.database.transaction():
            for number in range(3):
                evidence = Evidence(data=b"x", about=bytes([number]) * 32, agency="")
                stores.inbox.quarantine(MalformedInput("cut off"), evidence, now_ms=1)

    in_node(desk, "us-justice", quarantine)
    (task,) = desk.rows("todo")
    assert (task["kind"], task["name"], task["count"]) == ("quarantine", MalformedInput.code, 3)


def test_deadlines_stand_before_the_rest_and_evidence_before_all() -> None:
    early = Task(kind=TaskKind.UNREAD, due_ms=1)
    late = Task(kind=TaskKind.REQUEST, due_ms=2)
    free = Task(kind=TaskKind.APPROVAL)
    last = Task(kind=TaskKind.UNREAD, since_ms=1)
    newer = Task(kind=TaskKind.UNREAD, since_ms=2)
    stop = Task(kind=TaskKind.EVIDENCE, since_ms=9)
    found = sorted([last, free, late, newer, early, stop], key=lambda task: task.urgency)
    assert found == [stop, early, late, free, newer, last]
