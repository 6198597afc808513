"""Commands without an exchange: what is here is shown, and what is decided is queued."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.cli import Desk, Dialling
from tearline.errors import EXIT_PENDING, ExchangeUnreachable
from tearline_client.rendering.words import age_text

CN = "cn-public-security"
ORDER = (
    *("--to", CN, "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@contextmanager
def away() -> Iterator[None]:
    async def gone(self: Dialling) -> None:
        raise ExchangeUnreachable("it is cut off")

    with pytest.MonkeyPatch.context() as cut:
        cut.setattr(Dialling, "_dial", gone)
        yield


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    path = tmp_path / "lead.jsonl"
    person = {"id": "qiu", "schema": "Person", "properties": {"name": ["Qiu Wenhao"]}}
    path.write_text(json.dumps(person) + "\n")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("packet", "list"),
        ("packet", "show", "PACKET"),
        ("packet", "status", "PACKET"),
        ("packet", "print", "PACKET"),
        ("packet", "recalls"),
        ("request", "list"),
        ("consent", "list"),
        ("audit", "who-saw", "PACKET", "Person/name"),
    ],
)
def test_what_is_here_is_shown_with_its_age(desk: Desk, command: tuple[str, ...]) -> None:
    words = [desk.packet if word == "PACKET" else word for word in command]
    with away():
        shown = desk.run(*words)
    assert shown.exit_code == 0, shown.output
    assert "The exchange is unreachable (TL-REQ-001): local data is as of 20" in shown.stderr
    there = desk.run(*words)
    assert there.exit_code == 0, there.output
    assert "as of" not in there.stderr


def test_an_import_is_tried_while_the_exchange_is_away(desk: Desk, lead: Path) -> None:
    with away():
        tried = desk.run("import", "ftm", lead, "--dry-run", *ORDER)
        sent = desk.run("import", "ftm", lead, *ORDER)
    assert tried.exit_code == 0, tried.output
    assert "local data is as of 20" in tried.stderr
    assert tried.stderr.endswith("; nothing was sent (--dry-run).\n")
    assert sent.exit_code == ExchangeUnreachable.exit_status


@pytest.mark.parametrize(
    "command",
    [("packet", "list", "--no-sync"), ("packet", "search", "Qiu"), ("case", "list")],
)
def test_what_asks_no_exchange_says_how_old_it_is(desk: Desk, command: tuple[str, ...]) -> None:
    shown = desk.run(*command)
    assert shown.exit_code == 0, shown.output
    assert "Local data is as of 20" in shown.stderr
    assert " ago)" in shown.stderr


def test_an_age_is_told_in_one_unit() -> None:
    minute = 60_000
    found = [age_text(each * minute) for each in (-5, 0, 119, 120, 47 * 60 + 59, 48 * 60)]
    assert found == [
        "0 minutes ago",
        "0 minutes ago",
        "119 minutes ago",
        "2 hours ago",
        "47 hours ago",
        "2 days ago",
    ]


def test_a_packet_that_is_sent_says_its_place_and_goes_with_the_next_sync(
    desk: Desk, lead: Path
) -> None:
    with away():
        for place in (1, 2):
            sent = desk.run("-o", "json", "packet", "send", "--yes", lead, *ORDER)
            assert sent.exit_code == EXIT_PENDING, sent.output
            assert "TL-REQ-011" in sent.stderr
            (row,) = json.loads(sent.stdout)
            assert row["queued"] == place
    assert "Signed, to be sent by the next sync: 2." in desk.run("node", "queue").stderr
    assert desk.run("node", "sync").exit_code == 0
    assert desk.run("node", "sync", agency=CN).exit_code == 0
    rows = desk.rows("packet", "list", agency=CN)
    assert row["packet"] in {each["id"] for each in rows}
    assert desk.rows("node", "queue") == []


def test_a_recall_is_queued(desk: Desk) -> None:
    recall = ("packet", "recall", desk.packet, "--reason", "mistake", "--yes")
    with away():
        recalled = desk.run(*recall)
    assert recalled.exit_code == EXIT_PENDING, recalled.output
    assert "TL-REQ-011" in recalled.stderr
    for agency in ("us-justice", "mx-prosecutor", "us-justice"):
        assert desk.run("node", "sync", agency=agency).exit_code == 0
    (row, *_) = [r for r in desk.rows("packet", "recalls") if r["partner"] == "mx-prosecutor"]
    assert row["state"] == "erased"


def unread(desk: Desk, *options: str) -> object:
    rows = desk.rows("node", "status", *options, agency=CN)
    (row,) = [row for row in rows if row["what"] == "mailbox"]
    return row["state"]


def test_the_status_says_how_many_items_the_node_is_behind(desk: Desk, lead: Path) -> None:
    desk.rows("node", "status", agency=CN)
    before = unread(desk)
    assert isinstance(before, int)
    for _ in range(3):
        desk.rows("packet", "send", "--yes", lead, *ORDER)
    assert unread(desk) == before + 3
    (packet, *_) = desk.rows("packet", "list", "--no-sync")
    (grant,) = desk.rows("packet", "status", packet["id"])
    assert grant["status"] == "accepted"  # who asks has been handed nothing
    with away():
        assert unread(desk) == "not known: the exchange is away (TL-REQ-001)"
    assert unread(desk, "--no-sync") == "not asked"
    assert desk.run("node", "sync", agency=CN).exit_code == 0
    assert unread(desk) == 0
