"""Persons at partners that saw a packet: one reading of receipts and of answers to recalls.

A receipt is about one grant. An answer to a recall is about the packet: it states a use by its
node, and by which grant only where the node has a single one.
"""

from collections import Counter

from tearline.dataclass.immutable import immutable
from tearline.packets.recall import Reach
from tearline.statements.receipt import Status
from tearline_client.context import NodeContext
from tearline_client.store.recalls import StoredRecall


@immutable
class Sightings:
    """Grants and partners of which a signed statement says that a person saw the packet.

    Attributes:
        grants: Statement ids of the grants.
        partners: URIs of the nodes.
    """

    grants: frozenset[bytes]
    partners: frozenset[str]


def sightings_of(context: NodeContext, packet_id: bytes) -> Sightings:
    """Returns the grants and partners of a packet with a person that saw it."""
    stores = context.stores
    granted = [
        each for each in stores.packets.grants(packet_id) if each.status is not Status.REFUSED
    ]
    recipients = {each.signed.statement.id: each.grant.address.recipient for each in granted}
    receipts = {grant: stores.receipts.of(grant) for grant in recipients}
    grants = {each.signed.statement.id for each in granted if each.status is Status.SEEN}
    grants |= {
        grant for grant, told in receipts.items() if any(r.status is Status.SEEN for r in told)
    }
    partners = {
        each.partner
        for each in stores.recalls.of(packet_id)
        if not each.incoming and each.answer is not None and Reach.SEEN in each.answer.reach
    }
    count = Counter(recipients.values())
    alone = {grant for grant, to in recipients.items() if to in partners and count[to] == 1}
    return Sightings(
        grants=frozenset(grants | alone),
        partners=frozenset(partners | {recipients[grant] for grant in grants}),
    )


def stated_uses(context: NodeContext, stored: StoredRecall) -> tuple[Reach, ...]:
    """Returns the uses of a recalled packet that its recipient has stated, ascending."""
    found = set(stored.answer.reach if stored.answer else ())
    if not stored.incoming:
        seen = sightings_of(context, stored.recall.packet).partners
        found |= {Reach.SEEN} if stored.partner in seen else set()
    return tuple(sorted(found))
