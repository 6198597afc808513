"""The project's own frozen vectors, checked in the direction of whoever receives them.

What is repeatable is computed again and compared; what is not, sealing and signing, is
opened and verified. Each bad copy ends in the code that stands beside it.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from support.cases import each_case
from tearline.crypto.keys import SigningKey, SigningPublicKey
from tearline.errors import StatusBackwards
from tearline.packets.ciphertexts import CiphertextTree, verify_ciphertexts
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    marking_digest,
    padded_length,
    slot_commit,
)
from tearline.packets.packet import Marks
from tearline.policy.form import parse_form
from tearline.policy.marking import parse_marking
from tearline.sealing import open_delivered, open_packet, open_release
from tearline.statements.receipt import Status, verify_forward
from tearline.statements.statement import StatementType, leaf_hash, statement_id
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm, parse_checkpoint
from tearline.tlog.merkle import root_from_leaf_hashes, verify_consistency
from tearline.tlog.proof import parse_log_proof, verify_log_proof
from tearline.verification.log_entries import (
    blind_entry,
    entry_hash,
    parse_entry,
    verify_cosigned,
    verify_opening_in_log,
)
from tearline.verification.moment import Moment
from tearline.wire.bundles import parse_bundle
from tearline.wire.grants import (
    encode_event,
    encode_grant,
    encode_grant_prefix,
    encode_log_opening,
    encode_mark,
    encode_receipt,
    encode_void,
    parse_event,
    parse_grant,
    parse_log_opening,
    parse_mark,
    parse_receipt,
    parse_void,
)
from tearline.wire.packets import (
    encode_manifest,
    encode_opening,
    encode_release,
    parse_field,
    parse_manifest,
    parse_opening,
    parse_release,
)
from tearline.wire.statements import parse_attestation, parse_signed
from vectors.own.packets import decoded
from vectors.own.plain import plain
from vectors.own_cases import (
    Case,
    cases,
    ciphertexts,
    code_of,
    delivered,
    first_blind,
    log_keys,
    recipient,
    trust,
    vectors,
    verify,
)

# statement-v1.json


@pytest.mark.parametrize("case", vectors("statement")["keys"], ids=lambda case: case["uri"])
def test_keys_follow_from_their_seeds(case: Case) -> None:
    key = SigningKey(bytes.fromhex(case["seeds"]))
    assert key.public.encoded.hex() == case["public"]
    assert key.id.hex() == case["key_id"]


def test_each_type_has_its_label() -> None:
    found = {str(kind.value): kind.label.hex() for kind in StatementType}
    assert found == {
        number: each["label"] for number, each in vectors("statement")["labels"].items()
    }


@pytest.mark.parametrize("case", vectors("statement")["composite"])
def test_composite_signatures_verify(case: Case) -> None:
    public = next(k["public"] for k in vectors("statement")["keys"] if k["uri"] == case["uri"])
    key = SigningPublicKey(encoded=bytes.fromhex(public))
    message, context, signature = (
        bytes.fromhex(case[name]) for name in ("message", "context", "signature")
    )
    assert code_of(lambda: key.verify(signature, message + b".", context)) == "TL-KEY-002"
    key.verify(signature, message, context)


@pytest.mark.parametrize("case", cases("statement", "trees"))
def test_trees_are_what_they_were(case: Case) -> None:
    attestation = parse_attestation(bytes.fromhex(case["attestation"]))
    assert attestation.hash.hex() == case["attestation_hash"]
    assert attestation.signed_bytes.hex() == case["signed_bytes"]
    assert (attestation.size, attestation.root.hex()) == (case["size"], case["root"])
    if case["leaves"] is not None:
        leaves = [bytes.fromhex(leaf) for leaf in case["leaves"]]
        assert root_from_leaf_hashes(leaves) == attestation.root
        assert all(case["leaves"][each["index"]] == each["leaf"] for each in case["statements"])


@pytest.mark.parametrize("case", cases("statement", "trees"))
def test_statements_of_trees_verify(case: Case) -> None:
    for each in case["statements"]:
        kind, body = StatementType(each["type"]), bytes.fromhex(each["body"])
        signed = parse_signed(bytes.fromhex(each["signed"]))
        assert (signed.statement.type, signed.statement.body) == (kind, body)
        assert statement_id(kind, body).hex() == each["id"]
        assert leaf_hash(kind, bytes.fromhex(each["salt"]), body).hex() == each["leaf"]
        assert verify(signed) == case["signer"]


@pytest.mark.parametrize("case", cases("statement", "bundles"))
def test_bundles_give_single_paths(case: Case) -> None:
    found = [
        {"id": each.id.hex(), **plain(each.inclusions[0])}
        for each in parse_bundle(bytes.fromhex(case["bundle"])).statements()
    ]
    assert found == case["statements"]


@pytest.mark.parametrize("case", cases("statement", "cosigned"))
def test_cosigned_statements_verify_under_each_signer(case: Case) -> None:
    signed = parse_signed(bytes.fromhex(case["signed"]))
    assert signed.statement.id.hex() == case["id"]
    assert [each.signer for each in signed.attestations.values()] == case["signers"]
    trust(first_blind()).apply(first_blind(), signed)


@each_case("case", cases("statement", "refused", "signed"))
def test_bad_statements_are_refused(case: Case) -> None:
    assert code_of(lambda: verify(parse_signed(bytes.fromhex(case["bytes"])))) == case["code"]


@pytest.mark.parametrize("case", cases("statement", "refused", "attestation"))
def test_bad_attestations_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_attestation(bytes.fromhex(case["bytes"]))) == case["code"]


@pytest.mark.parametrize("case", cases("statement", "refused", "bundle"))
def test_bad_bundles_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_bundle(bytes.fromhex(case["bytes"]))) == case["code"]


# packet-v1.json


def test_the_manifest_is_what_it_was() -> None:
    case = vectors("packet")
    body = bytes.fromhex(case["body"])
    manifest = parse_manifest(body)
    assert decoded(manifest) == case["manifest"]
    assert encode_manifest(manifest) == body
    signed = parse_signed(bytes.fromhex(case["signed"]))
    assert (signed.statement.body, signed.statement.id.hex()) == (body, case["statement_id"])
    assert verify(signed) == manifest.header.signer


def test_openings_are_what_they_were() -> None:
    for case in vectors("packet")["openings"]:
        opening = parse_opening(bytes.fromhex(case["encoded"]))
        assert {"encoded": encode_opening(opening).hex(), **plain(opening)} == case


@pytest.mark.parametrize("case", vectors("packet")["slots"], ids=lambda case: str(case["slot"]))
def test_slots_derive_commit_and_hold_what_they_did(case: Case) -> None:
    manifest = parse_manifest(bytes.fromhex(vectors("packet")["body"]))
    pid, slot, c = manifest.packet_id, case["slot"], case["compartment"]
    secret = field_secret(bytes.fromhex(vectors("packet")["keys"][str(c)]), pid, c, slot)
    key, salt = field_keys(secret, pid, slot)
    assert (secret.hex(), key.hex(), salt.hex()) == (
        case["field_secret"],
        case["cipher_key"],
        case["salt"],
    )
    plaintext = bytes.fromhex(case["plaintext"])
    said = case["field"]
    marks = Marks(parse_marking(said["marking"]), parse_form(said["form"]), said["mask"])
    assert marking_digest(marks).hex() == case["marking_digest"]
    commit = slot_commit(pid, slot, salt, marks, plaintext)
    assert commit.hex() == case["commit"] == manifest.slots[slot].hex()
    length = int.from_bytes(plaintext[:4], "big")
    assert plain(parse_field(plaintext[4 : 4 + length], marks)) == case["field"]


def test_the_packet_opens() -> None:
    case = vectors("packet")
    release = parse_release(bytes.fromhex(case["release"]))
    view = open_packet(parse_manifest(bytes.fromhex(case["body"])), ciphertexts(), release)
    opened = {each.slot: plain(each.field) for each in view.fields}
    assert opened == {each["slot"]: each["field"] for each in case["slots"]}


@each_case(("length", "padded"), vectors("packet")["padding"])
def test_padding(length: int, padded: int) -> None:
    assert padded_length(length) == padded


@pytest.mark.parametrize("case", cases("packet", "refused", "manifest"))
def test_bad_manifests_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_manifest(bytes.fromhex(case["bytes"]))) == case["code"]


@each_case("case", cases("packet", "refused", "packet"))
def test_bad_packets_do_not_open(case: Case) -> None:
    base, changes = vectors("packet"), case["replace"]
    held = ciphertexts()
    for slot, ciphertext in changes.get("ciphertexts", {}).items():
        del held[int(slot)]
        if ciphertext is not None:
            held[int(slot)] = bytes.fromhex(ciphertext)
    manifest = parse_manifest(bytes.fromhex(changes.get("body", base["body"])))
    release = parse_release(bytes.fromhex(changes.get("release", base["release"])))
    parts = delivered(held, map(bytes.fromhex, changes.get("path", [])))
    assert code_of(lambda: open_delivered(manifest, parts, release)) == case["code"]


@pytest.mark.parametrize("case", vectors("packet")["paths"], ids=lambda case: str(case["slots"]))
def test_paths_lead_to_the_root(case: Case) -> None:
    manifest = parse_manifest(bytes.fromhex(vectors("packet")["body"]))
    whole = delivered(ciphertexts())
    assert plain(CiphertextTree(whole).path(case["slots"])) == case["path"]
    held = {slot: whole.ciphertexts[slot] for slot in case["slots"]}
    verify_ciphertexts(manifest, delivered(held, map(bytes.fromhex, case["path"])))


# grant-v1.json


def test_the_recipients_key_follows_from_its_seed() -> None:
    kem = vectors("grant")["kem"]
    assert (recipient().public.encoded.hex(), recipient().id.hex()) == (
        kem["public"],
        kem["key_id"],
    )


@pytest.mark.parametrize("case", cases("grant", "grants"))
def test_grants_open(case: Case) -> None:
    body = bytes.fromhex(case["body"])
    grant = parse_grant(body)
    assert plain(grant) == {**case["grant"], "seconded_by": None}  # later than what is frozen
    assert encode_grant_prefix(grant) == body[: case["prefix_length"]]
    assert encode_grant(grant) == body
    release = open_release(grant, recipient())
    assert encode_release(release).hex() == case["release"]
    manifest = parse_manifest(bytes.fromhex(vectors("packet")["body"]))
    assert plain(open_packet(manifest, ciphertexts(), release)) == case["view"]
    signed = parse_signed(bytes.fromhex(case["signed"]))
    assert (signed.statement.body, signed.statement.id.hex()) == (body, case["statement_id"])
    assert verify(signed) == grant.header.signer


@each_case("case", cases("grant", "refused", "body"))
def test_bad_grants_do_not_open(case: Case) -> None:
    body = bytes.fromhex(case["bytes"])
    assert code_of(lambda: open_release(parse_grant(body), recipient())) == case["code"]


# receipt-v1.json

PARSERS: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]] = {
    "receipts": (parse_receipt, encode_receipt),
    "voids": (parse_void, encode_void),
    "marks": (parse_mark, encode_mark),
}
SINCE: dict[str, dict[str, Any]] = {"voids": {"withdraws": ""}}
"""What fields that came later say of a message that was made before."""


@pytest.mark.parametrize("kind", PARSERS)
def test_messages_of_channels_are_what_they_were(kind: str) -> None:
    parse, encode = PARSERS[kind]
    for case in vectors("receipt")[kind]:
        body = bytes.fromhex(case["body"])
        assert plain(parse(body)) == SINCE.get(kind, {}) | case["fields"]
        assert encode(parse(body)) == body
        signed = parse_signed(bytes.fromhex(case["signed"]))
        assert (signed.statement.body, signed.statement.id.hex()) == (body, case["statement_id"])
        assert verify(signed) == case["fields"]["header"]["signer"]


@each_case(("before", "after", "possible"), vectors("receipt")["forward"])
def test_a_status_goes_forward_only(before: str, after: str, possible: bool) -> None:
    try:
        verify_forward(Status[before.upper()], Status[after.upper()])
    except StatusBackwards:
        assert not possible
    else:
        assert possible


@each_case("case", cases("receipt", "refused", "receipt"))
def test_bad_receipts_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_receipt(bytes.fromhex(case["bytes"]))) == case["code"]


@pytest.mark.parametrize("case", cases("receipt", "refused", "void"))
def test_bad_voids_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_void(bytes.fromhex(case["bytes"]))) == case["code"]


# log-v1.json


def test_the_logs_keys_follow_from_their_seeds() -> None:
    for case in vectors("log")["keys"]:
        signer = CheckpointSigner(
            name=vectors("log")["origin"],
            algorithm=NoteAlgorithm(case["algorithm"]),
            seed=bytes.fromhex(case["seed"]),
        )
        assert signer.verifier.encode() == case["vkey"]
        assert signer.verifier.key_hash.hex() == case["key_hash"]


def test_entries_are_what_they_were() -> None:
    for case in vectors("log")["entries"]:
        entry = bytes.fromhex(case["entry"])
        assert entry_hash(entry).hex() == case["leaf"]
        if "opening" in case:
            opening = parse_log_opening(bytes.fromhex(case["opening"]["encoded"]))
            event = parse_event(opening.event)
            assert blind_entry(opening.salt, opening.event) == entry
            assert encode_event(event) == opening.event
            assert event.id.hex() == case["opening"]["event_id"]
            fields = case["opening"]["fields"]
            assert plain(event) == {**fields, "seconded_by": ""}  # later than what is frozen
            assert encode_log_opening(opening).hex() == case["opening"]["encoded"]


def test_checkpoints_are_of_the_entries_and_signed() -> None:
    leaves = [bytes.fromhex(case["leaf"]) for case in vectors("log")["entries"]]
    for case in vectors("log")["checkpoints"]:
        log = trust(first_blind()).members.log
        signed = verify_cosigned(case["note"].encode(), log)
        assert signed.checkpoint.size == case["size"]
        assert signed.checkpoint.root == root_from_leaf_hashes(leaves[: case["size"]])
        assert signed.checkpoint.root.hex() == case["root"]
        found = [signed.checkpoint.signed_bytes(key, case["time_s"]).hex() for key in log_keys()]
        assert found == case["signed_bytes"]


def test_the_log_only_grew() -> None:
    leaves = [bytes.fromhex(case["leaf"]) for case in vectors("log")["entries"]]
    for case in vectors("log")["consistency"]:
        roots = (root_from_leaf_hashes(leaves[: case[size]]) for size in ("old", "new"))
        path = [bytes.fromhex(node) for node in case["path"]]
        verify_consistency(case["old"], case["new"], *roots, path)
    sizes = [case["size"] for case in vectors("log")["checkpoints"]]
    assert all(old < new for old, new in pairwise(sizes))


def verify_proof(case: Case) -> None:
    verify_log_proof(
        parse_log_proof(case["proof"].encode()),
        bytes.fromhex(case["leaf"]),
        origin=vectors("log")["origin"],
        required=log_keys(),
    )


@pytest.mark.parametrize("case", vectors("log")["proofs"], ids=lambda case: str(case["index"]))
def test_proofs_lead_from_extra_data_to_the_checkpoint(case: Case) -> None:
    verify_proof(case)
    extra = parse_log_proof(case["proof"].encode()).extra
    if extra[:1] == b"\0":
        assert entry_hash(extra).hex() == case["leaf"]
    else:
        opening = parse_log_opening(extra)
        assert opening.index == case["index"]
        assert entry_hash(blind_entry(opening.salt, opening.event)).hex() == case["leaf"]


def test_the_log_says_whose_keys_count() -> None:
    case = vectors("log")["trust"]
    at = Moment(**case["judged_at"])
    state = trust(at.index)
    assert [agency.uri for agency in state.members.agencies] == case["agencies"]
    keys = [key.key_id.hex() for node in state.nodes() for key in state.keys_of(node, at=at)]
    assert sorted(keys) == case["keys_that_count"]


@pytest.mark.parametrize("case", cases("log", "refused", "entry"))
def test_bad_entries_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_entry(bytes.fromhex(case["bytes"]))) == case["code"]


@pytest.mark.parametrize("case", cases("log", "refused", "clear"))
def test_clear_entries_that_must_not_be_believed(case: Case) -> None:
    signed = parse_entry(bytes.fromhex(case["bytes"]))
    assert signed is not None
    assert code_of(lambda: trust(first_blind()).apply(first_blind(), signed)) == case["code"]


@pytest.mark.parametrize("case", cases("log", "refused", "note"))
def test_bad_notes_are_refused(case: Case) -> None:
    origin = vectors("log")["origin"]
    note = case["note"].encode()
    assert (
        code_of(lambda: parse_checkpoint(note, origin=origin, required=log_keys()))
        == (case["code"])
    )


@pytest.mark.parametrize("case", cases("log", "refused", "proof"))
def test_bad_proofs_are_refused(case: Case) -> None:
    assert code_of(lambda: verify_proof(case)) == case["code"]


@pytest.mark.parametrize("case", cases("log", "refused", "opening"))
def test_bad_openings_are_refused(case: Case) -> None:
    opening = parse_log_opening(bytes.fromhex(case["opening"]))
    proof = next(each for each in vectors("log")["proofs"] if each["index"] == case["index"])
    path = parse_log_proof(proof["proof"].encode())
    note = parse_checkpoint(path.note, origin=vectors("log")["origin"], required=log_keys())
    assert code_of(lambda: verify_opening_in_log(opening, path.path, note)) == case["code"]
