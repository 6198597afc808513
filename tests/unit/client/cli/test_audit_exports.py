"""``tearline audit`` as an auditor works: follow, count, export, verify, hash; nothing read."""

import asyncio
import base64
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.canary import found
from support.cli import AUDITOR
from support.simulation import PASSPHRASE
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.crypto.keys import SigningKey
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.audit_exports import (
    encode_audit_export,
    encode_export_manifest,
    parse_audit_export,
    parse_export_manifest,
)
from tearline.wire.audit_search import ProvenEvents, encode_proven_events, parse_proven_events
from tearline.wire.statements import signed
from tearline_client.audit.rows import COLUMNS
from tearline_client.demo.lead import SECRETS, SUSPECT
from tearline_client.node import Node

AMOUNT_QUERY = "action:grant-accepted"


def export(desk, path: Path, query: str = AMOUNT_QUERY, *, status: int = 0) -> Path:
    result = desk.run("audit", "export", query, "--output-file", path, "--as", AUDITOR)
    assert result.exit_code == status, result.output
    return path.with_name(path.name + ".manifest")


def judged(desk, *paths: object, status: int = 0) -> list[dict]:
    return desk.rows("audit", "verify", *paths, status=status)


def federation_of(desk) -> str:
    return desk.run("federation", "show").stderr.split()[1]


def codes(row: dict) -> list[str]:
    return [finding["code"] for finding in row["findings"]]


@pytest.fixture(params=["jsonl", "csv"])
def exported(desk, tmp_path, request) -> tuple[Path, Path]:
    path = tmp_path / f"grants.{request.param}"
    return path, export(desk, path)


# Searches, saved.


def test_a_saved_search_verifies(desk, tmp_path):
    saved = tmp_path / "found.jsonl"
    saved.write_text(
        desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR).stdout
    )
    (row,) = judged(desk, saved)
    assert (row["outcome"], row["action"], row["entries"]) == ("verified", "rows", 2)
    lines = [json.loads(line) for line in saved.read_text().splitlines()]
    assert [bool(line["checkpoint"]) for line in lines] == [True, False]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"counterpart": "us-justice"}, "TL-LOG-020"),
        ({"actor": "spiffe://someone.example/node/x"}, "TL-LOG-020"),
        ({"outcome": "refused"}, "TL-LOG-020"),
        ({"count": 2}, "TL-LOG-020"),
        ({"entry": 3}, "TL-LOG-020"),
        ({"path": []}, "TL-LOG-001"),
        ({"path": "x"}, "TL-USE-001"),
        ({"path": ["="]}, "TL-USE-001"),
        ({"path": ["A" * 44]}, "TL-LOG-001"),
        ({"checkpoint": "\ud800"}, "TL-USE-001"),
        ({"opening": "AA=="}, "TL-LOG-002"),
        ({"size": 1}, "TL-LOG-028"),
        ({"checkpoint": "a note"}, "TL-LOG-005"),
    ],
)
def test_what_a_row_says_is_compared_with_its_proof(desk, tmp_path, change, code):
    result = desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    first, *rest = result.stdout.splitlines()
    saved = tmp_path / "found.jsonl"
    saved.write_text("\n".join([json.dumps(json.loads(first) | change), *rest]) + "\n")
    result = desk.run("-o", "json", "audit", "verify", saved)
    (row,) = json.loads(result.stdout)
    assert row["outcome"] == ("indeterminate" if code == "TL-LOG-028" else "failed")
    assert code in codes(row)
    assert all(finding["text"].startswith("row 1: ") for finding in row["findings"][:1])


def test_rows_without_the_one_that_brought_the_checkpoint_cannot_be_told(desk, tmp_path):
    result = desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    saved = tmp_path / "found.jsonl"
    saved.write_text(result.stdout.splitlines()[1] + "\n")
    (row,) = judged(desk, saved, status=6)
    assert codes(row) == ["TL-LOG-028"]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", '{"entry": 1, "entry": 2}', '{"entry": 1}', "{" * 100_000],
    ids=["cut", "list", "empty", "twice", "bare", "deep"],
)
def test_a_line_that_is_no_row_fails_and_the_others_are_judged(desk, tmp_path, line):
    result = desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    saved = tmp_path / "found.jsonl"
    saved.write_text(result.stdout + line + "\n" + result.stdout)
    (row,) = judged(desk, saved, status=5)
    assert codes(row) == ["TL-USE-001"]
    assert row["entries"] == 5


