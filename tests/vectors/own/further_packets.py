"""Packets of refused-v1.json: what a lying originator could seal and sign."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.cobblestone import Cobblestone256Encryptor

from support import agencies as b
from tearline.encoding import label, prefixed, u32
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    opening_commit,
    padded_length,
    slot_commit,
)
from tearline.packets.packet import Field, Slot, WithholdReason
from tearline.policy.form import Form
from tearline.sealing import SealedPacket, open_packet, release_of
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
    padded = prefixed(text).ljust(padded_length(4 + len(text)), b"\0")

    def holding(plaintext: bytes) -> Json:
        return sealing(sealed, names, slot, plaintext)

    def framing(encoded: bytes) -> Json:
        return holding(prefixed(encoded).ljust(padded_length(4 + len(encoded)), b"\0"))

    def saying(**changes: Any) -> Json:
        return framing(encode_field(unchecked(field[slot], **changes)))

    same_path = replace(field[other], path=field[slot].path)
    spelling = sealed.openings[names].marking.encode()
    slots = list(manifest.slots)
    slots[slot] = replace(slots[slot], commit=flip(slots[slot].commit, 0))
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
            ("P-9", "more padding", "TL-PKT-001", holding(padded + bytes(256))),
            (
                "P-9",
                "a field longer than its plaintext",
                "TL-PKT-001",
                holding(u32(300) + padded[4:]),
            ),
            ("P-9", "a text that is not UTF-8", "TL-PKT-001", saying(values=(b"Li \xff",))),
            ("P-9", "a mask at a clear field", "TL-PKT-001", saying(mask="band")),
            (
                "P-9",
                "a generalised field without its mask",
                "TL-PKT-001",
                saying(form=Form.GENERALISED),
            ),
            ("P-9", "a field of a form without content", "TL-PKT-001", saying(form=Form.EXISTS)),
            ("P-9", "a field without a path", "TL-PKT-001", saying(path="")),
            ("S-6", "a field with one more field", "TL-PKT-001", framing(text + spelled(7, 1))),
            (
                "P-10",
                "two fields of one path and form",
                "TL-PKT-009",
                sealing(sealed, births, other, framed(same_path)),
            ),
            (
                "P-11",
                "a marking with two spaces",
                "TL-PKT-001",
                framing(respelled(text, 4, spelled(4, spelling.replace(" ", "  ", 1).encode()))),
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
                "P-21",
                "a field marked milder than its compartment",
                "TL-PKT-006",
                saying(marking=b.marking("reference")),
            ),
            (
                "P-21",
                "a field of another form than its compartment",
                "TL-PKT-006",
                saying(form=Form.GENERALISED, mask="band"),
            ),
        ]
    ]


def framed(field: Field) -> bytes:
    """A field's padded plaintext."""
    encoded = prefixed(encode_field(field))
    return encoded.ljust(padded_length(len(encoded)), b"\0")


def sealing(sealed: SealedPacket, compartment: int, slot: int, plaintext: bytes) -> Json:
    """The packet with other contents in one slot, sealed and committed to as they must be."""
    manifest = sealed.manifest
    pid = manifest.packet_id
    secret = field_secret(sealed.keys[compartment], pid, compartment, slot)
    key, salt = field_keys(secret, pid, slot)
    encryptor = Cobblestone256Encryptor(key, label("field") + pid + u32(slot))
    ciphertext = encryptor.update(plaintext) + encryptor.finalize()
    slots = list(manifest.slots)
    slots[slot] = Slot(
        commit=slot_commit(pid, slot, salt, plaintext),
        ciphertext_sha256=hashlib.sha256(ciphertext).digest(),
        ciphertext_length=len(ciphertext),
    )
    return {
        "body": encode_manifest(replace(manifest, slots=tuple(slots))).hex(),
        "ciphertexts": {str(slot): ciphertext.hex()},
    }


def marked_release(sealed: SealedPacket, compartment: int, marking: str) -> str:
    """A release of one compartment, whose opening bears a marking that is none."""
    opening = respelled(
        encode_opening(sealed.openings[compartment]), 4, spelled(4, marking.encode())
    )
    return spelled(2, spelled(1, opening) + spelled(2, sealed.keys[compartment])).hex()


def overlapping(sealed: SealedPacket, compartment: int, slot: int) -> Callable[[str], Json]:
    """The packet with one more slot in a compartment, which the manifest commits to as well."""
    opening = sealed.openings[compartment]
    wider = replace(opening, slots=tuple(sorted({*opening.slots, slot})))
    compartments = list(sealed.manifest.compartments)
    compartments[compartment] = replace(
        compartments[compartment], opening_commit=opening_commit(wider)
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
