"""packet-v1.json: one packet, with all that its originator knows."""

from dataclasses import fields, replace
from typing import Any

from support import agencies as b
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    marking_digest,
    padded_length,
    slot_commit,
)
from tearline.policy.form import Form
from tearline.sealing import SealedPacket, field_plaintext, open_packet, release_of
from tearline.wire.packets import (
    Release,
    encode_manifest,
    encode_opening,
    encode_release,
)
from tearline.wire.statements import (
    Signed,
    encode_signed,
)
from vectors.own.plain import Json, flip, plain, refused, unknown_field

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def packet_vectors(sealed: SealedPacket, manifest: Signed) -> Json:
    """A packet with everything that its originator knows of it."""
    packet_id = sealed.manifest.packet_id
    everything = release_of(sealed, existences={}, compartments=sealed.openings)
    return {
        "signed": encode_signed(manifest).hex(),
        "statement_id": manifest.statement.id.hex(),
        "body": manifest.statement.body.hex(),
        "manifest": plain(sealed.manifest),
        "openings": [
            {"encoded": encode_opening(each).hex(), **plain(each)}
            for each in sealed.openings.values()
        ],
        "keys": plain(dict(sorted(sealed.keys.items()))),
        "ciphertexts": [each.hex() for each in sealed.ciphertexts],
        "slots": [
            slot_case(sealed, c, i, packet_id)
            for c, opening in sorted(sealed.openings.items())
            for i in opening.slots
        ],
        "release": encode_release(everything).hex(),
        "padding": [
            [length, padded_length(length)]
            for length in (
                0,
                1,
                128,
                129,
                256,
                257,
                512,
                513,
                1024,
                1025,
                4096,
                4097,
                70000,
                1 << 20,
            )
        ],
        "refused": {
            "manifest": manifest_refused(sealed),
            "packet": packet_refused(sealed, everything),
        },
    }


def slot_case(sealed: SealedPacket, compartment: int, slot: int, packet_id: bytes) -> Json:
    """One slot, its keys, and the field in it."""
    secret = field_secret(sealed.keys[compartment], packet_id, compartment, slot)
    cipher_key, salt = field_keys(secret, packet_id, slot)
    release = release_of(sealed, existences={}, compartments=[compartment])
    view = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release)
    field = next(opened.field for opened in view.fields if opened.slot == slot)
    plaintext = field_plaintext(field)
    return {
        "slot": slot,
        "compartment": compartment,
        "field_secret": secret.hex(),
        "cipher_key": cipher_key.hex(),
        "salt": salt.hex(),
        "plaintext": plaintext.hex(),
        "marking_digest": marking_digest(field).hex(),
        "commit": slot_commit(packet_id, slot, salt, field, plaintext).hex(),
        "field": plain(field),
    }


def manifest_refused(sealed: SealedPacket) -> Json:
    """Bodies that are not the one encoding of a manifest."""
    manifest = sealed.manifest
    body = encode_manifest(manifest)
    seven = object.__new__(type(manifest))
    for each in fields(manifest):
        object.__setattr__(seven, each.name, getattr(manifest, each.name))
    object.__setattr__(seven, "slots", manifest.slots[:7])
    return [
        refused("cut short", body[:-1], "TL-PKT-001"),
        refused("an unknown field", unknown_field(body), "TL-PKT-001"),
        refused("the header twice", body[: 2 + body[1] + 1] + body, "TL-PKT-001"),
        refused("slots that are not padded to eight", encode_manifest(seven), "TL-PKT-001"),
        refused("an evaluation that is none", body.replace(b"b\x02B2", b"b\x02E2"), "TL-PKT-001"),
    ]


def packet_refused(sealed: SealedPacket, release: Release) -> Json:
    """What makes an otherwise good packet not open; each case replaces some of its parts."""
    manifest = sealed.manifest
    ciphertexts = dict(enumerate(sealed.ciphertexts))
    names = b.compartment_of(sealed, "identity.subject")
    births = b.compartment_of(sealed, "identity.birth")
    slot = sealed.openings[names].slots[0]
    other = sealed.openings[births].slots[0]
    first = next(item for item in release.compartments if item.opening.compartment == names)

    def releasing(item: Any) -> dict[str, Json]:
        return {"release": encode_release(Release(compartments=(item,))).hex()}

    milder = replace(first.opening, marking=b.marking("reference"))
    alone = release_of(sealed, existences={}, compartments=(), slots=[slot])
    milder_field = replace(alone.fields[0], marking=b.marking("reference"))
    swapped = list(manifest.slots)
    swapped[slot], swapped[other] = swapped[other], swapped[slot]
    return [
        {"name": name, "replace": changes, "code": code}
        for name, changes, code in [
            (
                "a ciphertext was changed",
                {"ciphertexts": {str(slot): flip(ciphertexts[slot], 40).hex()}},
                "TL-PKT-006",
            ),
            ("a ciphertext is missing", {"ciphertexts": {str(slot): None}}, "TL-PKT-007"),
            (
                "two ciphertexts were swapped",
                {
                    "ciphertexts": {
                        str(slot): ciphertexts[other].hex(),
                        str(other): ciphertexts[slot].hex(),
                    }
                },
                "TL-PKT-006",
            ),
            (
                "two slots were swapped, in the manifest too",
                {
                    "body": encode_manifest(replace(manifest, slots=tuple(swapped))).hex(),
                    "ciphertexts": {
                        str(slot): ciphertexts[other].hex(),
                        str(other): ciphertexts[slot].hex(),
                    },
                },
                "TL-PKT-008",
            ),
            (
                "a compartment's key is another",
                releasing(replace(first, key=flip(first.key, 0))),
                "TL-PKT-006",
            ),
            (
                "a compartment was marked anew",
                releasing(replace(first, opening=milder)),
                "TL-PKT-006",
            ),
            (
                "a compartment lists a slot more",
                releasing(
                    replace(
                        first,
                        opening=replace(
                            first.opening, slots=tuple(sorted((*first.opening.slots, other)))
                        ),
                    )
                ),
                "TL-PKT-006",
            ),
            (
                "a compartment with another mask",
                releasing(
                    replace(
                        first,
                        opening=replace(first.opening, form=Form.GENERALISED, mask="initials"),
                    )
                ),
                "TL-PKT-006",
            ),
            (
                "a slot released alone with another marking",
                {"release": encode_release(Release(fields=(milder_field,))).hex()},
                "TL-PKT-006",
            ),
            (
                "another suite",
                {"body": encode_manifest(replace(manifest, suite=2)).hex()},
                "TL-PKT-012",
            ),
        ]
    ]
