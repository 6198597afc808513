"""Votes that are neither decided, expired nor void. Specified in docs/spec/federation-v1.md."""

from collections.abc import Set

from tearline.errors import MembershipRejected
from tearline.federation.decisions import Vote, VoteKind
from tearline.limits import MAX_OPEN_VOTES, MAX_VOTE_LIFETIME_MS, MIN_VOTE_LIFETIME_MS

VoteKey = tuple[VoteKind, str, bytes, bytes]

RECORD_KINDS = (VoteKind.ADMIT, VoteKind.REPLACE)
"""Kinds of votes whose content is a member record."""


class OpenVotes:
    """Votes by decision and voter, each until it expires, is decided or is void."""

    def __init__(self) -> None:
        self._expiries: dict[VoteKey, dict[str, int]] = {}

    def add(self, vote: Vote, now_ms: int, *, decides: bool = False) -> None:
        """Adds a vote.

        Args:
            vote: The vote.
            now_ms: The time of the directory entry before it.
            decides: Whether it completes its decision; its agency may have voted before, when the
                member record was not in the log.

        Raises:
            MembershipRejected: If its agency has voted for the decision, or has too many open
                votes, or if it lasts too short or too long.
        """
        earliest_ms, latest_ms = now_ms + MIN_VOTE_LIFETIME_MS, now_ms + MAX_VOTE_LIFETIME_MS
        if not earliest_ms <= vote.expires_ms <= latest_ms:
            raise MembershipRejected("a vote lasts from 7 to 90 days")
        voter = vote.header.signer
        has_voted = voter in self.voters(vote.key, now_ms)
        if has_voted and not decides:
            raise MembershipRejected("the agency has an open vote for the decision")
        own = [key for key, expiries in self._expiries.items() if voter in expiries]
        if not has_voted and len(own) >= MAX_OPEN_VOTES:
            self._drop_expired(now_ms)
            if sum(voter in each for each in self._expiries.values()) >= MAX_OPEN_VOTES:
                raise MembershipRejected(f"the agency has {MAX_OPEN_VOTES} open votes")
        self._expiries.setdefault(vote.key, {})[voter] = vote.expires_ms

    def voters(self, key: VoteKey, now_ms: int) -> frozenset[str]:
        """Returns the agencies with an open vote for a decision."""
        return frozenset(self._open(key, now_ms))

    def pending(self, now_ms: int) -> dict[VoteKey, dict[str, int]]:
        """Returns the voters of each decision that has an open vote, with the end of each vote."""
        found = {key: self._open(key, now_ms) for key in self._expiries}
        return {key: votes for key, votes in found.items() if votes}

    def is_wanted(self, subject: str, state: bytes, content: bytes, now_ms: int) -> bool:
        """Returns whether an open vote names a member record of a subject in its state."""
        return any(self.voters((kind, subject, state, content), now_ms) for kind in RECORD_KINDS)

    def drop(self, subject: str, kinds: Set[VoteKind] = frozenset(VoteKind)) -> None:
        """Voids the open votes on a subject."""
        self._expiries = {
            key: each
            for key, each in self._expiries.items()
            if key[1] != subject or key[0] not in kinds
        }

    def clear(self) -> None:
        """Voids all open votes."""
        self._expiries.clear()

    def _open(self, key: VoteKey, now_ms: int) -> dict[str, int]:
        expiries = self._expiries.get(key, {})
        return {voter: end_ms for voter, end_ms in expiries.items() if now_ms < end_ms}

    def _drop_expired(self, now_ms: int) -> None:
        self._expiries = {
            key: each for key, each in self._expiries.items() if self.voters(key, now_ms)
        }
