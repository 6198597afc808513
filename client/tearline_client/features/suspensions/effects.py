"""Effects of a suspension on packets of ours, counted before a person confirms it."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.limits import MAX_COUNTED_GRANTS
from tearline.packets.grant import Grant
from tearline.statements.receipt import Status
from tearline.suspensions.suspension import Suspension
from tearline_client.context import NodeContext
from tearline_client.store.packets import NEWEST

_AT_ONCE = 64  # grants, after which other work of the node has its turn


@immutable
class Effects:
    """Packets of ours within the scope of a suspension, by URI of the recipient's agency.

    Attributes:
        undelivered: Number of packets that the recipient has not stored yet.
        delivered: Number of packets that the recipient has.
        is_complete: Whether every grant was counted; otherwise the newest ones were.
    """

    undelivered: Mapping[str, int]
    delivered: Mapping[str, int]
    is_complete: bool


async def effects_of(context: NodeContext, agreement: Agreement, suspension: Suspension) -> Effects:
    """Returns the packets of ours that a suspension by our agency affects.

    Args:
        context: The node.
        agreement: The agreement.
        suspension: The suspension.
    """
    undelivered: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    counted, before = 0, NEWEST
    while counted < MAX_COUNTED_GRANTS:
        page = context.stores.packets.own_grants(before, _AT_ONCE)
        for _, stored in page:
            if stored.stands and _is_in_scope(context, agreement, suspension, stored.grant):
                found = delivered if (stored.status or 0) >= Status.STORED else undelivered
                found[agency_uri_of(stored.grant.address.recipient)] += 1
        counted += len(page)
        if len(page) < _AT_ONCE:
            break
        before = page[-1][0]
        await asyncio.sleep(0)
    return Effects(
        undelivered=undelivered, delivered=delivered, is_complete=counted < MAX_COUNTED_GRANTS
    )


def _is_in_scope(
    context: NodeContext, agreement: Agreement, suspension: Suspension, grant: Grant
) -> bool:
    if grant.address.agreement_id != agreement.id:
        return False
    article_id = context.stores.packets.manifest(grant.packet).agreement.article
    article = agreement.terms.article(article_id)
    if article is None:  # of an earlier version: only a suspension of the whole stops it
        return not suspension.article
    return suspension.covers(
        context.agency,
        article,
        sender=context.agency,
        recipient=agency_uri_of(grant.address.recipient),
    )
