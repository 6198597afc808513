"""A second verifier of the frozen vectors, written from docs/spec alone.

It shares no code with the protocol. `second_basics` reads messages by hand and has the signing
keys, `second_log` has the tree, checkpoints and proofs, `second_statements` what one signature
covers, `second_trust` whose keys count. Here are packets and grants: S-5, and of packet-v1, P-1 to
P-10, P-12 to P-15 and P-18. What is refused ends in a ValueError of the error's code and the rule.
"""

from collections.abc import Mapping
from hashlib import shake_256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vectors.second_basics import (
    commit,
    expand,
    key_id_of,
    label,
    need,
    parse,
    prefixed,
    sha,
)
from vectors.second_schema import CATEGORIES, Message


def padded(size: int) -> int:
    """P-5."""
    if size <= 1024:
        return max(128, 1 << max(size - 1, 0).bit_length())
    exponent = size.bit_length() - 1
    rest = (1 << exponent - exponent.bit_length()) - 1
    return size + rest & ~rest


def marking_of(number: int) -> str:
    """P-7: the text of a marking's number."""
    levels = [("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")[number // 64 % 8]]
    levels += [("CLEAR", "GREEN", "AMBER", "RED")[number // 16 % 4]]
    codes = ",".join(f"H{bit}" for bit in (1, 2, 3) if number >> bit & 1) or "H0"
    consent = ["ORCON"] * (number % 2)
    return " ".join(
        [CATEGORIES[number // 512 - 1], f"TLP:{levels[0]}", f"PAP:{levels[1]}", codes, *consent]
    )


def opening_of(data: bytes) -> Message:
    """An opening, its marking as text."""
    opening = parse("Opening", data)
    return opening | {"marking": marking_of(opening["marking"])}


def marked(m: Message) -> bytes:
    """P-3: M."""
    text, mask = prefixed(m["marking"].encode()), prefixed(m["mask"].encode())
    return commit("marking", text, m["form"].to_bytes(1), mask)


def field_of(plaintext: bytes, of: Message) -> Message:
    """P-5: the field, with what its compartment says of it."""
    end = 4 + int.from_bytes(plaintext[:4])
    whole = end <= len(plaintext) and plaintext[end:] == bytes(padded(end) - end)
    need(whole, "TL-PKT-001 P-5: padding")
    field = parse("FieldPlain", plaintext[4:end])
    path = "/".join([field["entity"].hex()] * bool(field["entity"]) + [field["name"]])
    need(len(path.encode()) <= 512, "TL-PKT-001 P-5: a path too long")
    said = {name: of[name] for name in ("marking", "form", "mask")}
    media_type = field["media_type"] or "text/plain"
    return {"path": path, "media_type": media_type, "values": field["values"], **said}


def cells(column: bytes, size: int) -> list[bytes]:
    """P-2: what stands in a column."""
    return [column[at : at + size] for at in range(0, len(column), size)]


def _root(first: int, size: int, leaves: Mapping[int, bytes], path: list[bytes]) -> bytes:
    """P-4, from the root downwards; what is taken from the path is gone from it."""
    if not any(first <= slot < first + size for slot in leaves):
        need(path, "TL-PKT-006 P-4: too short a path")
        return path.pop(0)
    if size == 1:
        return leaves[first]
    split = 1 << (size - 1).bit_length() - 1
    left = _root(first, split, leaves, path)
    return sha(b"\1", left, _root(first + split, size - split, leaves, path))


def verify_ciphertexts(
    manifest: Message, ciphertexts: Mapping[int, bytes | None], path: list[bytes]
) -> None:
    """P-4."""
    held = {slot: data for slot, data in ciphertexts.items() if data is not None}
    leaves = {slot: sha(b"\0", slot.to_bytes(4), bytes(32), held[slot]) for slot in held}
    root, size = manifest["ciphertexts_root"], len(manifest["slots"]) // 32
    same = leaves and max(leaves) < size and _root(0, size, leaves, path) == root and not path
    need(same, "TL-PKT-006 P-4: other ciphertexts than those signed")


def verify_signed(
    manifest: Message, ciphertexts: Mapping[int, bytes | None], path: list[bytes]
) -> None:
    """P-15, where a slot does not open."""
    try:
        verify_ciphertexts(manifest, ciphertexts, path)
    except ValueError:
        raise ValueError("TL-PKT-017 P-4: other ciphertexts than those signed") from None


def verify_forward(known: int, following: int) -> None:
    """P-18."""
    forward = known == following or known < following < 6
    need(forward and (known < 5 or known == following), "TL-MBX-004 P-18: not forward")


def open_slot(
    manifest: Message, slot: int, secret: bytes, of: Message, ciphertext: bytes | None
) -> Message:
    """P-3, P-5 and P-15, of one slot."""
    where = manifest["packet_id"] + slot.to_bytes(4)
    if ciphertext is None:
        raise ValueError("TL-PKT-007 P-15: no ciphertext")
    keys = expand(secret, "field-keys", where, size=64)
    try:
        plaintext = AESGCM(keys[:32]).decrypt(bytes(12), ciphertext, None)
    except InvalidTag:
        raise ValueError("TL-PKT-008 P-15: does not decrypt") from None
    found = commit("slot", where, keys[32:], marked(of), plaintext)
    same = found == cells(manifest["slots"], 32)[slot]
    need(same, "TL-PKT-006 P-3: another plaintext or marking")
    return {
        "field": field_of(plaintext, of),
        "plaintext": plaintext,
        "secret": secret,
        "keys": keys,
    }


def open_packet(
    manifest: Message,
    release: Message,
    ciphertexts: Mapping[int, bytes | None],
    path: list[bytes] | None = None,
) -> tuple[dict[int, Message], list[Message]]:
    """P-14 to P-15: the slots that open, and the openings of compartments only told of."""
    count, compartments = len(manifest["slots"]) // 32, cells(manifest["compartments"], 32)
    secrets: dict[int, tuple[bytes, Message]] = {}
    seen: set[int] = set()
    told = []
    for part in release["openings"] + release["compartments"]:
        opening = {**part.get("opening", part)}
        slots, number = opening["slots"], opening["compartment"]
        opening["marking"] = marking_of(opening["marking"])
        known = seen.isdisjoint(slots) and number < len(compartments)
        need(known and slots[-1] < count, "TL-PKT-006 P-14: not of this packet")
        seen |= {*slots}
        where = manifest["packet_id"] + number.to_bytes(2)
        if "key" in part:
            opening["salt"] = expand(part["key"], "opening-salt", number.to_bytes(2), size=32)
        listed = b"".join(slot.to_bytes(4) for slot in slots)
        opened = commit("opening", where, opening["salt"], marked(opening), listed)
        need(opened == compartments[number], "TL-PKT-006 P-14: not the opening of P-3")
        if "key" not in part:
            told.append(opening | {"reason": part["reason"]})
            continue
        for slot in slots:
            secret = expand(part["key"], "field-secret", where, slot.to_bytes(4), size=32)
            secrets[slot] = secret, opening
    for single in release["fields"]:
        each = single | {"marking": marking_of(single["marking"])}
        secret, of = secrets.setdefault(each["slot"], (each["secret"], each))
        same = secret == each["secret"] and marked(of) == marked(each)
        need(same, "TL-PKT-006 P-15: released in two ways that differ")
    fields: dict[int, Message] = {}
    for slot, (secret, of) in sorted(secrets.items()):
        need(slot < count, "TL-PKT-006 P-15: no such slot")
        try:
            fields[slot] = open_slot(manifest, slot, secret, of, ciphertexts.get(slot))
        except ValueError as fault:
            if str(fault)[:10] in ("TL-PKT-006", "TL-PKT-008"):
                verify_signed(manifest, ciphertexts, path or [])
            raise
    forms = [(each["field"]["path"], each["field"]["form"]) for each in fields.values()]
    need(len({*forms}) == len(forms), "TL-PKT-009 P-6: a path twice")
    return fields, told


def verify_grant(grant: Message, recipient: str, manifest_id: bytes, originator: str) -> None:
    """P-13 and P-9, of a grant and a manifest whose statements were verified."""
    own, packet = grant["address"]["recipient"] == recipient, grant["packet"] == manifest_id
    need(own, "TL-GRT-001 P-13: for another recipient")
    need(packet, "TL-GRT-001 P-13: of another packet")
    grantor, agency = grant["header"]["signer"], originator.split("/node/")[0]
    need(grantor.startswith(f"{agency}/node/"), "TL-GRT-002 P-9: not the originator's agency")


def kem_pair(seed: bytes) -> tuple[hpke.MLKEM768X25519PrivateKey, bytes]:
    """S-5: the private and the public key."""
    expanded = shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(lattice, curve), public


def open_grant(body: bytes, seed: bytes) -> Message:
    """P-8, P-10 and P-12: the grant, how long its prefix is, its info and its release."""
    grant, (private, public) = parse("Grant", body), kem_pair(seed)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = grant["sealed"]
    prefix = body[: len(body) - len(sealed) - 1 - (len(sealed).bit_length() + 6) // 7]
    info = label("grant") + sha(prefix)
    need(grant["kem_key_id"] == key_id_of(public), "TL-GRT-001 P-10: for another key")
    try:
        encoded = suite.decrypt(sealed, private, info)
    except (InvalidTag, ValueError):
        raise ValueError("TL-GRT-001 P-10: does not open") from None
    release = parse("Release", encoded)
    openings = [part["opening"]["compartment"] for part in release["openings"]]
    whole = [part["compartment"] for part in release["compartments"]]
    same = (openings, whole) == (grant["openings"], grant["compartments"])
    same = same and [part["slot"] for part in release["fields"]] == grant["fields"]
    need(same, "TL-GRT-004 P-12: more or less than it lists")
    return {"grant": grant, "prefix": prefix, "info": info, "encoded": encoded, "release": release}
