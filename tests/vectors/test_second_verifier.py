"""The frozen vectors, read a second time by a verifier that shares no code with the protocol.

Every hash, commitment and id is computed anew, every signature verified, whatever is sealed opened.
The bad copies are in test_refusals.py; docs/spec/vectors.md says what each file holds.
"""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from support.cases import Test, each_case
from vectors import second_basics as basics
from vectors import second_log as log
from vectors import second_schema as schema
from vectors import second_statements as statements
from vectors import second_trust as trusting
from vectors import second_verifier as verifier
from vectors.second_cases import (
    AGREEMENT,
    FEDERATION,
    FILES,
    FIRST_BLIND,
    GRANT,
    LOG,
    NOW,
    PACKET,
    REASONS,
    RECEIPT,
    REFUSED,
    STATEMENT,
    STATUSES,
    TRUST,
    VKEYS,
    Json,
    follow,
    judge_packet,
    of,
    read_log,
    shown,
    trust,
)


def each(items: list[Json], count: int) -> Callable[[Test], Test]:
    """Returns a decorator for so many cases; another number fails while they are collected."""
    if len(items) != count:
        raise AssertionError(f"{len(items)} cases, not {count}")
    return each_case("case", items)


def verify(signed: str, number: int, body: str, statement_id: str) -> schema.Message:
    """The body of a statement that a key of its signer stands behind, parsed (S-18)."""
    statement = statements.parse_signed(of(signed))
    assert (statement["type"], statement["body"]) == (number, of(body))
    assert statements.id_of(statement) == of(statement_id)
    trust(FIRST_BLIND).verify(statement, FIRST_BLIND, NOW)
    names = {6: "Manifest", 7: "Grant", 8: "Receipt", 9: "Void", 10: "Mark"}
    return basics.parse(names[number], statement["body"])


def test_the_files_are_those_of_version_1() -> None:
    assert [(file["of"], file["version"]) for file in FILES.values()] == [
        (name, 1) for name in FILES
    ]
    assert FIRST_BLIND == 8


def test_every_message_of_the_specifications_can_be_read() -> None:
    assert len(schema.SCHEMA) == 83
    kinds = {kind for fields in schema.SCHEMA.values() for *_, kind, _ in fields}
    assert kinds <= {"bytes", "string", *schema.NUMBERS, *schema.SCHEMA}
    names = {f"{name}.{row[1]}" for name, fields in schema.SCHEMA.items() for row in fields}
    assert schema.TEXTS.keys() | schema.WITHIN.keys() <= names


# statement-v1.json


@each(STATEMENT["keys"], 5)
def test_signing_key(case: Json) -> None:
    seeds, public = of(case["seeds"]), of(case["public"])
    lattice = mldsa.MLDSA65PrivateKey.from_seed_bytes(seeds[:32]).public_key()
    curve = ed25519.Ed25519PrivateKey.from_private_bytes(seeds[32:]).public_key()
    assert lattice.public_bytes_raw() + curve.public_bytes_raw() == public
    assert basics.key_id_of(public) == of(case["key_id"])


@each(list(STATEMENT["labels"].items()), 23)
def test_type_label(case: Json) -> None:
    number, told = case
    assert statements.TYPES[int(number)] == f"statement/{told['name']}"
    assert basics.label(statements.TYPES[int(number)]) == of(told["label"])


@each(STATEMENT["composite"], 2)
def test_composite_signature(case: Json) -> None:
    (public,) = [of(key["public"]) for key in STATEMENT["keys"] if key["uri"] == case["uri"]]
    message, context, signature = (of(case[name]) for name in ("message", "context", "signature"))
    basics.verify_composite(public, signature, message, context)
    for place in (0, 3308, 3309, 3372):
        spoilt = bytearray(signature)
        spoilt[place] ^= 1
        with pytest.raises(ValueError, match=r"^TL-KEY-002"):
            basics.verify_composite(public, bytes(spoilt), message, context)
    with pytest.raises(ValueError, match=r"^TL-KEY-002"):
        basics.verify_composite(public, signature, message, context + b"\0")


@each(STATEMENT["trees"], 4)
def test_tree(case: Json) -> None:
    attestation = statements.parse_attestation(of(case["attestation"]))
    assert attestation["hash"] == of(case["attestation_hash"])
    assert attestation["signed_bytes"] == of(case["signed_bytes"])
    assert (attestation["signer"], attestation["size"]) == (case["signer"], case["size"])
    assert attestation["root"] == of(case["root"])
    assert attestation["federation"] == FEDERATION
    if case["leaves"] is not None:
        leaves = [of(leaf) for leaf in case["leaves"]]
        assert len(leaves) == case["size"]
        assert log.tree_root(leaves) == of(case["root"])
        assert [leaves[told["index"]].hex() for told in case["statements"]] == [
            told["leaf"] for told in case["statements"]
        ]


