"""``--example`` and ``packet new``: each file is read by the parser of its command."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from support.agencies import CN, MX, PINS, US, signer
from support.cases import each_case
from support.cli import Desk
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.packets.packet import PacketKind
from tearline_client.cli import command
from tearline_client.cli.policy import _toml, parse_cases
from tearline_client.connectors.importers.ftm import iter_ftm
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.report import Report
from tearline_client.planning.agreement_file import parse_agreement_file
from tearline_client.planning.request_file import parse_request_file

PARTIES: Any = SimpleNamespace(
    agencies=[
        SimpleNamespace(name=name, uri=uri)
        for name, uri in (
            ("us-justice", US),
            ("mx-prosecutor", MX),
            ("cn-public-security", CN),
            ("br-police", "spiffe://police.br.example"),
        )
    ]
)


def read_terms(text: str) -> None:
    header = signer(US, GENESIS_FEDERATION).header
    agreement = parse_agreement_file(text, members=PARTIES, pins=PINS, header=header)
    assert agreement.terms.articles[0].shares  # or nothing could be sent under it


def read_cases(text: str) -> None:
    desk: Any = SimpleNamespace(own=US, agency=lambda name: name)
    assert parse_cases(_toml(text)["case"], desk)


def read_entities(text: str) -> None:
    report = Report()
    assert list(iter_ftm(BytesIO(text.encode()), report))
    assert list(report) == []


# Commands that read a file that people write, and their parsers.
READERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(
        ["agreement propose", "agreement amend", "agreement counter", "agreement draft"], read_terms
    ),
    "agreement diff": read_terms,
    "request new": parse_request_file,
    "policy test": read_cases,
    "import csv": lambda text: parse_mapping(text.encode()),
    **dict.fromkeys(
        ["packet preview", "packet send", "packet correct", "import ftm"], read_entities
    ),
    **dict.fromkeys(["request answer", "request supplement", "transfer match"], read_entities),
}


def example(words: str) -> str:
    result = CliRunner().invoke(command, [*words.split(), "--example"])
    assert result.exit_code == 0, result.output
    return result.stdout


@each_case("words", READERS)
def test_the_example_is_read_by_its_own_parser(words: str) -> None:
    READERS[words](example(words))


@each_case("words", [words for words in READERS if not example(words).startswith("{")])
def test_it_is_read_with_every_optional_key(words: str) -> None:
    text = example(words)
    whole = re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)
    assert whole != text
    READERS[words](whole)


def test_every_command_with_an_example_has_a_test() -> None:
    assert set(_with_example(command)) == set(READERS)


def _with_example(group: click.Group, before: str = "") -> list[str]:
    context, found = click.Context(group), []
    for word in group.list_commands(context):
        below = group.get_command(context, word)
        if isinstance(below, click.Group):
            found += _with_example(below, f"{before}{word} ")
        elif below is not None and any(
            "--example" in each.opts for each in below.params if before + word != "packet kinds"
        ):
            found.append(f"{before}{word}")
    return found


@pytest.mark.parametrize("kind", [kind.value for kind in PacketKind])
def test_a_draft_of_each_kind_is_written_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["packet", "new", "--kind", kind])
    assert result.exit_code == 0, result.output
    path = tmp_path / f"{kind}.jsonl"
    read_entities(path.read_text("utf-8"))
    assert path.stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(command, ["packet", "new", "--kind", kind])
    assert again.exit_code != 0
    assert "exists" in again.stderr


ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@pytest.mark.parametrize("kind", ["lead", "value-transfer", "feedback"])
def test_a_draft_can_be_previewed(desk: Desk, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "draft.jsonl"
    assert desk.run("packet", "new", "--kind", kind, "--output-file", path).exit_code == 0
    assert desk.rows("packet", "preview", path, *ORDER, "--kind", kind)


ASKED = ("--offence", "Money laundering", "--link", "He controls it.", "--record", "Statements")


def test_a_request_is_described_by_options(desk: Desk) -> None:
    rows = desk.rows("request", "new", *ORDER, *ASKED, "--urgency", "urgent", "--dry-run")
    values = {row["field"].partition("/")[2]: row["seen_as"] for row in rows}
    assert values["RecordRequest/offence"] == "Money laundering"
    assert values["RequestedItem/record"] == "Statements"


def test_what_is_missing_is_named_without_a_terminal(desk: Desk) -> None:
    result = desk.run("request", "new", *ORDER, "--offence", "Money laundering", "--dry-run")
    assert result.exit_code == 2
    assert "Missing --link, --record" in result.stderr


def test_the_only_terms_need_no_option_and_are_told(desk: Desk) -> None:
    asked = desk.run("-o", "json", "request", "new", *ORDER[:2], *ASKED, "--dry-run")
    assert asked.exit_code == 0, asked.output
    terms = "Under narcotics-2026, article money-laundering, for criminal-investigation."
    assert terms in asked.stderr


def test_what_is_missing_is_named_with_its_choices(desk: Desk) -> None:
    refused = desk.run("request", "new", *ASKED, "--dry-run")
    assert refused.exit_code == 2
    assert "Missing --to (cn-public-security, mx-prosecutor), --agreement" in refused.stderr


def test_a_file_and_options_are_refused_together(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "request.toml"
    path.write_text(example("request new"))
    result = desk.run("request", "new", path, "--offence", "Fraud")
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_a_person_at_a_terminal_is_asked_for_what_is_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "The partner that is asked": ["nobody", "mx"],
        "Name of the agreement": ["narcotics-2026"],
        "Offence under": ["Money laundering"],
        "How the subjects": ["", "He controls it."],
        "Record 1": ["Statements"],
        "Record 2": ["Opening papers"],
        "Record 3": [""],
    }
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        key = next(key for key in answers if question.startswith(key))
        return answers[key].pop(0)

    monkeypatch.setattr("tearline_client.cli.request_new.ask", answer)
    monkeypatch.setattr("tearline_client.cli.request_new._at_terminal", lambda: True)
    shown = desk.run("-o", "json", "request", "new", "--dry-run")
    assert "nobody is none of these." in shown.stderr
    rows = json.loads(shown.stdout)
    assert {row["partner"] for row in rows} == {"mx-prosecutor"}  # its beginning is enough
    records = {row["seen_as"] for row in rows if row["field"].endswith("RequestedItem/record")}
    assert records == {"Statements", "Opening papers"}
    assert "(cn-public-security, mx-prosecutor)" in asked[0]
    assert not any("article" in question for question in asked)  # there is one
