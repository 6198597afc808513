"""Entries of trust-v1.json that must not be believed."""

from dataclasses import replace
from typing import Any

from support import agencies as b
from support.decisions import admission, amendment, own_change, removal, vote
from tearline.federation.charter import GENESIS_FEDERATION, rules_of
from tearline.federation.decisions import NOTHING, Vote, VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import KeyUse
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.federation import encode_vote, parse_vote
from tearline.wire.statements import Signed, encode_signed
from vectors.own.plain import Json, unchecked
from vectors.own.story import (
    CN,
    FRESH,
    MX,
    US,
    US_NODE,
    Story,
    recorded,
)

NOT_NEXT = "TL-TRU-004"


def decisions_refused(story: Story) -> list[Json]:
    """Votes, records and amendments in a federation of two."""
    state, federation = story.state, story.federation
    first, record, second = admission(state, CN, US, MX)
    content = record.statement.id
    admit, day = VoteKind.ADMIT, b.DAY_MS
    named = b.member_record(replace(b.agency(CN), name=b.agency(US).name), federation.id)
    domain = replace(b.agency(CN), uri="spiffe://exchange.example")
    exchange = b.member_record(domain, federation.id, b.signing_key(CN))
    later = b.member_record(b.agency(CN), federation.id, generation=2)
    log = b.log_identity("other.example/log")
    stolen = FRESH.public.encoded

    def naming(of: Signed) -> Signed:
        subject = next(iter(of.attestations.values())).signer
        return vote(state, US, admit, subject, of.statement.id)

    cases: list[tuple[str, str, str, Signed, tuple[Signed, ...]]] = [
        ("F-5", "a record that no vote names", NOT_NEXT, record, ()),
        (
            "F-10",
            "a vote again, before the record that both wait for",
            NOT_NEXT,
            vote(state, MX, admit, CN, content, expires_ms=state.membership.time_ms + 8 * day),
            (first, second),
        ),
        ("F-9", "a vote on oneself", NOT_NEXT, vote(state, US, VoteKind.REMOVE, US), ()),
        ("F-9", "to remove who is none", NOT_NEXT, vote(state, US, VoteKind.REMOVE, CN), ()),
        ("F-9", "to admit a member", NOT_NEXT, vote(state, US, admit, MX, content), ()),
        ("S-16", "a stranger votes", "TL-TRU-001", vote(state, CN, admit, CN, content), ()),
        (
            "S-16",
            "under another root",
            "TL-TRU-002",
            vote(state, US, admit, CN, content, key=FRESH),
            (),
        ),
        (
            "L-15",
            "a node votes",
            "TL-TRU-002",
            vote(state, US_NODE, admit, CN, content, key=FRESH),
            (),
        ),
        (
            "F-9",
            "it has expired",
            NOT_NEXT,
            vote(state, US, admit, CN, content, expires_ms=b.NOW_MS),
            (),
        ),
        (
            "F-9",
            "it lasts too long",
            NOT_NEXT,
            vote(state, US, admit, CN, content, expires_ms=b.NOW_MS + 91 * day),
            (),
        ),
        (
            "F-9",
            "after another decision",
            NOT_NEXT,
            vote(state, US, admit, CN, content, predecessor=b.secret("another decision")),
            (),
        ),
        (
            "F-9",
            "on another state",
            NOT_NEXT,
            vote(state, US, admit, CN, content, subject_state=b.secret("another state")),
            (),
        ),
        (
            "F-10",
            "on no amendment",
            NOT_NEXT,
            vote(state, US, VoteKind.AMEND, content=b.secret("no amendment")),
            (),
        ),
        ("F-5", "another's name", NOT_NEXT, named, (naming(named),)),
        ("F-5", "the exchange's domain", NOT_NEXT, exchange, (naming(exchange),)),
        ("F-5", "a later generation", NOT_NEXT, later, (naming(later),)),
        ("F-8", "nothing changes", NOT_NEXT, amendment(state, US), ()),
        ("F-8", "another log's origin", NOT_NEXT, amendment(state, US, log=log), ()),
        (
            "F-8",
            "a cosigner that is no member",
            NOT_NEXT,
            amendment(state, US, cosigners=(CN,), quorum=1),
            (),
        ),
        (
            "F-3",
            "a later suite",
            "TL-PKT-012",
            vote(state, MX, admit, CN, content),
            demanding(story),
        ),
        (
            "F-4",
            "a root changes without itself",
            "TL-TRU-002",
            own_change(state, US, FRESH, FRESH, root_key=stolen),
            (),
        ),
        (
            "F-4",
            "a root changes without the new one",
            "TL-PKT-004",
            own_change(state, US, b.signing_key(US), root_key=stolen),
            (),
        ),
        *(
            ("F-4", what, NOT_NEXT, changed(story, **changes), ())
            for what, changes in (
                ("the same number again", {"number": 1, "previous": b""}),
                ("a number left out", {"number": 3}),
                ("a change behind another record", {"previous": b.secret("another record")}),
            )
        ),
        ("F-4", "another name", NOT_NEXT, own_change(state, US, name="us-other"), ()),
        ("F-2", "the charter again", NOT_NEXT, federation.clear[0], ()),
        ("S-4", "a signature that does not verify", "TL-KEY-002", bent_last(first), ()),
        (
            "F-1",
            "a removal with content",
            "TL-PKT-001",
            odd(story, unchecked(first_vote(story), content=content)),
            (),
        ),
        (
            "F-1",
            "an admission without content",
            "TL-PKT-001",
            odd(story, unchecked(parse_vote(first.statement.body), content=NOTHING)),
            (),
        ),
    ]
    return [
        story.refused(rule, name, code, entry, *then) for rule, name, code, entry, then in cases
    ]


