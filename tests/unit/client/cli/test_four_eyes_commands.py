"""``packet pending``, ``approve``, ``reject``: what one drafted, another releases."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from support.simulation import opened
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED, NotConfirmed
from tearline.policy.form import Form
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.statements import signed

ENTITIES = ({"id": "qiu", "schema": "Person", "properties": {"name": ["Qiu Wenhao"]}},)
CN = "cn-public-security"
ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """The desk, its agreement amended to ask for four eyes, and two more persons at it."""
    amend(desk, version=2)
    word = desk.folder / "word"
    for name, role in (("li", "liaison"), ("bo", "analyst")):
        for arguments in (("person", "add", name, "--role", role), ("login", name)):
            assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    return desk


def amend(desk: Desk, *, version: int, form: Form | None = None) -> None:
    async def change() -> None:
        async with opened(desk.template, desk.folder) as world:
            old = world.us.node.agreements.by_name("narcotics-2026")
            article, *others = old.terms.articles
            article = replace(article, four_eyes=True)
            if form is not None:
                shares = tuple(replace(s, form=min(s.form, form)) for s in article.shares)
                article = replace(article, shares=shares)
            terms = replace(old.terms, articles=(article, *others))
            body = encode_agreement(replace(old, version=version, terms=terms))
            agreement = signed(world.us.signer.sign([(StatementType.AGREEMENT, body)]))
            for member in (world.cn, world.mx):
                agreement = member.node.agreements.sign(agreement)
            await world.us.node.agreements.publish(agreement)
            await world.us.node.receive()

    asyncio.run(change())


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    path = tmp_path / "lead.jsonl"
    path.write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES))
    return path


def drafted(strict: Desk, lead: Path) -> str:
    (row,) = strict.rows("packet", "send", "--yes", lead, *ORDER, "--as", "bo")
    return row["pending"]


def sent(desk: Desk) -> int:
    return len(desk.rows("packet", "list", "--no-sync"))


def test_what_an_analyst_drafts_a_liaison_approves(strict: Desk, lead: Path) -> None:
    before, pending = sent(strict), drafted(strict, lead)
    assert sent(strict) == before
    (waiting,) = strict.rows("packet", "pending")
    assert (waiting["by"], waiting["to"], waiting["what"]) == (
        "bo",
        "mx-prosecutor",
        "lead, 1 packet",
    )
    shown = {
        row["shown"]: row["form"] for row in strict.rows("packet", "pending", pending, "--as", "li")
    }
    assert shown["Qiu Wenhao"] == "clear"
    done = strict.run("packet", "approve", pending, "--as", "li")
    assert done.exit_code == 0, done.output
    assert sent(strict) == before + 1
    assert strict.rows("packet", "pending") == []


def test_who_drafted_it_does_not_approve_it_and_an_analyst_does_not(
    strict: Desk, lead: Path
) -> None:
    (row,) = strict.rows("packet", "send", "--yes", lead, *ORDER, "--as", "li")
    same = strict.run("packet", "approve", row["pending"], "--as", "li")
    assert (same.exit_code, "TL-POL-011" in same.stderr) == (EXIT_REFUSED, True)
    analyst = strict.run("packet", "approve", row["pending"], "--as", "bo")
    assert analyst.exit_code == EXIT_REFUSED
    assert len(strict.rows("packet", "pending")) == 1


def test_one_more_field_waits_as_well(strict: Desk, lead: Path) -> None:
    (row,) = strict.rows("packet", "approve", drafted(strict, lead), "--as", "li")
    arguments = ("packet", "disclose", row["packet"], "Person/name", "--to", CN)
    (field,) = strict.rows(*arguments, "--as", "bo")
    (shown,) = strict.rows("packet", "pending", field["pending"], "--as", "li")
    assert (shown["partner"], shown["seen_as"]) == (CN, "Qiu Wenhao")
    assert strict.run("packet", "approve", field["pending"], "--as", AUDITOR).exit_code == 0
    grants = strict.rows("packet", "status", row["packet"], "--no-sync")
    assert [grant["released"] > 0 for grant in grants] == [True, True]


def test_a_text_that_is_disclosed_says_why_it_repeats_what_is_kept_back(
    strict: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "payment.jsonl"
    payment = {"beneficiary": ["source"], "purpose": ["fee for Lu Jing"]}
    entities = (
        {"id": "source", "schema": "Person", "properties": {"name": ["Lu Jing"]}},
        {"id": "fee", "schema": "Payment", "properties": payment},
    )
    path.write_text("".join(json.dumps(entity) + "\n" for entity in entities))
    guard = ("--to", "cn-public-security", *ORDER[2:], "--guard", "source/name=identity.source")
    first = ("--repeats", "a street", "--as", "bo")
    (row,) = strict.rows("packet", "send", "--yes", path, *guard, *first)
    (row,) = strict.rows("packet", "approve", row["pending"], "--as", "li")
    arguments = ("packet", "disclose", row["packet"], "purpose", "--to", "mx-prosecutor")
    refused = strict.run(*arguments, "--as", "bo")
    assert refused.exit_code == EXIT_REFUSED
    assert "TL-POL-030" in refused.stderr
    assert "Payment/purpose repeats Person/name" in refused.stderr
    (field,) = strict.rows(*arguments, "--repeats", "they know her", "--as", "bo")
    shown = strict.run("packet", "pending", field["pending"], "--as", "li")
    assert "Person/name, which mx-prosecutor may not have in clear" in shown.stderr
    assert "Reason of the drafter to repeat it: they know her" in shown.stderr
    assert strict.run("packet", "approve", field["pending"], "--as", "li").exit_code == 0
    told = strict.run("packet", "show", row["packet"], "--as", AUDITOR).stderr
    assert told.index("Reason: a street") < told.index("Reason: they know her")


def test_an_import_waits_as_well(strict: Desk, lead: Path) -> None:
    done = strict.run("import", "ftm", lead, *ORDER, "--as", "bo")
    assert done.exit_code == 0, done.output
    (waiting,) = strict.rows("packet", "pending")
    assert f"pending: {(waiting['pending'])[:12]}." in done.stderr


def test_what_changed_is_shown_and_asked_about(strict: Desk, lead: Path) -> None:
    pending = drafted(strict, lead)
    amend(strict, version=3, form=Form.EXISTS)
    asked = strict.run("packet", "approve", pending, "--as", "li")
    assert asked.exit_code == NotConfirmed.exit_status
    assert "Person/name for mx-prosecutor: drafted as clear, now exists" in asked.stderr
    rows = strict.rows("packet", "pending", pending, "--as", "li")
    changed = (row for row in rows if row["category"] != "local-id")
    assert {(row["drafted_as"], row["form"]) for row in changed} == {("clear", "exists")}
    assert strict.run("packet", "approve", pending, "--as", "li", "--yes").exit_code == 0


def test_what_is_rejected_is_not_there(strict: Desk, lead: Path) -> None:
    pending = drafted(strict, lead)
    assert strict.run("packet", "reject", pending, "--as", "li").exit_code == 0
    assert strict.run("packet", "approve", pending, "--as", "li").exit_code == EXIT_NOT_FOUND


def test_nobody_drafts_without_a_name(strict: Desk, lead: Path) -> None:
    for name in ("ana", "li", "bo"):
        strict.run("person", "disable", name)
    refused = strict.run("packet", "send", "--yes", lead, *ORDER)
    assert refused.exit_code == EXIT_REFUSED, refused.output
    assert strict.rows("packet", "pending") == []


# Answers and consents.

MX = "mx-prosecutor"
REQUEST = """\
to = "us-justice"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
offence = "Money laundering"
link = "Qiu controls the account."

