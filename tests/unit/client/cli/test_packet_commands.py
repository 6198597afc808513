"""``packet``: what a person reads of it before and after it is sent."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import tearline_client.cli.context
from support.cli import Desk
from tearline.errors import EXIT_USAGE, EvaluationInvalid
from tearline_client import About, Node
from tearline_client.rendering.packets import captions, values_text

ENTITIES = (
    {"id": "qiu", "schema": "Person", "properties": {"name": ["Qiu Wenhao"]}},
    {
        "id": "own",
        "schema": "Ownership",
        "properties": {"owner": ["qiu"], "asset": ["lantern"], "percentage": ["60"]},
    },
)
ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    path = tmp_path / "lead.jsonl"
    path.write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES))
    return path


def test_a_preview_names_the_entities_that_the_partner_can_name(desk: Desk, lead: Path) -> None:
    shown = desk.run("packet", "preview", lead, *ORDER)
    assert shown.exit_code == 0, shown.output
    assert "→ Qiu Wenhao" in shown.stdout
    assert "→ unnamed " in shown.stdout  # no entity here, and its id stays here
    assert "token-" not in shown.stdout


def test_programs_read_in_a_preview_what_will_travel(desk: Desk, lead: Path) -> None:
    rows = desk.rows("packet", "preview", lead, *ORDER)
    (owner,) = (row for row in rows if row["path"].endswith("/Ownership/owner"))
    assert owner["seen_as"].startswith("token-")
    assert owner["shown"] == "→ Qiu Wenhao"


def test_an_entity_that_cannot_be_named_is_told_by_where_its_fields_stand() -> None:
    known, unknown = "0123456789abcdef" * 2, "f" * 32
    names = captions([(f"{known}/Person/id", (b"qiu",)), (f"{known}/Person/name", (b"Qiu",))])
    values = (f"token-{known}".encode(), f"token-{unknown}".encode(), b"token-of esteem")
    assert values_text(values, names) == "→ Qiu · → unnamed ffffff · token-of esteem"
    assert values_text(values[:1]) == f"token-{known}"


@pytest.mark.parametrize("command", [("packet", "preview"), ("packet", "send"), ("import", "ftm")])
def test_an_evaluation_that_is_none_is_a_slip_of_the_caller(
    desk: Desk, lead: Path, command: tuple[str, str]
) -> None:
    refused = desk.run(*command, lead, *ORDER, "--evaluation", "Z9")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "A, B, C or X followed by 1, 2, 3 or 4" in refused.stderr


def test_a_program_is_told_as_early() -> None:
    with pytest.raises(EvaluationInvalid):
        About(article="money-laundering", purpose="criminal-investigation", evaluation="Z9")


@pytest.mark.parametrize("verb", ["list", "show", "status"])
def test_what_shows_packets_asks_the_exchange_first_unless_told_not_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    asked = []

    async def refresh(node: Node) -> None:
        asked.append(node.uri)

    monkeypatch.setattr(Node, "refresh", refresh)
    arguments = ("packet", verb) if verb == "list" else ("packet", verb, desk.packet)
    assert desk.run(*arguments, "--no-sync").exit_code == 0
    assert asked == []
    assert desk.run(*arguments).exit_code == 0
    assert len(asked) == 1


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person at a terminal, who types what is put in here, in turn."""
    typed: list[str] = []
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(tearline_client.cli.context, "sys", terminal)
    monkeypatch.setattr(tearline_client.cli.context, "ask", lambda question: typed.pop(0))
    return typed


def test_what_each_partner_will_see_is_shown_and_asked_before_it_leaves(
    desk: Desk, lead: Path, asked: list[str]
) -> None:
    before = len(desk.rows("packet", "list", "--no-sync"))
    asked += ["no", "yes"]
    refused = desk.run("packet", "send", lead, *ORDER)
    assert (refused.exit_code, refused.stdout) == (EXIT_USAGE, "")
    assert "TL-USE-005" in refused.stderr
    shown = refused.stderr.partition("1 packet will be sent to mx-prosecutor.")[0]
    assert re.search(r"Person/name +identity.subject +mx-prosecutor +clear +Qiu Wenhao", shown)
    assert len(desk.rows("packet", "list", "--no-sync")) == before
    assert desk.run("packet", "send", lead, *ORDER).exit_code == 0
    assert len(desk.rows("packet", "list", "--no-sync")) == before + 1


def test_a_script_that_does_not_say_yes_sends_nothing(desk: Desk, lead: Path) -> None:
    refused = desk.run("packet", "send", lead, *ORDER)
    assert (refused.exit_code, refused.stdout) == (EXIT_USAGE, "")
    assert "no terminal to ask on" in refused.stderr


