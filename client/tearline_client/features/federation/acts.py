"""Statements of an agency's root about the federation, made from the state as it was read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tearline.errors import MembershipRejected, NotFound
from tearline.federation.charter import Constitution
from tearline.federation.cosigning import CosignedTree
from tearline.federation.decisions import (
    NOTHING,
    Amendment,
    Leave,
    MemberRecord,
    Vote,
    VoteKind,
)
from tearline.federation.members import Agency
from tearline.federation.membership import Membership
from tearline.federation.thresholds import verify_thresholds
from tearline.federation.versions import Members
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.text.choices import one_of
from tearline.wire.federation import (
    encode_amendment,
    encode_leave,
    encode_member_record,
    encode_vote,
)
from tearline.wire.statements import Signed, cosigned, signed

DEFAULT_VOTE_LIFETIME_MS = 30 * 24 * 3_600_000


def vote_on(
    root: Signer,
    state: Membership,
    kind: VoteKind,
    subject: str,
    content: bytes,
    *,
    again: bool = False,
) -> Signed:
    """Returns a vote on a decision, for thirty days of log time.

    Args:
        root: The agency's root.
        state: The state as read.
        kind: Kind of the decision.
        subject: Agency that it is about, or empty.
        content: Id of its content, or zeros.
        again: Whether the agency has voted for it, so this must be another statement.
    """
    vote = Vote(
        header=root.header,
        kind=kind,
        predecessor=state.now.constitution_id,
        subject=subject,
        subject_state=state.state_of(subject) if subject else NOTHING,
        content=content,
        expires_ms=state.time_ms + DEFAULT_VOTE_LIFETIME_MS + again,
    )
    return signed(root.sign([(StatementType.VOTE, encode_vote(vote))]))


def amendment_of(
    root: Signer, state: Membership, constitution: Constitution, tree: CosignedTree | None = None
) -> Signed:
    """Returns an amendment to a constitution.

    Args:
        root: The proposing agency's root.
        state: The state as read.
        constitution: The constitution to be decided on.
        tree: Of a succession, the entries that the new exchange goes on from; else None.
    """
    amendment = Amendment(
        header=root.header,
        predecessor=state.now.constitution_id,
        constitution=constitution,
        size=tree.size if tree else 0,
        root=tree.root if tree else b"",
    )
    return signed(root.sign([(StatementType.AMENDMENT, encode_amendment(amendment))]))


def amended(
    now: Members,
    changed: Mapping[str, int],
    seats: Sequence[str],
    cosigners: Sequence[str],
) -> Constitution:
    """Returns the constitution in force with changed thresholds, council and cosigners.

    Raises:
        NotFound: If a name is no member's.
        MalformedInput: If a threshold does not fit the council.
        MembershipRejected: If an agency that left would stay in the council or among the cosigners.
    """
    uris = {each.name: each.uri for each in now.agencies}
    for name in (*seats, *cosigners):
        if name not in uris:
            raise NotFound(one_of(name, "member", uris))
    council = tuple(sorted({uris[name] for name in seats})) or now.constitution.council
    rules = replace(now.rules, **changed)
    verify_thresholds(rules, len(council))
    constitution = replace(now.constitution, rules=rules)
    counted = tuple(sorted({uris[name] for name in cosigners})) or constitution.cosigners
    _verify_members(now, council, "seat")
    _verify_members(now, counted, "cosigner")
    quorum = 2 * len(counted) // 3 + 1 if cosigners else constitution.quorum
    return replace(constitution, council=council, cosigners=counted, quorum=quorum)


def _verify_members(now: Members, uris: Iterable[str], option: str) -> None:
    gone = [version for uri in uris if now.agency(uri) is None and (version := now.version(uri))]
    if gone:
        names = ", ".join(each.record.agency.name for each in gone)
        raise MembershipRejected(
            f"{names} is no member: name the agencies that stay, and new ones, by --{option}"
        )


def next_record(state: Membership, agency: Agency, root: Signer, *others: Signer) -> Signed:
    """Returns an agency's next member record.

    Args:
        state: The state as read.
        agency: The agency as it shall be.
        root: The root in force, or the recovery key.
        others: The new root, if the record brings one.

    Raises:
        MembershipRejected: If the agency is no member.
    """
    version = state.now.version(agency.uri)
    if version is None:
        raise MembershipRejected("the agency is no member")
    record = MemberRecord(
        header=root.header,
        generation=version.record.generation,
        number=version.record.number + 1,
        previous=version.record_id,
        agency=agency,
    )
    bodies = [(StatementType.MEMBER_RECORD, encode_member_record(record))]
    return cosigned((each.sign(bodies), 0) for each in (root, *others))


def rotated(state: Membership, root: Signer, new: Signer, new_key: bytes) -> Signed:
    """Returns the member record that replaces an agency's root key, signed by both.

    Raises:
        MembershipRejected: If the agency is no member.
    """
    agency = state.now.agency(root.header.signer)
    if agency is None:
        raise MembershipRejected("the agency is no member")
    return next_record(state, replace(agency, root_key=new_key), root, new)


def leaving(root: Signer, reason: str) -> Signed:
    """Returns the statement by which an agency leaves."""
    body = encode_leave(Leave(header=root.header, reason=reason))
    return signed(root.sign([(StatementType.LEAVE, body)]))
