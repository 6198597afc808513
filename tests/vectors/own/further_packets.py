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
    spelling = sealed.openings[names].marking.encode()
    slots = list(manifest.slots)
    slots[slot] = flip(slots[slot], 0)
    both = overlapping(sealed, births, slot)
    return [
        {"name": name, "rule": rule, "replace": changes, "code": code}
        for rule, name, code, changes in [
            (
                "P-6",
                "another plaintext was committed to",
                "TL-PKT-006",
                {"body": encode_manifest(replace(manifest, slots=tuple(slots))).hex()},
            ),
            ("P-9", "something in the padding", "TL-PKT-001", holding(padded[:-1] + b"\1")),
            ("P-9", "less padding", "TL-PKT-001", holding(padded[:-1])),
            ("P-9", "more padding", "TL-PKT-001", holding(padded + bytes(128))),
            (
                "P-9",
                "a field longer than its plaintext",
                "TL-PKT-001",
                holding(u32(300) + padded[4:]),
            ),
            ("P-9", "a text that is not UTF-8", "TL-PKT-001", saying(values=(b"Li \xff",))),
            ("P-9", "a field without a path", "TL-PKT-001", saying(path="")),
            ("P-9", "a name too long", "TL-PKT-001", saying(path="n" * 513)),
            (
                "P-9",
                "an entity of 15 bytes",
                "TL-PKT-001",
                framing(spelled(1, bytes(15)) + bare),
            ),
            (
                "P-9",
                "an entity within the name",
                "TL-PKT-001",
                framing(respelled(bare, 2, spelled(2, b"0a" * 16 + b"/Person/name"))),
            ),
            (
                "P-9",
                "the media type of text, spelled out",
                "TL-PKT-001",
                framing(respelled(text, 4, spelled(4, b"text/plain"))),
            ),
            ("S-6", "a field with one more field", "TL-PKT-001", framing(text + spelled(7, 1))),
            (
                "P-10",
                "two fields of one path and form",
                "TL-PKT-009",
                sealing(sealed, births, other, field_plaintext(same_path), same_path),
            ),
            (
                "P-11",
                "an opening whose marking has two spaces",
                "TL-PKT-001",
                {"release": marked_release(sealed, names, spelling.replace(" ", "  ", 1))},
            ),
            (
                "P-11",
                "an opening whose marking is of no category",
                "TL-PKT-001",
                {
                    "release": marked_release(
                        sealed, names, "identity" + spelling.partition("subject")[2]
                    )
                },
            ),
            ("P-18", "a slot in two compartments", "TL-PKT-006", both("released")),
            ("P-18", "a slot released, and told of in another", "TL-PKT-006", both("told")),
            (
                "P-8",
                "a mask at a clear compartment",
                "TL-PKT-001",
                {"release": masked_release(sealed, names, "band")},
            ),
            (
                "P-6",
                "a field signed with a milder marking than its compartment's",
                "TL-PKT-006",
                holding(padded, Marks(b.marking("reference"))),
            ),
            (
                "P-6",
                "a field signed in another form than its compartment's",
                "TL-PKT-006",
                holding(padded, Marks(field[slot].marking, Form.GENERALISED, "band")),
            ),
        ]
    ]


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


def marked_release(sealed: SealedPacket, compartment: int, marking: str) -> str:
    """A release of one compartment, whose opening bears a marking that is none."""
    opening = respelled(
        encode_opening(sealed.openings[compartment]), 3, spelled(3, marking.encode())
    )
    return spelled(2, spelled(1, opening) + spelled(2, sealed.keys[compartment])).hex()


def masked_release(sealed: SealedPacket, compartment: int, mask: str) -> str:
    """A release of one compartment, whose opening names a mask without a generalised form."""
    opening = encode_opening(unchecked(sealed.openings[compartment], mask=mask))
    return spelled(2, spelled(1, opening) + spelled(2, sealed.keys[compartment])).hex()


def overlapping(sealed: SealedPacket, compartment: int, slot: int) -> Callable[[str], Json]:
    """The packet with one more slot in a compartment, which the manifest commits to as well."""
    opening = sealed.openings[compartment]
    wider = replace(opening, slots=tuple(sorted({*opening.slots, slot})))
    compartments = list(sealed.manifest.compartments)
    compartments[compartment] = replace(
        compartments[compartment], opening_commit=opening_commit(sealed.manifest.packet_id, wider)
    )
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
