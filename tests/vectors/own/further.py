"""refused-v1.json: a bad copy for every rule that the other files have none for."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from tearline.crypto.keys import SIGNATURE_SIZE, composite_message
from tearline.statements.channel import Mark
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant, encode_mark
from tearline.wire.statements import Signed, encode_signed, signed
from vectors.own.bounds import bounds_further
from vectors.own.curve import mixed_signature
from vectors.own.frozen import file_of, frozen_federation, frozen_packet
from vectors.own.further_log import evidence, log_further
from vectors.own.further_packets import both_ways, packet_further
from vectors.own.plain import Json
from vectors.own.spelling import fields_of, respelled, spelled
from vectors.own.statements import mark

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def further_vectors() -> Json:
    """Bad copies of what the first five files hold; each names the rule that it breaks."""
    federation = frozen_federation()
    return {
        "evidence": evidence().hex(),
        "both_ways": both_ways(),
        "refused": {
            "signed": signed_further(federation),
            "composite": composite_further(),
            "body": body_further(federation),
            "message": bounds_further(),
            "packet": packet_further(),
            "granted": granted_further(federation),
            "forward": [
                case("P-18", name, "TL-MBX-004", steps=steps)
                for name, steps in [
                    ("back to where it was", ["opened", "stored"]),
                    ("refused after it was accepted", ["accepted", "refused"]),
                    ("seen after it was erased", ["erased", "seen"]),
                    ("accepted after it was refused", ["refused", "accepted"]),
                ]
            ],
            **log_further(),
        },
    }


def case(rule: str, name: str, code: str, **given: Any) -> Json:
    """A bad copy, and the rule that it breaks."""
    return {"name": name, "rule": rule, **given, "code": code}


def bytes_case(rule: str, name: str, data: bytes, code: str = "TL-PKT-001", **given: Any) -> Json:
    """A bad copy of an encoding."""
    return case(rule, name, code, **given, bytes=data.hex())


def signed_further(federation: b.Federation) -> Json:
    """Statements that must not be believed, or whose body is none."""
    us = federation.node(b.US)
    good = signed(us.sign([mark(us, 1)]))
    body = good.statement.body

    def saying(kind: StatementType, body: bytes) -> Signed:
        return signed(us.sign([(kind, body)]))

    forged = b.resigned(saying(StatementType.VOID, body), lambda s: s[:-1] + bytes([s[-1] ^ 1]))
    stranger = b.signer("spiffe://US.example/node/hub", federation.id)
    foreign = b.signer(US_NODE, b.secret("another federation"))
    other_key = b.signer(US_NODE, federation.id, b.signing_key("another key"))
    sealed_to = b.signer(US_NODE, federation.id)
    sealed_to.header = replace(us.header, key_id=b.kem_key(US_NODE).public.id)
    return [
        bytes_case(
            "S-7",
            "an empty body",
            encode_signed(replace(good, statement=replace(good.statement, body=b""))),
        ),
        bytes_case(
            "S-7",
            "a body that does not begin with a header",
            encode_signed(saying(StatementType.MARK, respelled(body, 1, b""))),
        ),
        bytes_case(
            "S-7",
            "a signer whose name has another spelling",
            encode_signed(signed(stranger.sign([mark(stranger, 1)]))),
        ),
        *(
            bytes_case(rule, name, encode_signed(signed(by.sign([mark(of, 1)]))), code)
            for rule, name, code, by, of in (
                ("S-15", "a body that names another key", "TL-PKT-004", us, other_key),
                ("S-15", "a body that names another federation", "TL-PKT-004", us, foreign),
                ("L-15", "signed by a key to be sealed to", "TL-TRU-002", sealed_to, sealed_to),
            )
        ),
        bytes_case(
            "S-18",
            "a mark's body signed as a void",
            encode_signed(saying(StatementType.VOID, body)),
        ),
        bytes_case(
            "S-4", "the same, whose signature does not verify", encode_signed(forged), "TL-KEY-002"
        ),
    ]


def composite_further() -> Json:
    """Bare signatures of another length, and one whose Ed25519 half needs the cofactor."""
    good = file_of("statement")["composite"][0]
    seeds = next(key["seeds"] for key in file_of("statement")["keys"] if key["uri"] == good["uri"])
    message = composite_message(bytes.fromhex(good["message"]), bytes.fromhex(good["context"]))
    mixed = mixed_signature(bytes.fromhex(seeds)[32:], message)
    signature = bytes.fromhex(good["signature"])
    spelt = [
        ("a byte less", signature[:-1]),
        ("a byte more", signature + b"\0"),
        ("the ML-DSA half alone", signature[: SIGNATURE_SIZE - 64]),
        ("the Ed25519 half alone", signature[-64:]),
        ("the halves the other way round", signature[-64:] + signature[:-64]),
        ("nothing", b""),
        ("good only where the cofactor is multiplied", signature[:-64] + mixed),
    ]
    return [
        {"name": name, "rule": "S-4"} | good | {"signature": each.hex(), "code": "TL-KEY-002"}
        for name, each in spelt
    ]


def body_further(federation: b.Federation) -> Json:
    """Bodies that are not in their one encoding, by type."""
    marked = encode_mark(
        Mark(
            header=federation.node(b.US).header,
            recipient=MX_NODE,
            agreement_id=b.AGREEMENT_ID,
            counter=1,
            highest_sent=1,
            highest_received=0,
            time_ms=b.NOW_MS,
        )
    )
    manifest = bytes.fromhex(file_of("packet")["body"])
    grant = bytes.fromhex(file_of("grant")["grants"][0]["body"])
    listed = file_of("grant")["grants"][0]["grant"]["openings"]
    caveats = dict(fields_of(grant))[8][2:]
    stored = bytes.fromhex(file_of("receipt")["receipts"][1]["body"])
    record = federation.keys[0].statement.body

    def orcon(value: int) -> bytes:
        return respelled(grant, 8, spelled(8, respelled(caveats, 2, spelled(2, value))))

    types = dict(fields_of(record))[5][2:]
    return [
        bytes_case(rule, name, data, type=kind)
        for rule, name, kind, data in [
            ("S-1", "a zero is spelled out", 10, respelled(marked, 6, spelled(6, 0))),
            ("S-1", "an empty string is spelled out", 8, respelled(stored, 5, spelled(5, b""))),
            ("S-1", "empty bytes are spelled out", 6, respelled(manifest, 9, spelled(9, b""))),
            ("S-1", "a boolean that is false is spelled out", 7, orcon(0)),
            ("S-1", "a boolean that is true is 2", 7, orcon(2)),
            (
                "S-1",
                "numbers that are not packed",
                7,
                respelled(grant, 9, b"".join(spelled(9, each) for each in listed)),
            ),
            (
                "S-1",
                "numbers that are packed in two parts",
                2,
                respelled(record, 5, spelled(5, types[:1]) + spelled(5, types[1:])),
            ),
            ("S-1", "no numbers, and packed", 7, respelled(grant, 11, spelled(11, b""))),
            (
                "S-1",
                "a text that is not UTF-8",
                6,
                respelled(manifest, 6, spelled(6, b"case-\xff")),
            ),
            (
                "S-1",
                "a text with half of a surrogate",
                6,
                respelled(manifest, 6, spelled(6, b"case-\xed\xa0\x80")),
            ),
            ("S-1", "a message that must be there is missing", 6, respelled(manifest, 5, b"")),
            (
                "P-8",
                "compartments out of order",
                7,
                respelled(grant, 9, spelled(9, bytes(reversed(listed)))),
            ),
            ("P-18", "a receipt by a root", 8, signed_as(stored, b.US)),
            ("P-18", "stored, by the exchange", 8, signed_as(stored, b.EXCHANGE)),
            ("P-2", "more compartments than may be", 6, many_compartments(manifest)),
            ("P-18", "a mark of a time that no log reaches", 10, dated(marked, 7)),
            ("S-1", "a receipt of a time that no log reaches", 8, dated(stored, 8)),
            ("S-1", "a key that ends at a time that no log reaches", 2, dated(record, 7)),
        ]
    ]


def signed_as(body: bytes, uri: str) -> bytes:
    """A body whose header names another signer."""
    header = dict(fields_of(body))[1][2:]
    return respelled(body, 1, spelled(1, respelled(header, 2, spelled(2, uri.encode()))))


def dated(body: bytes, number: int) -> bytes:
    """A body with the first time that is too late in one of its fields."""
    return respelled(body, number, spelled(number, 1 << 63))


def many_compartments(manifest: bytes) -> bytes:
    """A manifest of 68 compartments."""
    column = b"".join(b.secret(f"commitment {number}") for number in range(2 * 68))
    return respelled(manifest, 11, spelled(11, column))


def granted_further(federation: b.Federation) -> Json:
    """Grants that verify as statements, and are not for this reader or of this packet."""
    sealed, manifest = frozen_packet()
    us, mx = federation.node(b.US), federation.node(b.MX)
    births = [b.compartment_of(sealed, "identity.birth")]

    def granting(by: Signer, packet: bytes, recipient: str) -> str:
        grant = b.grant(
            sealed,
            packet,
            by.header,
            recipient,
            compartments=births,
            key=b.kem_key(MX_NODE),
        )
        return encode_signed(signed(by.sign([(StatementType.GRANT, encode_grant(grant))]))).hex()

    packet = manifest.statement.id
    return [
        case(rule, name, code, signed=given)
        for rule, name, code, given in [
            (
                "P-9",
                "a reader grants what another wrote",
                "TL-GRT-002",
                granting(mx, packet, MX_NODE),
            ),
            ("P-13", "for another recipient", "TL-GRT-001", granting(us, packet, US_NODE)),
            (
                "P-13",
                "of another packet",
                "TL-GRT-001",
                granting(us, b.secret("another packet"), MX_NODE),
            ),
        ]
    ]
