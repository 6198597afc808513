"""The second verifier's schema: what the tables of docs/spec say, and the bounds around them.

Messages, fields and types are read from the specifications as they stand; the bounds that stand in
words are repeated here (S-7, S-9, S-13, S-20, P-2, P-3, P-5, P-7, P-8, P-18,
L-23, L-27, L-5, X-1, T-1, O-10, C-1, R-2, R-1, RC-1).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Container, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

Message = dict[str, Any]

_spec = Path(__file__).parents[2] / "docs" / "spec"
_specs = (
    *("statement", "packet", "log", "exhibit", "standing"),
    *("request", "onward", "recall", "case", "agreement", "federation", "audit"),
)
_text = "".join((_spec / f"{name}-v1.md").read_text() for name in _specs)

_access = (_spec / "access-v1.md").read_text()


def names_in(text: str) -> str:
    """A pattern for one of the names between backticks."""
    return "|".join(map(re.escape, re.findall("`(.+?)`", text)))


def _read_schema() -> dict[str, list[tuple[int, str, str, str, str, str]]]:
    """By message, of each field: number, name, what is said, `repeated`, type, how many bytes."""
    lines = re.sub(r"\| (\w+)(?:, type \d+)? \| \| \|\n[|-]+", r"`\1`:", _text)
    lines = re.sub(r"\n\| (\d+) \| (\w+) \| (.*) \|", r" · \1 \2 \3", lines)
    found = re.findall(r"`(\w+)`(?:, type \d+)?:[ ·]+(1\s.+?)(?:\n\n|\.\s)", lines, re.S)
    field = re.compile(
        r"(\d+)\s+(\w+)\s+((repeated\s+)?(\w+)(?:[ ,:(]+(?:none, or )?(\d+))?.*)", re.S
    )
    schema = {}
    for name, fields in found:
        rows = [match.groups("") for match in map(field.match, re.split(r"\s·\s", fields)) if match]
        numbers = [int(row[0]) for row in rows]
        if len(rows) != fields.count("·") + 1 or numbers != sorted({1, *numbers}):
            raise ValueError(f"the fields of {name} are not numbered from 1 on")
        schema[name] = [(int(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in rows]
    return schema


SCHEMA = _read_schema()
TYPES = {  # by number, the labels of statements
    int(number): f"statement/{name}"
    for number, name in re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", _text, re.M)
}
NUMBERS = {"uint32": 32, "uint64": 64, "bool": 1}
_word = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_agency = rf"(?=.{{0,255}}\Z)spiffe://{_word}(?:[.]{_word})*"
NODE = f"{_agency}/node/{_word}"
_uri = f"{_agency}(?:/node/{_word}|/exchange)?"
_tree = re.findall("tree of version 1: (.+?);", _text, re.S)[0]
CATEGORIES = re.findall("`(.+?)`", _tree)
_category = names_in(_tree)
_group = "|".join(sorted({*re.findall(r"(\w+)\\[.]", _category)}))
_lists = ("members", "asked", "consents", "objections")
_name = "[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_MARKED = ("Opening", "CompartmentRelease", "FieldRelease", "ShownField")
_numbers = {each for each in range(512, 512 * len(CATEGORIES) + 512) if each // 64 % 8 < 5}
TEXTS = {
    **dict.fromkeys(("Header.signer", "Attestation.signer", "Event.party"), _uri),
    **dict.fromkeys(("Agreement.parties", "Agreement.oversight"), _agency),
    **dict.fromkeys(
        ("Article.id", "Article.purposes", "Article.kinds", "Article.crime_areas"), _name
    ),
    "Share.category": f"{_category}|{_group}",
    **dict.fromkeys(("Address.recipient", "Mark.recipient", "KeyRecord.subject"), NODE),
    **dict.fromkeys(("Agency.uri", "Constitution.council", "Constitution.cosigners"), _agency),
    "Vote.subject": f"(?:{_agency})?",
    "Exchange.uri": f"{_agency}/exchange",
    "Event.counterpart": f"(?:{_uri})?",
    "Event.actor": "(?s:.*)",
    "Erasure.parties": _agency,
    "Event.code": names_in(
        re.findall(r"Codes: (.+?)\.\s", _text, re.S)[0]
        + re.findall(r"^\| 2 \| code \| string: (.+)", _access, re.M)[0]
    ),
    "Event.outcome": "ok|refused",
    "Receipt.code": "((malformed|not-authentic|refused|evidence)/[A-Z0-9-]{1,64})?",
    "Decision.category": _category,
    "ShownField.marking": (
        f"(?:{_category}) TLP:(?:CLEAR|GREEN|AMBER(?:[+]STRICT)?|RED) "
        "PAP:(?:CLEAR|GREEN|AMBER|RED) (?:H0|H1(?:,H2)?(?:,H3)?|H2(?:,H3)?|H3)(?: ORCON)?"
    ),
    "ActedBy.role": "analyst|liaison|auditor|officer",
    "Manifest.evaluation": "[ABCX][1-4]",
    "Manifest.case_id": "(?s:.{0,4096})",
    "Caveats.handling": "H[123]",
    "Agency.name": "(?s:.{1,64})",
    **dict.fromkeys(("Suspension.sender", "Suspension.recipient"), f"(?:{_agency})?"),
    **dict.fromkeys([f"CaseNote.{name}" for name in _lists], _agency),
    "Suspension.originated": "keep|freeze|erase",
    "RequestStep.urgency": "(?:emergency|urgent|routine|preserve)?",
    "ItemOutcome.ground": f"(?:{names_in(re.findall('Grounds: (.+?)[.]', _text, re.S)[0])})?",
    "RecallAnswer.ground": "(?:legal-hold|evidence|court-order)?",
    "RecallAnswer.reach": "exhibited|exported|opened|printed|seen",
}
WITHIN: dict[str, Container[int]] = {  # numbers, how many items, how many bytes
    "Attestation.size": (1, 8, 64, 512, 4096),
    "Statement.type": TYPES,
    "Leaf.type": (0, *TYPES),
    "Statement.body": range(1, (1 << 20) + 1),
    "Statement.inclusions": range(1, 65),
    "Inclusion.path": range(13),
    "Manifest.derived_from": range(65),
    "Manifest.compartments": range(128, 2049, 128),
    "Manifest.slots": range(256, 65_537, 256),
    "Opening.compartment": range(64),
    **dict.fromkeys([f"{name}.form" for name in _MARKED], range(2, 5)),
    **dict.fromkeys([f"{name}.marking" for name in _MARKED[:3]], _numbers),
    "CompartmentRelease.compartment": range(64),
    **dict.fromkeys(("Opening.slots", "CompartmentRelease.slots"), range(1, 2049)),
    "FieldPlain.name": range(1, 513),
    "FieldPlain.values": range(4097),
    "Address.seq": range(1, 1 << 63),
    "Grant.purpose": range(4097),
    "Grant.not_after_ms": range(1 << 63),
    **dict.fromkeys(
        [f"{kind}.sealed" for kind in ("Grant", "CaseStep", "Consent", "RequestStep")],
        range((256 << 10) + 1),
    ),
    "FieldRelease.slot": range(2048),
    **dict.fromkeys(
        [f"Mark.{name}" for name in ("counter", "highest_sent", "highest_received", "time_ms")],
        range(1 << 63),
    ),
    "Erasure.indices": range(1, 257),
    "Erasure.parties": range(1, 65),
    "Erasure.reason": range(4097),
    "OpeningRelease.reason": range(5),
    "AuditExport.entries": range((1 << 48) + 1),
    "AuditExport.query": range(4097),
    "AuditExport.checkpoint": range(1, (1 << 18) + 1),
    "ExportManifest.entries": range(1, 1 << 22),
    "LogOpening.index": range(1 << 48),
    "LogOpening.event": range(1, 65_537),
    "Receipt.status": range(1, 7),
    "Equivocation.path": range(64),
    "Event.count": range(1, 1 << 32),
    **dict.fromkeys(("Constitution.council", "Constitution.cosigners"), range(1, 65)),
    "Charter.name": range(1, 4097),
    "Charter.founders": range(1, 1001),
    **dict.fromkeys(("MemberRecord.generation", "MemberRecord.number"), range(1, 1 << 32)),
    "Leave.reason": range(4097),
    "Agency.certificate_authorities": range(1, 9),
    "Agency.token_issuers": range(9),
    "Exchange.certificate_authority": range(1, (16 << 10) + 1),
    "Revocation.reason": range(4097),
    "Agreement.version": range(1, 1025),
    "Agreement.name": range(1, 65),
    "Agreement.parties": range(2, 65),
    "Agreement.articles": range(1, 65),
    "Agreement.retention_ms": range(1, 1 << 63),
    "Agreement.onward_use": range(4097),
    **dict.fromkeys(("Article.purposes", "Article.kinds", "Article.crime_areas"), range(65)),
    **dict.fromkeys(("Article.directions", "Article.shares"), range(2049)),
    "Share.form": range(5),
    "Exhibit.entries": range(1, 1 << 22),
    "Exhibit.fields": range(1, 2049),
    "DirectoryLeaf.siblings": range(65),
    "DirectoryLeaf.other": (0, 64),
    "ProvenEntry.index": range(1 << 48),
    "ProvenEntry.content": range(1, 1 << 22),
    "ProvenEntry.path": range(49),
    "ShownField.slot": range(2048),
    "ReplyTime.time_ms": range(1, 1 << 63),
    **dict.fromkeys(("PartyStanding.counter", "OfficerAct.counter"), range(1, 1 << 63)),
    "PartyStanding.suspensions": range(257),
    "RequestStep.number": range(1, 257),
    "RequestStep.known": range(257),
    "RequestStep.entry": range(1 << 48),
    "RequestNote.text": range(4097),
    "RequestNote.useful": range(3),
    "ItemOutcome.number": range(1, 257),
    "ConsentTerms.fields": range(257),
    **dict.fromkeys(("ConsentTerms.scope", "ConsentTerms.note"), range(4097)),
    "RecallOrder.respond_by_ms": range(1, 1 << 63),
    "CaseStep.number": range(1, 1 << 63),
    "CaseNote.title": range(257),
    "CaseNote.summary": range(4097),
    **dict.fromkeys([f"CaseNote.{name}" for name in _lists], range(65)),
}
RULES = {  # what a message or a field is refused by, beyond the rules of encoding
    **dict.fromkeys(("Header.signer", "Attestation.signer"), "S-7"),
    "Attestation.size": "S-9",
    "Statement.body": "S-7",
    "Statement.inclusions": "S-13",
    **dict.fromkeys(("Agreement", "Article", "Share", "ReplyTime"), "S-20"),
    "Manifest": "P-2",
    "FieldPlain": "P-5",
    **dict.fromkeys([f"{name}.marking" for name in _MARKED], "P-7"),
    **dict.fromkeys(("Opening", "CompartmentRelease"), "P-3"),
    "Grant": "P-8",
    "Receipt": "P-18",
    **dict.fromkeys(("Agency", "Exchange", "Log", "Constitution", "MemberRecord", "Vote"), "F-1"),
    **dict.fromkeys(("Charter", "CharterSignature", "Amendment", "Leave"), "F-1"),
    **dict.fromkeys(("Exhibit", "ProvenEntry", "ShownField"), "X-1"),
    **dict.fromkeys(("PartyStanding", "Suspension"), "T-1"),
    **dict.fromkeys(("Suspension.sender", "Suspension.recipient"), "T-1"),
    "OfficerAct": "T-1",
    "RequestStep": "R-1",
    **dict.fromkeys(("RequestNote", "ItemOutcome"), "R-2"),
    "Consent": "O-10",
    "ConsentTerms": "O-10",
    "CaseStep": "C-1",
    "CaseNote": "C-1",
    **dict.fromkeys(("Recall", "RecallOrder", "RecallAnswer"), "RC-1"),
    "Proposal": "AG-4",
    **dict.fromkeys(("Address", "Mark"), "P-18"),
    **dict.fromkeys(("Event", "Decision"), "L-5"),
    **dict.fromkeys(("KeyRecord", "Revocation"), "L-12"),
    "Erasure": "L-23",
}


Key = tuple[str, bytes, int, bytes]
BASE64 = "[A-Za-z0-9+/]+={0,2}"


def base64(text: str) -> bytes:
    """What has one spelling (L-8)."""
    if len(text) % 4 or b64encode(b64decode(text)).decode() != text:
        raise ValueError("TL-LOG-005 L-8")
    return b64decode(text)


def parse_vkey(vkey: str) -> Key:
    """The name, key hash, algorithm and public key (L-9)."""
    found = re.fullmatch(rf"([^\s+]+)[+]([0-9a-f]{{8}})[+]({BASE64})", vkey)
    if found is None:
        raise ValueError("TL-KEY-001 L-9: no vkey")
    name, told, key = found[1], found[2], base64(found[3])
    key_hash = sha256(name.encode() + b"\n" + key).digest()[:4]
    if key_hash.hex() != told:
        raise ValueError("TL-KEY-001 L-9: another key hash")
    if {1: 33, 6: 1313}.get(key[0]) != len(key):
        raise ValueError("TL-KEY-001 L-9: no such key")
    return name, key_hash, key[0], key[1:]


def algorithms_in(vkeys: Sequence[str]) -> set[int]:
    """The known algorithms among keys; others are passed over (F-1)."""
    found = set()
    for vkey in vkeys:
        with suppress(ValueError):
            found.add(parse_vkey(vkey)[2])
    return found


def ascending(items: Sequence[Any]) -> bool:
    return all(one < other for one, other in pairwise(items))


def is_utf8(data: bytes) -> bool:
    return data.decode(errors="ignore").encode() == data


def is_consistent(name: str, m: Message) -> bool:
    """What a message says beyond its single fields."""
    match name:
        case "Leaf":
            return {bool(m["type"]), bool(m["body"]), bool(m["salt"])} == {not m["hash"]}
        case "FieldPlain":
            readable = bool(m["media_type"]) or all(map(is_utf8, m["values"]))
            apart = m["entity"] or not re.match("[0-9a-f]{32}/.", m["name"], re.S)
            whole = readable and m["media_type"] != "text/plain" and bool(apart)
            return whole and sum(map(len, m["values"])) <= 1 << 20
        case "Manifest":
            columns = m["slots"] + m["compartments"]
            commits = {columns[at : at + 32] for at in range(0, len(columns), 32)}
            return 32 * len(commits) == len(columns)
        case "FieldRelease" | "ShownField":
            return bool(m["mask"]) == (m["form"] == 3) and len(m["mask"]) <= 64
        case "Article":
            ways = [(way["sender"], way["recipient"]) for way in m["directions"]]
            shares = [(share["partner"], share["category"]) for share in m["shares"]]
            named = all(ascending(m[name]) for name in ("purposes", "kinds", "crime_areas"))
            known = all(
                share["category"] != "unmarked" or not share["form"] for share in m["shares"]
            )
            whole = named and known and ascending(ways) and ascending(shares)
            return whole and all(a != b for a, b in ways)
        case "Agreement":
            articles, urgencies = m["articles"], [each["urgency"] for each in m["reply_times"]]
            named = {share["partner"] for article in articles for share in article["shares"]}
            ways = [way for article in articles for way in article["directions"]]
            named |= {uri for way in ways for uri in way.values()}
            ordered = [m["parties"], m["oversight"], [article["id"] for article in articles]]
            times = urgencies == ["emergency", "urgent", "routine", "preserve"]
            times = times and m["valid_from_ms"] < m["valid_until_ms"]
            longest = max(m["authorisation_ms"], *(each["time_ms"] for each in m["reply_times"]), 0)
            times = times and longest <= 316_224_000_000
            kept = max(2_592_000_000, m["retention_ms"]) <= m["log_retention_ms"]
            times = times and (not m["log_retention_ms"] or kept)
            times = times and m["log_retention_ms"] <= 3_162_240_000_000
            return times and named <= {*m["parties"]} and all(map(ascending, ordered))
        case "Grant":
            both = {*m["openings"]} & {*m["compartments"]}
            lists = m["openings"], m["compartments"], m["fields"]
            bounded = max((0, *lists[0], *lists[1])) < 64 and max((0, *lists[2])) < 2048
            seconded = bool(m["acted_by"]) >= bool(m["seconded_by"])
            return not both and bounded and any(lists) and seconded and all(map(ascending, lists))
        case "Receipt":
            placed = {m["entry"] is not None, m["address"] is None} == {m["status"] in (1, 6)}
            exchange = m["header"]["signer"].endswith("/exchange")
            signed = exchange if m["entry"] else re.fullmatch(NODE, m["header"]["signer"])
            return placed and bool(signed) and bool(m["code"]) == (m["status"] == 6)
        case "Opening" | "CompartmentRelease":
            masked = bool(m["mask"]) == (m["form"] == 3) and len(m["mask"]) <= 64
            return m["slots"][-1] < 2048 and masked
        case "Event":
            named = re.fullmatch(_uri, m["actor"]) is not None or m["code"].startswith("access-")
            counted = m["code"] in ("refused", "token-refused") and m["party"].endswith("/exchange")
            known = (named or counted) and bool(m["pseudonym"]) >= bool(m["seconded_by"])
            refused = bool(m["reason"]) == (m["outcome"] == "refused")
            return known and refused and 0 < m["time_ms"] < 1 << 63
        case "Erasure":
            by_retention, said = m["agreement_version"] > 0, bool(m["reason"])
            alone = by_retention == (m["latest_ms"] > 0) == (not said)
            return alone and ascending(m["parties"]) and m["indices"][-1] < 1 << 48
        case "ExportManifest":
            return ascending([each["index"] for each in m["entries"]])
        case "Exhibit":
            places = [[each["index"] for each in m["entries"]], [f["slot"] for f in m["fields"]]]
            return all(map(ascending, places))
        case "Agency":
            plain = re.fullmatch("[a-z0-9]([a-z0-9-]*[a-z0-9])?", f"{m['name']}") is not None
            another = m["recovery_key"] != m["root_key"]
            fits = all(0 < len(der) <= 16 << 10 for der in m["certificate_authorities"])
            return plain and fits and another
        case "Log":
            keys = m["verifier_keys"]
            named = {key.partition("+")[0] for key in keys} == {m["origin"]}
            return named and len({*keys}) == len(keys) <= 8 and algorithms_in(keys) == {1, 6}
        case "Constitution":
            named, counted = len(m["council"]), len(m["cosigners"])
            above = all(named < 2 * each <= 128 for each in m["rules"].values())
            return above and 2 * counted < 3 * m["quorum"] <= 3 * counted
        case "MemberRecord":
            own = m["header"]["signer"] == m["agency"]["uri"]
            return own and (m["number"] == 1) == (not m["previous"])
        case "Amendment":
            return len(m["root"]) == (32 if m["size"] else 0)
        case "Vote":
            amends, nothing = m["kind"] == "amend", bytes(32)
            stated = amends == (not m["subject"]) and (not amends or m["subject_state"] == nothing)
            return stated and (m["kind"] == "remove") == (m["content"] == nothing)
        case "KeyRecord":
            log_key = (1312, 732)
            uses = {"sign": (1984, 732), "kem": (1216, 14), "cosign": log_key, "witness": log_key}
            size, days = uses[m["use"]]
            lasts = 0 < m["not_after_ms"] - m["not_before_ms"] <= days * 86_400_000
            typed = bool(m["types"]) == (size == 1984) and {*m["types"]} <= {*TYPES}
            return lasts and len(m["public_key"]) == size and typed
    return True