def test_all_trees_but_the_large_one_show_their_leaves() -> None:
    assert [tree["size"] for tree in STATEMENT["trees"]] == [1, 8, 8, 4096]
    assert [tree["leaves"] is None for tree in STATEMENT["trees"]] == [False, False, False, True]


@each([(tree, told) for tree in STATEMENT["trees"] for told in tree["statements"]], 14)
def test_statement(case: Json) -> None:
    tree, told = case
    verify(told["signed"], told["type"], told["body"], told["id"])
    statement = statements.parse_signed(of(told["signed"]))
    (inclusion,), (attestation,) = statement["inclusions"], statement["attestations"]
    assert attestation == statements.parse_attestation(of(tree["attestation"]))
    assert shown(inclusion) == {key: told[key] for key in ("attestation", "salt", "index", "path")}
    assert statements.leaf_of(statement, of(told["salt"])) == of(told["leaf"])


@each(STATEMENT["bundles"], 3)
def test_bundle(case: Json) -> None:
    shown_there = statements.parse_bundle(of(case["bundle"]))
    told = [
        {"id": statements.id_of(statement).hex(), **shown(statement["inclusions"][0])}
        for statement in shown_there
    ]
    assert told == case["statements"]
    for statement in shown_there:
        trust(FIRST_BLIND).verify(statement, FIRST_BLIND, NOW)


def test_the_bundles_show_six_statements() -> None:
    assert [len(bundle["statements"]) for bundle in STATEMENT["bundles"]] == [3, 2, 1]


@each(STATEMENT["cosigned"], 1)
def test_cosigned(case: Json) -> None:
    statement = statements.parse_signed(of(case["signed"]))
    assert statements.id_of(statement) == of(case["id"])
    assert [attestation["signer"] for attestation in statement["attestations"]] == case["signers"]
    read_log(FIRST_BLIND).read(FIRST_BLIND, b"\0" + of(case["signed"]))


# packet-v1.json

MANIFEST = basics.parse("Manifest", of(PACKET["body"]))
CIPHERTEXTS = dict(enumerate(map(of, PACKET["ciphertexts"])))


def test_manifest() -> None:
    told = [PACKET[name] for name in ("body", "statement_id")]
    assert shown(verify(PACKET["signed"], 6, *told)) == PACKET["manifest"]


@each(PACKET["openings"], 5)
def test_opening(case: Json) -> None:
    opening = verifier.opening_of(of(case["encoded"]))
    assert shown(opening) | {"encoded": case["encoded"]} == case
    told = basics.parse("Opening", of(case["encoded"]))
    release = {"openings": [{"opening": told, "reason": 0}]}
    release |= {"compartments": [], "fields": []}
    assert verifier.open_packet(MANIFEST, release, {}) == ({}, [opening | {"reason": 0}])


@each(PACKET["paths"], 5)
def test_path(case: Json) -> None:
    """Some ciphertexts, and what of the others leads to the root (P-4)."""
    verifier.verify_ciphertexts(
        MANIFEST,
        {slot: CIPHERTEXTS[slot] for slot in case["slots"]},
        list(map(of, case["path"])),
    )


@each(PACKET["slots"], 5)
def test_slot(case: Json) -> None:
    slot, where = case["slot"], MANIFEST["packet_id"]
    places = case["compartment"].to_bytes(2), slot.to_bytes(4)
    key = of(PACKET["keys"][str(case["compartment"])])
    secret = basics.expand(key, "field-secret", where, *places, size=32)
    assert secret == of(case["field_secret"])
    (said,) = [
        opening
        for opening in (verifier.opening_of(of(each["encoded"])) for each in PACKET["openings"])
        if slot in opening["slots"]
    ]
    opened = verifier.open_slot(MANIFEST, slot, secret, said, CIPHERTEXTS[slot])
    digest = verifier.marked(said)
    assert digest == of(case["marking_digest"])
    assert opened["keys"] == of(case["cipher_key"]) + of(case["salt"])
    assert opened["plaintext"] == of(case["plaintext"])
    assert len(opened["plaintext"]) in {padding[1] for padding in PACKET["padding"]}
    committed = basics.commit(
        "slot", where, places[1], of(case["salt"]), digest, opened["plaintext"]
    )
    assert committed == of(case["commit"]) == verifier.cells(MANIFEST["slots"], 32)[slot]
    assert shown(opened["field"]) == case["field"]


def test_release() -> None:
    release = basics.parse("Release", of(PACKET["release"]))
    fields, told = verifier.open_packet(MANIFEST, release, CIPHERTEXTS)
    assert told == []
    slots = {case["slot"]: case["field"] for case in PACKET["slots"]}
    assert {slot: shown(opened["field"]) for slot, opened in fields.items()} == slots
    parts = [(part["compartment"], part["key"].hex()) for part in release["compartments"]]
    assert parts == [(int(number), key) for number, key in PACKET["keys"].items()]