def test_every_finding_is_told(desk, tmp_path):
    result = desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    lines = [json.loads(line) | {"reason": "x"} for line in result.stdout.splitlines()]
    saved = tmp_path / "found.jsonl"
    saved.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (row,) = judged(desk, saved, status=5)
    assert [finding["text"].split(":")[0] for finding in row["findings"]] == ["row 1", "row 2"]


def test_a_row_over_the_proof_of_a_clear_entry_proves_no_event(desk, tmp_path):
    statement = federation_of(desk)
    (proof,) = desk.rows("audit", "prove", statement, "--output-dir", tmp_path)
    head, _, note = Path(proof["file"]).read_text().partition("\n\n")
    _, extra, index, *path = head.splitlines()
    result = desk.run("-o", "jsonl", "audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    lie = json.loads(result.stdout.splitlines()[0]) | {
        "entry": int(index.removeprefix("index ")),
        "opening": extra.removeprefix("extra "),
        "path": path,
        "size": int(note.splitlines()[1]),
        "checkpoint": note,
    }
    saved = tmp_path / "lie.jsonl"
    saved.write_text(json.dumps(lie) + "\n")
    (row,) = judged(desk, saved, status=5)
    assert codes(row) == ["TL-LOG-020"]


# Exports.


def test_an_export_verifies_by_the_charter_or_the_federation_s_id_alone(desk, exported, tmp_path):
    _, manifest = exported
    (row,) = judged(desk, manifest)
    assert (row["outcome"], row["entries"], row["query"]) == ("verified", 2, AMOUNT_QUERY)
    assert (row["actor"], row["role"]) == ("us-justice", "auditor")
    nobody = ("--home", tmp_path / "nobody")
    trust = desk.home / "federation.trust"
    (by_list,) = desk.rows(*nobody, "audit", "verify", manifest, "--trust", trust)
    (by_id,) = desk.rows(*nobody, "audit", "verify", manifest, "--federation", federation_of(desk))
    assert {by_list["outcome"], by_id["outcome"]} == {"verified"}
    (unknown,) = desk.rows(*nobody, "audit", "verify", manifest, status=6)
    assert codes(unknown)[0] == "TL-LOG-022"


def test_the_rows_of_an_export_verify_alone(desk, exported):
    path, _ = exported
    (row,) = judged(desk, path)
    assert (row["outcome"], row["entries"]) == ("verified", 2)


def test_an_export_is_an_entry_of_its_person(desk, exported):
    _, manifest = exported
    (row,) = judged(desk, manifest)

    async def subject() -> str:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            claims = node.persons.token(AUDITOR).split(".")[1]
            return json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]

    # The exchange writes the token's subject into the entry.
    assert row["pseudonym"] == asyncio.run(subject())
    assert len(desk.rows("audit", "search", "action:audit-export", "--as", AUDITOR)) == 1


def test_an_export_that_was_changed_is_told(desk, exported):
    path, manifest = exported
    path.write_bytes(path.read_bytes().replace(b"grant-accepted", b"mark", 1))
    (row,) = judged(desk, manifest, status=5)
    assert codes(row) == ["TL-LOG-029", "TL-LOG-020"]


def test_a_row_that_was_cut_off_is_told(desk, exported):
    path, manifest = exported
    end = b"\r\n" if path.suffix == ".csv" else b"\n"
    path.write_bytes(path.read_bytes().rstrip(end).rpartition(end)[0] + end)
    (row,) = judged(desk, manifest, status=5)
    assert codes(row) == ["TL-LOG-029", "TL-LOG-029"]


def test_the_rows_of_another_export_are_told(desk, exported, tmp_path):
    path, manifest = exported
    other = tmp_path / f"other{path.suffix}"
    export(desk, other, "action:packet-accepted")
    path.write_bytes(other.read_bytes())
    (row,) = judged(desk, manifest, status=5)
    assert set(codes(row)) == {"TL-LOG-029"}
    told = row["why"]
    for what in ("digest", "another checkpoint", "does not match the query", "rows of"):
        assert what in told


