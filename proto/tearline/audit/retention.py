"""Retention of entries' contents in the log, and of packets' ciphertexts at the exchange.

All parties signed the retention. The exchange erases by it automatically, and its order names the
entries, the agreement version, and the time of the last entry. A node with the contents can thus
detect an order that comes too early, and any reader can detect an order that contradicts itself.
Specified in docs/spec/log-v1.md, section 10.
"""

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import RETAINED, Erasure, agencies_concerned
from tearline.audit.event import Event
from tearline.errors import RetentionBroken, RetentionUnknown
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.packets.packet import Manifest


def is_due(event: Event, agreement: Agreement, exchange: str, now_ms: int) -> bool:
    """Returns whether the retention of an entry's contents has ended.

    Args:
        event: The event of the entry.
        agreement: The newest version of the agreement.
        exchange: URI of the exchange.
        now_ms: The log's time, Unix milliseconds.
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
    """Returns the log time at which the exchange deletes a packet's ciphertexts.

    It is the packet's expiry, or the end of the agreement's retention since its acceptance,
    whichever is earlier.

    Args:
        manifest: The packet's.
        agreement: The newest version of its agreement, if known.
        accepted_ms: The log's time of the packet's entry; 0 if no longer known.
    """
    if agreement is None or not accepted_ms:
        return manifest.not_after_ms
    return min(manifest.not_after_ms, accepted_ms + agreement.retention_ms)


def verify_rule(order: Erasure, agreement: Agreement, erased_ms: int) -> None:
    """Checks that an agreement permits its retention order.

    Args:
        order: The order.
        agreement: The version that it names, signed by every party.
        erased_ms: The log's time of the order's own entry.

    Raises:
        RetentionBroken: If the version is another one, had not begun, has no retention limit,
            or a longer one; or if the entries name an agency that is not a party.
    """
    if (order.agreement_id, order.agreement_version) != agreement.key:
        raise RetentionBroken("it names another version of the agreement")
    if agreement.valid_from_ms > erased_ms:
        raise RetentionBroken("that version of the agreement had not begun")
    if not agreement.log_retention_ms:
        raise RetentionBroken("the agreement sets no limit on the log's retention")
    if order.latest_ms + agreement.log_retention_ms > erased_ms:
        raise RetentionBroken("the agreement lets the log keep the last of the entries longer")
    if not set(order.parties) <= set(agreement.terms.parties):
        raise RetentionBroken("the entries name an agency that is not a party")


def verify_time(erased_ms: int, now_ms: int) -> None:
    """Checks that the log's time is not ahead of the local clock, which would bring every end near.

    Args:
        erased_ms: The log's time of the order's own entry.
        now_ms: This machine's clock.

    Raises:
        RetentionUnknown: If it is.
    """
    if erased_ms > now_ms + MAX_LOG_TIME_SKEW_MS:
        raise RetentionUnknown("the log's time is ahead of this machine's clock")
