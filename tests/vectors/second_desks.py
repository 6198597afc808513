"""The second verifier's desks: what people do with each other beyond sending, from docs/spec alone.

Standing-v1 (T-1), request-v1 (R-1, R-2), onward-v1 (O-10), recall-v1 (RC-1),
case-v1 (C-1), agreement-v1 (AG-4),
and the notes that some of them carry (S-21). What is refused ends in a ValueError of the error's
code and the rule.
"""

import re
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke

from vectors.second_basics import key_id_of, label, need, parse, sha
from vectors.second_schema import NODE, TYPES, Message, ascending
from vectors.second_statements import BODIES, id_of, with_attestations
from vectors.second_trust import Trust, agency_of
from vectors.second_verifier import kem_pair, padded

NOTES = {14: "RequestNote", 15: "ConsentTerms", 17: "CaseNote"}


def verify_standing(m: Message) -> None:
    """T-1, beyond the table."""
    scopes = [(each["article"], each["sender"], each["recipient"]) for each in m["suspensions"]]
    need(ascending(scopes), "TL-PKT-001 T-1: scopes are out of order")
    signer = m["header"]["signer"]
    need(re.fullmatch(NODE, signer), "TL-PKT-001 T-1: not of a node")
    own = agency_of(signer)
    for article, sender, recipient in scopes:
        one_way = bool(sender)
        need(one_way == bool(recipient), "TL-PKT-001 T-1: a direction has two ends")
        whole = not one_way or (article and sender != recipient and own in (sender, recipient))
        need(whole, "TL-PKT-001 T-1: no direction of the agency's in an article")
    ended = not m["ended"] or (scopes and not scopes[0][0])
    need(ended, "TL-PKT-001 T-1: ended, and not suspended")
    act = m["officer"]
    need(act is None or act["counter"] <= m["counter"], "TL-PKT-001 T-1: a later officer")


def verify_step(m: Message) -> None:
    """R-1."""
    kind, who = m["kind"], m["acted_by"]
    by_node = kind in ("expire", "dispute")
    named = by_node if who is None else not by_node and who["role"] in ("liaison", "officer")
    need(named, "TL-PKT-001 R-1: the wrong person, or none")
    fits = bool(m["extension_ms"]) == (kind == "authorise") and bool(m["entry"]) == (
        kind == "dispute"
    )
    fits = fits and bool(m["urgency"]) == (kind in ("contest", "lower"))
    fits = fits and kind in ("clarified", m["permit"] or kind)
    need(fits, "TL-PKT-001 R-1: something of another kind of step")


def verify_consent(m: Message) -> None:
    """O-10."""
    lasts = bool(m["ends_ms"]) == (m["step"] in ("ask", "give"))
    need(lasts, "TL-PKT-001 O-10: another end")
    need(m["step"] != "give" or m["acted_by"], "TL-PKT-001 O-10: given by nobody")
    need(m["step"] == "give" or not m["seconded_by"], "TL-PKT-001 O-10: two persons")


def verify_recall(m: Message) -> None:
    """RC-1."""
    order, answer = m["order"], m["answer"]
    need((order is None) != (answer is None), "TL-PKT-001 RC-1: not one of both")
    if order is not None:
        slots = order["slots"]
        need(ascending(slots) and max((0, *slots)) < 2048, "TL-PKT-001 RC-1: slots")
        alone = not (order["whole"] and order["grant"])
        need(alone, "TL-PKT-001 RC-1: one grant, from everybody")
    else:
        need(ascending(answer["reach"]), "TL-PKT-001 RC-1: reach is out of order")
        decided = not answer["ground"] or answer["acted_by"]
        need(decided, "TL-PKT-001 RC-1: kept by nobody")


def verify_proposal(m: Message) -> None:
    """AG-4."""
    agreement = with_attestations(m["agreement"])
    need(agreement["type"] == 4, "TL-PKT-001 AG-4: no agreement")
    alone = not m["declined"] or not (m["in_reply_to"] or m["answer_by_ms"])
    need(alone, "TL-PKT-001 AG-4: declined, and more")
    need(m["in_reply_to"] != id_of(agreement), "TL-PKT-001 AG-4: answers itself")


VERIFIERS: dict[int, Callable[[Message], None]] = {
    5: verify_standing,
    14: verify_step,
    15: verify_consent,
    16: verify_recall,
    17: lambda _: None,
    18: verify_proposal,
}


def parse_body(number: int, body: bytes) -> Message:
    """The body of a statement of a desk."""
    message = parse(BODIES[number], body)
    VERIFIERS[number](message)
    return message


