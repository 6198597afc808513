"""``tearline keys``: list, rotate, revoke."""

import pytest

from support.agencies import MX, federation, key_record, node_of, signing_key
from support.cases import each_case
from support.cli import OUR_NAME
from support.simulation import PASSPHRASE
from tearline.errors import NameAmbiguous, NotFound
from tearline.federation.members import KeyUse
from tearline_client.cli.keys import find_key, key_rows
from tearline_client.keys.home import COSIGNING_KEY
from tearline_client.keys.keystore import Keystore
from tearline_client.namespaces.keys import HeldKey

NOW_MS = 1_780_000_000_000
FED = federation()
RECORD = key_record(
    FED.signer(MX).header, node_of(MX), KeyUse.SIGN, signing_key(node_of(MX)).public.encoded
)


def keys(desk, use: str) -> list[dict]:
    return [row for row in desk.rows("keys", "list") if row["use"] == use]


# The rows.


@each_case(
    ("held", "records", "revoked", "state", "here"),
    [
        ([HeldKey(use="sign", id=RECORD.key_id)], (RECORD,), set(), "in force", True),
        ([], (RECORD,), set(), "in force", False),
        ([HeldKey(use="sign", id=RECORD.key_id)], (), set(), "not on record, or ended", True),
        ([HeldKey(use="sign", id=RECORD.key_id)], (), {RECORD.key_id}, "revoked", True),
        ([HeldKey(use="tls", id=b"t" * 32, until_ms=NOW_MS + 1)], (), set(), "in force", True),
        ([HeldKey(use="tls", id=b"t" * 32, until_ms=NOW_MS)], (), set(), "ended", True),
        ([HeldKey(use="tls", id=b"t" * 32)], (), set(), "ended", True),
        ([HeldKey(use="tls", id=b"t" * 32, until_ms=NOW_MS + 1)], (), {b"t" * 32}, "revoked", True),
    ],
)
def test_the_state_of_a_key(held, records, revoked, state, here):
    (row,) = key_rows(held, records, revoked=revoked, now_ms=NOW_MS)
    assert (row["state"], row["here"]) == (state, here)


def test_a_key_is_named_by_the_beginning_of_its_id():
    known = {b"\x01" * 32, b"\x01\x02" * 16, b"\xab" * 32}
    assert find_key(known, "AB") == b"\xab" * 32
    assert find_key(known, "77" * 32) == b"\x77" * 32  # of a node that was lost
    for text in ("", "ff", "x"):
        with pytest.raises(NotFound):
            find_key(known, text)
    with pytest.raises(NameAmbiguous, match="010101010101, 010201020102"):
        find_key(known, "01")


# The commands.


def test_the_keys_of_a_node_are_listed(desk):
    rows = desk.rows("keys", "list")
    assert [row["use"] for row in rows] == ["cosign", "kem", "sign", "tls"]
    assert {(row["state"], row["here"]) for row in rows} == {("in force", True)}
    assert all(len(row["id"]) == 64 and row["until"] for row in rows)


def test_an_encryption_key_is_rotated_and_the_old_one_stays(desk):
    (before,) = keys(desk, "kem")
    assert desk.run("keys", "rotate", "--kem").exit_code == 0
    after = keys(desk, "kem")
    assert len(after) == 2
    assert before["id"] in {row["id"] for row in after}
    assert {row["state"] for row in after} == {"in force"}


def test_the_tls_key_is_rotated(desk):
    (before,) = keys(desk, "tls")
    assert desk.run("keys", "rotate", "--tls").exit_code == 0
    (after,) = keys(desk, "tls")
    assert (after["id"] != before["id"], after["state"]) == (True, "in force")


def test_a_signing_key_is_rotated_and_the_old_one_counts_until_its_end(desk):
    (before,) = keys(desk, "sign")
    assert desk.run("keys", "rotate", "--sign").exit_code == 0
    after = {row["id"]: row for row in keys(desk, "sign")}
    assert {row["state"] for row in after.values()} == {"in force"}
    assert [row["here"] for row in after.values() if row["id"] == before["id"]] == [False]
    assert [row["here"] for row in after.values() if row["id"] != before["id"]] == [True]
    assert desk.run("keys", "revoke", before["id"], "--yes").exit_code == 0
    assert desk.run("keys", "rotate", "--kem").exit_code == 0  # certified by the new one


