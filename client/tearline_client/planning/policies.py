"""Policy sets by which a node decides."""

from functools import lru_cache

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_AGREEMENTS_KEPT
from tearline.packets.packet import Pins
from tearline.policy import masks, profile
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import PolicySet, parse_policy_set
from tearline.policy.terms import Terms
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest


@immutable
class Policies:
    """Policy sets of this node.

    Attributes:
        own: The agency's own, or None.
    """

    own: PolicySet | None

    @property
    def shared(self) -> PolicySet:
        """Returns the set that agreements pin; parsed on first use, as few commands decide."""
        return parse_policy_set(SHARED_POLICIES)

    @property
    def pins(self) -> Pins:
        """Returns the digests that an agreement must pin for this installation to act under it."""
        return Pins(
            policy=self.shared.digest(),
            schema=schema_digest(),
            profile=profile.digest(),
            masks=masks.digest(),
        )

    def under(self, agreement: Agreement, *, own: bool = True) -> ReleasePolicy:
        """Returns the policy for releases under an agreement, with or without our own layer."""
        return _policy(agreement.terms, self.shared, self.own if own else None)


@lru_cache(maxsize=MAX_AGREEMENTS_KEPT)
def _policy(terms: Terms, shared: PolicySet, own: PolicySet | None) -> ReleasePolicy:
    # Kept for what it remembers: thousands of packets have a handful of markings.
    return ReleasePolicy(terms=terms, shared=shared, own=own)
