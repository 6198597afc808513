"""What the second verifier stands on: encoding, hashes and signing keys, from docs/spec alone.

Statement-v1, sections 1 to 3 (S-1 to S-9, S-11), and the bounds of all messages. Messages are read
by hand, by the schema that the specifications' own tables are. What is refused ends in a ValueError
of the error's code and the rule.
"""

import hmac
import re
from collections.abc import Container, Sequence
from hashlib import sha256, sha512
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

Message = dict[str, Any]

_spec = Path(__file__).parents[2] / "docs" / "spec"
_text = "".join((_spec / f"{name}-v1.md").read_text() for name in ("statement", "packet", "log"))


def _names(text: str) -> str:
    """A pattern for one of the names between backticks."""
    return "|".join(map(re.escape, re.findall("`(.+?)`", text)))


def _read_schema() -> dict[str, list[tuple[str, str, str, str, str]]]:
    """By message, of each field: name, what is said of it, `repeated`, its type, how many bytes."""
    lines = re.sub(r"\| (\w+)(?:, type \d+)? \| \| \|\n[|-]+", r"`\1`:", _text)
    lines = re.sub(r"\n\| (\d+) \| (\w+) \| (.*) \|", r" · \1 \2 \3", lines)
    found = re.findall(r"`(\w+)`(?:, type \d+)?:[ ·]+(1\s.+?)(?:\n\n|\.\s)", lines, re.S)
    field = re.compile(
        r"(\d+)\s+(\w+)\s+((repeated\s+)?(\w+)(?:[ ,:(]+(?:none, or )?(\d+))?.*)", re.S
    )
    schema = {}
    for name, fields in found:
        rows = [match.groups("") for match in map(field.match, re.split(r"\s·\s", fields)) if match]
        if [int(row[0]) for row in rows] != list(range(1, fields.count("·") + 2)):
            raise ValueError(f"the fields of {name} are not numbered from 1")
        schema[name] = [(row[1], row[2], row[3], row[4], row[5]) for row in rows]
    return schema


SCHEMA = _read_schema()
NUMBERS = {"uint32": 32, "uint64": 64, "bool": 1}
_word = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_agency = rf"(?=.{{0,255}}\Z)spiffe://{_word}(?:[.]{_word})*"
_uri = f"{_agency}(?:/node/{_word}|/exchange)?"
_category = _names(re.findall("tree of version 1: (.+?);", _text, re.S)[0])
TEXTS = {
    **dict.fromkeys(("Header.signer", "Attestation.signer", "Event.party", "Event.actor"), _uri),
    **dict.fromkeys(("Address.recipient", "Mark.recipient"), f"{_agency}/node/{_word}"),
    "KeyRecord.subject": f"{_agency}/node/{_word}",
    "Agency.uri": _agency,
    "Exchange.uri": f"{_agency}/exchange",
    "Event.counterpart": f"(?:{_uri})?",
    "Event.code": _names(re.findall(r"Codes: (.+?)\.\s", _text, re.S)[0]),
    "Event.outcome": "ok|refused",
    "Decision.category": _category,
    **dict.fromkeys(
        ("Opening.marking", "FieldPlain.marking"),
        f"(?:{_category}) TLP:(?:CLEAR|GREEN|AMBER(?:[+]STRICT)?|RED) "
        "PAP:(?:CLEAR|GREEN|AMBER|RED) (?:H0|H1(?:,H2)?(?:,H3)?|H2(?:,H3)?|H3)(?: ORCON)?",
    ),
    "FieldPlain.path": "[^/]+/[^/]+/[^/]+",
    "Manifest.evaluation": "[ABCX][1-4]",
    "Manifest.case_id": "(?s:.{0,4096})",
    "Caveats.handling": "H[123]",
    "Agency.name": "(?s:.{1,64})",
}
WITHIN: dict[str, Container[int]] = {  # numbers, how many items, how many bytes
    "Attestation.size": (1, 8, 64, 512, 4096),
    "Statement.type": range(1, 11),
    "Leaf.type": range(11),
    "Statement.body": range(1, (1 << 20) + 1),
    "Statement.inclusions": range(1, 65),
    "Inclusion.path": range(13),
    "Manifest.derived_from": range(65),
    "Manifest.compartments": range(4, 65, 4),
    "Manifest.slots": range(8, 2049, 8),
    "Opening.compartment": range(64),
    "Opening.form": range(5),
    "Opening.slots": range(1, 2049),
    "FieldPlain.path": range(1, 513),
    "FieldPlain.values": range(4097),
    "FieldPlain.form": range(2, 5),
    "Address.seq": range(1, 1 << 63),
    "Grant.purpose": range(4097),
    "OpeningRelease.reason": range(5),
    "LogOpening.index": range(1 << 48),
    "LogOpening.event": range(65_537),
    "Receipt.status": range(1, 7),
    "Event.count": range(1, 1 << 32),
    "TrustList.number": range(1, 1 << 64),
    "TrustList.agencies": range(1, 65),
    "TrustList.threshold": range(1, 65),
    "Agency.certificate_authorities": range(1, 9),
    "Agency.token_issuers": range(9),
}


