"""The second verifier's further judgements, from docs/spec alone: what entries of a log prove.

Policies (PL-2 to PL-4), later disclosures (P-38), counted checkpoints (F-21) and erased entries
(L-27, L-29, L-31). What is refused ends in a ValueError of the error's code and the rule.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vectors.second_basics import need, parse, sha
from vectors.second_exports import verify_export
from vectors.second_log import (
    PROOF,
    Key,
    base64,
    blind,
    verify_inclusion,
    verify_note,
    verify_proof,
)
from vectors.second_schema import Message
from vectors.second_statements import id_of, parse_body, parse_signed, with_attestations
from vectors.second_trust import Trust, agency_of
from vectors.second_verifier import verify_grant

__all__ = ["verify_export"]

FORMS = ("withheld", "exists", "match", "generalised", "clear")
LEVELS = ("clear", "green", "amber", "amber+strict", "red")
GUARDED = ("identity.officer", "method", "identity.source", "unmarked")
BOTH = ("packet-accepted", "grant-accepted", "receipt", "void", "mark")


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def decide(agreement: str, asked: Message) -> str:
    """PL-2 and PL-3."""
    terms = parse("Agreement", of(agreement))
    category, level = asked["marking"].lower().replace("tlp:", "").split(" ")[:2]
    ends = {"sender": asked["sender"], "recipient": asked["recipient"]}
    (article,) = [each for each in terms["articles"] if each["id"] == asked["article"]] or [None]
    if article is None or not {*ends.values()} <= {*terms["parties"]} or category == "unmarked":
        return FORMS[0]
    covers = asked["purpose"] in article["purposes"] and asked["kind"] in article["kinds"]
    mild = LEVELS.index(level) <= LEVELS.index(article["highest_tlp"])
    if not (covers and mild and ends in article["directions"]):
        return FORMS[0]
    own = [each for each in article["shares"] if each["partner"] == asked["recipient"]]
    shares = {each["category"]: each["form"] for each in own}
    if category in GUARDED:
        return FORMS[min(shares.get(category, 0), 1)]
    return FORMS[shares.get(category, shares.get(category.split(".")[0], 0))]


def verify_decision(agreement: str, asked: Message) -> None:
    """PL-4."""
    permitted = FORMS.index(decide(agreement, asked))
    need(FORMS.index(asked["form"]) <= permitted, "TL-POL-009 PL-4: more than is permitted")


def reader(file: Message) -> Trust:
    """Whoever has read the clear entries of the file."""
    known = Trust(of(file["federation"]), is_partial=True)
    for entry in file["entries"]:
        if "entry" in entry:
            known.read(entry["index"], of(entry["entry"]))
    return known


def verify_statement_at(known: Trust, case: Message) -> None:
    known.verify(parse_signed(of(case["signed"])), **case["judged_at"])


def verify_disclosure(known: Trust, case: Message) -> None:
    """P-13, P-17 and P-38."""
    grant, manifest = (parse_signed(of(case[name])) for name in ("grant", "manifest"))
    known.verify(grant, **case["judged_at"])
    originator = manifest["attestations"][0]["signer"]
    verify_grant(parse_body(grant), case["recipient"], id_of(manifest), originator)
    known.verify(manifest, **case["judged_at"], vouched=True)


def cosigning_keys(known: Trust, index: int, time_ms: int) -> Iterator[Key]:
    """L-19: the cosigners' keys that count."""
    for record in known.records.values():
        if record["use"] == "cosign" and known.counts(record, index, time_ms):
            name, key = record["subject"], b"\6" + record["public_key"]
            yield name, sha(name.encode(), b"\n", key)[:4], 6, record["public_key"]


def verify_counted(known: Trust, file: Message, note: str) -> None:
    """F-21."""
    now, members = known.members.at(len(file["entries"]))
    keys = cosigning_keys(known, len(file["entries"]), file["judged_ms"])
    log = now["log"]
    signers = verify_note(note, log["origin"], log["verifier_keys"], keys)["cosigners"]
    agencies = {*map(agency_of, signers)} & {*now["cosigners"]} & members.keys()
    need(len(agencies) >= now["quorum"], "TL-LOG-044 F-21: too few agencies")


@contextmanager
def under(rule: str) -> Iterator[None]:
    """Names the rule beside that of what is inside."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error} ({rule})") from None


def verify_erased(file: Message, text: str) -> None:
    """L-29: an entry that an order erased."""
    found = PROOF.fullmatch(text)
    need(found and found["extra"], "TL-LOG-020 L-29: neither opening nor order")
    assert found is not None
    shown = parse("ErasedEntry", base64(found["extra"]))
    with under("L-29"):
        log = file["log"]
        proof = verify_proof(text, sha(b"\0", shown["entry"]), log["origin"], log["vkeys"])
    order = with_attestations(shown["order"])
    need(order["type"] == 12, "TL-LOG-038 L-29: no order")
    said = parse("Erasure", order["body"])
    code = "TL-LOG-041" if said["agreement_version"] else "TL-LOG-038"
    need(proof["index"] in said["indices"], f"{code} L-29: of another entry")
    erased, event = shown["erased"], parse("Event", shown["erased"]["event"])
    about = (event["code"], event["statement_id"]) == ("erased", id_of(order))
    about = about and event["party"] in said["parties"]
    need(about and erased["index"] > said["indices"][-1], f"{code} L-29: not about the order")
    with under("L-29"):
        stand(proof, erased, shown["path"])
        known = Trust(of(file["federation"]), is_partial=True)
        for entry in shown["entries"]:
            leaf = sha(b"\0", entry["content"])
            verify_inclusion(leaf, entry["index"], proof["size"], entry["path"], proof["root"])
            known.read(entry["index"], entry["content"])
        known.verify(order, erased["index"], event["time_ms"])
    signers = {agency_of(each["signer"]) for each in order["attestations"]}
    if not said["agreement_version"]:
        need(signers == {*said["parties"]}, "TL-LOG-038 L-27: other signers")
        return
    verify_retention(said, signers, shown, known, proof, event)


def stand(proof: Message, opening: Message, path: list[bytes]) -> None:
    """L-8."""
    leaf = sha(b"\0", blind(opening))
    verify_inclusion(leaf, opening["index"], proof["size"], path, proof["root"])


def verify_retention(
    said: Message, signers: set[str], shown: Message, known: Trust, proof: Message, erased: Message
) -> None:
    """L-31 and L-33."""
    exchange = known.members.at(shown["erased"]["index"])[0]["exchange"]["uri"]
    alone = (said["header"]["signer"], signers) == (exchange, {agency_of(exchange)})
    need(alone, "TL-LOG-041 L-31: not by the exchange alone")
    given: Any = shown["agreement"]
    need(given, "TL-LOG-041 L-31: no agreement")
    signed, entry = with_attestations(given["agreement"]), given["entry"]
    event = parse("Event", entry["event"])
    about = (event["code"], event["statement_id"]) == ("agreement", id_of(signed))
    need(about and entry["index"] < shown["erased"]["index"], "TL-LOG-041 L-33: its entry")
    with under("L-33"):
        stand(proof, entry, given["path"])
        begun = erased["time_ms"]
        terms = known.verify_agreement(signed, entry["index"], event["time_ms"], begun)
    names = (terms["id"], terms["version"]) == (said["agreement_id"], said["agreement_version"])
    kept = terms["log_retention_ms"]
    over = 0 < kept <= erased["time_ms"] - said["latest_ms"]
    within = {*said["parties"]} <= {*terms["parties"]}
    need(names and over and within, "TL-LOG-041 L-31: not over, or of other parties")
