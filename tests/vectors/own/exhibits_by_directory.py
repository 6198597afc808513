"""Exhibits whose signers the directory certifies, for exhibit-v1.json: good ones and bad copies."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from support import agencies as b
from support.exhibits import US_NODE, Case, case, cosigned_case, opening, revocation
from support.light import cosigner, cosigning_record
from tearline.federation.members import KeyUse
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner, sign_checkpoint
from tearline.tlog.policy import CosignerGroup, LogPolicy
from tearline.verification.log_entries import clear_entry
from tearline.wire.exhibits import Exhibit
from tearline.wire.federation import encode_key_record
from tearline.wire.grants import parse_event
from vectors.own.plain import flip

BadCopy = tuple[str, str, str, Exhibit]
BY = (b.US, b.MX)


def good(told: Case) -> dict[str, Exhibit]:
    """Good exhibits, by name."""
    amount = told.slot("amount")
    return {
        "one field, by the directory": told.certified([amount]),
        "two fields, and who got something of it, by the directory": told.certified(
            [amount, told.slot("name")], receipts=True
        ),
    }


def bad_copies(told: Case) -> Iterator[BadCopy]:
    """X-11, X-12."""
    one, seen = good(told).values()
    yield from mixed(told, one)
    yield from misstated(told, one, seen)
    yield from uncounted(told)
    yield from uncosigned(told, one)


def mixed(told: Case, one: Exhibit) -> Iterator[BadCopy]:
    """X-11."""
    statements = told.exhibit([told.slot("amount")])
    both = {entry.index: entry for entry in (*statements.entries, *one.entries)}
    for what, code, exhibit in (
        ("both forms", "TL-PKT-001", replace(one, entries=tuple(both.values()))),
        ("neither form", "TL-PKT-001", replace(one, leaves=(), keys=())),
        ("keys without leaves", "TL-PKT-001", replace(statements, keys=one.keys)),
        ("leaves without a directory", "TL-LOG-020", replace(one, entries=one.entries[:1])),
    ):
        yield "X-11", what, code, exhibit


def misstated(told: Case, one: Exhibit, seen: Exhibit) -> Iterator[BadCopy]:
    """X-12, of leaves and keys."""
    (leaf,) = one.leaves
    other = b.signing_key(b.node_of(b.MX)).public.encoded
    cut = replace(leaf.proof, siblings=leaf.proof.siblings[1:])
    elsewhere = case(federated=b.federation()).stated().leaf(b.US)
    for what, code, parts in (
        ("another agency's leaf", "TL-PKT-001", {"leaves": (told.leaf(b.MX),)}),
        ("a leaf too many", "TL-PKT-001", {"leaves": seen.leaves}),
        ("a leaf twice", "TL-PKT-001", {"leaves": (leaf, leaf)}),
        ("a key too many", "TL-PKT-001", {"keys": seen.keys}),
        ("another public key", "TL-PKT-001", {"keys": (other,)}),
        ("no public key", "TL-PKT-001", {"keys": ()}),
        ("an absence", "TL-PKT-001", {"leaves": (replace(leaf, state=b""),)}),
        ("another state", "TL-LOG-001", {"leaves": (replace(leaf, state=flip(leaf.state, -1)),)}),
        ("a sibling too few", "TL-LOG-001", {"leaves": (replace(leaf, proof=cut),)}),
        ("another federation's leaf", "TL-LOG-001", {"leaves": (elsewhere,)}),
    ):
        yield "X-12", what, code, replace(one, **parts)
    yield "X-12", "leaves out of order", "TL-PKT-001", replace(seen, leaves=seen.leaves[::-1])
    yield "X-12", "keys out of order", "TL-PKT-001", replace(seen, keys=seen.keys[::-1])
    longer = told.behind(clear_entry(cosigning_record(told.federation, b.US, "next")))
    entries = tuple(longer.entry(entry.index) for entry in one.entries)
    beyond = replace(one, entries=entries, checkpoint=note(longer, *map(cosigner, BY)))
    yield "X-12", "a tree that goes on behind the directory", "TL-LOG-020", beyond
    first = told.first_blind
    early = replace(told, contents=told.contents[:first]).stated()
    accepted = opening(first + 1, parse_event(told.contents[first].event))
    late = early.behind(accepted)
    entries = tuple(map(late.entry, (first, first + 1)))
    older = replace(one, entries=entries, checkpoint=note(late, *map(cosigner, BY)))
    yield "X-11", "a directory before the acceptance", "TL-PKT-001", older


def uncounted(told: Case) -> Iterator[BadCopy]:
    """X-12, of the signer's key."""
    first, key = told.first_blind, b.signing_key(US_NODE).id
    ended = cosigned_case(revocation(told.federation, b.US, key))
    yield "X-12", "the signer's key had ended", "TL-TRU-002", shown(ended)
    clear = [*told.contents[:first]]
    record, _ = clear[6:8]  # of its keys to sign and to be sealed to
    del clear[6:8]
    accepted = parse_event(told.contents[first].event)
    later = (*clear, opening(len(clear), accepted), record)
    yield "X-12", "the signer's key came later", "TL-TRU-002", relogged(told, later)
    root, node = told.federation.signer(b.US), b.node_of(b.US)
    few = (StatementType.KEY_RECORD, StatementType.RECEIPT)
    public = b.signing_key(node).public.encoded
    narrow = b.key_record(root.header, node, KeyUse.SIGN, public, few)
    signed = b.signed_by(StatementType.KEY_RECORD, encode_key_record(narrow), root)
    contents = [*told.contents[: first + 1]]
    contents[6] = clear_entry(signed)
    yield "X-12", "a key for other types", "TL-PKT-005", relogged(told, contents)
    late = replace(accepted, time_ms=b.NOW_MS + 3_000 * b.DAY_MS)
    contents[6:] = [*told.contents[6:first], opening(first, late)]
    yield "X-12", "the signer's key had expired", "TL-TRU-002", relogged(told, contents)


