"""grant-v1.json: three grants of that packet, to one recipient."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch

from support import agencies as b
from tearline.encoding import label
from tearline.packets.grant import Grant
from tearline.packets.packet import WithholdReason
from tearline.policy.form import Form
from tearline.sealing import SealedPacket, open_packet, open_release, recipients, release_of
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant, encode_grant_prefix
from tearline.wire.packets import (
    encode_release,
)
from tearline.wire.statements import (
    encode_signed,
    signed,
)
from vectors.own.plain import Json, flip, plain, refused, unchecked, unknown_field

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def grants_of(federation: b.Federation, sealed: SealedPacket, packet: bytes) -> dict[str, Grant]:
    """Three releases of one packet to one recipient."""
    us = federation.node(b.US).header
    names, births, band, source = (
        b.compartment_of(sealed, "identity.subject"),
        b.compartment_of(sealed, "identity.birth"),
        b.compartment_of(sealed, "finance.amount", Form.GENERALISED),
        b.compartment_of(sealed, "identity.source"),
    )
    amount = sealed.openings[b.compartment_of(sealed, "finance.amount")].slots
    first = b.grant(
        sealed,
        packet,
        us,
        MX_NODE,
        compartments=[names, band],
        existences={source: WithholdReason.SOURCE, births: WithholdReason.THIRD_PARTY},
    )
    return {
        "two compartments, and that two more exist": first,
        "one more field, months later": b.grant(sealed, packet, us, MX_NODE, slots=amount, seq=2),
        "one more compartment": b.grant(sealed, packet, us, MX_NODE, compartments=[births], seq=3),
    }


def grant_vectors(
    federation: b.Federation, sealed: SealedPacket, packet: bytes, grants: Mapping[str, Grant]
) -> Json:
    """Grants of the packet in packet-v1.json."""
    key = b.kem_key(MX_NODE)
    first = next(iter(grants.values()))
    return {
        "kem": {
            "uri": MX_NODE,
            "seed": key.private_bytes().hex(),
            "expanded": hashlib.shake_256(key.private_bytes()).digest(96).hex(),
            "public": key.public.encoded.hex(),
            "key_id": key.id.hex(),
        },
        "packet": packet.hex(),
        "grants": [grant_case(federation, sealed, name, each) for name, each in grants.items()],
        "refused": {
            "body": [
                refused("cut short", encode_grant(first)[:-1], "TL-PKT-001"),
                refused("an unknown field", unknown_field(encode_grant(first)), "TL-PKT-001"),
                refused(
                    "it releases nothing",
                    encode_grant(unchecked(first, openings=(), compartments=(), fields=())),
                    "TL-PKT-001",
                ),
                refused(
                    "a compartment told of and released",
                    encode_grant(unchecked(first, openings=first.compartments)),
                    "TL-PKT-001",
                ),
                refused(
                    "another purpose",
                    encode_grant(replace(first, purpose="prosecution")),
                    "TL-GRT-001",
                ),
                refused(
                    "another packet",
                    encode_grant(replace(first, packet=b.secret("another packet"))),
                    "TL-GRT-001",
                ),
                refused(
                    "another recipient",
                    encode_grant(replace(first, address=replace(first.address, recipient=US_NODE))),
                    "TL-GRT-001",
                ),
                refused(
                    "sealed to another key",
                    encode_grant(replace(first, kem_key_id=b.kem_key(US_NODE).id)),
                    "TL-GRT-001",
                ),
                refused(
                    "the encapsulation was changed",
                    encode_grant(replace(first, sealed=flip(first.sealed, 7))),
                    "TL-GRT-001",
                ),
                refused(
                    "it lists less than it releases",
                    encode_grant(listing_less(first, sealed)),
                    "TL-GRT-004",
                ),
            ]
        },
    }


def listing_less(grant: Grant, sealed: SealedPacket) -> Grant:
    """A grant whose sealed part holds more than the exchange can see it list."""

    fewer = replace(grant, openings=(), sealed=b"")
    release = release_of(
        sealed,
        existences=dict.fromkeys(grant.openings, WithholdReason.SOURCE),
        compartments=grant.compartments,
    )
    with patch.object(recipients, "_verify_listed", lambda *_: None):
        return recipients.seal_release(fewer, release, b.kem_key(MX_NODE).public)


def grant_case(federation: b.Federation, sealed: SealedPacket, name: str, grant: Grant) -> Json:
    """A grant, its release, and what opens with it."""

    release = open_release(grant, b.kem_key(MX_NODE))
    view = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release)
    body = encode_grant(grant)
    prefix = encode_grant_prefix(grant)
    value = signed(federation.node(b.US).sign([(StatementType.GRANT, body)]))
    return {
        "name": name,
        "signed": encode_signed(value).hex(),
        "statement_id": value.statement.id.hex(),
        "body": body.hex(),
        "grant": plain(grant),
        "prefix_length": len(prefix),
        "info": (label("grant") + hashlib.sha256(prefix).digest()).hex(),
        "release": encode_release(release).hex(),
        "view": plain(view),
    }
