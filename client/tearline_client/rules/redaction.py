"""Erases partners' releases: first the keys, which suffices, then the opened values.

Erasure does not undo earlier reading. The originator is told the earlier uses recorded in the
node's access log.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from tearline.audit.event import EventCode, EventOutcome
from tearline.errors import AgreementNotInForce, CommitmentMismatch, TearlineError
from tearline.packets.ciphertexts import without_ciphertexts
from tearline.packets.grant import Grant
from tearline.packets.packet import PacketParts
from tearline.packets.recall import Reach
from tearline.sealing.redact import opened_slots, redact_release
from tearline.statements.receipt import Status
from tearline.tlog.agreed_time import AgreedTime
from tearline.wire.deliveries import Delivery, encode_delivery, parse_delivery
from tearline.wire.grants import parse_event, parse_grant
from tearline_client.context import NodeContext
from tearline_client.rules.recalled_values import open_values, strip_drafts
from tearline_client.store.access import AccessStore
from tearline_client.store.packet_records import StoredGrant
from tearline_client.store.packets import NEVER_MS
from tearline_runtime.turns import in_turns

Gone = Callable[[bytes, Grant], frozenset[int] | None]
"""Maps a grant, with its statement's id, to its slots to be erased; None for all of them."""

_REACHES = {
    EventCode.ACCESS_OPEN: Reach.OPENED,
    EventCode.ACCESS_SEARCH: Reach.OPENED,
    EventCode.ACCESS_EXPORT: Reach.EXPORTED,
    EventCode.ACCESS_PRINT: Reach.PRINTED,
    EventCode.ACCESS_EXHIBIT: Reach.EXHIBITED,
}


def forget(context: NodeContext, packet_id: bytes, gone: Gone) -> None:
    """Erases a partner's releases of a packet: keys, ciphertexts, values and quarantined copies.

    Drafts lose copied values too. Grants with no slot left are erased, and their grantor is
    notified. The statements remain as proof, and so do keyed tags of values that identify copies,
    until the last grant's end. The caller holds a transaction.

    Args:
        context: The node.
        packet_id: 32 bytes.
        gone: Selects the slots of each grant.
    """
    packets = context.stores.packets
    before = open_values(context, packet_id)
    held = packets.held(packet_id)
    left: frozenset[int] = frozenset()
    incoming = [stored for stored in packets.grants(packet_id) if stored.incoming]
    ends_ms = max((end_of(context, stored) for stored in incoming), default=0)
    for stored in incoming:
        slots = gone(stored.signed.statement.id, stored.grant)
        release = packets.release(packet_id, stored.grant.grant_id)
        rest = None
        if release is not None and held is not None and slots is not None:
            rest = redact_release(release, held.manifest.packet_id, slots)
            left |= opened_slots(rest)
        packets.put_rest(packet_id, rest, grant_id=stored.grant.grant_id)
        if slots is None and (stored.status or 0) < Status.ERASED:
            packets.set_status(stored.signed.statement.id, Status.ERASED)
    context.stores.values.keep_until(packet_id, ends_ms)
    if held is not None:
        packets.put_parts(
            PacketParts(
                manifest=packet_id,
                ciphertexts={
                    slot: data for slot, data in held.parts.ciphertexts.items() if slot in left
                },
            )
        )
    _strip_put_aside(context, packet_id, gone)
    strip_drafts(context, packet_id, before.without(open_values(context, packet_id)))


def _strip_put_aside(context: NodeContext, packet_id: bytes, gone: Gone) -> None:
    """Removes ciphertexts of a packet from quarantined and waiting deliveries.

    Other ciphertexts remain: the reason for a quarantine may pass.
    """
    intake, waiting = context.stores.inbox, context.stores.awaiting_cosignature
    for item in intake.with_packet(packet_id):
        stripped = _stripped(intake.evidence(item), packet_id, gone)
        if stripped is not None:
            intake.replace_evidence(item, stripped)
    for grant_id in waiting.of_packet(packet_id):
        stripped = _stripped(waiting.delivery(grant_id), packet_id, gone)
        if stripped is not None:
            waiting.replace(grant_id, stripped)


