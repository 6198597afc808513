"""The frozen files as the second verifier's tests read them, and how each bad copy is judged."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from vectors import second_basics as basics
from vectors import second_desks as desks
from vectors import second_log as log
from vectors import second_statements as statements
from vectors import second_trust as trusting
from vectors import second_verifier as verifier

Json = Any
HERE = Path(__file__).parent
FORMS = ("withheld", "exists", "match", "generalised", "clear")
STATUSES = ("", "accepted", "stored", "opened", "seen", "erased", "refused")
REASONS = ("source", "privacy", "third-party", "agreement", "unspecified")
FILES = {
    name: json.loads((HERE / f"{name}-v1.json").read_bytes())
    for name in (
        *("statement", "packet", "grant", "receipt", "log"),
        *("trust", "agreement", "refused", "desk"),
    )
}
STATEMENT, PACKET, GRANT, RECEIPT, LOG, TRUST, AGREEMENT, REFUSED, DESK = FILES.values()
VKEYS = [key["vkey"] for key in LOG["keys"]]
FEDERATION = bytes.fromhex(STATEMENT["federation"])
FIRST_BLIND = next(entry["index"] for entry in LOG["entries"] if entry["entry"].startswith("01"))
NOW = LOG["trust"]["judged_at"]["time_ms"]


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def shown(value: Any, name: str = "") -> Json:
    """A message as the vectors show it."""
    if isinstance(value, dict):
        return {key: shown(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    names = {"form": FORMS, "status": STATUSES}.get(name)
    if names and isinstance(value, int):
        return names[value]
    return value.hex() if isinstance(value, bytes) else value


@cache
def trust(entries: int) -> trusting.Trust:
    """What the first entries say; not to be changed."""
    return read_log(entries)


def read_log(entries: int) -> trusting.Trust:
    known = trusting.Trust(FEDERATION)
    for entry in LOG["entries"][:entries]:
        known.read(entry["index"], of(entry["entry"]))
    return known


def follow(case: Json) -> trusting.Trust:
    """Whoever has read the log until its first blind entry, and then what a case tells."""
    known = read_log(FIRST_BLIND)
    for index, each in enumerate(TRUST["entries"][: case["read"]] + case["then"], FIRST_BLIND):
        known.read(index, of(each["entry"]))
    return known


def judge_first(case: Json) -> None:
    """A log begins with the entries before, and then this one."""
    known = trusting.Trust(of(case["federation"]))
    for index, each in enumerate([*case.get("before", ()), case]):
        known.read(index, of(each["entry"]))


def judge_three(case: Json) -> None:
    """A federation of three, after its first entries and what a case tells."""
    known = trusting.Trust(of(TRUST["three"]["federation"]))
    for index, each in enumerate([*TRUST["three"]["entries"][: case["read"]], *case["then"], case]):
        known.read(index, of(each["entry"]))


def judge_signed(case: Json) -> None:
    statement = statements.parse_signed(of(case["bytes"]))
    trust(FIRST_BLIND).verify(statement, FIRST_BLIND, NOW)
    statements.parse_body(statement)


def judge_composite(case: Json) -> None:
    (public,) = [of(key["public"]) for key in STATEMENT["keys"] if key["uri"] == case["uri"]]
    message, context, signature = (of(case[name]) for name in ("message", "context", "signature"))
    basics.verify_composite(public, signature, message, context)


def judge_packet(case: Json) -> None:
    replace = case["replace"]
    body, encoded = (of(replace.get(name, PACKET[name])) for name in ("body", "release"))
    parts = dict(enumerate(map(of, PACKET["ciphertexts"])))
    others = {
        int(slot): ciphertext if ciphertext is None else of(ciphertext)
        for slot, ciphertext in replace.get("ciphertexts", {}).items()
    }
    manifest, release = basics.parse("Manifest", body), basics.parse("Release", encoded)
    path = list(map(of, replace.get("path", [])))
    verifier.open_packet(manifest, release, parts | others, path)


def judge_granted(case: Json) -> None:
    grant, manifest = (
        statements.parse_signed(of(each)) for each in (case["signed"], PACKET["signed"])
    )
    known = trust(FIRST_BLIND)
    known.verify(grant, FIRST_BLIND, NOW)
    originator = known.verify(manifest, FIRST_BLIND, NOW)["signer"]
    packet, recipient = statements.id_of(manifest), GRANT["kem"]["uri"]
    verifier.verify_grant(statements.parse_body(grant), recipient, packet, originator)


def judge_entry(case: Json) -> None:
    """Of a member, a vote, a key record or a revocation, after others."""
    known = follow(case)
    known.read(FIRST_BLIND + case["read"] + len(case["then"]), of(case["entry"]))


def judge_after(case: Json) -> None:
    """Of another statement, after some clear entries."""
    at = case["judged_at"]
    follow(case).verify(statements.parse_signed(of(case["signed"])), at["index"], at["time_ms"])


def judge_agreement(case: Json) -> None:
    signed = statements.parse_signed(of(case["signed"]))
    trust(FIRST_BLIND).verify_agreement(signed, FIRST_BLIND, NOW, case["now_ms"])


def judge_proved_opening(case: Json) -> None:
    note = log.verify_note(case["note"], LOG["origin"], VKEYS)
    path = [of(sibling) for sibling in case["path"]]
    log.read_opening(of(case["opening"]), note["size"], path, note["root"])


def judge_opening(case: Json) -> None:
    (proof,) = [proof for proof in LOG["proofs"] if proof["index"] == case["index"]]
    found = log.verify_proof(proof["proof"], of(proof["leaf"]), LOG["origin"], VKEYS)
    log.read_opening(of(case["opening"]), found["size"], found["path"], found["root"])


def judge_consistency(case: Json) -> None:
    roots, path = ([of(each) for each in case[name]] for name in ("roots", "path"))
    log.verify_consistency(roots, case["old"], case["new"], path)


def judge_twins(case: Json) -> None:
    one, other = (basics.parse("LogOpening", of(each)) for each in case["openings"])
    log.verify_same(one, other)


def judge_evidence(case: Json) -> None:
    log.verify_equivocation(of(case["bytes"]), LOG["origin"], VKEYS)


@cache
def trust_of_desks() -> trusting.Trust:
    """What the clear entries of desk-v1.json say; not to be changed."""
    known = trusting.Trust(of(DESK["federation"]))
    for entry in DESK["entries"]:
        known.read(entry["index"], of(entry["entry"]))
    return known


def open_note(case: Json, body: bytes) -> Json:
    recipient = desks.parse_body(case["type"], body)["address"]["recipient"]
    (seed,) = [of(key["seed"]) for key in DESK["kem"] if key["uri"] == recipient]
    return desks.open_note(case["type"], body, seed)


def judge_proposal(case: Json) -> None:
    statement, known, at = (
        statements.parse_signed(of(case["signed"])),
        trust_of_desks(),
        DESK["judged_at"],
    )
    known.verify(statement, **at)
    desks.verify_signatures(desks.parse_body(18, statement["body"]), known, **at)


def parsing(name: str) -> Callable[[Json], object]:
    return lambda case: basics.parse(name, of(case["bytes"]))


def judge_note(case: Json) -> None:
    log.verify_note(case["note"], LOG["origin"], VKEYS)


def judge_proof(case: Json) -> None:
    log.verify_proof(case["proof"], of(case["leaf"]), LOG["origin"], VKEYS)


def judge_forward(case: Json) -> None:
    verifier.verify_forward(*map(STATUSES.index, case["steps"]))


JUDGES: dict[str, Callable[[Json], object]] = {
    "statement signed": judge_signed,
    "statement attestation": lambda case: statements.parse_attestation(of(case["bytes"])),
    "statement bundle": lambda case: statements.parse_bundle(of(case["bytes"])),
    "packet manifest": parsing("Manifest"),
    "packet packet": judge_packet,
    "grant body": lambda case: verifier.open_grant(of(case["bytes"]), of(GRANT["kem"]["seed"])),
    "receipt receipt": parsing("Receipt"),
    "receipt void": parsing("Void"),
    "log entry": lambda case: trusting.parse_entry(of(case["bytes"])),
    "log clear": lambda case: read_log(FIRST_BLIND).read(FIRST_BLIND, of(case["bytes"])),
    "log note": judge_note,
    "log proof": judge_proof,
    "log opening": judge_opening,
    "trust entry": judge_entry,
    "trust signed": judge_after,
    "trust first": judge_first,
    "trust three": judge_three,
    "agreement body": parsing("Agreement"),
    "agreement signed": judge_agreement,
    "refused signed": judge_signed,
    "refused composite": judge_composite,
    "refused body": lambda case: basics.parse(statements.BODIES[case["type"]], of(case["bytes"])),
    "refused message": lambda case: basics.parse(case["message"], of(case["bytes"])),
    "refused packet": judge_packet,
    "refused granted": judge_granted,
    "refused forward": judge_forward,
    "refused note": judge_note,
    "refused vkey": lambda case: log.parse_vkey(case["vkey"]),
    "refused consistency": judge_consistency,
    "refused proof": judge_proof,
    "refused extra": lambda case: log.leaf_of_extra(case["index"], of(case["extra"])),
    "refused opening": judge_proved_opening,
    "refused twins": judge_twins,
    "refused evidence": judge_evidence,
    "desk body": lambda case: desks.parse_body(case["type"], of(case["bytes"])),
    "desk note": lambda case: open_note(case, of(case["bytes"])),
    "desk proposal": judge_proposal,
}


def bad_copies() -> Iterator[tuple[str, Json]]:
    """Every bad copy of every file, with what it is a copy of."""
    for name, file in FILES.items():
        for kind, cases in file.get("refused", {}).items():
            for case in cases:
                yield f"{name} {kind}", case
