"""packet-v1.json: one packet, with all that its originator knows."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from support import agencies as b
from tearline.packets.ciphertexts import CiphertextTree, ciphertexts_root
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    marking_digest,
    padded_length,
    slot_commit,
)
from tearline.packets.packet import Manifest, PacketParts
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
from vectors.own.plain import Json, flip, plain, refused, unchecked, unknown_field
from vectors.own.spelling import respelled, spelled

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def packet_vectors(sealed: SealedPacket, manifest: Signed) -> Json:
    """A packet with everything that its originator knows of it."""
    packet_id = sealed.manifest.packet_id
    everything = release_of(sealed, existences={}, compartments=sealed.openings)
    return {
        "signed": encode_signed(manifest).hex(),
        "statement_id": manifest.statement.id.hex(),
        "body": manifest.statement.body.hex(),
        "manifest": decoded(sealed.manifest),
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
        "paths": [path_case(sealed, slots) for slots in ([0], [7], [2, 3], [1, 4, 6], range(8))],
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


def decoded(manifest: Manifest) -> Json:
    """A manifest, its columns as they stand in its encoding."""
    columns = {name: b"".join(getattr(manifest, name)).hex() for name in ("compartments", "slots")}
    return {**plain(manifest), **columns}


def path_case(sealed: SealedPacket, slots: Iterable[int]) -> Json:
    """What of other ciphertexts leads to the root with those of some slots."""
    held = dict(enumerate(sealed.ciphertexts))
    parts = PacketParts(manifest=bytes(32), ciphertexts=held, slot_count=len(held))
    return {"slots": list(slots), "path": plain(CiphertextTree(parts).path(slots))}


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
    seven = unchecked(manifest, slots=manifest.slots[:7])
    twice = unchecked(manifest, slots=(*manifest.slots[:7], manifest.slots[0]))
    column = b"".join(manifest.slots)
    return [
        refused("cut short", body[:-1], "TL-PKT-001"),
        refused("an unknown field", unknown_field(body), "TL-PKT-001"),
        refused("the header twice", body[: 2 + body[1] + 1] + body, "TL-PKT-001"),
        refused("slots that are not padded to eight", encode_manifest(seven), "TL-PKT-001"),
        refused("an evaluation that is none", body.replace(b"R\x02B2", b"R\x02E2"), "TL-PKT-001"),
        refused("one commitment in two slots", encode_manifest(twice), "TL-PKT-001"),
        refused("a column cut short", respelled(body, 12, spelled(12, column[:-1])), "TL-PKT-001"),
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
    exchanged = ciphertexts | {slot: ciphertexts[other], other: ciphertexts[slot]}
    forged = ciphertexts | {slot: flip(ciphertexts[slot], 40)}
    parts = PacketParts(manifest=bytes(32), ciphertexts=ciphertexts, slot_count=len(manifest.slots))
    path = CiphertextTree(parts).path([slot])
    absent = {str(each): None for each in ciphertexts if each != slot}
    alone_forged = {"ciphertexts": {**absent, str(slot): forged[slot].hex()}}
    return [
        {"name": name, "replace": changes, "code": code}
        for name, changes, code in [
            (
                "a ciphertext was changed",
                {"ciphertexts": {str(slot): flip(ciphertexts[slot], 40).hex()}},
                "TL-PKT-017",
            ),
            (
                "a ciphertext was sealed so that it does not open",
                {
                    "body": encode_manifest(
                        replace(manifest, ciphertexts_root=ciphertexts_root(forged.values()))
                    ).hex(),
                    "ciphertexts": {str(slot): forged[slot].hex()},
                },
                "TL-PKT-008",
            ),
            (
                "a ciphertext was changed, beside a path of the others",
                releasing(first) | alone_forged | {"path": plain(path)},
                "TL-PKT-017",
            ),
            (
                "a ciphertext was changed, beside half of a path",
                releasing(first) | alone_forged | {"path": plain(path[1:])},
                "TL-PKT-017",
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
                "TL-PKT-017",
            ),
            (
                "two slots were swapped, in the manifest too",
                {
                    "body": encode_manifest(
                        replace(
                            manifest,
                            slots=tuple(swapped),
                            ciphertexts_root=ciphertexts_root(exchanged.values()),
                        )
                    ).hex(),
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
        ]
    ]