def verify_request_note(step: Message, note: Message) -> None:
    """R-2."""
    kind, items = step["kind"], note["items"]
    numbers = [item["number"] for item in items]
    need(ascending(numbers), "TL-PKT-001 R-2: items are out of order")
    answered = [not item["ground"] for item in items]
    need(bool(note["answer"]) == any(answered), "TL-PKT-001 R-2: answer and outcomes differ")
    deciding = kind in ("partial", "answer", "refuse", "supplement")
    need(deciding == bool(items), "TL-PKT-001 R-2: outcomes of another step")
    need(kind != "refuse" or not any(answered), "TL-PKT-001 R-2: a refusal that answers")
    need(kind != "supplement" or all(answered), "TL-PKT-001 R-2: a supplement that refuses")
    need(bool(note["useful"]) == (kind == "close"), "TL-PKT-001 R-2: useful, or not said")
    spoken = kind not in ("reject", "clarify", "clarified", "authorise", "contest")
    need(spoken or note["text"], "TL-PKT-001 R-2: without words")
    neither = any(item["ground"] == "neither-confirm-nor-deny" for item in items)
    need(not neither or not note["text"], "TL-PKT-001 R-2: it says more")


def verify_terms(consent: Message, terms: Message) -> None:
    """O-10."""
    names = consent["step"] in ("ask", "give")
    same = {bool(terms["fields"]), bool(terms["scope"])} == {names}
    need(same, "TL-PKT-001 O-10: fields and scope")
    paths = all(0 < len(path.encode()) <= 512 for path in terms["fields"])
    need(paths and ascending(terms["fields"]), "TL-PKT-001 O-10: paths")
    third = names and consent["use"] == "pass-on"
    need(not third or re.fullmatch(NODE, terms["scope"]), "TL-PKT-001 O-10: passed on to no node")


def verify_case_note(_: Message, note: Message) -> None:
    """C-1."""
    lists = [note[name] for name in ("members", "asked", "consents", "objections")]
    need(all(map(ascending, lists)), "TL-PKT-001 C-1: agencies are out of order")
    twice = {*lists[0]} & {*lists[1]} or {*lists[2]} & {*lists[3]}
    need(not twice, "TL-PKT-001 C-1: two things of one agency")


NOTE_VERIFIERS = {14: verify_request_note, 15: verify_terms, 17: verify_case_note}


def open_note(number: int, body: bytes, seed: bytes) -> Message:
    """S-21: how much of the body is hashed, the info, the encoded note and the note."""
    message, (private, public) = parse_body(number, body), kem_pair(seed)
    need(message["kem_key_id"] == key_id_of(public), "TL-PKT-008 S-21: for another key")
    sealed = message["sealed"]
    start = body.index(sealed) - 1 - (len(sealed).bit_length() + 6) // 7
    rest = body[:start] + body[body.index(sealed) + len(sealed) :]
    info = label("note") + sha(label(TYPES[number]), rest)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    try:
        plaintext = suite.decrypt(sealed, private, info)
    except (InvalidTag, ValueError):
        raise ValueError("TL-PKT-008 S-21: does not open") from None
    end = 4 + int.from_bytes(plaintext[:4])
    whole = end <= len(plaintext) and plaintext[end:] == bytes(padded(end) - end)
    need(whole, "TL-PKT-001 S-21: padding")
    encoded = plaintext[4:end]
    note = parse(NOTES[number], encoded)
    NOTE_VERIFIERS[number](message, note)
    return {"hashed_length": len(rest), "info": info, "encoded": encoded, "fields": note}


def verify_signatures(proposal: Message, known: Trust, index: int, time_ms: int) -> None:
    """AG-4, of a proposal whose own statement was verified."""
    agreement = with_attestations(proposal["agreement"])
    known.verify(agreement, index, time_ms)
    terms = parse("Agreement", agreement["body"])
    drafter, speaker = terms["header"]["signer"], proposal["header"]["signer"]
    wanted = {drafter} if proposal["declined"] else {drafter, speaker}
    signers = [each["signer"] for each in agreement["attestations"]]
    need(sorted(signers) == sorted(wanted), "TL-AGR-020 AG-4: other signatures")
    parties, members = {*terms["parties"]}, {*known.members.at(1 << 62)[1]}
    need({agency_of(drafter), agency_of(speaker)} <= parties, "TL-AGR-020 AG-4: by no party")
    need(parties <= members, "TL-AGR-020 AG-4: a party that is no agency")
