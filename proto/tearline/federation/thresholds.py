"""Thresholds that a decision of the council needs, and the count of its votes.

Agencies are counted, never keys or nodes. Specified in docs/spec/federation-v1.md.
"""

from collections.abc import Set

from tearline.federation.charter import Constitution
from tearline.federation.decisions import Vote, VoteKind
from tearline.federation.versions import Members


def thresholds_of(vote: Vote, now: Members, following: Constitution) -> Set[str]:
    """Returns the names of the rules whose thresholds a decision needs.

    Args:
        vote: A vote for it.
        now: The members before it.
        following: The constitution after it.
    """
    is_seated = vote.subject in now.council
    match vote.kind:
        case VoteKind.AMEND:
            return following.changed_from(now.constitution)
        case VoteKind.ADMIT:
            return {"admit"}
        case VoteKind.REMOVE:
            return {"remove", "council"} if is_seated else {"remove"}
        case VoteKind.REPLACE:
            return {"admit", "remove", "council"} if is_seated else {"admit", "remove"}


def is_enough(voters: Set[str], seats: Set[str], threshold: int) -> bool:
    """Returns whether votes decide, by the members of the council that may vote on it.

    Args:
        voters: Agencies with an open vote.
        seats: Members of the council, without the subject.
        threshold: Votes needed; above the number of seats, it means all of them.
    """
    return bool(seats) and len(voters & seats) >= min(threshold, len(seats))