def test_a_cosigning_key_is_rotated(desk):
    (before,) = keys(desk, "cosign")
    assert desk.run("keys", "rotate", "--cosign").exit_code == 0
    here = [row["id"] for row in keys(desk, "cosign") if row["here"]]
    assert len(here) == 1
    assert here != [before["id"]]


def test_a_home_without_a_cosigning_key_gets_one(desk):
    keystore = Keystore.open(desk.folder / OUR_NAME / "keys", PASSPHRASE)
    keystore.delete(COSIGNING_KEY)
    assert desk.run("keys", "rotate", "--cosign").exit_code == 0
    assert [row["state"] for row in keys(desk, "cosign") if row["here"]] == ["in force"]


def test_several_are_rotated_at_once(desk):
    before = {row["id"] for row in desk.rows("keys", "list") if row["here"]}
    assert desk.run("keys", "rotate", "--tls", "--sign", "--kem", "--cosign").exit_code == 0
    fresh = [row for row in desk.rows("keys", "list") if row["here"] and row["id"] not in before]
    assert [row["use"] for row in fresh] == ["cosign", "kem", "sign", "tls"]


def test_what_to_rotate_is_said(desk):
    assert desk.run("keys", "rotate").exit_code == 2


@pytest.mark.parametrize("use", ["tls", "kem"])
def test_a_key_is_revoked_for_every_member(desk, use):
    (row,) = keys(desk, use)
    result = desk.run("keys", "revoke", row["id"][:8], "--reason", "lost", "--yes")
    assert result.exit_code == 0, result.output
    states = {found["id"]: found["state"] for found in desk.rows("keys", "list")}
    assert states[row["id"]] == "revoked"


def test_a_revoked_encryption_key_gets_a_successor(desk):
    (row,) = keys(desk, "kem")
    desk.run("keys", "revoke", row["id"], "--yes")
    assert desk.run("node", "status").exit_code == 0
    assert desk.run("packet", "list").exit_code == 0  # comes up to date
    assert {"in force", "revoked"} == {found["state"] for found in keys(desk, "kem")}


def test_a_revocation_is_confirmed_by_name(desk):
    (row,) = keys(desk, "kem")
    result = desk.run("keys", "revoke", row["id"][:8])
    assert result.exit_code == 2
    assert "TL-USE-005" in result.stderr
    assert keys(desk, "kem")[0]["state"] == "in force"


def test_an_unknown_key_is_not_found(desk):
    assert desk.run("keys", "revoke", "ff" * 16, "--yes").exit_code == 6


def test_a_partners_key_is_not_ours_to_revoke(desk):
    theirs = desk.rows("keys", "list", "--no-sync", agency="mx-prosecutor")
    kem = next(row["id"] for row in theirs if row["use"] == "kem")
    result = desk.run("keys", "revoke", kem, "--yes")
    assert result.exit_code == 4, result.output


def test_a_changed_passphrase_opens_the_node_and_the_old_one_does_not(desk, tmp_path):
    file = tmp_path / "new"
    file.touch(mode=0o600)
    file.write_text("short\n")
    result = desk.run("keys", "passphrase", "--new-passphrase-file", file)
    assert (result.exit_code, "TL-KEY-008" in result.stderr) == (1, True)
    file.write_text("another passphrase\n")
    assert desk.run("keys", "passphrase", "--new-passphrase-file", file).exit_code == 0
    assert "TL-KEY-003" in desk.run("keys", "list", "--no-sync").stderr
    assert desk.rows("--passphrase-file", file, "keys", "list", "--no-sync")
    root = ("keys", "passphrase", "--root", "--new-passphrase-file", file)
    assert [desk.run(*root).exit_code for _ in range(2)] == [0, 1]
