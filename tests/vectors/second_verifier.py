"""A second verifier of the frozen vectors, written from docs/spec alone.

It shares no code with the protocol. `second_basics` reads messages by hand and has the signing
keys, `second_log` has the tree, checkpoints and proofs. What is refused ends in a ValueError of the
error's code and the rule. Here are, of statement-v1, S-10 and S-14 to S-29; of packet-v1, P-1 to
P-14 and P-16 to P-23; of log-v1, L-4, L-6, L-16, L-17, L-20 to L-23, and L-18 for list 1. No vector
has a second list (L-19), an agreement (S-30), a decision (P-15) or a channel (P-26).
"""

import hmac
from collections.abc import Callable, Mapping
from hashlib import shake_256

from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from vectors.second_basics import (
    Message,
    commit,
    expand,
    key_id_of,
    label,
    need,
    parse,
    prefixed,
    sha,
    varint,
    verify_composite,
)
from vectors.second_log import climb, tree_root

_types = "trust-list key-record revocation agreement standing manifest grant receipt void mark"
TYPES = {number: f"statement/{name}" for number, name in enumerate(_types.split(), 1)}


def leaf_of(statement: Message, salt: bytes) -> bytes:
    """S-16."""
    return sha(b"\0", label(TYPES[statement["type"]]), salt, statement["body"])


def id_of(statement: Message) -> bytes:
    """S-15."""
    return commit(TYPES[statement["type"]], statement["body"])


def parse_attestation(data: bytes) -> Message:
    """S-18 to S-20."""
    a = parse("Attestation", data)
    signed = label("attestation") + a["federation"] + prefixed(a["signer"].encode())
    signed += a["key_id"] + a["size"].to_bytes(4) + a["root"]
    digest = commit("attestation-hash", prefixed(signed), prefixed(a["signature"]))
    return a | {"signed_bytes": signed, "hash": digest}


def parse_signed(data: bytes) -> Message:
    """A statement, with its attestations (S-21)."""
    signed = parse("Signed", data)
    attestations = [parse_attestation(each) for each in signed["attestations"]]
    named = [each["attestation"] for each in signed["statement"]["inclusions"]]
    same = named == [each["hash"] for each in attestations]
    need(same and len(data) <= 4 << 20, "TL-PKT-001 S-21: other attestations")
    return {**signed["statement"], "attestations": attestations}


def parse_bundle(data: bytes) -> list[Message]:
    """The statements that a bundle shows, whose own paths begin in its subtree (S-22)."""
    bundle = parse("Bundle", data)
    a, index, path = parse_attestation(bundle["attestation"]), bundle["index"], bundle["path"]
    leaves = [leaf["hash"] or leaf_of(leaf, leaf["salt"]) for leaf in bundle["leaves"]]
    size, shown = len(leaves), []
    need(size.bit_count() == 1 and index % size == 0, "TL-PKT-001 S-22: no aligned subtree")
    fits = index + size <= a["size"] == size << len(path)
    need(fits, "TL-PKT-001 S-22: subtree, path and tree do not fit")
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
    """S-23 to S-28; gives the header."""
    size, start = varint(statement["body"], 1)
    need(statement["body"][0] == 10, "TL-PKT-001 S-14: no header")
    header = parse("Header", statement["body"][start : start + size])
    several = statement["type"] in (1, 4)
    need(several or len(statement["inclusions"]) == 1, "TL-PKT-001 S-23: several signatures")
    for number, each in enumerate(statement["inclusions"]):
        a, leaf = statement["attestations"][number], leaf_of(statement, each["salt"])
        root = climb(leaf, each["index"], a["size"], each["path"])
        need(root == a["root"], "TL-PKT-003 S-24: not in the tree")
        need(a["federation"] == federation, "TL-TRU-003 S-25: another federation")
        same = all(a[name] == header[name] for name in header)
        need(same or number, "TL-PKT-004 S-26: body and attestation differ")
        public = key_of(statement["type"], a["signer"], a["key_id"])
        verify_composite(public, a["signature"], a["signed_bytes"])
    return header


