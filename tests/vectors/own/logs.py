"""log-v1.json: the log of that federation."""

from collections.abc import Mapping
from dataclasses import replace

from support import agencies as b
from tearline.audit.event import Decision, Event, EventCode
from tearline.federation.members import KeyUse, Revocation
from tearline.packets.grant import Grant
from tearline.policy.form import Form
from tearline.sealing import SealedPacket
from tearline.statements.receipt import LogOpening
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import Frontier, consistency_proof, inclusion_proof
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import blind_entry, clear_entry, entry_hash
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.grants import encode_log_opening, parse_event
from tearline.wire.statements import (
    Signed,
)
from vectors.own.plain import Json, plain, refused, unknown_field
from vectors.own.statements import mark

US_NODE, MX_NODE = b.node_of(b.US), b.node_of(b.MX)


def events_of(
    manifest: Signed, grants: list[bytes], sealed: SealedPacket, grant: Grant
) -> list[Event]:
    """What the log says of one packet and one grant, to each party."""
    decisions = tuple(
        Decision(
            compartment=c,
            category=sealed.openings[c].marking.category,
            form=(Form.EXISTS if c in grant.openings else sealed.openings[c].form).text,
            policies=("agreement-shares",),
            slots=(),
        )
        for c in sorted((*grant.openings, *grant.compartments))
    )
    common = {
        "time_ms": b.NOW_MS,
        "actor": US_NODE,
        "packet": manifest.statement.id,
        "agreement_id": b.AGREEMENT_ID,
        "article": "money-laundering",
    }
    granted = common | {
        "statement_id": grants[0],
        "purpose": "investigation",
        "policy_digest": b.PINS.policy,
        "decisions": decisions,
    }
    return [
        Event(
            statement_id=manifest.statement.id,
            code=EventCode.PACKET_ACCEPTED,
            party=US_NODE,
            **common,
        ),
        Event(code=EventCode.GRANT_ACCEPTED, party=US_NODE, counterpart=MX_NODE, **granted),
        Event(code=EventCode.GRANT_ACCEPTED, party=MX_NODE, counterpart=US_NODE, **granted),
        Event(code=EventCode.GRANT_DELIVERED, party=MX_NODE, counterpart=US_NODE, **granted),
    ]


def log_vectors(federation: b.Federation, openings: list[LogOpening]) -> Json:
    """A log of clear and blind entries, its checkpoints, proofs and keys."""
    root = federation.signer(b.MX)
    revoked = Revocation(
        header=root.header, revoked_key=b.signing_key(MX_NODE).id, reason="lost in a fire"
    )
    revocation = b.signed_by(StatementType.REVOCATION, encode_revocation(revoked), root)
    by_index = {opening.index: opening for opening in openings}
    first_blind = len(federation.clear)
    entries = [
        *(clear_entry(each) for each in federation.clear),
        *(blind_entry(each.salt, each.event) for each in openings),
        clear_entry(revocation),
    ]
    _, nodes = Frontier().append(entry_hash(entry) for entry in entries)
    stored = {(level, index): value for level, index, value in nodes}

    def read(level: int, index: int) -> bytes:
        return stored[level, index]

    time_s = b.NOW_MS // 1000
    checkpoints = []
    for size in (1, first_blind, len(entries) - 1, len(entries)):
        root_hash = Frontier().append(entry_hash(entry) for entry in entries[:size])[0].root()
        checkpoint = Checkpoint(origin=b.ORIGIN, size=size, root=root_hash)
        checkpoints.append(
            {
                "size": size,
                "root": root_hash.hex(),
                "time_s": time_s,
                "note": sign_checkpoint(checkpoint, b.log_signers(), time_s=time_s).decode(),
                "signed_bytes": [
                    checkpoint.signed_bytes(each.verifier, time_s).hex() for each in b.log_signers()
                ],
            }
        )
    size = len(entries)
    proofs = [
        {
            "index": index,
            "leaf": entry_hash(entries[index]).hex(),
            "proof": LogProof(
                index=index,
                path=inclusion_proof(index, size, read),
                note=checkpoints[-1]["note"].encode(),
                extra=encode_log_opening(by_index[index]) if index in by_index else entries[index],
            )
            .encode()
            .decode(),
        }
        for index in (first_blind, first_blind + 1, size - 1)
    ]
    return {
        "origin": b.ORIGIN,
        "keys": [
            {
                "vkey": each.verifier.encode(),
                "algorithm": int(each.verifier.algorithm),
                "seed": each.private_bytes().hex(),
                "key_hash": each.verifier.key_hash.hex(),
            }
            for each in b.log_signers()
        ],
        "entries": [entry_case(index, entry, by_index) for index, entry in enumerate(entries)],
        "checkpoints": checkpoints,
        "consistency": [
            {"old": old, "new": new, "path": plain(consistency_proof(old, new, read))}
            for old, new in ((1, size), (first_blind, size), (size - 1, size), (3, first_blind))
        ],
        "proofs": proofs,
        "trust": {
            "federation": federation.id.hex(),
            "agencies": list(federation.agencies),
            "judged_at": {"index": size, "time_ms": b.NOW_MS},
            "keys_that_count": sorted(
                key.hex()
                for key in (
                    b.signing_key(US_NODE).id,
                    b.kem_key(US_NODE).id,
                    b.kem_key(MX_NODE).id,
                )
            ),
        },
        "refused": log_refused(federation, entries, checkpoints[-1]["note"], proofs[0], openings),
    }


