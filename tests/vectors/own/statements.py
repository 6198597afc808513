"""statement-v1.json: trees of statements under one signature."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from support.decisions import own_change
from tearline.crypto.keys import SIGNATURE_SIZE
from tearline.statements.channel import Mark
from tearline.statements.signer import SignedTree, Signer
from tearline.statements.statement import Attestation, Statement, StatementType
from tearline.wire.bundles import Bundle, bundle, encode_bundle
from tearline.wire.grants import encode_mark
from tearline.wire.statements import cosigned, encode_attestation, encode_signed, signed
from vectors.own.plain import Json, flip, plain, refused, unknown_field

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def statement_vectors(federation: b.Federation) -> Json:
    """Keys, trees of several sizes, bundles, co-signed statements, and what is refused."""
    us = federation.node(b.US)
    trees = {
        "alone": us.sign([mark(us, 1)]),
        "three of eight": us.sign([mark(us, number) for number in (2, 3, 4)]),
        "five of sixty-four": us.sign([mark(us, number) for number in range(5, 10)]),
        "five of a batch of 513": us.sign([mark(us, n) for n in range(10, 523)]),
    }
    shown = {name: tree.statements()[:5] for name, tree in trees.items()}
    bundles = [
        ("all three of eight", bundle(trees["three of eight"])),
        ("two of five", bundle(trees["five of sixty-four"], [0, 3])),
        ("one alone", bundle(trees["alone"])),
    ]
    return {
        "federation": federation.id.hex(),
        "keys": [key_case(uri) for uri in (b.US, b.MX, b.EXCHANGE, US_NODE, MX_NODE)],
        "labels": {
            str(kind.value): {"name": plain(kind), "label": kind.label.hex()}
            for kind in StatementType
        },
        "composite": [composite_case(b"message"), composite_case(b"", b"context")],
        "trees": [tree_case(name, tree, shown[name]) for name, tree in trees.items()],
        "bundles": [bundle_case(name, each) for name, each in bundles],
        "cosigned": [cosigned_case(federation)],
        "refused": {
            "signed": signed_refused(federation, trees["three of eight"]),
            "attestation": attestation_refused(trees["alone"].attestation),
            "bundle": bundle_refused(bundles[0][1]),
        },
    }


def mark(signer: Signer, counter: int) -> tuple[StatementType, bytes]:
    """A mark with this counter: the shortest statement there is."""
    value = Mark(
        header=signer.header,
        recipient=MX_NODE,
        agreement_id=b.AGREEMENT_ID,
        counter=counter,
        highest_sent=counter,
        highest_received=0,
        time_ms=b.NOW_MS,
    )
    return StatementType.MARK, encode_mark(value)


def key_case(uri: str) -> Json:
    """A signing key."""
    key = b.signing_key(uri)
    return {
        "uri": uri,
        "seeds": key.private_bytes().hex(),
        "public": key.public.encoded.hex(),
        "key_id": key.id.hex(),
    }


def composite_case(message: bytes, context: bytes = b"") -> Json:
    """A bare composite signature."""
    signature = b.signing_key(US_NODE).sign(message, context)
    case = {"uri": US_NODE, "message": message, "context": context, "signature": signature}
    return plain(case)


def tree_case(name: str, tree: SignedTree, shown: tuple[Statement, ...]) -> Json:
    """A signed tree, and some of its statements."""
    attestation = tree.attestation
    return {
        "name": name,
        "attestation": encode_attestation(attestation).hex(),
        "attestation_hash": attestation.hash.hex(),
        "signed_bytes": attestation.signed_bytes.hex(),
        "signer": attestation.signer,
        "size": attestation.size,
        "root": attestation.root.hex(),
        "leaves": [leaf.hex() for leaf in tree.levels[0]] if attestation.size <= 64 else None,
        "statements": [
            {
                "type": int(statement.type),
                "body": statement.body.hex(),
                "id": statement.id.hex(),
                "leaf": tree.leaves[number].hash.hex(),
                **plain(statement.inclusions[0]),
                "signed": encode_signed(signed(tree, number)).hex(),
            }
            for number, statement in enumerate(shown)
        ],
    }


def bundle_case(name: str, value: Bundle) -> Json:
    """A bundle, and each statement that it shows with the path derived from it."""
    return {
        "name": name,
        "bundle": encode_bundle(value).hex(),
        "statements": [
            {"id": each.id.hex(), **plain(each.inclusions[0])} for each in value.statements()
        ],
    }


def cosigned_case(federation: b.Federation) -> Json:
    """A member record with a new root, which the old and the new one signed."""
    old, new = b.signing_key(b.US), b.signing_key("the second root of US")
    value = own_change(federation.trust(), b.US, old, new, root_key=new.public.encoded)
    return {
        "name": "a member record with a new root",
        "signed": encode_signed(value).hex(),
        "id": value.statement.id.hex(),
        "signers": [attestation.signer for attestation in value.attestations.values()],
    }


def signed_refused(federation: b.Federation, tree: SignedTree) -> Json:
    """Signed statements that must not be believed."""
    good = signed(tree)
    (inclusion,) = good.statement.inclusions

    def including(**changes: Any) -> bytes:
        statement = replace(good.statement, inclusions=(replace(inclusion, **changes),))
        return encode_signed(replace(good, statement=statement))

    def by(uri: str, kind: StatementType, body: bytes, **where: Any) -> bytes:
        who = b.signer(uri, where.get("federation", federation.id), where.get("key"))
        return encode_signed(signed(who.sign([(kind, body)])))

    us, mx = federation.node(b.US), federation.node(b.MX)
    foreign = b.signer(US_NODE, b.secret("another federation"))
    stranger = b.signer("spiffe://stranger.example/node/hub", federation.id)
    other_key = b.signer(US_NODE, federation.id, b.signing_key("another key"))
    root = b.signer(b.US, federation.id)
    exchange = b.signer(b.EXCHANGE, federation.id)
    twice = us.sign([mark(us, 1)]), us.sign([mark(us, 1)])
    mldsa = SIGNATURE_SIZE - 64
    return [
        refused(
            "the body was changed",
            encode_signed(
                replace(good, statement=replace(good.statement, body=flip(good.statement.body, -1)))
            ),
            "TL-PKT-003",
        ),
        refused(
            "a mark is presented as a void",
            encode_signed(
                replace(good, statement=replace(good.statement, type=StatementType.VOID))
            ),
            "TL-PKT-003",
        ),
        refused("the salt was changed", including(salt=flip(inclusion.salt, 0)), "TL-PKT-003"),
        refused("the position was changed", including(index=inclusion.index ^ 1), "TL-PKT-003"),
        refused("the position is outside the tree", including(index=8), "TL-PKT-003"),
        refused(
            "a hash of the path was changed",
            including(path=(flip(inclusion.path[0], 5), *inclusion.path[1:])),
            "TL-PKT-003",
        ),
        refused("the path is too short", including(path=inclusion.path[1:]), "TL-PKT-003"),
        refused(
            "the ML-DSA half is zero",
            encode_signed(b.resigned(good, lambda s: bytes(mldsa) + s[mldsa:])),
            "TL-KEY-002",
        ),
        refused(
            "the Ed25519 half is zero",
            encode_signed(b.resigned(good, lambda s: s[:mldsa] + bytes(64))),
            "TL-KEY-002",
        ),
        refused(
            "a zero signature under a root that was signed",
            encode_signed(b.resigned(good, lambda s: bytes(len(s)))),
            "TL-KEY-002",
        ),
        refused(
            "another federation",
            by(US_NODE, *mark(foreign, 1), federation=foreign.header.federation),
            "TL-TRU-003",
        ),
        refused("the body names another signer", by(US_NODE, *mark(mx, 1)), "TL-PKT-004"),
        refused(
            "an agency that is no member",
            by(stranger.header.signer, *mark(stranger, 1)),
            "TL-TRU-001",
        ),
        refused(
            "a key that is not on record",
            by(US_NODE, *mark(other_key, 1), key=b.signing_key("another key")),
            "TL-TRU-002",
        ),
        refused("a root signs what only nodes sign", by(b.US, *mark(root, 1)), "TL-PKT-005"),
        refused(
            "the exchange signs what only nodes sign",
            by(b.EXCHANGE, *mark(exchange, 1)),
            "TL-PKT-005",
        ),
        refused(
            "two signatures where one belongs",
            encode_signed(cosigned((each, 0) for each in twice)),
            "TL-PKT-001",
        ),
        refused("an unknown field", unknown_field(encode_signed(good)), "TL-PKT-001"),
        refused(
            "the attestation was left out",
            encode_signed(good)[
                : len(encode_signed(good)) - len(encode_attestation(tree.attestation)) - 3
            ],
            "TL-PKT-001",
        ),
    ]


def attestation_refused(attestation: Attestation) -> Json:
    """Encodings that are not the one encoding of an attestation."""
    data = encode_attestation(attestation)
    # Fields 1 and 2: two bytes and 32; two bytes and the URI. Field 4 is 0x20, 0x01.
    end = 2 + 32 + 2 + len(attestation.signer)
    size = data.index(b"\x20\x01", end)
    return [
        refused("empty", b"", "TL-PKT-001"),
        refused("an unknown field", unknown_field(data), "TL-PKT-001"),
        refused("a field twice", data[:34] + data, "TL-PKT-001"),
        refused("fields out of order", data[34:] + data[:34], "TL-PKT-001"),
        refused("cut short", data[:-1], "TL-PKT-001"),
        refused(
            "a number in two spellings",
            data[:size] + b"\x20\x81\x00" + data[size + 2 :],
            "TL-PKT-001",
        ),
        refused("a tree of two leaves", data[:size] + b"\x20\x02" + data[size + 2 :], "TL-PKT-001"),
    ]


def bundle_refused(value: Bundle) -> Json:
    """Bundles that are not a subtree."""
    cases = [
        ("three leaves", replace(value, leaves=value.leaves[:3])),
        ("not aligned", replace(value, leaves=value.leaves[:2], index=1, path=(bytes(32),) * 2)),
        ("beyond the tree", replace(value, index=8)),
        ("a path too long", replace(value, path=(*value.path, bytes(32)))),
        ("no leaves", replace(value, leaves=())),
    ]
    return [refused(name, encode_bundle(each), "TL-PKT-001") for name, each in cases]