class Trust:
    """Whose keys count, by the clear entries (L-16 to L-18, L-20 to L-23)."""

    def __init__(self, federation: bytes) -> None:
        self.federation, self.list = federation, Message()
        self.records: dict[tuple[str, bytes], Message] = {}
        self.ended: dict[tuple[str, bytes], int] = {}  # by agency and key id

    def counts(self, record: Message, index: int, time_ms: int) -> bool:
        """L-23, of a node's key."""
        end = self.ended.get((record["subject"].split("/node")[0], record["id"]), index)
        timely: bool = record["not_before_ms"] <= time_ms < record["not_after_ms"]
        return timely and record["index"] < index <= end

    def verify(self, statement: Message, index: int, time_ms: int) -> Message:
        """S-23 to S-28, for what is accepted at this index and time."""

        def key_of(number: int, signer: str, key_id: bytes) -> bytes:
            roots = {agency["uri"]: agency["root_key"] for agency in self.list["agencies"]}
            known = signer == self.list["exchange"]["uri"] or signer.split("/node")[0] in roots
            need(known, "TL-TRU-001 S-27: not of this federation")
            if "/node/" in signer:
                record = self.records.get((signer, key_id), Message(use="none"))
                counts = record["use"] == "sign" and self.counts(record, index, time_ms)
                need(counts, "TL-TRU-002 S-27: no key that counts")
                public, types = record["public_key"], record["types"]
            else:
                public = roots.get(signer, self.list["exchange"]["signing_key"])
                types = [1, 2, 3, 4] if signer in roots else [8]
            need(key_id == key_id_of(public), "TL-TRU-002 S-27: another key")
            need(number in types, "TL-PKT-005 S-27: not for this type")
            need(self.list["min_suite"] <= 1, "TL-PKT-012 L-23: suite")
            return bytes(public)

        federation = self.federation if statement["type"] > 1 else bytes(32)
        return verify_statement(statement, federation, key_of)

    def read(self, index: int, entry: bytes) -> None:
        """One entry, after those before it."""
        statement = parse_entry(entry)
        if statement is None:
            return
        need(statement["type"] in (1, 2, 3), "TL-PKT-001 L-4: not for clear entries")
        (self.read_list, self.read_record, self.read_revocation)[statement["type"] - 1](
            index, statement
        )

    def read_list(self, index: int, statement: Message) -> None:
        """List 1 (L-16 to L-18); the vectors have no other."""
        new = parse("TrustList", statement["body"])
        need(not self.list and new["number"] == 1, "TL-TRU-004 L-18: does not follow")
        need(id_of(statement) == self.federation, "TL-TRU-005 L-16: another federation")
        self.list = new
        self.verify(statement, index, 0)
        signers = {each["signer"] for each in statement["attestations"]}
        need(signers == {each["uri"] for each in new["agencies"]}, "TL-TRU-004 L-18: a root lacks")

    def read_record(self, index: int, statement: Message) -> None:
        """L-20 to L-22."""
        record = parse("KeyRecord", statement["body"])
        header = self.verify(statement, index, record["not_before_ms"])
        agency = record["subject"].split("/node")[0]
        own = header["signer"] == record["subject"] and record["use"] != "sign"
        need(own or header["signer"] == agency, "TL-PKT-004 L-20: another signer")
        need({*record["types"]} <= {2, *range(4, 11)}, "TL-PKT-005 L-20: not for nodes")
        record |= {"index": index, "id": key_id_of(record["public_key"])}
        name = record["subject"], record["id"]
        need(name not in self.records, "TL-PKT-001 L-20: a second record")
        need((agency, record["id"]) not in self.ended, "TL-TRU-002 L-22: revoked")
        if own:
            lasts = self.records[header["signer"], header["key_id"]]["not_after_ms"]
            need(record["not_after_ms"] <= lasts, "TL-TRU-002 L-21: outlasts its signer's key")
        self.records[name] = record

    def read_revocation(self, index: int, statement: Message) -> None:
        """L-22."""
        signer = self.verify(statement, index, 0)["signer"]
        key = parse("Revocation", statement["body"])["revoked_key"]
        owners = {subject.split("/node")[0] for subject, held in self.records if held == key}
        need("/node/" not in signer, "TL-PKT-005 L-22: not by a root")
        need(not owners or signer in owners, "TL-TRU-002 L-22: another agency's key")
        self.ended.setdefault((signer, key), index)


def padded(size: int) -> int:
    """P-9."""
    exponent = max(size, 1).bit_length() - 1
    rest = (1 << exponent - exponent.bit_length()) - 1 if size > 256 else 255
    return max(256, size + rest & ~rest)


def open_slot(manifest: Message, slot: int, secret: bytes, ciphertext: bytes | None) -> Message:
    """P-4 to P-6, P-9 and P-20, of one slot."""
    where, told = manifest["packet_id"] + slot.to_bytes(4), manifest["slots"][slot]
    if ciphertext is None:
        raise ValueError("TL-PKT-007 P-20: no ciphertext")
    same = hmac.compare_digest(sha(ciphertext), told["ciphertext_sha256"])
    need(same and len(ciphertext) == told["ciphertext_length"], "TL-PKT-006 P-20: ciphertext")
    keys = expand(secret, "field-keys", where, size=64)
    try:
        cipher = Cobblestone256Decryptor(keys[:32], label("field") + where)
        plaintext = cipher.update(ciphertext) + cipher.finalize()
    except InvalidTag:
        raise ValueError("TL-PKT-008 P-20: does not decrypt") from None
    same = hmac.compare_digest(commit("slot", where, keys[32:], plaintext), told["commit"])
    need(same, "TL-PKT-006 P-6: another plaintext")
    end = 4 + int.from_bytes(plaintext[:4])
    need(plaintext[end:] == bytes(padded(end) - end), "TL-PKT-001 P-9: padding")
    field = parse("FieldPlain", plaintext[4:end])
    return {"field": field, "plaintext": plaintext, "secret": secret, "keys": keys}


