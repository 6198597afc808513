"""Departures: what the exchange returns and settles where an agency is no member any more."""

from tearline.audit.event import EventCode
from tearline.identity import agency_uri_of
from tearline_server.processing.batch import Batch
from tearline_server.processing.handlers.suspensions import ends_of, hold, undelivered_of
from tearline_server.processing.registry import Registry


def return_departed(registry: Registry, batch: Batch, departed: str, *, actor: str) -> None:
    """Returns the undelivered grants from and to an agency that is no member any more.

    The mailboxes of its nodes count as acknowledged.

    Args:
        registry: Agreements and mailboxes.
        batch: The batch.
        departed: The agency.
        actor: The node whose statement decided it.
    """
    for agreement_id in agreements_of(registry, departed):
        for waiting in undelivered_of(batch, agreement_id):
            if departed in ends_of(waiting.event):
                hold(registry, batch, waiting, EventCode.RETURNED, actor=actor)
    for node in registry.trust.nodes_of(departed):
        batch.acknowledged[node] = registry.mailboxes.get(node, 0)


def agreements_of(registry: Registry, agency: str) -> frozenset[bytes]:
    """Returns the ids of the agreements that name an agency as a party."""
    # At most MAX_PAIR_AGREEMENTS with each partner; asked when a member departs.
    return frozenset(
        agreement_id
        for agreement_id, found in registry.agreements.items()
        if agency in found.agreement.terms.parties
    )


def acknowledge_departed(registry: Registry, batch: Batch) -> None:
    """Acknowledges new mail to nodes of agencies that are no members any more.

    Marks and voids are addressed to them that close their channels. Without a reader, such mail
    would count as unread for ever.
    """
    members = registry.trust.members
    for item in batch.mail:
        if members.agency(agency_uri_of(item.node)) is None:
            batch.acknowledged[item.node] = max(item.seq, batch.acknowledged.get(item.node, 0))
