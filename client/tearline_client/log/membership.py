"""End of this agency's membership: as the log shows it, or as the exchange says.

An agency that left or was removed reads no further entry of the log. Unless it read the end
before, the exchange's refusal on an open connection is all that it learns.
"""

from enum import StrEnum

from tearline.audit.query import day_of
from tearline.dataclass.immutable import immutable
from tearline.errors import MembershipEnded
from tearline.federation.versions import MemberStatus
from tearline.statements.statement import Header
from tearline.verification.trust import TrustState
from tearline_client.store.stores import Stores


class EndCause(StrEnum):
    """Causes of the end of a membership."""

    LEFT = "it left the federation"
    REMOVED = "the council removed it"
    REPLACED = "the council replaced its root"
    TOLD = "the exchange said so"


_CAUSES = {
    MemberStatus.LEFT: EndCause.LEFT,
    MemberStatus.REMOVED: EndCause.REMOVED,
    MemberStatus.MEMBER: EndCause.REPLACED,
}


@immutable
class MembershipEnd:
    """End of the membership behind this node's keys.

    Attributes:
        cause: Its cause.
        entry: The entry of the log that shows it; None if only the exchange said so.
        time_ms: Its time by the log, or of the exchange's refusal, Unix milliseconds.
    """

    cause: EndCause
    entry: int | None
    time_ms: int

    def error(self) -> MembershipEnded:
        """Returns the refusal of an act that needs the membership."""
        shown = "" if self.entry is None else f", as entry {self.entry} of the log shows"
        return MembershipEnded(f"{self.cause.value} on {day_of(self.time_ms)}{shown}")


def membership_end(trust: TrustState, stores: Stores, own: Header) -> MembershipEnd | None:
    """Returns the end of a node's membership, or None while it counts as a member.

    Args:
        trust: The members, as far as the log was read.
        stores: The node's database.
        own: Names the node and its signing key.
    """
    found = trust.ended(own.signer, own.key_id) if trust.membership.is_founded else None
    if found is not None:
        time_ms = stores.log.time_after(found.index)
        return MembershipEnd(cause=_CAUSES[found.status], entry=found.index, time_ms=time_ms)
    told_ms = stores.membership.told_ms()
    return MembershipEnd(cause=EndCause.TOLD, entry=None, time_ms=told_ms) if told_ms else None