def uncosigned(told: Case, one: Exhibit) -> Iterator[BadCopy]:
    """X-12."""
    true = one.checkpoint.splitlines()[-1]
    tree = replace(told.checkpoint, root=bytes(32))
    moved = sign_checkpoint(tree, (cosigner(b.MX),), time_s=b.NOW_MS // 1000).splitlines()[-1]
    for what, code, signed in (
        ("no cosigner's line", "TL-LOG-007", note(told)),
        ("a cosigner too few", "TL-LOG-007", note(told, cosigner(b.US))),
        (
            "lines of a cosigner that the policy does not name",
            "TL-LOG-007",
            note(told, cosigner(b.US), cosigner(b.CN)),
        ),
        ("lines by another key", "TL-LOG-007", note(told, *(cosigner(uri, "next") for uri in BY))),
        ("a line of another tree", "TL-LOG-008", one.checkpoint.replace(true, moved)),
    ):
        yield "X-12", what, code, replace(one, checkpoint=signed)
    other = b.federation()
    records = [cosigning_record(other, uri) for uri in BY]
    foreign = case(*records, federated=other).stated()
    yield "X-12", "another federation", "TL-TRU-003", shown(foreign)


def policies() -> dict[str, LogPolicy]:
    """Policies of other readers: of one of two cosigners, and some that the log meets alone."""
    first, second = (each.verifier for each in b.log_signers())
    keys = {"the-log": second} | {uri: cosigner(uri).verifier for uri in BY}
    some = CosignerGroup(needed=1, members=BY)
    both = CosignerGroup(needed=2, members=("the-log", "cosigners"))
    either = CosignerGroup(needed=1, members=("the-log", "cosigners"))
    several = {"cosigners": some, "everyone": both}
    return {
        "one of two": LogPolicy(logs=(first,), quorum="everyone", witnesses=keys, groups=several),
        "the log or one of two": LogPolicy(
            logs=(first,),
            quorum="everyone",
            witnesses=keys,
            groups=several | {"everyone": either},
        ),
        "the log's keys": LogPolicy(logs=(first,), quorum="the-log", witnesses=keys),
        "no witness": LogPolicy(logs=(first,)),
    }


def by_policy(told: Case) -> Iterator[tuple[str, str, str, LogPolicy, Exhibit]]:
    """X-12, of policies: one exhibit that is good, without a code, and those that are not."""
    known = policies()
    cosigned = told.certified([told.slot("amount")], by=(b.US,))
    one = known.pop("one of two")
    yield "X-12", "one of two cosigners, as the policy requires", "", one, cosigned
    alone = told.certified([told.slot("amount")], by=())
    yield "X-12", "none of two cosigners", "TL-LOG-007", one, alone
    for name, policy in known.items():
        yield "X-12", f"a policy that the log meets alone: {name}", "TL-LOG-022", policy, cosigned


def note(told: Case, *cosigners: CheckpointSigner) -> bytes:
    """The checkpoint over all entries, by the log and these cosigners."""
    signers = (*b.log_signers(), *cosigners)
    return sign_checkpoint(told.checkpoint, signers, time_s=b.NOW_MS // 1000)


def shown(told: Case) -> Exhibit:
    """An exhibit of another log."""
    return told.certified([told.slot("amount")])


def relogged(told: Case, contents: Sequence[Any]) -> Exhibit:
    """An exhibit of a log with other entries."""
    return shown(replace(told, contents=tuple(contents)).stated())
