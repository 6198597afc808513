"""Votes, amendments and member records for tests, made from a state of trust."""

from dataclasses import replace
from typing import Any

from support.agencies import DAY_MS, agency, member_record, signed_by, signer
from tearline.crypto.keys import SigningKey
from tearline.federation.decisions import NOTHING, Amendment, Leave, Vote, VoteKind
from tearline.federation.members import Agency
from tearline.statements.statement import StatementType
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_amendment, encode_leave, encode_vote
from tearline.wire.statements import Signed


def apply_all(state: TrustState, index: int, *entries: Signed) -> int:
    """Applies entries from an index on; returns the next index."""
    for entry in entries:
        state.apply(index, entry)
        index += 1
    return index


def vote(
    state: TrustState,
    by: str,
    kind: VoteKind,
    subject: str = "",
    content: bytes = NOTHING,
    key: SigningKey | None = None,
    **changes: Any,
) -> Signed:
    """A vote on a state as it is, for a week."""
    root = signer(by, state.federation, key)
    made = Vote(
        header=root.header,
        kind=kind,
        predecessor=state.members.constitution_id,
        subject=subject,
        subject_state=state.membership.state_of(subject) if subject else NOTHING,
        content=content,
        expires_ms=state.membership.time_ms + 7 * DAY_MS,
    )
    body = encode_vote(replace(made, **changes))
    return signed_by(StatementType.VOTE, body, root)


def amendment(state: TrustState, by: str, **changes: Any) -> Signed:
    """An amendment of some parts of the constitution in force."""
    root = signer(by, state.federation)
    made = Amendment(
        header=root.header,
        predecessor=state.members.constitution_id,
        constitution=replace(state.members.constitution, **changes),
    )
    return signed_by(StatementType.AMENDMENT, encode_amendment(made), root)


def amending(state: TrustState, *voters: str, **changes: Any) -> list[Signed]:
    """The entries of an amendment with these votes; the first voter proposes it."""
    proposed = amendment(state, voters[0], **changes)
    votes = [vote(state, by, VoteKind.AMEND, content=proposed.statement.id) for by in voters]
    return [proposed, *votes]


def admission(
    state: TrustState, listed: Agency | str, *voters: str, generation: int = 1
) -> list[Signed]:
    """The entries of an admission with these votes."""
    newcomer = agency(listed) if isinstance(listed, str) else listed
    record = member_record(newcomer, state.federation, generation=generation)
    return deciding(state, VoteKind.ADMIT, record, *voters)


def deciding(state: TrustState, kind: VoteKind, record: Signed, *voters: str) -> list[Signed]:
    """A member record with these votes: the first opens the decision, so the record follows it."""
    subject = next(iter(record.attestations.values())).signer
    content = record.statement.id
    first, *others = (vote(state, by, kind, subject, content) for by in voters)
    return [first, record, *others]


def removal(state: TrustState, subject: str, *voters: str) -> list[Signed]:
    """The entries of a removal with these votes."""
    return [vote(state, by, VoteKind.REMOVE, subject) for by in voters]


def own_change(state: TrustState, uri: str, *roots: SigningKey, **changes: Any) -> Signed:
    """The next member record of an agency, which changes some of its parts."""
    version = state.members.version(uri)
    assert version is not None
    listed = replace(version.record.agency, **changes)
    return member_record(
        listed,
        state.federation,
        *roots,
        generation=version.record.generation,
        number=version.record.number + 1,
        previous=version.record_id,
    )


def leaving(state: TrustState, uri: str) -> Signed:
    """An agency's statement that it leaves."""
    root = signer(uri, state.federation)
    body = encode_leave(Leave(header=root.header, reason="it ends its participation"))
    return signed_by(StatementType.LEAVE, body, root)