def _stripped(data: bytes | None, packet_id: bytes, gone: Gone) -> bytes | None:
    """Returns a delivery without the erased ciphertexts of a packet; None if it has none of it."""
    delivery = None if data is None else _delivery_of(data)
    if delivery is None or all(parts.manifest != packet_id for parts in delivery.parts):
        return None
    grant = _grant_of(delivery)
    slots = None if grant is None else gone(delivery.statements[0].id, grant)
    rest = tuple(
        parts if parts.manifest != packet_id else _left(parts, slots) for parts in delivery.parts
    )
    return encode_delivery(replace(delivery, parts=rest))


def _left(parts: PacketParts, gone: frozenset[int] | None) -> PacketParts:
    """Returns a packet's ciphertexts without the given slots; None removes all of them.

    A path that does not fit is dropped: it proves nothing.
    """
    if gone is None:
        return PacketParts(manifest=parts.manifest, ciphertexts={})
    try:
        return without_ciphertexts(parts, gone)
    except CommitmentMismatch:
        left = {slot: data for slot, data in parts.ciphertexts.items() if slot not in gone}
        return PacketParts(manifest=parts.manifest, ciphertexts=left)


def _grant_of(delivery: Delivery) -> Grant | None:
    """Returns the delivery's own grant, unverified."""
    try:
        return parse_grant(delivery.statements[0].body) if delivery.statements else None
    except TearlineError:
        return None


def _delivery_of(evidence: bytes) -> Delivery | None:
    try:
        return parse_delivery(evidence)
    except TearlineError:
        return None  # evidence of another kind


def reach_of(context: NodeContext, packet_id: bytes) -> tuple[Reach, ...]:
    """Returns the earlier uses of a packet recorded in the node's access log."""
    access = AccessStore(context.stores.database)
    return _reach(_reach_at(context, access, packet_id, *row) for row in access.rows())


async def reach_in_turns(context: NodeContext, packet_id: bytes) -> tuple[Reach, ...]:
    """Returns the same as ``reach_of``, and gives other work its turn meanwhile."""
    access = AccessStore(context.stores.database)
    rows = in_turns(access.rows())
    return _reach([_reach_at(context, access, packet_id, *row) async for row in rows])


def _reach(found: Iterable[frozenset[Reach]]) -> tuple[Reach, ...]:
    return tuple(sorted(frozenset().union(*found)))


def _reach_at(
    context: NodeContext, access: AccessStore, packet_id: bytes, index: int, sealed: bytes
) -> frozenset[Reach]:
    """Returns the uses of a packet that one row of the access log records."""
    event = parse_event(access.opening(index, sealed).event)
    is_done = event.outcome is EventOutcome.OK and event.code in _REACHES
    if event.packet != packet_id or not is_done:
        return frozenset()
    found = {_REACHES[event.code]}
    return frozenset(found if event.actor == context.uri else {*found, Reach.SEEN})


def expire(context: NodeContext, stored: StoredGrant, *, at: AgreedTime) -> bool:
    """Erases the fields of a partner's grant at its end, or at the end of its retention.

    A packet kept by a person after a recall stays. The caller holds a transaction.

    Args:
        context: The node.
        stored: A grant that may have ended; one of ours is never erased here.
        at: The time.

    Returns:
        Whether it was erased.
    """
    packets, statement_id = context.stores.packets, stored.signed.statement.id
    ends_ms = end_of(context, stored)
    if not at.has_reached(ends_ms):
        packets.set_end(statement_id, ends_ms)  # the row predates the column
        return False
    if stored.incoming and context.stores.recalls.is_kept(stored.grant.packet):
        return False
    packets.set_end(statement_id, NEVER_MS)
    if stored.incoming:
        _forget_grant(context, stored)
    return stored.incoming


def _forget_grant(context: NodeContext, stored: StoredGrant) -> None:
    """Erases one grant; slots opened by another grant remain."""
    this = stored.signed.statement.id
    forget(
        context,
        stored.grant.packet,
        lambda statement_id, _: None if statement_id == this else frozenset(),
    )


def end_of(context: NodeContext, stored: StoredGrant) -> int:
    """Returns the end of a grant's retention, in Unix milliseconds.

    For one of ours, that is the end of its storage at the exchange.
    """
    grant = stored.grant
    held = context.stores.packets.held(grant.packet)
    if held is None:
        return grant.not_after_ms
    try:
        agreement = context.stores.agreements.newest(grant.address.agreement_id)
    except AgreementNotInForce:
        return grant.not_after_ms  # its agreement is no longer here
    return min(grant.not_after_ms, held.received_ms + agreement.retention_ms)