[[item]]
record = "Who opened the account"
"""


def person(desk: Desk, name: str, role: str, agency: str) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", name, "--role", role), ("login", name)):
        done = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
        assert done.exit_code == 0, done.output


@pytest.fixture
def request_id(strict: Desk, tmp_path: Path) -> str:
    """A request of Mexico's, which took two persons there, and lies at our desk."""
    person(strict, "mar", "liaison", MX)
    person(strict, "luz", "officer", MX)
    file = tmp_path / "request.toml"
    file.write_text(REQUEST)
    # It takes the amendment in first that came meanwhile.
    (row,) = strict.rows("request", "new", file, "--yes", "--as", "mar", agency=MX)
    assert strict.rows("request", "list", agency=MX) == []
    (sent,) = strict.rows("packet", "approve", row["pending"], "--as", "luz", agency=MX)
    strict.rows("request", "list")
    strict.rows("request", "list", agency=MX)
    return str(sent["packet"])


def test_an_answer_waits_as_well(strict: Desk, lead: Path, request_id: str) -> None:
    answer = ("request", "answer", request_id, lead, "--text", "all we have")
    assert "pending" not in strict.rows(*answer, "--dry-run", "--as", "bo")[0]
    (row,) = strict.rows(*answer, "--as", "bo")
    (waiting,) = strict.rows("packet", "pending")
    assert waiting["what"] == f"answer to {request_id[:12]}, item 1"
    assert (waiting["to"], waiting["by"]) == (MX, "bo")
    (listed,) = strict.rows("request", "list")
    assert (listed["waits"], listed["pending"]) == ("for a second person", [row["pending"]])
    assert listed["state"] == "received"
    assert listed["left_ms"] > 0
    shown = strict.run("packet", "pending", row["pending"], "--as", "li")
    assert "Qiu Wenhao" in shown.stdout
    assert "Note: all we have" in shown.stderr
    same = strict.run("packet", "approve", row["pending"], "--as", "bo")
    assert same.exit_code == EXIT_REFUSED
    (done,) = strict.rows("packet", "approve", row["pending"], "--as", "li")
    (listed,) = strict.rows("request", "list")
    assert (listed["waits"], listed["state"]) == ("", "answered")
    (item,) = strict.rows("request", "show", request_id, "--as", "mar", agency=MX)
    assert item["answer"] == done["packet"]