def open_packet(
    manifest: Message, release: Message, ciphertexts: Mapping[int, bytes | None]
) -> tuple[dict[int, Message], list[Message]]:
    """P-18 to P-22: the slots that open, and the openings of compartments only told of."""
    need(manifest["suite"] == 1, "TL-PKT-012 P-1: suite")
    secrets: dict[int, tuple[bytes, Message]] = {}
    seen: set[int] = set()
    told = []
    for part in release["openings"] + release["compartments"]:
        opening = parse("Opening", part["opening"])
        slots, number = opening["slots"], opening["compartment"]
        known = opening["packet_id"] == manifest["packet_id"] and seen.isdisjoint(slots)
        known = known and number < len(manifest["compartments"])
        need(known and slots[-1] < len(manifest["slots"]), "TL-PKT-006 P-18: not of this packet")
        seen |= {*slots}
        where, commits = (
            manifest["packet_id"] + number.to_bytes(2),
            manifest["compartments"][number],
        )
        marking, form = prefixed(opening["marking"].encode()), opening["form"].to_bytes(2)
        listed = prefixed(b"".join(slot.to_bytes(4) for slot in slots))
        opened = commit("opening", where, opening["salt"], marking, form, listed)
        same = hmac.compare_digest(opened, commits["opening_commit"])
        need(same, "TL-PKT-006 P-8: another opening")
        if "key" not in part:
            told.append(opening | {"reason": part["reason"]})
            continue
        held = commit("compartment-key", where, part["key"])
        need(hmac.compare_digest(held, commits["key_commit"]), "TL-PKT-006 P-7: another key")
        for slot in slots:
            secret = expand(part["key"], "field-secret", where, slot.to_bytes(4), size=32)
            secrets[slot] = secret, {name: opening[name] for name in ("marking", "form")}
    secrets |= {each["slot"]: (each["secret"], Message()) for each in release["fields"]}
    fields: dict[int, Message] = {}
    for slot, (secret, bears) in sorted(secrets.items()):
        need(slot < len(manifest["slots"]), "TL-PKT-006 P-20: no such slot")
        fields[slot] = open_slot(manifest, slot, secret, ciphertexts.get(slot))
        same = bears.items() <= fields[slot]["field"].items()
        need(same, "TL-PKT-006 P-21: not of its compartment")
    forms = [(each["field"]["path"], each["field"]["form"]) for each in fields.values()]
    need(len({*forms}) == len(forms), "TL-PKT-009 P-10: a path twice")
    return fields, told


def kem_pair(seed: bytes) -> tuple[hpke.MLKEM768X25519PrivateKey, bytes]:
    """S-10: the private and the public key."""
    expanded = shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(lattice, curve), public


def open_grant(body: bytes, seed: bytes) -> Message:
    """P-12, P-14 and P-16: the grant, how long its prefix is, its info and its release."""
    grant, (private, public) = parse("Grant", body), kem_pair(seed)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = grant["sealed"]
    prefix = body[: len(body) - len(sealed) - 1 - (len(sealed).bit_length() + 6) // 7]
    info = label("grant") + sha(prefix)
    need(grant["kem_key_id"] == key_id_of(public), "TL-GRT-001 P-14: for another key")
    try:
        encoded = suite.decrypt(sealed, private, info)
    except (InvalidTag, ValueError):
        raise ValueError("TL-GRT-001 P-14: does not open") from None
    release = parse("Release", encoded)
    openings = [parse("Opening", part["opening"])["compartment"] for part in release["openings"]]
    whole = [parse("Opening", part["opening"])["compartment"] for part in release["compartments"]]
    same = (openings, whole) == (grant["openings"], grant["compartments"])
    same = same and [part["slot"] for part in release["fields"]] == grant["fields"]
    need(same, "TL-GRT-004 P-16: more or less than it lists")
    return {"grant": grant, "prefix": prefix, "info": info, "encoded": encoded, "release": release}


def parse_entry(entry: bytes) -> Message | None:
    """L-4 to L-6: the statement of a clear entry."""
    blind = entry[:1] == b"\1" and len(entry) == 33
    need(blind or entry[:1] == b"\0", "TL-LOG-020 L-6: no entry")
    return None if blind else parse_signed(entry[1:])
