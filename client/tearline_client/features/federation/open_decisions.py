"""Decisions of the council that are open or planned: their content, votes and missing votes."""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.federation.decisions import Amendment, MemberRecord, VoteKind
from tearline.federation.membership import Membership
from tearline.federation.open_votes import VoteKey
from tearline.federation.thresholds import Tally, tallies_of


@immutable
class OpenDecision:
    """Decision that has open votes, or is about to get its first one.

    Attributes:
        key: The decision.
        ends_ms: Log time at which each vote ends, by voter; Unix milliseconds.
        tallies: Counts that it needs: of the council in force, and of a new council.
        record: The member record to admit or to replace by, if it is known here.
        amendment: The amendment, or None.
    """

    key: VoteKey
    ends_ms: Mapping[str, int]
    tallies: tuple[Tally, ...]
    record: MemberRecord | None
    amendment: Amendment | None

    @property
    def kind(self) -> VoteKind:
        """Returns its kind."""
        return self.key[0]

    @property
    def subject(self) -> str:
        """Returns the agency decided on; empty for an amendment."""
        return self.key[1]

    @property
    def content(self) -> bytes:
        """Returns the id of amendment or member record; zeros for a removal."""
        return self.key[3]

    @property
    def voters(self) -> tuple[str, ...]:
        """Returns the agencies with an open vote, ascending."""
        return tuple(sorted(self.ends_ms))

    @property
    def needed(self) -> int:
        """Returns the votes of the council in force that decide."""
        return self.tallies[0].needed

    @property
    def seats(self) -> frozenset[str]:
        """Returns the agencies that may vote on it."""
        return frozenset[str]().union(*(each.seats for each in self.tallies))

    def missing(self, *others: str) -> int:
        """Returns how many votes are missing at least, if these agencies vote, too."""
        voters = {*self.ends_ms, *others}
        return max(each.needed - len(voters & each.seats) for each in self.tallies)


def decision_of(
    state: Membership,
    key: VoteKey,
    ends_ms: Mapping[str, int],
    *,
    record: MemberRecord | None = None,
    amendment: Amendment | None = None,
) -> OpenDecision:
    """Returns a decision as the state of the federation makes it.

    Args:
        state: The state as read.
        key: The decision.
        ends_ms: Its open votes.
        record: Its member record, if the log does not have it yet.
        amendment: Its amendment, if the log does not have it yet.
    """
    kind, subject, _, content = key
    found = amendment or state.amendment(content)
    following = found.constitution if found else state.now.constitution
    return OpenDecision(
        key=key,
        ends_ms=ends_ms,
        tallies=tallies_of(kind, subject, state.now, following),
        record=record or state.candidate(content),
        amendment=found,
    )
