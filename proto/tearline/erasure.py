"""Orders to erase what entries of the log hide: signed by every agency that the entries name.

The entry itself stays where it is, and so does the tree: that it was logged stays provable, what
it said does not. The order is an entry of its own, later in the same log. Specified in
docs/spec/log-v1.md, section 10.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tearline.channel import AGREEMENT_ID_SIZE
from tearline.errors import ErasureRefused, StatementMalformed
from tearline.event import Event, EventCode
from tearline.identity import parse_agency_uri, trust_domain_of
from tearline.limits import MAX_ERASED, MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline.statement import Attestation, Header, Statement

ERASABLE = frozenset(
    {
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.RECEIPT,
        EventCode.VOID,
        EventCode.MARK,
    }
)
"""What agencies said to each other. Refusals, hand-outs, searches and orders stay for ever."""
_MAX_PARTIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An order to erase the contents of entries.

    Attributes:
        header: The node that proposes it.
        agreement_id: 16 bytes: the agreement that the entries stand under.
        indices: Of the entries; ascending, 1 to 256.
        parties: URIs of the agencies that each of the entries names; ascending.
        reason: Why, for people.
    """

    header: Header
    agreement_id: bytes
    indices: tuple[int, ...]
    parties: tuple[str, ...]
    reason: str

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
        if not 0 < len(self.reason.encode()) <= MAX_TEXT_BYTES:
            raise StatementMalformed("an order says why, in 4096 bytes at most")


def agencies_named(event: Event) -> tuple[str, ...]:
    """URIs of the agencies that an event names, ascending."""
    named = {uri for uri in (event.actor, event.party, event.counterpart) if "://" in uri}
    return tuple(sorted({f"spiffe://{trust_domain_of(uri)}" for uri in named}))


def signers_of(statement: Statement, attestations: Mapping[bytes, Attestation]) -> tuple[str, ...]:
    """URIs of the agencies whose nodes signed, as its attestations say; ascending."""
    signers = (attestations[each.attestation].signer for each in statement.inclusions)
    return tuple(sorted({f"spiffe://{trust_domain_of(signer)}" for signer in signers}))


def verify_signed_by_all(order: Erasure, signers: Iterable[str]) -> None:
    """Checks that every party signed an order, and nobody else did.

    Args:
        order: The order.
        signers: URIs of the agencies whose signatures were verified.

    Raises:
        ErasureRefused: If not.
    """
    if set(signers) != set(order.parties):
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
    """
    if index not in order.indices:
        raise ErasureRefused(f"it does not name entry {index}")
    if event.code not in ERASABLE:
        raise ErasureRefused(f"an entry of {event.code.value} stays")
    if (event.agreement_id, agencies_named(event)) != (order.agreement_id, order.parties):
        raise ErasureRefused(f"entry {index} names other agencies, or another agreement")


def verify_logged(order: Erasure, order_id: bytes, entry: int, event: Event) -> None:
    """Checks that an entry of the log is the one that an order has.

    Args:
        order: The order.
        order_id: 32 bytes, its statement's id.
        entry: Index of the entry.
        event: What the entry hides.

    Raises:
        ErasureRefused: If the entry is of something else, or stands before what it erases.
    """
    if (event.code, event.statement_id) != (EventCode.ERASED, order_id):
        raise ErasureRefused("the entry shown for it is of something else")
    if event.party not in order.parties:
        raise ErasureRefused("the entry shown for it is for somebody else")
    if entry <= order.indices[-1]:
        raise ErasureRefused("it stands in the log before what it erases")
