"""``consent``, ``packet pass-on`` and ``packet send --derived-from``, from one desk to another."""

import json
import re
from pathlib import Path

from support.cli import AUDITOR, Desk
from tearline_client.demo.lead import SUSPECT

US, CN, MX = "us-justice", "cn-public-security", "mx-prosecutor"
NAME = "Person/name"


def person(desk: Desk, agency: str, name: str, *roles: str) -> None:
    """Adds a person, who logs in."""
    word = desk.folder / "another-word"
    word.write_text("a word of their own")
    word.chmod(0o600)
    given = [part for role in roles for part in ("--role", role)]
    for arguments in (["person", "add", name, *given], ["login", name]):
        result = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
        assert result.exit_code == 0, result.output


def lead(folder: Path, name: str) -> Path:
    path = folder / "own.jsonl"
    entity = {"id": "p", "schema": "Person", "properties": {"name": [name]}}
    path.write_text(json.dumps(entity) + "\n", encoding="utf-8")
    return path


def sending(path: Path, to: str, *more: str) -> list[object]:
    return [
        "packet", "send", "--yes", path, "--to", to, "--agreement", "narcotics-2026",
        "--article", "money-laundering", "--purpose", "criminal-investigation", *more,
    ]  # fmt: skip


def test_evidence_is_asked_for_given_and_used(desk, tmp_path):
    wanted = ["packet", "exhibit", desk.packet, NAME, "--output-file", tmp_path / "e"]
    assert desk.run(*wanted, agency=MX).exit_code == 4
    (asked,) = desk.rows(
        "consent", "ask", desk.packet, NAME, "--use", "evidence", "--for", "case 12/26",
        "--note", "for the hearing in May", agency=MX,
    )  # fmt: skip
    assert (asked["side"], asked["status"], asked["for"]) == ("asked by us", "asked", "case 12/26")

    (here,) = desk.rows("consent", "list")
    assert (here["side"], here["partner"], here["use"]) == ("asked of us", MX, "evidence")
    (step,) = desk.rows("consent", "show", here["consent"])
    assert (step["by"], step["note"]) == (MX, "for the hearing in May")
    desk.run("login", AUDITOR, "--out")
    refused = desk.run("consent", "give", here["consent"])
    assert refused.exit_code == 4  # no machine gives a consent
    assert "none is logged in" in refused.stderr
    desk.run("login", AUDITOR, "--person-passphrase-file", desk.folder / "word")
    (given,) = desk.rows("consent", "give", "--yes", here["consent"], "--until", "2035-01-01")
    assert (given["status"], given["until"][:19]) == ("given", "2035-01-01T23:59:59")

    (there,) = desk.rows("consent", "list", agency=MX)
    assert there["status"] == "given"
    assert desk.run(*wanted, agency=MX).exit_code == 0


def test_a_field_is_passed_on_by_its_originator(desk, tmp_path):
    (sent,) = desk.rows(*sending(lead(tmp_path, "Li Na"), MX))
    packet = sent["packet"]
    (asked,) = desk.rows("packet", "pass-on", packet, NAME, "--to", CN, agency=MX)
    assert (asked["use"], asked["for"]) == ("pass-on", CN)
    desk.rows("consent", "give", asked["consent"], "--dry-run")
    partners = [row["partner"] for row in desk.rows("packet", "status", packet)]
    assert partners == [MX]
    desk.rows("consent", "give", "--yes", asked["consent"])
    partners = [row["partner"] for row in desk.rows("packet", "status", packet)]
    assert sorted(partners) == [CN, MX]
    shown, *handling = desk.rows("packet", "show", packet, agency=CN)
    assert {row["part"] for row in handling} == {"handling"}
    assert shown["value"] == "Li Na"


def test_a_refusal_and_a_withdrawal_say_why(desk):
    for verb, by, status in (("refuse", US, "refused"), ("withdraw", MX, "withdrawn")):
        (asked,) = desk.rows("packet", "pass-on", desk.packet, NAME, "--to", CN, agency=MX)
        yes = ["--yes"] if verb == "withdraw" else []
        desk.rows("consent", verb, asked["consent"], "--note", "not now", *yes, agency=by)
        other = MX if by == US else US
        steps = desk.rows("consent", "show", asked["consent"], agency=other) or []
        (row,) = [r for r in desk.rows("consent", "list", agency=other)
                  if r["consent"] == asked["consent"]]  # fmt: skip
        assert (row["status"], steps[-1]["note"]) == (status, "not now")


def test_a_copy_is_declared_or_an_officer_answers_for_it(desk, tmp_path):
    path = lead(tmp_path, SUSPECT)
    assert desk.run("packet", "list", agency=MX).exit_code == 0
    copied = desk.run(*sending(path, CN), agency=MX)
    assert copied.exit_code == 4
    assert "TL-POL-022" in copied.stderr
    declared = desk.run(*sending(path, CN, "--derived-from", desk.packet[:12]), agency=MX)
    assert "TL-POL-020" in declared.stderr
    own = ["consent", "own", desk.packet, NAME, "--reason", "our register of 2024"]
    assert desk.run(*own, agency=MX).exit_code == 4  # it takes an officer
    person(desk, MX, "oscar", "officer", "liaison")
    assert desk.run(*own, agency=MX).exit_code == 0
    assert desk.run(*sending(path, CN), agency=MX).exit_code == 0
    (row,) = desk.rows("consent", "own-list", agency=MX)
    assert (row["officer"], row["reason"]) == ("oscar", "our register of 2024")


def test_a_reader_is_told_the_caveats_in_words(desk):
    shown = desk.run("packet", "show", desk.packet, agency=MX)
    assert re.search(r"H2 +Not passed on without the originator's permission", shown.stdout)
    assert re.search(r"H0 +Serves only the purpose named above", shown.stdout)
    exported = desk.run("export", "ftm", desk.packet, agency=MX)
    assert "H2: not passed on without the originator's permission" in exported.stderr
