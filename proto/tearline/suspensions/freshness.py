"""Freshness of each party's standing."""

from collections.abc import Iterable, Mapping

from tearline.agreements.agreement import HOUR_MS
from tearline.errors import StandingStale
from tearline.identity import trust_domain_of
from tearline.suspensions.history import Recorded

FRESH_MS = HOUR_MS
"""Maximum age of a party's standing for a release under a joint article, milliseconds."""

MAX_AHEAD_MS = 120_000
"""Maximum lead of a standing's own date, milliseconds: the tolerance for two correct clocks."""


def verify_affirmed(newest: Mapping[str, Recorded], parties: Iterable[str], *, now_ms: int) -> None:
    """Checks that each party affirmed its standing within the last hour (spec T-10).

    The log's time counts, so that a standing cannot be dated forward. The standing's own date
    counts too, so that an exchange cannot show a withheld one as new.

    Args:
        newest: The newest known standing of each party.
        parties: Parties with a required fresh standing.
        now_ms: This node's clock.

    Raises:
        StandingStale: If one is not fresh; names its party.
    """
    for party in parties:
        found = newest.get(party)
        times = (0, 0) if found is None else (found.time_ms, found.standing.time_ms)
        if not all(now_ms - FRESH_MS <= time_ms <= now_ms + MAX_AHEAD_MS for time_ms in times):
            raise StandingStale(trust_domain_of(party))
