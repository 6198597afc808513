"""The second verifier's statements: bodies, trees and signatures, from docs/spec/statement-v1.md.

S-7 to S-18, and S-16's keys given by who calls. What is refused ends in a ValueError of the
error's code and the rule.
"""

from collections.abc import Callable

from vectors.second_basics import (
    commit,
    label,
    need,
    parse,
    prefixed,
    sha,
    varint,
    verify_composite,
)
from vectors.second_log import climb, tree_root
from vectors.second_schema import TYPES, Message

_bodies = (
    "- KeyRecord Revocation Agreement PartyStanding Manifest Grant Receipt Void Mark"
    " - - - RequestStep Consent Recall CaseStep Proposal"
    " Charter CharterSignature MemberRecord Amendment Vote Leave"
)
BODIES = dict(enumerate(_bodies.split(), 1))


def parse_body(statement: Message) -> Message:
    """S-18, of a statement that was verified."""
    try:
        return parse(BODIES[statement["type"]], statement["body"])
    except ValueError as error:
        raise ValueError(f"{error} (S-18)") from None


def leaf_of(statement: Message, salt: bytes) -> bytes:
    """S-9."""
    return sha(b"\0", label(TYPES[statement["type"]]), salt, statement["body"])


def id_of(statement: Message) -> bytes:
    """S-8."""
    return commit(TYPES[statement["type"]], statement["body"])


def parse_attestation(data: bytes) -> Message:
    """S-10."""
    a = parse("Attestation", data)
    signed = label("attestation") + a["federation"] + prefixed(a["signer"].encode())
    signed += a["key_id"] + a["size"].to_bytes(4) + a["root"]
    digest = commit("attestation-hash", prefixed(signed), prefixed(a["signature"]))
    return a | {"signed_bytes": signed, "hash": digest}


def parse_signed(data: bytes) -> Message:
    """A statement, with its attestations (S-11)."""
    need(len(data) <= 4 << 20, "TL-PKT-001 S-11: too large")
    return with_attestations(parse("Signed", data))


def with_attestations(signed: Message) -> Message:
    """The same, of one that stood inside another message (S-11)."""
    attestations = [parse_attestation(each) for each in signed["attestations"]]
    named = [each["attestation"] for each in signed["statement"]["inclusions"]]
    same = named == [each["hash"] for each in attestations]
    need(same, "TL-PKT-001 S-11: other attestations")
    return {**signed["statement"], "attestations": attestations}


def parse_bundle(data: bytes) -> list[Message]:
    """The statements that a bundle shows, whose own paths begin in its subtree (S-12)."""
    bundle = parse("Bundle", data)
    a, index, path = parse_attestation(bundle["attestation"]), bundle["index"], bundle["path"]
    leaves = [leaf["hash"] or leaf_of(leaf, leaf["salt"]) for leaf in bundle["leaves"]]
    size, shown = len(leaves), []
    need(size.bit_count() == 1 and index % size == 0, "TL-PKT-001 S-12: no aligned subtree")
    fits = index + size <= a["size"] == size << len(path)
    need(fits, "TL-PKT-001 S-12: subtree, path and tree do not fit")
    for place, leaf in enumerate(bundle["leaves"]):
        others = [((place >> high ^ 1) << high, 1 << high) for high in range(size.bit_length() - 1)]
        inside = [tree_root(leaves[start : start + span]) for start, span in others]
        inclusion = {"attestation": a["hash"], "salt": leaf["salt"], "index": index + place}
        inclusions = [inclusion | {"path": inside + path}]
        shown.append(leaf | {"inclusions": inclusions, "attestations": [a]})
    return [leaf for leaf in shown if not leaf["hash"]]


def verify_statement(
    statement: Message, federation: bytes, key_of: Callable[[int, str, bytes], bytes]
) -> Message:
    """S-13 to S-17; gives the header."""
    size, start = varint(statement["body"], 1)
    need(statement["body"][0] == 10, "TL-PKT-001 S-7: no header")
    header = parse("Header", statement["body"][start : start + size])
    several = statement["type"] in (4, 12, 21)
    need(several or len(statement["inclusions"]) == 1, "TL-PKT-001 S-13: several signatures")
    for number, each in enumerate(statement["inclusions"]):
        a, leaf = statement["attestations"][number], leaf_of(statement, each["salt"])
        root = climb(leaf, each["index"], a["size"], each["path"])
        need(root == a["root"], "TL-PKT-003 S-14: not in the tree")
        need(a["federation"] == federation, "TL-TRU-003 S-15: another federation")
        same = all(a[name] == header[name] for name in header)
        need(same or number, "TL-PKT-004 S-15: body and attestation differ")
        public = key_of(statement["type"], a["signer"], a["key_id"])
        verify_composite(public, a["signature"], a["signed_bytes"])
    return header
