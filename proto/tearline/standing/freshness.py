"""Whether each party said lately where it stands."""

from collections.abc import Iterable, Mapping

from tearline.agreement import HOUR_MS
from tearline.errors import StandingStale
from tearline.identity import trust_domain_of
from tearline.standing.history import Recorded

FRESH_MS = HOUR_MS
"""How old a party's standing may be for something to go out under a joint article."""

MAX_AHEAD_MS = 120_000
"""How far a standing's own date may lie ahead: two clocks that are both in order."""


def verify_affirmed(newest: Mapping[str, Recorded], parties: Iterable[str], *, now_ms: int) -> None:
    """Checks that each party said within the hour where it stands (spec T-16).

    By the log's time, so that nobody dates a standing forward; and by the standing's own date,
    so that an exchange that kept one back cannot show it as new.

    Args:
        newest: The newest standing of each party that is known.
        parties: Whose must be fresh.
        now_ms: This node's clock.

    Raises:
        StandingStale: Naming whose is not.
    """
    for party in parties:
        found = newest.get(party)
        times = (0, 0) if found is None else (found.time_ms, found.standing.time_ms)
        if not all(now_ms - FRESH_MS <= time_ms <= now_ms + MAX_AHEAD_MS for time_ms in times):
            raise StandingStale(trust_domain_of(party))
