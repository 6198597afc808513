"""``tearline audit`` over a real federation: search, who saw, prove, verify, checkpoint."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from support.agencies import secret
from support.simulation import PASSPHRASE
from tearline.errors import CharterUnpinned
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import root_from_leaf_hashes, tree_path
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.audit_search import (
    ProvenEvent,
    ProvenEvents,
    encode_proven_events,
    parse_proven_events,
)
from tearline_client.founding.charter_file import read_federation, write_federation
from tearline_client.node import Node
from unit.client.cli.test_confirmations import CN, MX, sent

AMOUNT = "Payment/amount"


def evidence(desk) -> list[str]:
    """Codes of what the node keeps as evidence."""

    async def codes() -> list[str]:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            return [item.code for item in node.status().quarantined]

    return asyncio.run(codes())


def edit(desk, sql: str) -> None:
    """Changes the node's database by hand."""
    connection = apsw.Connection(str(desk.home / "node.db"))
    connection.execute(sql)
    connection.close()


# Search.


def test_a_search_finds_events_and_says_they_are_proven(desk):
    rows = desk.rows("audit", "search", "action:grant-accepted", "--as", "ana")
    rows.sort(key=lambda row: row["counterpart"])
    assert [(row["actor"], row["counterpart"]) for row in rows] == [
        ("us-justice", "cn-public-security"),
        ("us-justice", "mx-prosecutor"),
    ]
    assert all(row["proven"] and row["packet_id"] == desk.packet for row in rows)
    assert {"agreed-generalised"} <= {p for d in rows[0]["decisions"] for p in d["policies"]}


def test_a_search_is_itself_found(desk):
    desk.rows("audit", "search", "--as", "ana")
    assert desk.rows("audit", "search", "action:audit-search", "--as", "ana")


def test_a_search_goes_on_behind_a_position(desk):
    whole = desk.rows("audit", "search", "--as", "ana", "-q")
    first = desk.run("-o", "jsonl", "audit", "search", "--limit", 2, "--as", "ana")
    head = [json.loads(line) for line in first.stdout.splitlines()]
    assert f"--after {head[-1]['entry']}" in first.stderr
    rest = desk.rows("audit", "search", "--after", head[-1]["entry"], "--as", "ana")
    entries = [row["entry"] for row in (*head, *rest)]
    assert entries[: len(whole)] == [row["entry"] for row in whole]


def test_a_search_goes_over_many_pages(desk, monkeypatch):
    whole = desk.rows("audit", "search", "action:grant-accepted", "--as", "ana")
    monkeypatch.setattr("tearline_server.audit.search.EVENT_PAGE", 1)
    paged = desk.rows("audit", "search", "action:grant-accepted", "--as", "ana")
    assert [row["entry"] for row in paged] == [row["entry"] for row in whole]


def test_a_search_takes_a_person(desk):
    result = desk.run("audit", "search", "--as", "nobody")
    assert (result.exit_code, result.stdout) == (4, "")


def test_an_invented_event_is_refused_and_kept(desk):
    def lie(reply: bytes) -> bytes:
        page = parse_proven_events(reply)
        first = page.events[0]
        invented = replace(first, entry=replace(first.entry, salt=secret("other")))
        return encode_proven_events(replace(page, events=(invented, *page.events[1:])))

    desk.lies.append(lie)
    result = desk.run("audit", "search", "--as", "ana")
    assert (result.exit_code, result.stdout) == (5, "")
    assert "TL-LOG-002" in result.stderr
    assert evidence(desk) == ["TL-LOG-002"]


@pytest.mark.parametrize(("index", "size"), [(0, 1), (20, 21), (20, 4000)])
def test_another_log_for_auditors_than_for_nodes_is_caught(desk, index, size):
    """Signed by the log itself, and proven: only the node's own mirror shows the fork."""

    def lie(reply: bytes) -> bytes:
        page = parse_proven_events(reply)
        entry = replace(page.events[0].entry, index=index, salt=secret("fork"))
        leaves = [secret(f"leaf {number}") for number in range(size)]
        leaves[index] = entry_hash(blind_entry(entry.salt, entry.event))
        state = Checkpoint(
            origin=desk.template.identity.log.origin,
            size=size,
            root=root_from_leaf_hashes(leaves),
        )
        forked = ProvenEvent(entry=entry, path=tuple(tree_path(leaves, index)), size=size)
        note = sign_checkpoint(state, desk.template.keys.log, time_s=2_000_000_000)
        return encode_proven_events(ProvenEvents(events=(forked,), checkpoint=note, next=None))

    desk.lies.append(lie)
    result = desk.run("audit", "search", "--as", "ana")
    assert (result.exit_code, result.stdout) == (5, "")
    (code,) = evidence(desk)
    assert code in result.stderr
    assert code == ("TL-LOG-020" if size < 4000 else "TL-LOG-003")


