"""Handing grants out: the log says so before it happens.

A grant for a node that waits for mail is handed out in the batch that accepts it; any other when
its turn comes in the mailbox.
"""

from collections.abc import Set

from tearline.event import Event, EventCode
from tearline_server.judging.docket import Docket
from tearline_server.judging.recalled import gone_slots, rows_of
from tearline_server.judging.registry import Registry
from tearline_server.judging.standings import hold, stops_of
from tearline_server.storage.known import Undelivered


def hand_out(
    registry: Registry, docket: Docket, waiting: Undelivered, *, has_ended: bool = False
) -> bool:
    """Logs that a grant is handed out, unless it may not be any more.

    One that a party has suspended since it was accepted is held; one that ended or was recalled
    is passed over.

    Args:
        registry: Agreements and standings.
        docket: The batch.
        waiting: The grant.
        has_ended: Whether its time is over.

    Returns:
        Whether it is handed out.
    """
    place, event = (waiting.node, waiting.seq), waiting.event
    found = registry.agreements.get(event.agreement_id)
    stops = () if found is None else stops_of(registry, found.agreement, event)
    if stops:
        hold(registry, docket, waiting, stops, actor=waiting.node)
        return False
    if has_ended or _is_recalled(docket, waiting):
        docket.passed.add(place)
        return False
    docket.delivered[place] = docket.log(
        Event(
            statement_id=waiting.id,
            code=EventCode.GRANT_DELIVERED,
            party=waiting.node,
            time_ms=docket.now_ms,
            actor=waiting.node,
            counterpart=event.actor,
            packet=event.packet,
            agreement_id=event.agreement_id,
        )
    )
    return True


def hand_out_at_once(registry: Registry, docket: Docket, at_rest: Set[str]) -> None:
    """Hands out what the batch brings for nodes that have read all there was, and wait for more.

    It comes last, so that whatever else the batch brings is obeyed. What the batch accepted
    cannot have ended.

    Args:
        registry: Agreements and standings.
        docket: The batch, judged.
        at_rest: URIs of those nodes.
    """
    if docket.trust_changed:
        return  # a node may be none any more: its stream ends before its turn would come
    for waiting in list(docket.undelivered()):
        if waiting.node in at_rest:
            hand_out(registry, docket, waiting)


def _is_recalled(docket: Docket, waiting: Undelivered) -> bool:
    return gone_slots(rows_of(docket, waiting.event.packet), waiting.node, waiting.id) is None