def test_a_manifest_that_was_changed_is_told(desk, exported):
    _, manifest = exported
    text = manifest.read_text()
    middle = len(text) // 2
    changed = "A" if text[middle] != "A" else "B"
    manifest.write_text(text[:middle] + changed + text[middle + 1 :])
    (row,) = judged(desk, manifest, status=5)
    assert row["findings"]


def test_a_manifest_of_other_words_is_told(desk, exported):
    _, path = exported
    manifest = parse_export_manifest(parse_armor(Armor.AUDIT_EXPORT, path.read_text()))
    statement = manifest.export.statement
    export = parse_audit_export(statement.body)
    body = encode_audit_export(replace(export, time_ms=export.time_ms + 1))
    forged = replace(
        manifest, export=replace(manifest.export, statement=replace(statement, body=body))
    )
    path.write_text(armor(Armor.AUDIT_EXPORT, encode_export_manifest(forged)))
    (row,) = judged(desk, path, status=5)
    assert codes(row) == ["TL-PKT-003"]


def test_a_manifest_of_a_stranger_is_told(desk, exported):
    _, path = exported
    manifest = parse_export_manifest(parse_armor(Armor.AUDIT_EXPORT, path.read_text()))
    export = parse_audit_export(manifest.export.statement.body)
    stranger = Signer(
        federation=export.header.federation, uri=export.header.signer, key=SigningKey.generate()
    )
    body = encode_audit_export(replace(export, header=stranger.header))
    forged = replace(manifest, export=signed(stranger.sign([(StatementType.AUDIT_EXPORT, body)])))
    path.write_text(armor(Armor.AUDIT_EXPORT, encode_export_manifest(forged)))
    (row,) = judged(desk, path, status=5)
    assert codes(row) == ["TL-TRU-002"]


def test_without_its_file_an_export_cannot_be_told(desk, exported):
    path, manifest = exported
    path.unlink()
    (row,) = judged(desk, manifest, status=6)
    assert row["outcome"] == "indeterminate"


def test_an_export_of_nothing_verifies(desk, tmp_path):
    for name in ("none.jsonl", "none.csv"):
        manifest = export(desk, tmp_path / name, "action:void")
        (row,) = judged(desk, manifest)
        assert (row["outcome"], row["entries"]) == ("verified", 0)


def test_an_export_is_never_written_over_and_never_half(desk, exported, tmp_path):
    path, manifest = exported
    before = path.read_bytes()
    export(desk, path, status=2)
    assert path.read_bytes() == before
    path.unlink()
    export(desk, path, status=2)  # its manifest is still there
    assert not path.exists()
    assert manifest.exists()


@pytest.mark.parametrize("name", ["grants.txt", "grants", "grants.json"])
def test_an_export_has_a_name_that_says_what_it_is(desk, tmp_path, name):
    export(desk, tmp_path / name, status=2)
    assert list(tmp_path.glob("grants*")) == []


def test_an_export_takes_a_person(desk, tmp_path):
    result = desk.run("audit", "export", "", "--output-file", tmp_path / "x.csv", "--as", "nobody")
    assert (result.exit_code, list(tmp_path.glob("x*"))) == (4, [])


def test_no_cell_of_an_export_is_a_formula(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tearline_client.audit.rows.event_row",
        lambda event, name=str: _hostile(event),
    )
    path = tmp_path / "hostile.csv"
    export(desk, path)
    _, *records = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    assert records
    for record in records:
        assert not [cell for cell in record if cell.lstrip().startswith(("=", "+", "-", "@"))]
        assert sum(cell.startswith("'=HYPERLINK") for cell in record) == 3


def _hostile(event) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(COLUMNS, "")
    return row | dict.fromkeys(("article", "purpose", "reason"), '=HYPERLINK("http://x")')


# What an exchange leaves out, or puts in.


def test_an_entry_that_was_left_out_is_missed_and_the_answer_kept(desk):
    def lie(reply: bytes) -> bytes:
        page = parse_proven_events(reply)
        return encode_proven_events(replace(page, events=page.events[1:]))

    desk.lies.append(lie)
    result = desk.run("audit", "search", AMOUNT_QUERY, "--as", AUDITOR)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "TL-LOG-026" in result.stderr