def entry_case(index: int, entry: bytes, openings: Mapping[int, LogOpening]) -> Json:
    """One entry; a blind one with its opening."""
    case = {"index": index, "entry": entry.hex(), "leaf": entry_hash(entry).hex()}
    if index in openings:
        opening = openings[index]
        event = parse_event(opening.event)
        case["opening"] = {
            "encoded": encode_log_opening(opening).hex(),
            **plain(opening),
            "event_id": event.id.hex(),
            "fields": plain(event),
        }
    return case


def log_refused(
    federation: b.Federation,
    entries: list[bytes],
    note: str,
    proof: Mapping[str, Json],
    openings: list[LogOpening],
) -> Json:
    """Entries, notes, proofs and clear statements that must be refused."""
    lines = note.split("\n")
    us, mx = federation.signer(b.US), federation.signer(b.MX)
    text: str = proof["proof"]
    path_line = text.split("\n")[3]
    other_line = text.split("\n")[4]
    wrong_opening = replace(openings[0], salt=b.secret("another salt"))

    def record(by: Signer, subject: str, use: KeyUse, public: bytes) -> bytes:
        value = b.key_record(by.header, subject, use, public)
        return clear_entry(b.signed_by(StatementType.KEY_RECORD, encode_key_record(value), by))

    fresh = b.signing_key("a fresh key").public.encoded
    revoke = Revocation(
        header=us.header, revoked_key=b.signing_key(MX_NODE).id, reason="not ours to revoke"
    )
    second = b.founding([b.agency(b.US)], b.constitution((b.US,)))[0]
    return {
        "entry": [
            refused("empty", b"", "TL-LOG-020"),
            refused("of a fourth kind", b"\3" + bytes(32), "TL-LOG-020"),
            refused("a directory cut short", b"\2" + bytes(39), "TL-LOG-020"),
            refused("blind and too short", b"\1" + bytes(31), "TL-LOG-020"),
            refused("clear, holding nothing", b"\0", "TL-PKT-001"),
            refused("clear, with an unknown field", unknown_field(entries[0]), "TL-PKT-001"),
        ],
        "clear": [
            refused(
                "a record by another agency's root",
                record(mx, US_NODE, KeyUse.SIGN, fresh),
                "TL-PKT-004",
            ),
            refused(
                "a signing key certified by its node",
                record(federation.node(b.US), US_NODE, KeyUse.SIGN, fresh),
                "TL-PKT-004",
            ),
            refused(
                "another agency revokes",
                clear_entry(b.signed_by(StatementType.REVOCATION, encode_revocation(revoke), us)),
                "TL-TRU-002",
            ),
            refused("the charter again", entries[0], "TL-TRU-004"),
            refused("another charter", clear_entry(second), "TL-TRU-004"),
            refused(
                "a statement that is not clear",
                clear_entry(b.signed_by(*mark(federation.node(b.US), 1), federation.node(b.US))),
                "TL-PKT-001",
            ),
        ],
        "note": [
            {"name": name, "note": each, "code": code}
            for name, each, code in [
                ("another size", note.replace(f"\n{lines[1]}\n", "\n999\n", 1), "TL-LOG-008"),
                ("another log", note.replace(lines[0], "other.example/log", 1), "TL-LOG-006"),
                ("without the ML-DSA-44 line", "\n".join([*lines[:5], ""]), "TL-LOG-007"),
                ("without a signature", "\n".join([*lines[:3], "", ""]), "TL-LOG-005"),
                (
                    "an extension line",
                    note.replace(f"{lines[2]}\n", f"{lines[2]}\nmore\n", 1),
                    "TL-LOG-005",
                ),
                (
                    "a size with a leading zero",
                    note.replace(f"\n{lines[1]}\n", f"\n0{lines[1]}\n", 1),
                    "TL-LOG-005",
                ),
            ]
        ],
        "proof": [
            {"name": name, "leaf": proof["leaf"], "proof": each, "code": code}
            for name, each, code in [
                (
                    "a hash of the path was changed",
                    text.replace(path_line, other_line, 1),
                    "TL-LOG-002",
                ),
                (
                    "a hash of the path is missing",
                    text.replace(f"{path_line}\n", "", 1),
                    "TL-LOG-001",
                ),
                (
                    "another position",
                    text.replace(f"index {proof['index']}", f"index {proof['index'] + 1}", 1),
                    "TL-LOG-002",
                ),
                ("no position", text.replace(f"index {proof['index']}\n", "", 1), "TL-LOG-005"),
            ]
        ],
        "opening": [
            {
                "name": "another salt",
                "index": proof["index"],
                "opening": encode_log_opening(wrong_opening).hex(),
                "code": "TL-LOG-002",
            }
        ],
    }
