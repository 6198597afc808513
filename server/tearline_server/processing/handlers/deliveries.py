"""Handing out of grants: each delivery is logged before it happens.

A grant for a node that waits for mail is handed out in the batch that accepts it. Any other grant
is handed out when its turn in the mailbox comes.
"""

from collections.abc import Set

from tearline.audit.event import Event, EventCode
from tearline.suspensions.index import is_held
from tearline_server.processing.batch import Batch
from tearline_server.processing.handlers.recall_rules import gone_slots, rows_of
from tearline_server.processing.handlers.suspensions import ends_of, hold, stops_of
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Undelivered


def hand_out(
    registry: Registry, batch: Batch, waiting: Undelivered, *, has_ended: bool = False
) -> bool:
    """Logs the delivery of a grant, unless it may no longer be delivered.

    A grant suspended since its acceptance is withheld, and so is one from or to an agency that
    departed since. A grant that ended or was recalled is passed
    over.

    Args:
        registry: Agreements and standings.
        batch: The batch.
        waiting: The grant.
        has_ended: Whether it has ended.

    Returns:
        Whether it is handed out.
    """
    place, event = (waiting.node, waiting.seq), waiting.event
    found = registry.agreements.get(event.agreement_id)
    stops = () if found is None else stops_of(registry, found.agreement, event)
    has_departed = found is not None and not set(ends_of(event)).isdisjoint(
        registry.departed(found)
    )
    if stops or has_departed:
        code = EventCode.HELD if is_held(stops) and not has_departed else EventCode.RETURNED
        hold(registry, batch, waiting, code, actor=waiting.node)
        return False
    if has_ended or _is_recalled(batch, waiting):
        batch.passed.add(place)
        return False
    batch.delivered[place] = batch.log(
        Event(
            statement_id=waiting.id,
            code=EventCode.GRANT_DELIVERED,
            party=waiting.node,
            time_ms=batch.now_ms,
            actor=waiting.node,
            counterpart=event.actor,
            packet=event.packet,
            agreement_id=event.agreement_id,
        )
    )
    return True


def hand_out_at_once(registry: Registry, batch: Batch, at_rest: Set[str]) -> None:
    """Hands out new grants to nodes that have read all their mail and wait for more.

    It runs last, so every other effect of the batch applies first. Grants of the same batch cannot
    have ended.

    Args:
        registry: Agreements and standings.
        batch: The judged batch.
        at_rest: URIs of those nodes.
    """
    if batch.trust_changed:
        return  # a node may have been removed: its stream then ends before its turn
    for waiting in list(batch.undelivered()):
        if waiting.node in at_rest:
            hand_out(registry, batch, waiting)


def _is_recalled(batch: Batch, waiting: Undelivered) -> bool:
    return gone_slots(rows_of(batch, waiting.event.packet), waiting.node, waiting.id) is None
