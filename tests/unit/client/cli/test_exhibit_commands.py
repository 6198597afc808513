"""``packet exhibit`` and ``audit verify``: from a packet to a file that a stranger checks."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.canary import found
from support.cli import AUDITOR, Desk
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.wire.exhibits import encode_exhibit, parse_exhibit
from tearline_client.cli import command
from tearline_client.demo.lead import ACCOUNT, AMOUNT, METHOD, NARRATIVE, SOURCE, SUSPECT
from tearline_client.keys.home import Home

PARTNER = "mx-prosecutor"


def made(desk: Desk, folder: Path, *fields: str, agency: str = "us-justice", **options) -> Path:
    target = folder / "lead.exhibit"
    flags = [f"--{name}" for name, wanted in options.items() if wanted]
    result = desk.run(
        "packet", "exhibit", desk.packet, *fields, "--output-file", target, *flags, agency=agency
    )
    assert result.exit_code == 0, result.output
    return target


def stranger(*arguments: object, output: str = "json"):
    """A reader who has no home, no key and no passphrase."""
    return CliRunner().invoke(
        command, ["--home", "/nonexistent", "-o", output, *map(str, arguments)], env={}
    )


def federation(desk: Desk) -> str:
    pinned = Home(desk.home).pinned()
    return pinned.federation.hex()


def judged(path: Path, *arguments: object, status: int = 0) -> dict:
    result = stranger("audit", "verify", path, *arguments)
    assert result.exit_code == status, result.output
    (row,) = json.loads(result.stdout)
    return row


def test_a_stranger_verifies_what_the_originator_shows(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    row = judged(path, "--federation", federation(desk))
    assert (row["outcome"], row["findings"]) == ("verified", [])
    assert [(each["field"], each["value"]) for each in row["fields"]] == [
        ("Payment.amount", AMOUNT)
    ]
    assert row["packet_id"] == desk.packet
    assert row["recipients"] == []
    assert row["does_not_say"]


def test_one_is_made_without_the_exchange(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount", **{"no-sync": True})
    assert judged(path, "--federation", federation(desk))["outcome"] == "verified"
    target = tmp_path / "no"
    result = desk.run(
        "packet", "exhibit", desk.packet, "Payment/amount", "--output-file", target, "--no-sync",
        agency=PARTNER,
    )  # fmt: skip
    assert result.exit_code == 5  # its receipt is not in the log as it read it
    assert "TL-LOG-027" in result.stderr


def test_the_directory_certifies_once_cosigners_have_signed_one(desk, tmp_path):
    target = tmp_path / "no"
    result = desk.run(
        "packet", "exhibit", desk.packet, "Payment/amount", "--output-file", target,
        "--certified-by", "directory",
    )  # fmt: skip
    assert result.exit_code == 3
    assert "TL-REQ-002" in result.stderr
    assert not target.exists()


def test_the_file_holds_nothing_else(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    data = path.read_text()
    places = [data.encode(), parse_armor(Armor.EXHIBIT, data)]
    others = [SUSPECT, ACCOUNT, SOURCE, METHOD, NARRATIVE, "identity.source", "accountNumber"]
    assert found([*others, AMOUNT], places) == {AMOUNT}


def test_a_person_reads_what_it_shows_and_what_it_does_not_say(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    shown = stranger("audit", "verify", path, "--federation", federation(desk), output="table")
    assert shown.exit_code == 0
    assert f"Payment.amount = {AMOUNT}" in shown.stdout
    assert "This does not say:" in shown.stdout
    when = r"at entry \d+, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by the exchange's clock"
    assert re.search(when, shown.stdout)


def test_receipts_are_added_when_asked_for(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount", receipts=True)
    row = judged(path, "--federation", federation(desk))
    assert [(each["node"], each["status"]) for each in row["recipients"]] == [
        ("spiffe://fiscalia.mx.example/node/liaison", "stored")
    ]


def test_a_recipient_shows_what_it_may(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount", agency=PARTNER)
    row = judged(path, "--federation", federation(desk))
    assert (row["outcome"], row["accepted"]) == ("verified", False)
    assert [each["value"] for each in row["fields"]] == [AMOUNT]
    assert SOURCE not in path.read_text()


def test_a_recipient_does_not_show_what_its_originator_keeps(desk, tmp_path):
    target = tmp_path / "no"
    result = desk.run(
        "packet", "exhibit", desk.packet, "Person/name", "--output-file", target, agency=PARTNER
    )
    assert result.exit_code == 4
    assert "TL-GRT-006" in result.stderr
    assert not target.exists()
    made(desk, tmp_path, "Person/name")  # its originator may


def test_without_a_pin_it_cannot_be_told(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    row = judged(path, status=6)
    assert row["outcome"] == "indeterminate"
    assert [finding["code"] for finding in row["findings"]] == ["TL-LOG-022"]
    assert "--federation ID" in row["why"]
    assert "fields" not in row


def test_another_federation_is_named(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    row = judged(path, "--federation", "0" * 64, status=5)
    assert "TL-TRU-005" in [finding["code"] for finding in row["findings"]]
    assert "fields" not in row
    assert stranger("audit", "verify", path, "--federation", "x").exit_code == 2


def test_an_altered_file_fails_and_shows_nothing(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, path.read_text()))
    altered = encode_exhibit(exhibit).replace(AMOUNT.encode(), b"9" * len(AMOUNT))
    path.write_text(armor(Armor.EXHIBIT, altered))
    row = judged(path, "--federation", federation(desk), status=5)
    assert [finding["code"] for finding in row["findings"]] == ["TL-PKT-006"]
    assert "fields" not in row
    path.write_text("-----BEGIN TEARLINE EXHIBIT-----\nno\n")
    assert judged(path, "--federation", federation(desk), status=5)["outcome"] == "failed"


def test_a_field_that_is_not_there_is_not_found(desk, tmp_path):
    result = desk.run(
        "packet", "exhibit", desk.packet, "Person/shoeSize", "--output-file", tmp_path / "no"
    )
    assert result.exit_code == 6


def test_an_existing_file_is_never_written_to(desk, tmp_path):
    path = made(desk, tmp_path, "Payment/amount")
    before = path.read_bytes()
    result = desk.run("packet", "exhibit", desk.packet, "Payment/amount", "--output-file", path)
    assert (result.exit_code, path.read_bytes()) == (2, before)


# Proofs, with a policy file alone.


@pytest.fixture
def proofs(desk: Desk, tmp_path: Path) -> Path:
    folder = tmp_path / "proofs"
    folder.mkdir()
    desk.rows("audit", "prove", desk.packet, "--output-dir", folder)
    return folder


def test_proofs_verify_with_the_policy_file_alone(desk, proofs, tmp_path):
    policy = tmp_path / "tlog-policy"
    rows = desk.rows("audit", "policy", "--output-file", policy)
    assert [row["role"] for row in rows][:2] == ["log", "witness"]
    judgement = stranger("audit", "verify", proofs, "--policy", policy)
    assert judgement.exit_code == 0, judgement.output
    assert {row["outcome"] for row in json.loads(judgement.stdout)} == {"verified"}


def test_a_policy_of_another_log_convicts(desk, proofs, tmp_path):
    policy = tmp_path / "tlog-policy"
    desk.rows("audit", "policy", "--output-file", policy)
    first, *rest = policy.read_text().splitlines()
    policy.write_text("\n".join(rest) + "\n")
    judgement = stranger("audit", "verify", proofs, "--policy", policy)
    assert judgement.exit_code == 5
    assert first.startswith("log ")


def test_an_unusable_policy_is_named(proofs, tmp_path):
    policy = tmp_path / "tlog-policy"
    policy.write_text("quorum nobody\n")
    result = stranger("audit", "verify", proofs, "--policy", policy)
    assert result.exit_code == 1
    assert "TL-CFG-010" in result.stderr
    assert "line 1" in result.stderr
    assert stranger("audit", "verify", proofs, "--policy", tmp_path / "none").exit_code == 1


def test_a_policy_may_demand_cosignatures(desk, proofs, tmp_path):
    result = desk.run("audit", "policy", "--output-file", tmp_path / "p", "--cosigned-by", "nobody")
    assert result.exit_code == 6


@pytest.mark.parametrize("place", ["taken.exhibit", "nowhere/new.exhibit", ".hidden"])
def test_an_exhibit_that_is_not_written_is_not_logged_as_made(desk, tmp_path, place):
    (tmp_path / "taken.exhibit").write_text("mine")
    command = ("packet", "exhibit", desk.packet, "Payment/amount")
    refused = desk.run(*command, "--output-file", tmp_path / place)
    assert "TL-USE-004" in refused.stderr
    acts = [row["action"] for row in desk.rows("audit", "access", "--as", AUDITOR)]
    assert "access-exhibit" not in acts
    assert (tmp_path / "taken.exhibit").read_text() == "mine"


@pytest.mark.parametrize("verb", ["print", "export"])
def test_so_it_is_with_a_copy_and_with_an_export(desk, tmp_path, verb):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    command = {
        "print": ("packet", "print", desk.packet, "--to", taken),
        "export": ("export", "ftm", desk.packet, "--output-file", taken),
    }[verb]
    refused = desk.run(*command)
    assert "TL-USE-004" in refused.stderr, refused.output
    acts = [row["action"] for row in desk.rows("audit", "access", "--as", AUDITOR)]
    assert {"access-print", "access-export"}.isdisjoint(acts)
