"""``tearline packet correct``, and how what was corrected is shown from then on."""

import json
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED, CorrectedAlready, ValueRepeated
from tearline_client.demo.lead import ENTITIES, NARRATIVE, lead_jsonl

RIGHT = "1847520"
ORDER = (
    *("--agreement", "narcotics-2026", "--to", "mx-prosecutor"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
PARTNERS = {"cn-public-security", "mx-prosecutor"}


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """The lead with another amount."""
    path = tmp_path / "corrected.jsonl"
    entities = json.loads(json.dumps(ENTITIES))
    (payment,) = (each for each in entities if each["schema"] == "Payment")
    payment["properties"]["amount"] = [RIGHT]
    path.write_text(lead_jsonl(entities))
    return path


def correct(desk: Desk, file: Path, *options: object) -> list[dict]:
    return desk.rows("packet", "correct", "--yes", desk.packet[:12], file, *options)


def test_a_dry_run_shows_each_partner_what_changes_and_sends_nothing(
    desk: Desk, corrected: Path
) -> None:
    rows = correct(desk, corrected, "--dry-run")
    amounts = [row for row in rows if row["path"].endswith("/Payment/amount")]
    assert {row["partner"] for row in amounts} <= PARTNERS
    (mx,) = (row for row in amounts if row["partner"] == "mx-prosecutor")
    assert (mx["before"], mx["after"]) == ("1847250", RIGHT)
    assert len(desk.rows("packet", "list", "--no-sync")) == 1


def test_a_table_of_changes_shows_references_by_name(
    desk: Desk, corrected: Path, tmp_path: Path
) -> None:
    entities = [json.loads(line) for line in corrected.read_text().splitlines()]
    wanted = [each for each in entities if each["schema"] != "Ownership"]
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text(lead_jsonl(wanted))
    shown = desk.run("packet", "correct", desk.packet[:12], fewer, "--dry-run")
    assert "→ Qiu Wenhao" in shown.stdout
    assert "token-" not in shown.stdout


def test_contents_that_fall_apart_are_refused_with_the_way_to_the_present_ones(
    desk: Desk, corrected: Path
) -> None:
    stray = {"id": "stray", "schema": "Person", "properties": {"name": ["Chen Dawei"]}}
    corrected.write_text(f"{corrected.read_text().strip()}\n{json.dumps(stray)}\n")
    refused = desk.run("packet", "correct", desk.packet[:12], corrected, "--dry-run")
    assert refused.exit_code == 2
    assert f"`tearline export ftm {desk.packet[:12]}`" in refused.stderr
    assert "makes 2 packets, expected one: link its entities" in refused.stderr


def test_the_old_packet_names_what_took_its_place_wherever_it_is_shown(
    desk: Desk, corrected: Path, tmp_path: Path
) -> None:
    (sent,) = correct(desk, corrected)
    correction = sent["packet"]
    for agency in ("us-justice", "mx-prosecutor", "cn-public-security"):
        listed = {row["id"]: row for row in desk.rows("packet", "list", agency=agency)}
        assert listed[desk.packet]["corrected_by"] == correction
        assert listed[correction]["corrects"] == desk.packet
        assert listed[correction]["corrected_by"] == ""
    at_mexico = {"agency": "mx-prosecutor"}
    shown = desk.run("packet", "show", desk.packet, **at_mexico)
    assert f"Corrected: replaced by packet {correction[:12]}" in shown.stderr
    assert f"replaces packet {desk.packet[:12]}" in (
        desk.run("packet", "show", correction, **at_mexico).stderr
    )
    printed = desk.run("packet", "print", desk.packet, **at_mexico)
    assert f"packet {correction}" in printed.stdout
    found = desk.rows("packet", "search", "1847250", **at_mexico)
    assert {row["corrected_by"] for row in found} == {correction}
    exported = desk.run("export", "ftm", **at_mexico).stdout
    assert RIGHT in exported
    assert "1847250" not in exported
    named = desk.run("export", "ftm", desk.packet, **at_mexico)
    assert "1847250" in named.stdout
    assert f"corrected by {correction[:12]}" in named.stderr


def test_what_was_corrected_says_which_one_to_correct(desk: Desk, corrected: Path) -> None:
    (sent,) = correct(desk, corrected)
    again = desk.run("packet", "correct", "--yes", desk.packet, corrected)
    assert again.exit_code == CorrectedAlready.exit_status
    assert sent["packet"][:12] in again.stderr
    assert len(desk.rows("packet", "correct", "--yes", sent["packet"], corrected)) == 1


def test_a_narrative_goes_with_it(desk: Desk, corrected: Path, tmp_path: Path) -> None:
    words = tmp_path / "narrative.txt"
    words.write_text(NARRATIVE)
    rows = correct(desk, corrected, "--narrative", words, "--dry-run")
    assert {r["before"] for r in rows if r["path"].endswith("/narrative")} == {"nothing"}


def person_file(desk: Desk, entity: str, name: str) -> Path:
    path = desk.folder / f"{entity}.jsonl"
    properties = {"name": [name], "nationality": ["mx"]}
    path.write_text(lead_jsonl([{"id": entity, "schema": "Person", "properties": properties}]))
    return path


def test_a_guard_that_a_correction_ends_is_named_and_needs_a_reason(desk: Desk) -> None:
    guard = "--guard=s1/name=identity.source"
    (sent,) = desk.rows(
        "packet", "send", "--yes", person_file(desk, "s1", "Lopez Arriaga"), guard, *ORDER
    )
    other = person_file(desk, "s2", "Lopes Arriaga")
    command = ("packet", "correct", "--yes", sent["packet"], other)
    told = f"Person/name of packet {sent['packet'][:12]} was guarded from mx-prosecutor"
    dry = desk.run(*command, "--dry-run")
    assert (dry.exit_code, told in dry.stderr) == (0, True), dry.stderr
    refused = desk.run(*command)
    assert (refused.exit_code, told in refused.stderr) == (EXIT_REFUSED, True)
    assert ValueRepeated.code in refused.stderr
    assert desk.run(*command, "--repeats", "no source any more").exit_code == 0


def test_what_is_not_ours_is_not_found(desk: Desk, corrected: Path) -> None:
    desk.rows("packet", "list", agency="mx-prosecutor")
    for packet in (desk.packet, "00" * 16):
        ended = desk.run("packet", "correct", "--yes", packet, corrected, agency="mx-prosecutor")
        assert ended.exit_code == EXIT_NOT_FOUND


def test_who_is_kept_out_is_named_when_it_is_corrected_and_when_it_is_resumed(
    desk: Desk, corrected: Path
) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    way = ("--article", "money-laundering", "--direction", "us-justice:mx-prosecutor")
    stop = ("agreement", "suspend", "narcotics-2026", *way, "--reason", "political", "--yes")
    assert desk.run(*stop, "--as", AUDITOR).exit_code == 0
    told = desk.run("packet", "correct", "--yes", desk.packet, corrected, "--as", AUDITOR)
    assert told.exit_code == 0, told.output
    assert "Not for mx-prosecutor: " in told.stderr
    assert f"mx-prosecutor keeps {desk.packet[:12]} uncorrected" in told.stderr
    assert "cn-public-security keeps" not in told.stderr
    (old,) = (row for row in desk.rows("packet", "list") if row["id"] == desk.packet)
    resumed = desk.run("agreement", "resume", "narcotics-2026", "--as", "olga")
    assert resumed.exit_code == 0, resumed.output
    named = (
        f"mx-prosecutor still holds packet {desk.packet[:12]}, without its correction"
        f" {old['corrected_by'][:12]}"
    )
    assert resumed.stderr.count("still holds packet") == resumed.stderr.count(named) == 1