def test_a_text_that_repeats_a_guarded_value_is_named_before_the_question(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "repeating.jsonl"
    source = {"id": "source", "schema": "Person", "properties": {"name": ["Marisol Quintanar"]}}
    told = {"id": "note", "schema": "Person", "properties": {"name": ["Qiu"], "notes": ["x"]}}
    link = {"id": "link", "schema": "Associate", "properties": {"person": ["source"]}}
    link["properties"]["associate"] = ["note"]
    path.write_text("".join(json.dumps(each) + "\n" for each in (source, told, link)))
    text = tmp_path / "narrative.txt"
    text.write_text("As Marisol Quintanar told us on Friday.")
    guard = ("--guard", "source/name=identity.source", "--narrative", text)
    refused = desk.run("packet", "send", path, *ORDER, *guard, "--repeats", "she agreed")
    warning, _, question = refused.stderr.partition("Person/name, which mx-prosecutor may not have")
    assert "Packet/narrative repeats" in warning
    assert "no terminal to ask on" in question


def paid(tmp_path: Path, **values: str) -> Path:
    """A file of a lead with one payment."""
    properties = {name: [value] for name, value in values.items()}
    path = tmp_path / "payment.jsonl"
    path.write_text(json.dumps({"id": "p1", "schema": "Payment", "properties": properties}))
    return path


BOTH = (*ORDER, "--to", "cn-public-security")


def test_a_sum_as_people_write_it_is_understood_shown_and_generalised(
    desk: Desk, tmp_path: Path
) -> None:
    lead = paid(tmp_path, amount="USD 250,000.50", date="25/04/2026")
    shown = desk.run("-o", "jsonl", "packet", "preview", lead, *BOTH)
    assert "line 1, Payment.amount: understood as 250000.50 USD" in shown.stderr
    assert "line 1, Payment.date: understood as 2026-04-25" in shown.stderr
    assert "no coarser form" not in shown.stderr
    rows = map(json.loads, shown.stdout.splitlines())
    seen = {(row["field"].rpartition("/")[2], row["partner"]): row["seen_as"] for row in rows}
    assert seen["amount", "mx-prosecutor"] == "250000.50"
    assert seen["amount", "cn-public-security"] == "100000-500000"
    assert seen["currency", "cn-public-security"] == "USD"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"amount": "1,234"}, "line 1, Payment.amount: two readings are possible"),
        ({"amount": "1,234"}, "write 1234 or 1.2340"),
        ({"date": "03/04/2026"}, "write 2026-04-03 or 2026-03-04"),
        ({"amount": "$5"}, "several currencies have this sign"),
        ({"amount": "5 USD", "currency": "EUR"}, "another than the entity's"),
        ({"currency": "dollars"}, "line 1, Payment.currency: not a currency code"),
    ],
)
@pytest.mark.parametrize("command", ["preview", "send"])
def test_what_has_no_single_reading_is_refused_with_what_to_write(
    desk: Desk, tmp_path: Path, command: str, values: dict[str, str], told: str
) -> None:
    refused = desk.run("packet", command, paid(tmp_path, **values), *BOTH)
    assert refused.exit_code != 0
    assert told in " ".join(refused.stderr.split())
    assert "--as-typed" in refused.stderr


@pytest.mark.parametrize("command", [("preview",), ("send", "--dry-run")])
def test_a_value_without_a_coarser_form_is_said_before_it_is_sent(
    desk: Desk, tmp_path: Path, command: tuple[str, ...]
) -> None:
    lead = paid(tmp_path, amount="$5")
    shown = desk.run("packet", *command, lead, *BOTH, "--as-typed")
    assert shown.exit_code == 0, shown.output
    (line,) = (line for line in shown.stderr.splitlines() if "no coarser form" in line)
    assert line.endswith("cn-public-security learns only that it exists.")
    assert "/amount has no coarser form" in line


def test_an_import_tells_how_many_values_have_no_coarser_form(desk: Desk, tmp_path: Path) -> None:
    lead = paid(tmp_path, amount="$5", currency="usd")
    done = desk.run("import", "ftm", lead, "--dry-run", *BOTH)
    assert "1 field not told in a coarser form" in done.stderr
    assert "several currencies have this sign" in done.stdout
    assert "understood" in done.stdout


def test_programs_read_why_a_partner_gets_no_coarser_form(desk: Desk, tmp_path: Path) -> None:
    rows = desk.rows("packet", "preview", paid(tmp_path, amount="$5"), *BOTH, "--as-typed")
    told = {(row["field"].rpartition("/")[2], row["partner"]): row["lessened"] for row in rows}
    assert told["amount", "cn-public-security"] == "no-coarser-form"
    assert told["amount", "mx-prosecutor"] == ""