@each(PACKET["padding"], 14)
def test_padding(case: Json) -> None:
    assert verifier.padded(case[0]) == case[1]


# grant-v1.json

SEED = of(GRANT["kem"]["seed"])


def test_encryption_key() -> None:
    _, public = verifier.kem_pair(SEED)
    assert verifier.shake_256(SEED).digest(96) == of(GRANT["kem"]["expanded"])
    assert public == of(GRANT["kem"]["public"])
    assert basics.key_id_of(public) == of(GRANT["kem"]["key_id"])
    record = trust(FIRST_BLIND).records[GRANT["kem"]["uri"], of(GRANT["kem"]["key_id"])]
    assert (record["use"], record["public_key"]) == ("kem", public)


@each(GRANT["grants"], 3)
def test_grant(case: Json) -> None:
    grant = verify(case["signed"], 7, case["body"], case["statement_id"])
    opened = verifier.open_grant(of(case["body"]), SEED)
    assert grant == opened["grant"]
    assert shown(grant) == {**case["grant"], "seconded_by": None}  # later than what is frozen
    assert opened["prefix"] == of(case["body"])[: case["prefix_length"]]
    assert opened["info"] == of(case["info"])
    assert opened["encoded"] == of(case["release"])
    # P-9 and P-13
    assert grant["packet"] == of(PACKET["statement_id"]) == of(GRANT["packet"])
    assert grant["address"]["recipient"] == GRANT["kem"]["uri"]
    assert grant["header"]["signer"] == MANIFEST["header"]["signer"]
    fields, told = verifier.open_packet(MANIFEST, opened["release"], CIPHERTEXTS)
    assert case["view"] == {
        "fields": [
            {"slot": slot, "field": shown(field["field"])} for slot, field in fields.items()
        ],
        "existences": [
            {
                "compartment": opening["compartment"],
                "category": opening["marking"].split(" ")[0],
                "count": len(opening["slots"]),
                "reason": REASONS[opening["reason"]],
            }
            for opening in told
        ],
    }


# receipt-v1.json


@each(RECEIPT["receipts"], 6)
def test_receipt(case: Json) -> None:
    receipt = verify(case["signed"], 8, case["body"], case["statement_id"])
    assert shown(receipt) == case["fields"]
    assert receipt["status"] == STATUSES.index(case["name"])
    assert receipt["header"]["signer"].endswith("/exchange") == (receipt["status"] in (1, 6))
    if entry := receipt["entry"]:
        assert log.blind(entry) == of(LOG["entries"][entry["index"]]["entry"])


@each(RECEIPT["voids"], 1)
def test_void(case: Json) -> None:
    void = verify(case["signed"], 9, case["body"], case["statement_id"])
    assert shown(void) == {"withdraws": ""} | case["fields"]  # a field that came later


@each(RECEIPT["marks"], 1)
def test_mark(case: Json) -> None:
    mark = verify(case["signed"], 10, case["body"], case["statement_id"])
    assert shown(mark) == case["fields"]


@each(RECEIPT["forward"], 36)
def test_forward(case: Json) -> None:
    """P-18."""
    before, after = (STATUSES.index(status) for status in case[:2])
    assert (before == after or before < after < 6) is case[2]


# log-v1.json

LEAVES = [basics.sha(b"\0", of(entry["entry"])) for entry in LOG["entries"]]


@each(LOG["keys"], 2)
def test_log_key(case: Json) -> None:
    name, key_hash, algorithm, public = log.parse_vkey(case["vkey"])
    kinds = {1: ed25519.Ed25519PrivateKey.from_private_bytes}
    kinds[6] = mldsa.MLDSA44PrivateKey.from_seed_bytes
    assert kinds[algorithm](of(case["seed"])).public_key().public_bytes_raw() == public
    assert (name, key_hash.hex()) == (LOG["origin"], case["key_hash"])
    assert algorithm == case["algorithm"]
    assert case["vkey"] in trust(FIRST_BLIND).charter["constitution"]["log"]["verifier_keys"]


@each(LOG["entries"], 13)
def test_entry(case: Json) -> None:
    index, entry = case["index"], of(case["entry"])
    assert LEAVES[index] == of(case["leaf"])
    statement = trusting.parse_entry(entry)
    if "opening" not in case:
        assert statement is not None
        assert statement["type"] == [19, 21, 21, 20, 2, 2, 2, 2, 0, 0, 0, 0, 3][index]
        return
    assert statement is None
    opening = basics.parse("LogOpening", of(case["opening"]["encoded"]))
    assert log.blind(opening) == entry
    path = path_in_the_log(index)
    opened = log.read_opening(of(case["opening"]["encoded"]), 13, path, log.tree_root(LEAVES))
    fields = {**case["opening"]["fields"], "seconded_by": ""}  # later than what is frozen
    encoded = case["opening"]["encoded"]
    assert shown(opened) | {"encoded": encoded} == case["opening"] | {"fields": fields}