def changed(story: Story, **changes: Any) -> Signed:
    """US's next member record, which follows another one than the one in force."""
    version = story.state.members.version(US)
    assert version is not None
    follows = {"number": version.record.number + 1, "previous": version.record_id}
    return b.member_record(b.agency(US), story.federation.id, **follows | changes)


def demanding(story: Story) -> tuple[Signed, ...]:
    """An amendment to a later suite, with the votes of both."""
    proposed = amendment(story.state, US, min_suite=2)
    votes = [
        vote(story.state, by, VoteKind.AMEND, content=proposed.statement.id) for by in (US, MX)
    ]
    return (proposed, *votes)


def first_vote(story: Story) -> Vote:
    """US's vote to remove MX."""
    return parse_vote(vote(story.state, US, VoteKind.REMOVE, MX).statement.body)


def odd(story: Story, value: Vote) -> Signed:
    """A vote that contradicts itself."""
    us = story.federation.signer(US)
    return b.signed_by(StatementType.VOTE, encode_vote(value), us)


def directories_refused(story: Story) -> list[Json]:
    """Directory entries of another root, or of an earlier time."""
    root = story.state.directory.root
    cases = [
        ("another root", "TL-TRU-010", DirectoryEntry(time_ms=b.NOW_MS, root=bytes(32))),
        ("an earlier time", NOT_NEXT, DirectoryEntry(time_ms=b.NOW_MS - 1, root=root)),
    ]
    return [
        story.after("F-13", name, code, entry=entry.encode().hex()) for name, code, entry in cases
    ]


def bent_last(value: Signed) -> Signed:
    """A forgery: the last signer's signature changed."""
    *kept, inclusion = value.statement.inclusions
    attestation = value.attestations[inclusion.attestation]
    forged = replace(attestation, signature=attestation.signature[:-1] + b"\0")
    inclusion = replace(inclusion, attestation=forged.hash)
    return Signed(
        statement=replace(value.statement, inclusions=(*kept, inclusion)),
        attestations={**value.attestations, forged.hash: forged},
    )


def removals_refused(story: Story) -> list[Json]:
    """After the admission of CN, which has no seat."""
    state = story.state
    by_cn = vote(state, CN, VoteKind.REMOVE, MX)
    rules = amendment(state, US, rules=rules_of(2), min_suite=0)
    old = removal(state, MX, US)[0]
    expired = vote(state, US, VoteKind.REMOVE, CN, expires_ms=b.NOW_MS)
    return [
        story.refused("F-9", "a member without a seat votes", NOT_NEXT, by_cn),
        story.refused("F-8", "a member without a seat proposes", NOT_NEXT, amendment(state, CN)),
        story.refused("F-9", "expired at the directory before", NOT_NEXT, expired),
        story.refused("F-9", "after another was completed", NOT_NEXT, old, *demanding_less(story)),
        story.refused(
            "F-8", "a second amendment after that", NOT_NEXT, rules, *demanding_less(story)
        ),
    ]


def demanding_less(story: Story) -> tuple[Signed, ...]:
    """An amendment, with the votes of both: it voids what names the decision before."""
    proposed = amendment(story.state, US, min_suite=0)
    votes = [
        vote(story.state, by, VoteKind.AMEND, content=proposed.statement.id) for by in (US, MX)
    ]
    return (proposed, *votes)


