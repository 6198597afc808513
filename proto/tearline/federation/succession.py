"""Succession of trust lists: the valid next list, and its required signatures."""

from tearline.errors import TrustListRejected
from tearline.federation.members import TrustList


def verify_succession(
    current: TrustList | None, current_id: bytes, following: TrustList, signers: frozenset[str]
) -> None:
    """Checks that ``following`` may come after ``current`` with these signatures (spec L-18).

    - Admission requires every root of both lists.

    - Removal requires all other roots, or the agency's own.

    - An agency's entry changes only with that agency's current root.

    - Exchange, log, min_suite and threshold change with the current threshold of roots.

    Args:
        current: The previous list, or None before list 1.
        current_id: Its statement id.
        following: The next list.
        signers: URIs of agencies with a signature of their current root, or of a new member's
            first.

    Raises:
        TrustListRejected: If a signature is missing or the numbers do not follow.
    """
    verify_next(current, current_id, following)
    new = {agency.uri: agency for agency in following.agencies}
    if current is None:
        if not new.keys() <= signers:
            raise TrustListRejected("the first list needs every root")
        return
    old = {agency.uri: agency for agency in current.agencies}
    if new.keys() - old.keys() and not (old.keys() | new.keys()) <= signers:
        raise TrustListRejected("admission needs every root")
    for uri in old.keys() - new.keys():
        if uri not in signers and not old.keys() - {uri} <= signers:
            raise TrustListRejected("removal needs all other roots, or the agency's own")
    for uri in old.keys() & new.keys():
        if old[uri] != new[uri] and uri not in signers:
            raise TrustListRejected("an agency's entry changes only with its own root")
    shared = (current.exchange, current.log, current.min_suite, current.threshold)
    if shared != (following.exchange, following.log, following.min_suite, following.threshold) and (
        len(signers & old.keys()) < current.threshold
    ):
        raise TrustListRejected("a change of exchange, log or suite needs the threshold of roots")


def verify_next(current: TrustList | None, current_id: bytes, following: TrustList) -> None:
    """Checks that ``following`` is the list after ``current``, regardless of its signers.

    Args:
        current: The previous list, or None before list 1.
        current_id: Its statement id.
        following: The next list.

    Raises:
        TrustListRejected: If it is not the next one.
    """
    if current is None:
        if following.number != 1:
            raise TrustListRejected("the first list must be number 1")
    elif following.number != current.number + 1 or following.previous != current_id:
        raise TrustListRejected("it does not name the current list as its previous one")
