"""How long the log keeps what its entries say, and the exchange what packets hold.

All parties signed that time. The exchange erases by it, unasked, and its order says which entries,
by which version of the agreement, and how late the last of them is; so a node that still has what
an entry says can tell an order that comes too early from one that holds, and anybody can tell an
order that contradicts itself. Specified in docs/spec/log-v1.md, section 10.
"""

from tearline.agreement import Agreement
from tearline.erasure import RETAINED, Erasure, agencies_concerned
from tearline.errors import RetentionBroken, RetentionUnknown
from tearline.event import Event
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.packet import Manifest


def is_due(event: Event, agreement: Agreement, exchange: str, now_ms: int) -> bool:
    """Whether an agreement lets the log keep what an entry says no longer.

    Args:
        event: What the entry says.
        agreement: The newest version of the agreement.
        exchange: URI of the exchange.
        now_ms: The log's time.
    """
    return (
        event.code in RETAINED
        and event.agreement_id == agreement.id
        and agreement.log_retention_ms > 0
        and agreement.valid_from_ms <= now_ms
        and event.time_ms + agreement.log_retention_ms <= now_ms
        and set(agencies_concerned(event, exchange)) <= set(agreement.terms.parties)
    )


def end_of_packet(manifest: Manifest, agreement: Agreement | None, accepted_ms: int) -> int:
    """When the exchange deletes a packet's ciphertexts, in the log's time.

    At the end that its originator gave it, or once the agreement's retention has passed since it
    was accepted, whichever comes first.

    Args:
        manifest: The packet's.
        agreement: The newest version of its agreement, where it is known.
        accepted_ms: The log's time of the packet's entry; 0 where it is not known any more.
    """
    if agreement is None or not accepted_ms:
        return manifest.not_after_ms
    return min(manifest.not_after_ms, accepted_ms + agreement.retention_ms)


def verify_rule(order: Erasure, agreement: Agreement, erased_ms: int) -> None:
    """Checks that an agreement lets its order by retention erase what it names.

    Args:
        order: The order.
        agreement: The version that it names, signed by every party.
        erased_ms: The log's time of the order's own entry.

    Raises:
        RetentionBroken: If that version is another one, had not begun, lets the log keep
            everything, or lets it keep the last of the entries longer; or if the entries name
            who is not a party.
    """
    if (order.agreement_id, order.agreement_version) != agreement.key:
        raise RetentionBroken("it rests on another version of an agreement")
    if agreement.valid_from_ms > erased_ms:
        raise RetentionBroken("that version of the agreement had not begun")
    if not agreement.log_retention_ms:
        raise RetentionBroken("the agreement lets the log keep what it says for ever")
    if order.latest_ms + agreement.log_retention_ms > erased_ms:
        raise RetentionBroken("the agreement lets the log keep the last of the entries longer")
    if not set(order.parties) <= set(agreement.terms.parties):
        raise RetentionBroken("the entries name an agency that is not a party")


def verify_time(erased_ms: int, now_ms: int) -> None:
    """Checks that the log's time has not run ahead of our own, which would bring every end near.

    Args:
        erased_ms: The log's time of the order's own entry.
        now_ms: This machine's clock.

    Raises:
        RetentionUnknown: If it has.
    """
    if erased_ms > now_ms + MAX_LOG_TIME_SKEW_MS:
        raise RetentionUnknown("the log's time is ahead of this machine's clock")
