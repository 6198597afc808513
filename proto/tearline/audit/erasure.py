"""Orders to erase the contents of log entries.

Every agency that the entries name signs an order. The exchange alone signs it once the agreement's
retention in the log is over (``tearline.audit.retention``). The entries and the tree stay: the
fact of
the entry remains provable, its contents do not. The order is a later entry of the same log.
Specified in docs/spec/log-v1.md, section 10.
"""

from collections.abc import Iterable

from tearline.audit.event import Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import ErasureRefused, LogError, RetentionBroken, StatementMalformed
from tearline.identity import domain_uri_of, parse_agency_uri
from tearline.limits import MAX_ERASED, MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline.statements.channel import AGREEMENT_ID_SIZE
from tearline.statements.statement import Header

ERASABLE = frozenset(
    {
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.RECEIPT,
        EventCode.VOID,
        EventCode.MARK,
    }
)
"""Event codes that all named agencies together may have erased: their statements to each other."""
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
"""Event codes with the retention of their agreement: acts under an agreement.

Stored for ever: the making of the agreement, standings, keys, refusals, searches, exports, anchors,
the operator's acts and erasure orders.
"""
_MAX_PARTIES = 64


@immutable
class Erasure:
    """Order to erase the contents of entries.

    Attributes:
        header: The node that proposes it; for a retention order, the exchange.
        agreement_id: 16 bytes, the agreement of the entries.
        indices: Entry indices; ascending, 1 to 256.
        parties: URIs of the agencies that each of the entries names; ascending.
        reason: The reason, for people; empty in a retention order.
        agreement_version: Version of the agreement with the expired retention; 0 for an order
            of the parties.
        latest_ms: The log's time of the last entry, in a retention order; otherwise 0.
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
                    "a retention order has a version and a time, and no reason"
                )
        elif self.latest_ms or not 0 < len(self.reason.encode()) <= MAX_TEXT_BYTES:
            raise StatementMalformed("an order has a reason of 1 to 4096 bytes")

    @property
    def is_by_retention(self) -> bool:
        """Returns whether the order rests on the agreement's retention in the log."""
        return self.agreement_version != 0

    def refusal(self, why: str) -> LogError:
        """Returns the error with which an invalid order is refused."""
        return RetentionBroken(why) if self.is_by_retention else ErasureRefused(why)


def agencies_named(event: Event) -> tuple[str, ...]:
    """Returns the URIs of the agencies that an event names, ascending."""
    named = {uri for uri in (event.actor, event.party, event.counterpart) if "://" in uri}
    return tuple(sorted(set(map(domain_uri_of, named))))


def agencies_concerned(event: Event, exchange: str) -> tuple[str, ...]:
    """Returns the URIs of the agencies that an event names beside the exchange, ascending.

    Args:
        event: The event.
        exchange: URI of the exchange, which may be the actor.
    """
    own = domain_uri_of(exchange)
    return tuple(agency for agency in agencies_named(event) if agency != own)


def verify_signers(order: Erasure, signers: Iterable[str], exchange: str) -> None:
    """Checks that exactly the required parties signed an order.

    Args:
        order: The order.
        signers: URIs of the agencies with verified signatures.
        exchange: URI of the exchange, by the constitution in force at the order's entry.

    Raises:
        ErasureRefused: If a party's signature is missing, or another agency signed.
        RetentionBroken: If a retention order is not signed by the exchange alone.
    """
    if order.is_by_retention:
        if (order.header.signer, set(signers)) != (exchange, {domain_uri_of(exchange)}):
            raise RetentionBroken("it is not signed by the exchange alone")
    elif set(signers) != set(order.parties):
        raise ErasureRefused("it is not signed by every agency that the entries name, and no other")


def verify_covers(order: Erasure, index: int, event: Event) -> None:
    """Checks that an order may erase an entry.

    Args:
        order: The order.
        index: The entry's index.
        event: The event of the entry.

    Raises:
        ErasureRefused: If the order names another entry, or the event is under another
            agreement, names other agencies, or is of a kind that is never erased.
        RetentionBroken: The same for a retention order; or if the event is later than the
            order's ``latest_ms``.
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
    """Checks that a log entry records an order.

    Args:
        order: The order.
        order_id: 32 bytes, its statement's id.
        entry: Index of the entry.
        event: The event of the entry.

    Raises:
        ErasureRefused, RetentionBroken: If the entry records another statement, or precedes the
            entries that the order erases.
    """
    if (event.code, event.statement_id) != (EventCode.ERASED, order_id):
        raise order.refusal("its entry records another statement")
    if event.party not in order.parties:
        raise order.refusal("its entry names another agency")
    if entry <= order.indices[-1]:
        raise order.refusal("its entry precedes an entry that it erases")