def records_refused(story: Story) -> list[Json]:
    """Key records, after one of each node."""
    federation = story.federation
    us, cn, node = federation.signer(US), federation.signer(CN), federation.node(US)
    fresh, kem = FRESH.public.encoded, b.kem_key("another").public.encoded
    useless = kem[:-32] + bytes(32)
    types = [StatementType.MARK, StatementType.VOTE]
    own = b.signing_key(US_NODE).public.encoded
    long = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(0, 8))
    early = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(-2, 5))
    late = b.key_record(node.header, US_NODE, KeyUse.KEM, kem, days=(8, 9))
    sign, seal = KeyUse.SIGN, KeyUse.KEM
    mx_node = federation.node(MX)
    stranger = "spiffe://stranger.example/node/hub"
    cases = [
        ("L-12", "a neighbour certifies", "TL-PKT-004", story.record(mx_node, US_NODE, seal, kem)),
        ("L-12", "another root certifies", "TL-PKT-004", story.record(cn, US_NODE, seal, kem)),
        (
            "S-16",
            "the exchange certifies",
            "TL-PKT-005",
            story.record(federation.signer(b.EXCHANGE), US_NODE, seal, kem),
        ),
        (
            "L-12",
            "a node that votes",
            "TL-PKT-005",
            story.record(us, US_NODE, sign, fresh, types=types),
        ),
        ("L-12", "a second record", "TL-PKT-001", story.record(us, US_NODE, sign, own)),
        (
            "L-12",
            "nothing can be sealed to it",
            "TL-KEY-001",
            story.record(node, US_NODE, seal, useless),
        ),
        ("L-12", "of nobody's node", "TL-PKT-004", story.record(us, stranger, sign, fresh)),
        ("L-12", "it ends after its signer's key", "TL-TRU-002", recorded(long, node)),
        ("L-15", "it begins before its signer's key", "TL-TRU-002", recorded(early, node)),
        ("L-15", "it begins after its signer's key", "TL-TRU-002", recorded(late, node)),
    ]
    return [story.refused(rule, name, code, entry) for rule, name, code, entry in cases]


def revocations_refused(story: Story, root: Signer, revoked: Signed) -> list[Json]:
    """Revocations, and records after ``revoked``, by which US's ``root`` ended its node's key."""
    federation = story.federation
    cn, node = federation.signer(CN), federation.node(US)
    kem = b.kem_key("another").public.encoded
    fresh = b.signing_key("a key that was lost early")
    unseen = story.revoking(root, fresh.id)
    record = story.record(root, US_NODE, KeyUse.SIGN, fresh.public.encoded)
    by_a_node = story.revoking(node, b.signing_key(US_NODE).id)
    foreign = story.revoking(cn, b.signing_key(US_NODE).id)
    sealing = story.record(node, US_NODE, KeyUse.KEM, kem)
    return [
        story.refused("L-13", "another agency revokes", "TL-TRU-002", foreign),
        story.refused("L-15", "a node revokes", "TL-TRU-002", by_a_node),
        story.refused("L-13", "a key that was revoked before", "TL-TRU-002", record, unseen),
        story.refused("L-15", "certified by a revoked key", "TL-TRU-002", sealing, revoked),
    ]


def beginnings_refused() -> list[Json]:
    """First entries: the federation that is pinned, and what it begins with."""
    entries = b.founding([b.agency(US), b.agency(MX)], b.constitution((US, MX)))
    charter, log = entries[0], b.log_identity()
    unsigned = unchecked(log, verifier_keys=())
    of_one_key = unchecked(log, verifier_keys=log.verifier_keys[:1])

    def charter_of(**changes: Any) -> Signed:
        other = replace(b.constitution((US, MX)), **changes)
        return b.founding([b.agency(US), b.agency(MX)], other)[0]

    def beginning(rule: str, name: str, code: str, entry: Signed, pin: bytes = b"") -> Json:
        pinned = (pin or entry.statement.id).hex()
        given = {"federation": pinned, "entry": (b"\0" + encode_signed(entry)).hex()}
        return {"name": name, "rule": rule, **given, "code": code}

    record = b.member_record(b.agency(US), GENESIS_FEDERATION)
    return [
        beginning("F-2", "not the one pinned", "TL-TRU-005", charter, b.secret("pin")),
        beginning("F-2", "no charter", "TL-TRU-005", record),
        beginning("F-2", "a signature before the charter", "TL-TRU-005", entries[-1]),
        beginning("F-1", "a log without a key", "TL-PKT-001", charter_of(log=unsigned)),
        beginning("F-1", "a log of one key", "TL-PKT-001", charter_of(log=of_one_key)),
        beginning("F-3", "below its own suite", "TL-PKT-012", charter_of(min_suite=2)),
    ]