def test_the_true_event_in_a_forked_log_is_caught(desk):
    def lie(reply: bytes) -> bytes:
        page = parse_proven_events(reply)
        true = page.events[0].entry
        size = true.index + 1
        leaves = [*(secret(f"leaf {n}") for n in range(true.index))]
        leaves.append(entry_hash(blind_entry(true.salt, true.event)))
        state = Checkpoint(
            origin=desk.template.identity.log.origin,
            size=size,
            root=root_from_leaf_hashes(leaves),
        )
        forked = ProvenEvent(entry=true, path=tuple(tree_path(leaves, true.index)), size=size)
        note = sign_checkpoint(state, desk.template.keys.log, time_s=2_000_000_000)
        return encode_proven_events(ProvenEvents(events=(forked,), checkpoint=note, next=None))

    desk.lies.append(lie)
    result = desk.run("audit", "search", "--as", "ana")
    assert (result.exit_code, evidence(desk)) == (5, ["TL-LOG-003"])


# Who saw.


def test_who_saw_a_field_and_how(desk):
    rows = {row["partner"]: row for row in desk.rows("audit", "who-saw", desk.packet[:10], AMOUNT)}
    cn, mx = rows["cn-public-security"], rows["mx-prosecutor"]
    assert (cn["granted"], cn["form"], cn["delivered"]) == ("yes", "generalised", "indeterminate")
    assert (mx["granted"], mx["form"], mx["delivered"]) == ("yes", "clear", "yes")
    assert (mx["opened"], mx["seen"]) == ("yes", "indeterminate")
    assert {row["proven"] for row in rows.values()} == {"verified"}
    assert (mx["article"], mx["by"]) == ("money-laundering", "agreed-clear")
    assert isinstance(mx["entry"], int)


def test_what_was_kept_back_was_seen_by_nobody(desk):
    rows = desk.rows("audit", "who-saw", desk.packet, "Person/phone", "--no-sync")
    assert {row["partner"]: row["form"] for row in rows} == {
        "cn-public-security": "exists",
        "mx-prosecutor": "clear",
    }


def test_a_disclosure_later_is_one_more_sighting(desk, tmp_path):
    packet, field = sent(desk, tmp_path), "Person/name"
    disclosed = desk.run("packet", "disclose", "--yes", packet, field, "--to", CN)
    assert disclosed.exit_code == 0, disclosed.output
    rows = desk.rows("audit", "who-saw", packet, field)
    assert sorted(row["partner"] for row in rows) == [CN, MX]


def test_a_slot_is_one_form_of_a_field(desk):
    shown = desk.rows("packet", "show", desk.packet)
    slot = next(row["slot"] for row in shown if row["path"].endswith(AMOUNT))
    rows = desk.rows("audit", "who-saw", desk.packet, f"slot:{slot}", "--no-sync")
    # The clear form alone: what cn was given is in another slot.
    forms = {row["partner"]: (row["granted"], row["form"]) for row in rows}
    assert forms["mx-prosecutor"] == ("yes", "clear")
    assert forms["cn-public-security"][1] != "generalised"


@pytest.mark.parametrize("field", ["Person/shoeSize", "name", "slot:2047", "slot:x", "slot:"])
def test_what_cannot_be_resolved_is_indeterminate(desk, field):
    rows = desk.rows("audit", "who-saw", desk.packet, field, "--no-sync", status=6)
    assert {(row["granted"], row["form"]) for row in rows} == {("indeterminate", None)}
    assert len(rows) == 2


def test_a_recipient_knows_of_itself_and_not_of_others(desk):
    ours, others = desk.rows(
        "audit", "who-saw", desk.packet, AMOUNT, "--no-sync", agency="mx-prosecutor"
    )
    assert (ours["partner"], ours["form"], ours["opened"]) == ("mx-prosecutor", "clear", "yes")
    assert (others["partner"], others["granted"]) == ("(others)", "indeterminate")


def test_an_unknown_packet_is_not_found(desk):
    result = desk.run("audit", "who-saw", "ff" * 16, AMOUNT, "--no-sync")
    assert (result.exit_code, result.stdout) == (6, "")


def test_a_mirror_edited_by_hand_proves_nothing(desk):
    edit(desk, "UPDATE log_entry SET entry = CAST(x'01' || zeroblob(32) AS BLOB) WHERE idx > 12")
    rows = desk.rows("audit", "who-saw", desk.packet, AMOUNT, "--no-sync", status=5)
    assert "failed" in {row["proven"] for row in rows}


# Proofs.


@pytest.fixture
def proofs(desk, tmp_path) -> list[Path]:
    rows = desk.rows("audit", "prove", desk.packet[:10], "--output-dir", tmp_path)
    return [Path(row["file"]) for row in rows]