def need(condition: object, reason: str) -> None:
    if not condition:
        raise ValueError(reason)


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
            readable = m["media_type"] != "text/plain" or all(map(is_utf8, m["values"]))
            whole = readable and sum(map(len, m["values"])) <= 1 << 20
            return whole and bool(m["mask"]) == (m["form"] == 3)
        case "Grant":
            both = {*m["openings"]} & {*m["compartments"]}
            return not both and any((m["openings"], m["compartments"], m["fields"]))
        case "Receipt":
            placed = {m["entry"] is not None, m["address"] is None} == {m["status"] in (1, 6)}
            return placed and bool(m["code"]) == (m["status"] == 6)
        case "Event":
            return bool(m["reason"]) == bool(m["outcome"] == "refused")
        case "TrustList":
            fits = m["threshold"] <= len(m["agencies"]) and bool(m["previous"]) == (m["number"] > 1)
            return fits and ascending([agency["uri"] for agency in m["agencies"]])
        case "KeyRecord":
            size, days = {"sign": (1984, 732), "kem": (1216, 14), "cosign": (1312, 732)}[m["use"]]
            lasts = 0 < m["not_after_ms"] - m["not_before_ms"] <= days * 86_400_000
            fits = len(m["public_key"]) == size and bool(m["types"]) == (size == 1984)
            return lasts and fits
    return True


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in its shortest spelling (S-2), and where it ends."""
    found = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]").match(data, at)
    if found is None or (len(found[0]) > 1 and found[0][-1] == 0):
        raise ValueError("TL-PKT-001 S-2: no varint, or longer than it needs")
    return sum((byte & 127) << 7 * place for place, byte in enumerate(found[0])), found.end()


def unpack(data: bytes) -> list[int]:
    """S-4."""
    at, numbers = 0, []
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def item(where: str, words: str, kind: str, size: str, raw: Any) -> Any:
    """One value of a field, of its type and size, in its bounds."""
    if kind in SCHEMA:
        return parse(kind, raw)
    if kind in NUMBERS:
        need(raw < 1 << NUMBERS[kind], f"TL-PKT-001: {where} is no {kind}")
        return raw
    if kind == "bytes":
        need(not size or len(raw) == int(size), f"TL-PKT-001: {where} has not {size} bytes")
        return raw
    need(is_utf8(raw), f"TL-PKT-001 S-5: {where} is not UTF-8")
    text = raw.decode()
    closed = re.fullmatch(r"(?:repeated )?string(?:: | \()((?:`[^`]+`(?:,\s)?)+)\)?", words)
    allowed = _names(closed[1]) if closed else TEXTS.get(where, "(?s:.*)")
    need(re.fullmatch(allowed, text), f"TL-PKT-001: {where} is not {text!r}")
    return text


def parse(name: str, data: bytes) -> Message:
    """A message, which has exactly one encoding (S-1 to S-7)."""
    found: dict[int, list[Any]] = {}
    message: Message = {}
    at = last = 0
    value: Any
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag % 8 == 2:
            value, at = data[at : at + value], at + value
        need(last <= tag, f"TL-PKT-001 S-1: the fields of {name} are out of order")
        need(at <= len(data), f"TL-PKT-001 S-7: {name} is cut short")
        found.setdefault(tag, []).append(value)
        last = tag
    for number, (field, words, repeated, kind, size) in enumerate(SCHEMA[name], 1):
        where = f"{name}.{field}"
        values = found.pop(8 * number + (0 if kind in NUMBERS and not repeated else 2), [])
        if repeated and kind in NUMBERS and values:
            need(len(values) == 1 and values[0], f"TL-PKT-001 S-4: {where} is not packed")
            values = unpack(values[0])
        if repeated or values:
            need(repeated or len(values) == 1, f"TL-PKT-001 S-1: {where} stands twice")
            shown = repeated or kind in SCHEMA or values[0]
            need(shown, f"TL-PKT-001 S-3: {where} is there and empty")
            items = [item(where, words, kind, size, value) for value in values]
            ordered = "ascending" not in words or kind in SCHEMA or ascending(items)
            need(ordered, f"TL-PKT-001: {where} is not ascending")
            message[field] = items if repeated else items[0]
        elif kind in SCHEMA:
            need("absent" in words, f"TL-PKT-001 S-5: {where} is missing")
            message[field] = None
        else:
            size = "" if "none, or" in words else size
            message[field] = item(where, words, kind, size, 0 if kind in NUMBERS else b"")
        if where in WITHIN:
            value = message[field]
            value = value.encode() if isinstance(value, str) else value
            count = value if isinstance(value, int) else len(value)
            need(count in WITHIN[where], f"TL-PKT-001: {where} is out of bounds")
    need(not found, f"TL-PKT-001 S-6: {name} has a field or a wire type that is none")
    need(is_consistent(name, message), f"TL-PKT-001: {name} contradicts itself")
    return message


def label(name: str) -> bytes:
    return f"tearline/v1/{name}\0".encode()


def prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def sha(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def commit(name: str, *parts: bytes) -> bytes:
    """A hash under a label: ids and commitments."""
    return sha(label(name), *parts)


def key_id_of(public: bytes) -> bytes:
    """S-11."""
    return commit("key", (1).to_bytes(2), public)


def expand(key: bytes, name: str, *info: bytes, size: int) -> bytes:
    """HKDF-Expand (RFC 5869) under a label."""
    blocks, message = [b""], label(name) + b"".join(info)
    for number in range(1, size // 32 + 1):
        blocks.append(hmac.digest(key, blocks[-1] + message + bytes([number]), "sha256"))
    return b"".join(blocks)


def verify_composite(public: bytes, signature: bytes, message: bytes, context: bytes = b"") -> None:
    """S-8 and S-9."""
    name = b"COMPSIG-MLDSA65-Ed25519-SHA512"
    signed = b"CompositeAlgorithmSignatures2025" + name + len(context).to_bytes() + context
    signed += sha512(message).digest()
    need((len(public), len(signature)) == (1984, 3373), "TL-KEY-002 S-9: another length")
    try:
        one = mldsa.MLDSA65PublicKey.from_public_bytes(public[:1952])
        one.verify(signature[:3309], signed, name)
        other = ed25519.Ed25519PublicKey.from_public_bytes(public[1952:])
        other.verify(signature[3309:], signed)
    except InvalidSignature:
        raise ValueError("TL-KEY-002 S-9: a half does not verify") from None
