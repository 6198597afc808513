"""Thresholds that a decision of the council needs, and the count of its votes.

Agencies are counted, never keys or nodes. Specified in docs/spec/federation-v1.md.
"""

from collections.abc import Set

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.charter import RULES, Constitution, Rules
from tearline.federation.decisions import VoteKind
from tearline.federation.versions import Members
from tearline.limits import MAX_COUNCIL


@immutable
class Tally:
    """Count of one council's votes on a decision.

    Attributes:
        seats: Members of the council, without the subject.
        needed: Votes that decide.
    """

    seats: frozenset[str]
    needed: int

    def is_enough(self, voters: Set[str]) -> bool:
        """Returns whether the votes of these agencies decide."""
        return bool(self.seats) and len(voters & self.seats) >= self.needed


def tallies_of(
    kind: VoteKind, subject: str, now: Members, following: Constitution
) -> tuple[Tally, ...]:
    """Returns the tallies that a decision needs, all of them.

    The first is of the council in force. A second is of the new council, if an amendment changes
    council or rules.

    Args:
        kind: The kind of decision.
        subject: The agency decided on; empty for an amendment.
        now: The members before it.
        following: The constitution after it.
    """
    rules = _rules_of(kind, subject, now, following)
    found = [_tally(now.council - {subject}, rules, now.constitution)]
    if kind is VoteKind.AMEND and rules & {"council", "rules"}:
        found.append(_tally(now.members_of(following.council), rules, following))
    return tuple(found)


def _tally(seats: frozenset[str], rules: Set[str], constitution: Constitution) -> Tally:
    """Returns a tally; a threshold above the number of seats means all of them."""
    threshold = max((getattr(constitution.rules, name) for name in rules), default=0)
    return Tally(seats=seats, needed=min(threshold, len(seats)))


def _rules_of(kind: VoteKind, subject: str, now: Members, following: Constitution) -> Set[str]:
    is_seated = subject in now.council
    match kind:
        case VoteKind.AMEND:
            return following.changed_from(now.constitution)
        case VoteKind.ADMIT:
            return {"admit"}
        case VoteKind.REMOVE:
            return {"remove", "council"} if is_seated else {"remove"}
        case VoteKind.REPLACE:
            return {"admit", "remove", "council"} if is_seated else {"admit", "remove"}


def verify_thresholds(rules: Rules, seats: int) -> None:
    """Checks the thresholds for a council of so many seats.

    Raises:
        MalformedInput: If one is not above half of them, or above 64; names the first.
    """
    for name in RULES:
        count, fewest = getattr(rules, name), seats // 2 + 1
        if not fewest <= count <= MAX_COUNCIL:
            raise MalformedInput(
                f"a council of {seats} takes {fewest} to {MAX_COUNCIL} votes for each decision, "
                f"and {name} would take {count}"
            )