def test_proofs_verify_offline_by_the_charter_alone(desk, proofs, tmp_path):
    assert {path.name.split("-", 1)[1] for path in proofs} == {
        "packet-accepted.tlog-proof",
        "grant-accepted.tlog-proof",
        "receipt.tlog-proof",
    }
    trust = desk.home / "federation.trust"
    rows = desk.rows("--home", tmp_path / "nobody", "audit", "verify", *proofs, "--trust", trust)
    assert {row["outcome"] for row in rows} == {"verified"}
    assert {row["packet_id"] for row in rows} == {desk.packet}
    assert all(row["findings"] == [] for row in rows)


def test_a_folder_of_proofs_is_verified_whole(desk, proofs):
    rows = desk.rows("audit", "verify", proofs[0].parent)
    assert [row["file"] for row in rows] == [str(path) for path in proofs]


def test_a_clear_entry_is_proven_by_its_statement(desk, tmp_path):
    charter = desk.run("federation", "show").stderr.split()[1]
    (row,) = desk.rows("audit", "prove", charter, "--output-dir", tmp_path)
    (judged,) = desk.rows("audit", "verify", row["file"])
    assert (judged["outcome"], judged["action"]) == ("verified", "charter")
    assert judged["statement"] == charter


def test_without_a_charter_it_cannot_be_told(desk, proofs, tmp_path):
    rows = desk.rows("--home", tmp_path / "nobody", "audit", "verify", *proofs, status=6)
    assert {row["outcome"] for row in rows} == {"indeterminate"}


def test_one_failed_proof_fails_all_and_each_finding_is_told(desk, proofs):
    bad, *_ = proofs
    bad.write_bytes(bad.read_bytes().replace(b"extra ", b"extra Ag", 1))
    missing = bad.with_name("missing.tlog-proof")
    rows = desk.rows("audit", "verify", *proofs, missing, status=5)
    outcomes = [row["outcome"] for row in rows]
    assert outcomes == ["failed", *["verified"] * (len(proofs) - 1), "indeterminate"]
    assert rows[0]["findings"]
    assert rows[0]["why"].startswith("TL-")


def test_a_charter_of_another_federation_is_refused(desk, proofs):
    result = desk.run("audit", "verify", *proofs, "--federation", "00" * 32)
    assert (result.exit_code, result.stdout) == (CharterUnpinned.exit_status, "")


def test_a_charter_that_a_root_did_not_sign_is_refused(desk, proofs, tmp_path):
    file = read_federation(desk.home / "federation.trust")
    fewer = replace(file, entries=file.entries[:-1])
    trust = tmp_path / "less.trust"
    write_federation(trust, fewer)
    result = desk.run("audit", "verify", *proofs, "--trust", trust)
    assert (result.exit_code, result.stdout) == (CharterUnpinned.exit_status, "")


def test_a_proof_is_never_written_over(desk, proofs):
    result = desk.run("audit", "prove", desk.packet, "--output-dir", proofs[0].parent)
    assert result.exit_code == 2
    assert "TL-USE-004" in result.stderr


def test_nothing_is_proven_from_an_edited_mirror(desk, tmp_path):
    edit(desk, "UPDATE log_entry SET entry = CAST(x'01' || zeroblob(32) AS BLOB) WHERE idx > 12")
    result = desk.run("audit", "prove", desk.packet, "--output-dir", tmp_path)
    assert (result.exit_code, list(tmp_path.glob("*.tlog-proof"))) == (5, [])
    assert "TL-LOG-002" in result.stderr


@pytest.mark.parametrize("prefix", ["", "zz", "ffffffffffff"])
def test_what_is_not_here_is_not_proven(desk, prefix, tmp_path):
    assert desk.run("audit", "prove", prefix, "--output-dir", tmp_path).exit_code == 6


# The checkpoint.


def test_the_newest_checkpoint_and_its_note(desk):
    (row,) = desk.rows("audit", "checkpoint", "--no-sync")
    note = desk.run("audit", "checkpoint", "--no-sync", "--note").stdout
    assert note.splitlines()[:2] == [row["origin"], str(row["size"])]
    assert row["signatures"] == 2
    (newer,) = desk.rows("audit", "checkpoint")
    assert newer["size"] >= row["size"]


# For a SIEM.


def test_the_log_is_printed_as_ocsf_events(desk):
    lines = desk.run("audit", "ocsf", "action:grant-accepted", "--as", "ana").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    rows = desk.rows("audit", "search", "action:grant-accepted", "--as", "ana")
    assert [each["metadata"]["sequence"] for each in events] == [row["entry"] for row in rows]
    assert {each["resources"][0]["uid"] for each in events} == {desk.packet}
    assert {each["metadata"]["log_name"] for each in events} == {"exchange"}
    assert events[0]["actor"]["user"]["name"].startswith("spiffe://")


def test_the_own_access_log_is_printed_as_ocsf_events(desk):
    lines = desk.run("audit", "ocsf", "--access", "--as", "ana").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [each["metadata"]["sequence"] for each in events] == [*range(len(events))]
    assert events[-1]["api"]["operation"] == "access-read"
    assert {each["metadata"]["log_name"] for each in events} == {"access"}
