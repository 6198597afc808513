"""Orders to erase what entries of the log hide.

An order is signed by every agency that the entries name; or by the exchange alone, where the time
is over for which their agreement has the log keep them (``tearline.retention``). The entry itself
stays where it is, and so does the tree: that it was logged stays provable, what it said does not.
The order is an entry of its own, later in the same log. Specified in docs/spec/log-v1.md, section
10.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.channel import AGREEMENT_ID_SIZE
from tearline.errors import ErasureRefused, LogError, RetentionBroken, StatementMalformed
from tearline.event import Event, EventCode
from tearline.identity import domain_uri_of, parse_agency_uri
from tearline.limits import MAX_ERASED, MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline.statement import Header

ERASABLE = frozenset(
    {
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.RECEIPT,
        EventCode.VOID,
        EventCode.MARK,
    }
)
"""What all who are named may have erased: what agencies said to each other."""
RETAINED = frozenset(
    {
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.GRANT_DELIVERED,
        EventCode.RECEIPT,
        EventCode.VOID,
        EventCode.MARK,
        EventCode.HELD,
        EventCode.RETURNED,
        EventCode.REQUEST,
        EventCode.OVERDUE,
        EventCode.CONSENT,
        EventCode.RECALL,
        EventCode.CASE,
    }
)
"""What the log keeps for as long as an event's agreement says: what was done under it.

How the agreement came about and how its parties stand, keys, refusals, searches, exports, anchors,
the operator's acts and orders to erase stay for ever.
"""
_MAX_PARTIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An order to erase the contents of entries.

    Attributes:
        header: The node that proposes it; of an order by retention, the exchange.
        agreement_id: 16 bytes: the agreement that the entries stand under.
        indices: Of the entries; ascending, 1 to 256.
        parties: URIs of the agencies that each of the entries names; ascending.
        reason: Why, for people; empty in an order by retention.
        agreement_version: Of the agreement whose retention is over; 0 where the parties order it.
        latest_ms: The log's time of the last of the entries, in an order by retention; else 0.
    """

    header: Header
    agreement_id: bytes
    indices: tuple[int, ...]
    parties: tuple[str, ...]
    reason: str
    agreement_version: int = 0
    latest_ms: int = 0

    def __post_init__(self) -> None:
        if len(self.agreement_id) != AGREEMENT_ID_SIZE:
            raise StatementMalformed("an order names an agreement by its 16 bytes")
        if not 0 < len(self.indices) <= MAX_ERASED or not 0 < len(self.parties) <= _MAX_PARTIES:
            raise StatementMalformed("an order names some entries and parties, and not too many")
        if list(self.indices) != sorted(set(self.indices)):
            raise StatementMalformed("an order names each entry once, in order")
        if list(self.parties) != sorted(set(self.parties)):
            raise StatementMalformed("an order names each party once, in order")
        if not 0 <= self.indices[0] <= self.indices[-1] < MAX_LOG_SIZE:
            raise StatementMalformed("no log has such an entry")
        for party in self.parties:
            parse_agency_uri(party)
        if self.is_by_retention:
            if self.reason or self.agreement_version < 0 or self.latest_ms <= 0:
                raise StatementMalformed(
                    "an order by retention says by which, and when, and no more"
                )
        elif self.latest_ms or not 0 < len(self.reason.encode()) <= MAX_TEXT_BYTES:
            raise StatementMalformed("an order says why, in 4096 bytes at most")

    @property
    def is_by_retention(self) -> bool:
        """Whether it rests on how long an agreement has the log keep entries."""
        return self.agreement_version != 0

    def refusal(self, why: str) -> LogError:
        """The error that it is refused with, where it does not hold."""
        return RetentionBroken(why) if self.is_by_retention else ErasureRefused(why)


def agencies_named(event: Event) -> tuple[str, ...]:
    """URIs of the agencies that an event names, ascending."""
    named = {uri for uri in (event.actor, event.party, event.counterpart) if "://" in uri}
    return tuple(sorted(set(map(domain_uri_of, named))))


def agencies_concerned(event: Event, exchange: str) -> tuple[str, ...]:
    """URIs of the agencies that an event names beside the exchange, ascending.

    Args:
        event: The event.
        exchange: URI of the exchange, which may be who acted.
    """
    own = domain_uri_of(exchange)
    return tuple(agency for agency in agencies_named(event) if agency != own)


def verify_signers(order: Erasure, signers: Iterable[str], exchange: str) -> None:
    """Checks that those signed an order who must, and nobody else did.

    Args:
        order: The order.
        signers: URIs of the agencies whose signatures were verified.
        exchange: URI of the exchange, by the trust list in force at the order's entry.

    Raises:
        ErasureRefused: If not every party signed, or somebody else did.
        RetentionBroken: If an order by retention is not the exchange's alone.
    """
    if order.is_by_retention:
        if (order.header.signer, set(signers)) != (exchange, {domain_uri_of(exchange)}):
            raise RetentionBroken("it is not signed by the exchange, and nobody else")
    elif set(signers) != set(order.parties):
        raise ErasureRefused("it is not signed by every agency that the entries name, and no other")


def verify_covers(order: Erasure, index: int, event: Event) -> None:
    """Checks that an order may erase an entry.

    Args:
        order: The order.
        index: The entry's index.
        event: What the entry hides.

    Raises:
        ErasureRefused: If it names another entry, or the event is under another agreement, names
            other agencies, or is of a kind that stays.
        RetentionBroken: The same of an order by retention; or if the event is later than the order
            says that the last one is.
    """
    verify_names(order, index)
    codes, named = ERASABLE, agencies_named(event)
    if order.is_by_retention:
        codes, named = RETAINED, agencies_concerned(event, order.header.signer)
        if event.time_ms > order.latest_ms:
            raise order.refusal(f"entry {index} is later than the order says")
    if event.code not in codes:
        raise order.refusal(f"an entry of {event.code.value} stays")
    if (event.agreement_id, named) != (order.agreement_id, order.parties):
        raise order.refusal(f"entry {index} names other agencies, or another agreement")


def verify_names(order: Erasure, index: int) -> None:
    """Checks that an order names an entry.

    Raises:
        ErasureRefused, RetentionBroken: If it does not.
    """
    if index not in order.indices:
        raise order.refusal(f"it does not name entry {index}")


def verify_logged(order: Erasure, order_id: bytes, entry: int, event: Event) -> None:
    """Checks that an entry of the log is the one that an order has.

    Args:
        order: The order.
        order_id: 32 bytes, its statement's id.
        entry: Index of the entry.
        event: What the entry hides.

    Raises:
        ErasureRefused, RetentionBroken: If the entry is of something else, or stands before what
            it erases.
    """
    if (event.code, event.statement_id) != (EventCode.ERASED, order_id):
        raise order.refusal("the entry shown for it is of something else")
    if event.party not in order.parties:
        raise order.refusal("the entry shown for it is for somebody else")
    if entry <= order.indices[-1]:
        raise order.refusal("it stands in the log before what it erases")