def test_an_event_that_was_not_asked_for_is_refused(desk):
    def lie(reply: bytes) -> bytes:
        page = parse_proven_events(reply)
        return encode_proven_events(
            ProvenEvents(events=everything, checkpoint=note, next=page.next)
        )

    pages: list[ProvenEvents] = []
    desk.lies.append(lambda reply: pages.append(parse_proven_events(reply)) or reply)
    desk.rows("audit", "search", "--as", AUDITOR)
    everything, note = pages[0].events, pages[0].checkpoint
    desk.lies[:] = [lie]
    result = desk.run("audit", "search", "action:mark", "--as", AUDITOR)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "TL-REQ-007" in result.stderr


# Counting and following.


def test_a_histogram_counts_by_day(desk):
    whole = desk.rows("audit", "search", "--as", AUDITOR)
    days = desk.rows("audit", "search", "--histogram", "--as", AUDITOR)
    assert sum(day["entries"] for day in days) == len(whole) + 1  # the first search itself
    assert {day["day"] for day in days} == {row["time"][:10] for row in whole}


def test_statistics_count_an_agreement_by_kind_action_and_outcome(desk):
    found_row = desk.rows("audit", "search", AMOUNT_QUERY, "--as", AUDITOR)[0]
    agreement_id = found_row["agreement"]
    (name,) = {
        row["agreement"] for row in desk.rows("agreement", "list") if row["id"] == agreement_id
    }
    counted = desk.rows(
        "audit", "statistics", name, "--year", found_row["time"][:4], "--as", AUDITOR
    )
    by = {(row["kind"], row["action"], row["outcome"]): row["acts"] for row in counted}
    assert by["lead", "grant-accepted", "ok"] == 2
    assert by["lead", "packet-accepted", "ok"] == 1
    assert desk.rows(
        "audit", "statistics", agreement_id, "--year", found_row["time"][:4], "--as", AUDITOR
    )
    assert desk.rows("audit", "statistics", name, "--year", 2001, "--as", AUDITOR) == []


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_following_prints_line_by_line(desk, form):
    result = desk.run("-o", form, "audit", "search", "--follow", "--as", AUDITOR)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_search_that_follows_goes_on_to_its_limit(desk):
    result = desk.run("-o", "jsonl", "audit", "search", "--follow", "--limit", 3, "--as", AUDITOR)
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize("query", ["word", "outcome:ok created:yesterday"])
def test_what_is_no_query_is_named_by_its_place_and_never_sent(desk, query):
    before = len(desk.rows("audit", "search", "action:audit-search", "--as", AUDITOR))
    result = desk.run("audit", "search", query, "--as", AUDITOR)
    assert result.exit_code == 2
    assert "at character" in result.stderr
    after = len(desk.rows("audit", "search", "action:audit-search", "--as", AUDITOR))
    assert after == before + 1


# Values.


def test_a_value_is_found_by_its_hash_alone(desk):
    for spelled in (SUSPECT, "裘文昊", "QIU  WENHAO"):
        rows = desk.rows("audit", "hash", spelled)
        assert [row["packet_id"] for row in rows] == [desk.packet]
    assert not [key for row in desk.rows("audit", "hash", SUSPECT) for key in row if "value" in key]


def test_a_value_may_come_by_standard_input(desk):
    result = desk.run("-o", "json", "audit", "hash", "-", typed=f"{SUSPECT}\n")
    assert [row["packet_id"] for row in json.loads(result.stdout)] == [desk.packet]


@pytest.mark.parametrize(
    ("value", "status"), [("nobody at all", 6), ("qiu", 6), ("--", 2), ("…", 2)]
)
def test_a_value_that_is_not_here_is_not_found(desk, value, status):
    assert desk.run("audit", "hash", "--", value).exit_code == status


def test_neither_the_index_nor_an_export_holds_a_value(desk, tmp_path):
    desk.rows("audit", "hash", SUSPECT)
    export(desk, tmp_path / "all.csv", "created:2000-01-01..")
    export(desk, tmp_path / "all.jsonl", "created:2000-01-01..")
    places = [*tmp_path.glob("all*"), desk.home / "node.db", desk.home / "node.db-wal"]
    assert found(SECRETS, (place.read_bytes() for place in places if place.exists())) == set()
    # The same search finds what is there.
    assert found([desk.packet], [(tmp_path / "all.csv").read_bytes()]) == {desk.packet}
