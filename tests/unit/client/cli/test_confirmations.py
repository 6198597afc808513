"""Before anything leaves, a person is shown what does, and asked; a script says so beforehand."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import tearline_client.cli.context
from support.cli import OUR_NAME, Desk
from tearline.errors import EXIT_USAGE

MX, CN = "mx-prosecutor", "cn-public-security"
ORDER = (
    *("--to", CN, "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
REQUEST = f"""\
to = "{OUR_NAME}"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
offence = "Money laundering"
link = "He paid for it."

[[item]]
record = "Statements of the account"
"""
NAME = "Lin Zhao"


def entities(path: Path) -> Path:
    person = {"id": "lin", "schema": "Person", "properties": {"name": [NAME]}}
    path.write_text(json.dumps(person) + "\n")
    return path


def request(desk: Desk, folder: Path) -> str:
    """The id of a request of Mexico's that lies at our desk."""
    file = folder / "request.toml"
    file.write_text(REQUEST)
    word = desk.folder / "word"
    for arguments in (("person", "add", "mar", "--role", "liaison"), ("login", "mar")):
        desk.run(*arguments, "--person-passphrase-file", word, agency=MX)
    (asked,) = desk.rows("request", "new", file, "--yes", agency=MX)
    desk.rows("request", "list")
    return str(asked["request"])


def sent(desk: Desk, folder: Path, to: str = MX) -> str:
    order = ("--to", to, *ORDER[2:])
    (row,) = desk.rows("packet", "send", "--yes", entities(folder / "sent.jsonl"), *order)
    return str(row["packet"])


def consent(desk: Desk, folder: Path, *asking: str) -> str:
    packet = sent(desk, folder)
    (asked,) = desk.rows("consent", asking[0], packet, "Person/name", *asking[1:], agency=MX)
    desk.rows("consent", "list")
    return str(asked["consent"])


def passing_on(desk: Desk, folder: Path) -> str:
    packet = sent(desk, folder)
    asking = ("packet", "pass-on", packet, "Person/name", "--to", CN)
    (asked,) = desk.rows(*asking, agency=MX)
    desk.rows("consent", "list")
    return str(asked["consent"])


Prepare = Callable[[Desk, Path], tuple[object, ...]]
LEAVING: dict[str, tuple[Prepare, str, str]] = {
    "send": (
        lambda _, folder: ("packet", "send", entities(folder / "lead.jsonl"), *ORDER),
        "1 packet will be sent to cn-public-security.",
        CN,
    ),
    "correct": (
        lambda desk, folder: (
            *("packet", "correct", sent(desk, folder, CN)),
            entities(folder / "new.jsonl"),
        ),
        "1 packet will be sent to cn-public-security.",
        CN,
    ),
    "disclose": (
        lambda desk, folder: (
            *("packet", "disclose", sent(desk, folder), "Person/name", "--to", CN),
        ),
        "1 field will be disclosed to cn-public-security.",
        CN,
    ),
    "answer": (
        lambda desk, folder: (
            *("request", "answer", request(desk, folder), entities(folder / "a.jsonl")),
            *("--text", "all that there is"),
        ),
        "Note: all that there is\n1 packet will be sent to mx-prosecutor.",
        MX,
    ),
    "pass on": (
        lambda desk, folder: ("consent", "give", passing_on(desk, folder)),
        "1 field will be disclosed to cn-public-security.",
        CN,
    ),
    "evidence": (
        lambda desk, folder: (
            *("consent", "give", consent(desk, folder, "ask", "--use=evidence", "--for=12/26")),
            *("--note", "for this trial"),
        ),
        "Note: for this trial\n1 field may be used (evidence) by mx-prosecutor.",
        MX,
    ),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person at a terminal, who types what is put in here, in turn."""
    typed: list[str] = []
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(tearline_client.cli.context, "sys", terminal)
    monkeypatch.setattr(tearline_client.cli.context, "ask", lambda question: typed.pop(0))
    return typed


def state(desk: Desk) -> list[list[dict]]:
    """What has left: packets with their grants, and steps of requests and consents."""
    packets = desk.rows("packet", "list", "--no-sync")
    grants = [desk.rows("packet", "status", each["id"], "--no-sync") for each in packets]
    requests = [[row["state"] for row in desk.rows("request", "list")]]
    consents = [[row["status"] for row in desk.rows("consent", "list", "--no-sync")]]
    return [packets, *grants, *requests, *consents]


@pytest.mark.parametrize("act", LEAVING)
def test_what_leaves_is_shown_and_asked(
    desk: Desk, tmp_path: Path, asked: list[str], act: str
) -> None:
    prepare, sentence, partner = LEAVING[act]
    line = prepare(desk, tmp_path)
    before = state(desk)
    asked += ["no", "yes"]
    refused = desk.run(*line)
    assert (refused.exit_code, refused.stdout) == (EXIT_USAGE, ""), refused.output
    assert "TL-USE-005" in refused.stderr
    assert sentence in refused.stderr
    shown = refused.stderr.partition(sentence)[0]
    assert re.search(rf"Person/name +identity.subject +{partner} +clear +{NAME}", shown)
    assert state(desk) == before
    done = desk.run(*line)
    assert done.exit_code == 0, done.output
    assert asked == []
    assert state(desk) != before


@pytest.mark.parametrize("act", LEAVING)
def test_a_script_says_yes_or_sends_nothing(desk: Desk, tmp_path: Path, act: str) -> None:
    line = LEAVING[act][0](desk, tmp_path)
    before = state(desk)
    refused = desk.run(*line)
    assert (refused.exit_code, refused.stdout) == (EXIT_USAGE, ""), refused.output
    assert "no terminal to ask on" in refused.stderr
    assert state(desk) == before
    done = desk.run(*line, "--yes")
    assert done.exit_code == 0, done.output
    assert NAME not in done.stderr
    assert state(desk) != before


def test_a_request_is_shown_and_asked(desk: Desk, tmp_path: Path, asked: list[str]) -> None:
    file = tmp_path / "request.toml"
    file.write_text(REQUEST.replace(OUR_NAME, MX))
    asked += ["no", "yes"]
    refused = desk.run("request", "new", file)
    assert (refused.exit_code, refused.stdout) == (EXIT_USAGE, "")
    shown = refused.stderr.partition("1 packet will be sent to mx-prosecutor.")[0]
    assert re.search(r"RequestedItem/record .* clear +Statements of the account", shown)
    assert desk.rows("request", "list") == []
    assert desk.run("request", "new", file).exit_code == 0
    assert len(desk.rows("request", "list")) == 1


def test_an_answer_by_a_packet_that_was_sent_is_asked(desk: Desk, tmp_path: Path) -> None:
    about, packet = request(desk, tmp_path), sent(desk, tmp_path)
    line = ("request", "answer", about, "--packet", packet)
    refused = desk.run(*line)
    assert (refused.exit_code, "TL-USE-005" in refused.stderr) == (EXIT_USAGE, True)
    assert desk.run(*line, "--dry-run", "--yes").exit_code == EXIT_USAGE  # it would show nothing
    (row,) = desk.rows("request", "list")
    assert row["open_items"] == 1