def path_in_the_log(index: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    below, start, path = LEAVES, 0, list[bytes]()
    while len(below) > 1:
        split = 1 << (len(below) - 1).bit_length() - 1
        left = index - start < split
        path.insert(0, log.tree_root(below[split:] if left else below[:split]))
        below, start = (below[:split], start) if left else (below[split:], start + split)
    return path


@each(LOG["checkpoints"], 4)
def test_checkpoint(case: Json) -> None:
    found = log.verify_note(case["note"], LOG["origin"], VKEYS)
    assert (found["size"], found["root"]) == (case["size"], of(case["root"]))
    assert log.tree_root(LEAVES[: case["size"]]) == of(case["root"])
    signed = found["signed"]
    assert [line["signed_bytes"].hex() for line in signed] == case["signed_bytes"]
    assert [line["time_s"] for line in signed] == [None, case["time_s"]]


@each(LOG["consistency"], 4)
def test_consistency(case: Json) -> None:
    old, new, path = case["old"], case["new"], [of(sibling) for sibling in case["path"]]
    roots = [log.tree_root(LEAVES[:size]) for size in (old, new)]
    log.verify_consistency(roots, old, new, path)
    for place in range(len(path)):
        with pytest.raises(ValueError, match=r"^TL-LOG-003"):
            log.verify_consistency(roots, old, new, [*path[:place], bytes(32), *path[place + 1 :]])
        with pytest.raises(ValueError, match=r"^TL-LOG-00[13]"):
            log.verify_consistency(roots, old, new, [*path[:place], *path[place + 1 :]])


@each(LOG["proofs"], 3)
def test_proof(case: Json) -> None:
    leaf = of(case["leaf"])
    found = log.verify_proof(case["proof"], leaf, LOG["origin"], VKEYS)
    assert found["index"] == case["index"]
    assert leaf == LEAVES[case["index"]] == log.leaf_of_extra(case["index"], found["extra"])


def test_trust() -> None:
    told, known = LOG["trust"], trust(13)
    index, time_ms = told["judged_at"]["index"], told["judged_at"]["time_ms"]
    assert known.federation == of(told["federation"]) == FEDERATION
    assert sorted(known.members.at(index)[1]) == told["agencies"]
    counting = [
        record["id"].hex()
        for record in known.records.values()
        if known.counts(record, index, time_ms)
    ]
    assert sorted(counting) == told["keys_that_count"]
    assert (len(counting), len(known.records)) == (3, 4)


# trust-v1.json


@each(TRUST["entries"], 18)
def test_succession(case: Json) -> None:
    known = follow({"read": case["index"] - FIRST_BLIND + 1, "then": []})
    constitution, members = known.members.at(case["index"] + 1)
    assert constitution["id"] == of(case["constitution"])
    assert sorted(members) == case["agencies"]
    assert sorted(known.members.seats()) == case["council"]
    assert known.directory_root() == of(case["directory"])
    counting = [
        record["id"].hex()
        for record in known.records.values()
        if known.counts(record, case["index"] + 1, NOW)
    ]
    assert sorted(counting) == case["keys_that_count"]


@each(TRUST["accepted"], 3)
def test_what_was_accepted_stays(case: Json) -> None:
    known, at = follow({"read": len(TRUST["entries"]), "then": []}), case["judged_at"]
    known.verify(statements.parse_signed(of(case["signed"])), at["index"], at["time_ms"])


# refused-v1.json


def test_evidence() -> None:
    """What convicts the log is no bad copy: the log is."""
    log.verify_equivocation(of(REFUSED["evidence"]), LOG["origin"], VKEYS)


def test_a_slot_may_be_released_in_both_ways() -> None:
    judge_packet({"replace": {"release": REFUSED["both_ways"]}})


# agreement-v1.json


@each(AGREEMENT["agreements"], 2)
def test_agreement(case: Json) -> None:
    statement = statements.parse_signed(of(case["signed"]))
    assert (statement["type"], statement["body"]) == (4, of(case["body"]))
    assert statements.id_of(statement) == of(case["statement_id"])
    assert [each["signer"] for each in statement["attestations"]] == case["signers"]
    now_ms = AGREEMENT["now_ms"]
    agreement = trust(FIRST_BLIND).verify_agreement(statement, FIRST_BLIND, NOW, now_ms)
    told = case["agreement"]
    articles = [{**each, "both_before_open": False} for each in told["articles"]]
    later = {"articles": articles, "authorisation_ms": 0, "log_retention_ms": 0}
    assert shown(agreement) == {**told, **later}