def test_a_rejected_answer_leaves_the_request_open(
    strict: Desk, lead: Path, request_id: str
) -> None:
    (row,) = strict.rows("request", "answer", request_id, lead, "--as", "bo")
    assert strict.run("packet", "reject", row["pending"], "--as", "li").exit_code == 0
    (listed,) = strict.rows("request", "list")
    assert (listed["waits"], listed["open_items"]) == ("", 1)


def test_a_consent_waits_as_well(strict: Desk) -> None:
    ask = ("consent", "ask", strict.packet, "Person/name", "--use", "evidence", "--for", "12/26")
    (asked,) = strict.rows(*ask, agency=MX)
    strict.rows("consent", "list")
    give = ("consent", "give", asked["consent"], "--note", "for this trial", "--as", "bo")
    (row,) = strict.rows(*give)
    (listed,) = strict.rows("consent", "list")
    assert (listed["status"], listed["waits"]) == ("asked", "for a second person")
    (waiting,) = strict.rows("packet", "pending")
    assert waiting["what"] == f"consent {asked['consent'][:12]}, 1 field"
    assert (waiting["to"], waiting["article"]) == (MX, "money-laundering")
    (shown,) = strict.rows("packet", "pending", row["pending"], "--as", "li")
    assert (shown["path"].endswith("/Person/name"), shown["partner"]) == (True, MX)
    done = strict.run("packet", "approve", row["pending"], "--as", "li")
    assert done.exit_code == 0, done.output
    (listed,) = strict.rows("consent", "list")
    assert (listed["status"], listed["waits"]) == ("given", "")
    (there,) = strict.rows("consent", "list", agency=MX)
    assert there["status"] == "given"


def test_auditors_see_both_persons(strict: Desk, lead: Path) -> None:
    (row,) = strict.rows("packet", "approve", drafted(strict, lead), "--as", "li")
    query = f"action:grant-accepted packet:{row['packet']}"
    (entry,) = strict.rows("audit", "search", query, "--as", AUDITOR)
    both = [entry["pseudonym"], entry["seconded_by"]]
    assert len({*both}) == 2
    assert all(len(bytes.fromhex(pseudonym)) == 32 for pseudonym in both)
    (sighting,) = strict.rows("audit", "who-saw", row["packet"], "Person/name")
    assert (sighting["pseudonyms"], sighting["proven"]) == (both, "verified")
