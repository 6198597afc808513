"""Amendments of the exchange and its log: what stays the same, and where a succession stands."""

from collections.abc import Container

from tearline.errors import MembershipRejected
from tearline.federation.charter import Constitution
from tearline.federation.decisions import Amendment
from tearline.identity import domain_uri_of


def verify_exchange(amendment: Amendment, now: Constitution, known: Container[str]) -> None:
    """Checks that an amendment keeps the log's origin, and gives the exchange no agency's domain.

    Args:
        amendment: The amendment.
        now: The constitution in force.
        known: The URI of every agency that was ever a member.

    Raises:
        MembershipRejected: If it does not.
    """
    following = amendment.constitution
    if following.log.origin != now.log.origin:
        raise MembershipRejected("the log's origin never changes")
    if domain_uri_of(following.exchange.uri) in known:
        raise MembershipRejected("the exchange has an agency's trust domain")


def verify_succession(amendment: Amendment, now: Constitution, index: int) -> None:
    """Checks that a succession, if an amendment is one, may stand at an entry.

    Raises:
        MembershipRejected: If it is not the entry behind those that it names, or it names a key of
            the log in force.
    """
    if not amendment.size:
        return
    if amendment.size != index:
        raise MembershipRejected("a successor goes on with the decision as its next entry")
    # Otherwise notes of the old exchange over more entries would count against the new one.
    if {*amendment.constitution.log.verifier_keys} & {*now.log.verifier_keys}:
        raise MembershipRejected("a successor signs the log by other keys")
