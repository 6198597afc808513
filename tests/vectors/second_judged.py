"""The second verifier's further judgements, from docs/spec alone: what entries of a log prove.

Policies (PL-2 to PL-3), later disclosures (P-13), counted checkpoints (F-16) and erased entries
(L-23, L-25, L-27). What is refused ends in a ValueError of the error's code and the rule.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vectors.second_basics import need, parse, sha
from vectors.second_exports import cell_of, finds, verify_export
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

__all__ = ["cell_of", "finds", "verify_export"]

FORMS = ("withheld", "exists", "match", "generalised", "clear")
LEVELS = ("clear", "green", "amber", "amber+strict", "red")
GUARDED = ("identity.officer", "method", "identity.source", "unmarked")
BOTH = ("packet-accepted", "grant-accepted", "receipt", "void", "mark")
RETAINED = {
    *(*BOTH, "grant-delivered", "held", "returned"),
    *("request", "overdue", "consent", "recall", "case"),
}


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def decide(agreement: str, asked: Message) -> str:
    """PL-2."""
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
    """PL-3."""
    permitted = FORMS.index(decide(agreement, asked))
    need(FORMS.index(asked["form"]) <= permitted, "TL-POL-009 PL-3: more than is permitted")


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
    """P-9, P-13."""
    grant, manifest = (parse_signed(of(case[name])) for name in ("grant", "manifest"))
    known.verify(grant, **case["judged_at"])
    originator = manifest["attestations"][0]["signer"]
    verify_grant(parse_body(grant), case["recipient"], id_of(manifest), originator)
    known.verify(manifest, **case["judged_at"], vouched=True)


def cosigning_keys(known: Trust, index: int, time_ms: int) -> Iterator[Key]:
    """L-17: the cosigners' keys that count."""
    for record in known.records.values():
        if record["use"] == "cosign" and known.counts(record, index, time_ms):
            name, key = record["subject"], b"\6" + record["public_key"]
            yield name, sha(name.encode(), b"\n", key)[:4], 6, record["public_key"]


def verify_counted(known: Trust, file: Message, note: str) -> None:
    """F-16."""
    now, members = known.members.at(len(file["entries"]))
    keys = cosigning_keys(known, len(file["entries"]), file["judged_ms"])
    log = now["log"]
    signers = verify_note(note, log["origin"], log["verifier_keys"], keys)["cosigners"]
    agencies = {*map(agency_of, signers)} & {*now["cosigners"]} & members.keys()
    need(len(agencies) >= now["quorum"], "TL-LOG-044 F-16: too few agencies")


@contextmanager
def under(rule: str) -> Iterator[None]:
    """Names the rule beside that of what is inside."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error} ({rule})") from None


def verify_erased(file: Message, text: str) -> None:
    """L-25: an entry that an order erased."""
    found = PROOF.fullmatch(text)
    need(found and found["extra"], "TL-LOG-020 L-25: neither opening nor order")
    assert found is not None
    shown = parse("ErasedEntry", base64(found["extra"]))
    with under("L-25"):
        log = file["log"]
        proof = verify_proof(text, sha(b"\0", shown["entry"]), log["origin"], log["vkeys"])
    order = with_attestations(shown["order"])
    need(order["type"] == 12, "TL-LOG-038 L-25: no order")
    said = parse("Erasure", order["body"])
    code = "TL-LOG-041" if said["agreement_version"] else "TL-LOG-038"
    need(proof["index"] in said["indices"], f"{code} L-25: of another entry")
    erased, event = shown["erased"], parse("Event", shown["erased"]["event"])
    about = (event["code"], event["statement_id"]) == ("erased", id_of(order))
    about = about and event["party"] in said["parties"]
    need(about and erased["index"] > said["indices"][-1], f"{code} L-25: not about the order")
    with under("L-25"):
        stand(proof, erased, shown["path"])
        known = Trust(of(file["federation"]), is_partial=True)
        for entry in shown["entries"]:
            leaf = sha(b"\0", entry["content"])
            verify_inclusion(leaf, entry["index"], proof["size"], entry["path"], proof["root"])
            known.read(entry["index"], entry["content"])
        known.verify(order, erased["index"], event["time_ms"])
    signers = {agency_of(each["signer"]) for each in order["attestations"]}
    if not said["agreement_version"]:
        need(signers == {*said["parties"]}, "TL-LOG-038 L-23: other signers")
        need(not shown["agreement"], "TL-LOG-038 L-25: an agreement beside it")
        return
    verify_retention(said, signers, shown, known, proof, event)


def verify_covered(case: Message) -> None:
    """L-23 and L-27: an event that an order may erase."""
    order, event = parse("Erasure", of(case["order"])), parse("Event", of(case["event"]))
    need(case["index"] in order["indices"], "not named")
    named = {
        agency_of(event[name])
        for name in ("actor", "party", "counterpart")
        if event[name].startswith("spiffe://")
    }
    rule, codes = "TL-LOG-038 L-23", {*BOTH}
    if order["agreement_version"]:
        rule, codes = "TL-LOG-041 L-27", RETAINED
        named -= {agency_of(order["header"]["signer"])}
        need(event["time_ms"] <= order["latest_ms"], f"{rule}: later than the last")
    need(event["code"] in codes, f"{rule}: it stays")
    need(event["agreement_id"] == order["agreement_id"], f"{rule}: of another agreement")
    need(named == {*order["parties"]}, f"{rule}: it names others")


def stand(proof: Message, opening: Message, path: list[bytes]) -> None:
    """L-7."""
    leaf = sha(b"\0", blind(opening))
    verify_inclusion(leaf, opening["index"], proof["size"], path, proof["root"])


def verify_retention(
    said: Message, signers: set[str], shown: Message, known: Trust, proof: Message, erased: Message
) -> None:
    """L-27 and L-29."""
    exchange = known.members.at(shown["erased"]["index"])[0]["exchange"]["uri"]
    alone = (said["header"]["signer"], signers) == (exchange, {agency_of(exchange)})
    need(alone, "TL-LOG-041 L-27: not by the exchange alone")
    given: Any = shown["agreement"]
    need(given, "TL-LOG-041 L-27: no agreement")
    signed, entry = with_attestations(given["agreement"]), given["entry"]
    event = parse("Event", entry["event"])
    about = (event["code"], event["statement_id"]) == ("agreement", id_of(signed))
    need(about and entry["index"] < shown["erased"]["index"], "TL-LOG-041 L-29: its entry")
    with under("L-29"):
        stand(proof, entry, given["path"])
        known.verify(signed, entry["index"], event["time_ms"])
    terms = parse("Agreement", signed["body"])
    signatories = {*terms["parties"], *terms["oversight"]}
    by = {agency_of(each["signer"]) for each in signed["attestations"]}
    need(signatories <= by, "TL-LOG-041 L-27: not signed by all")
    names = (terms["id"], terms["version"]) == (said["agreement_id"], said["agreement_version"])
    need(terms["valid_from_ms"] <= erased["time_ms"], "TL-LOG-041 L-27: not begun")
    kept = terms["log_retention_ms"]
    over = 0 < kept <= erased["time_ms"] - said["latest_ms"]
    within = {*said["parties"]} <= {*terms["parties"]}
    need(names and over and within, "TL-LOG-041 L-27: not over, or of other parties")
