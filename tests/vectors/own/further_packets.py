"""Packets of refused-v1.json: what a lying originator could seal and sign."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support import agencies as b
from tearline.encoding import prefixed, u32
from tearline.packets.ciphertexts import ciphertexts_root
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    opening_commit,
    padded_length,
    slot_commit,
)
from tearline.packets.packet import Marked, Marks, WithholdReason
from tearline.policy.form import Form
from tearline.sealing import SealedPacket, field_plaintext, open_packet, release_of
from tearline.wire.packets import (
    Release,
    encode_field,
    encode_manifest,
    encode_opening,
    encode_release,
)
from vectors.own.frozen import frozen_packet
from vectors.own.plain import Json, flip, unchecked
from vectors.own.spelling import respelled, spelled


def packet_further() -> Json:
    """Each replaces parts of the frozen packet."""
    sealed, _ = frozen_packet()
    manifest = sealed.manifest
    names = b.compartment_of(sealed, "identity.subject")
    births = b.compartment_of(sealed, "identity.birth")
    (slot,), (other,) = sealed.openings[names].slots, sealed.openings[births].slots
    release = release_of(sealed, existences={}, compartments=sealed.openings)
    opened = open_packet(manifest, dict(enumerate(sealed.ciphertexts)), release)
    field = {each.slot: each.field for each in opened.fields}
    text = encode_field(field[slot])
    bare = respelled(text, 1, b"")
    padded = prefixed(text).ljust(padded_length(4 + len(text)), b"\0")

    def holding(plaintext: bytes, marked: Marked = field[slot]) -> Json:
        return sealing(sealed, names, slot, plaintext, marked)

    def framing(encoded: bytes) -> Json:
        return holding(prefixed(encoded).ljust(padded_length(4 + len(encoded)), b"\0"))

    def saying(**changes: Any) -> Json:
        return framing(encode_field(unchecked(field[slot], **changes)))

    same_path = replace(field[other], path=field[slot].path)
    marking = sealed.openings[names].marking.number
    slots = list(manifest.slots)
    slots[slot] = flip(slots[slot], 0)
    both = overlapping(sealed, births, slot)
    twice = released_twice(sealed, names, slot)
    (single,) = twice.fields

    def differing(**changes: Any) -> Json:
        fields = (replace(single, **changes),)
        return {"release": encode_release(replace(twice, fields=fields)).hex()}

    return [
        {"name": name, "rule": rule, "replace": changes, "code": code}
        for rule, name, code, changes in [
            (
                "P-3",
                "another plaintext was committed to",
                "TL-PKT-006",
                {"body": encode_manifest(replace(manifest, slots=tuple(slots))).hex()},
            ),
            ("P-5", "something in the padding", "TL-PKT-001", holding(padded[:-1] + b"\1")),
            ("P-5", "less padding", "TL-PKT-001", holding(padded[:-1])),
            ("P-5", "more padding", "TL-PKT-001", holding(padded + bytes(128))),
            (
                "P-5",
                "a field longer than its plaintext",
                "TL-PKT-001",
                holding(u32(300) + padded[4:]),
            ),
            ("P-5", "a text that is not UTF-8", "TL-PKT-001", saying(values=(b"Li \xff",))),
            ("P-5", "a field without a path", "TL-PKT-001", saying(path="")),
            ("P-5", "a name too long", "TL-PKT-001", saying(path="n" * 513)),
            (
                "P-5",
                "an entity of 15 bytes",
                "TL-PKT-001",
                framing(spelled(1, bytes(15)) + bare),
            ),
            (
                "P-5",
                "an entity within the name",
                "TL-PKT-001",
                framing(respelled(bare, 2, spelled(2, b"0a" * 16 + b"/Person/name"))),
            ),
            (
                "P-5",
                "the media type of text, spelled out",
                "TL-PKT-001",
                framing(respelled(text, 4, spelled(4, b"text/plain"))),
            ),
            ("S-1", "a field with one more field", "TL-PKT-001", framing(text + spelled(7, 1))),
            (
                "P-6",
                "two fields of one path and form",
                "TL-PKT-009",
                sealing(sealed, births, other, field_plaintext(same_path), same_path),
            ),
            (
                "P-7",
                "an opening whose marking has a TLP level that is none",
                "TL-PKT-001",
                {"release": marked_release(sealed, names, marking | 7 << 6)},
            ),
            (
                "P-7",
                "an opening whose marking is of no category",
                "TL-PKT-001",
                {"release": marked_release(sealed, names, marking & 0x1FF)},
            ),
            ("P-14", "a slot in two compartments", "TL-PKT-006", both("released")),
            ("P-14", "a slot released, and told of in another", "TL-PKT-006", both("told")),
            (
                "P-15",
                "a slot released in both ways, with two secrets",
                "TL-PKT-006",
                differing(secret=flip(single.secret, 0)),
            ),
            (
                "P-15",
                "a slot released in both ways, with two markings",
                "TL-PKT-006",
                differing(marking=b.marking("reference")),
            ),
            (
                "P-3",
                "a mask at a clear compartment",
                "TL-PKT-001",
                {"release": masked_release(sealed, names, "band")},
            ),
            (
                "P-3",
                "a field signed with a milder marking than its compartment's",
                "TL-PKT-006",
                holding(padded, Marks(b.marking("reference"))),
            ),
            (
                "P-3",
                "a field signed in another form than its compartment's",
                "TL-PKT-006",
                holding(padded, Marks(field[slot].marking, Form.GENERALISED, "band")),
            ),
        ]
    ]


def released_twice(sealed: SealedPacket, compartment: int, slot: int) -> Release:
    """A release of a compartment, and of one of its slots singly, too."""
    return release_of(sealed, existences={}, compartments=[compartment], slots=[slot])


def both_ways() -> str:
    """A release that opens: its compartment and its slot have one secret and marking."""
    sealed, _ = frozen_packet()
    names = b.compartment_of(sealed, "identity.subject")
    (slot,) = sealed.openings[names].slots
    return encode_release(released_twice(sealed, names, slot)).hex()


def sealing(
    sealed: SealedPacket, compartment: int, slot: int, plaintext: bytes, marked: Marked
) -> Json:
    """The packet with other contents in one slot, sealed and committed to as they must be."""
    manifest = sealed.manifest
    pid = manifest.packet_id
    secret = field_secret(sealed.keys[compartment], pid, compartment, slot)
    key, salt = field_keys(secret, pid, slot)
    ciphertext = AESGCM(key).encrypt(bytes(12), plaintext, None)
    slots = list(manifest.slots)
    slots[slot] = slot_commit(pid, slot, salt, marked, plaintext)
    all_of_them = dict(enumerate(sealed.ciphertexts)) | {slot: ciphertext}
    root = ciphertexts_root(all_of_them.values())
    return {
        "body": encode_manifest(replace(manifest, slots=tuple(slots), ciphertexts_root=root)).hex(),
        "ciphertexts": {str(slot): ciphertext.hex()},
    }


def marked_release(sealed: SealedPacket, compartment: int, marking: int) -> str:
    """A release of one compartment with the number of a marking that is none."""
    opening = encode_opening(sealed.openings[compartment])
    return keyed(respelled(opening, 3, spelled(3, marking)), sealed.keys[compartment])


def keyed(opening: bytes, key: bytes) -> str:
    """A release of one compartment: an opening with the key in place of its salt."""
    return spelled(2, respelled(opening, 2, spelled(2, key))).hex()


def masked_release(sealed: SealedPacket, compartment: int, mask: str) -> str:
    """A release of one compartment, whose opening names a mask without a generalised form."""
    opening = encode_opening(unchecked(sealed.openings[compartment], mask=mask))
    return keyed(opening, sealed.keys[compartment])


def overlapping(sealed: SealedPacket, compartment: int, slot: int) -> Callable[[str], Json]:
    """The packet with one more slot in a compartment, which the manifest commits to as well."""
    opening = sealed.openings[compartment]
    wider = replace(opening, slots=tuple(sorted({*opening.slots, slot})))
    compartments = list(sealed.manifest.compartments)
    compartments[compartment] = opening_commit(sealed.manifest.packet_id, wider)
    changed = replace(sealed, openings={**sealed.openings, compartment: wider})
    holder = next(c for c, each in sealed.openings.items() if slot in each.slots)

    def released(how: str) -> Json:
        told = {compartment: WithholdReason.SOURCE} if how == "told" else {}
        whole = [holder] if told else sorted([holder, compartment])
        return {
            "body": encode_manifest(
                replace(sealed.manifest, compartments=tuple(compartments))
            ).hex(),
            "release": encode_release(
                release_of(changed, existences=told, compartments=whole)
            ).hex(),
        }

    return released
