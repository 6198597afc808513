"""Withdrawal of undelivered grants.

Only the exchange knows whether a grant was delivered. So each grant without a receipt is withdrawn
by a void in its place. If the grant was delivered, the exchange refuses the void, and the grant
stands.
"""

from collections.abc import Iterable

from tearline.statements.channel import Void, VoidReason
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_void
from tearline.wire.publications import encode_publication
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_by_agreement
from tearline_client.store.packet_records import StoredGrant


def withdraw(context: NodeContext, grants: Iterable[StoredGrant], reason: VoidReason) -> int:
    """Queues a void for each grant of ours that may still wait in a mailbox.

    The caller holds a transaction, and flushes the outbox afterwards.

    Args:
        context: The node.
        grants: Grants; others' grants, and those with a recipient's receipt, are skipped.
        reason: The reason of the withdrawal.

    Returns:
        The number of voids.
    """
    header = context.signer.header
    bodies = [
        (
            stored.grant.address.agreement_id,
            (
                StatementType.VOID,
                encode_void(
                    Void(
                        header=header,
                        address=stored.grant.address,
                        reason=reason,
                        withdraws=stored.signed.statement.id,
                    )
                ),
            ),
        )
        for stored in grants
        if may_wait(stored)
    ]
    for _, publication in sign_by_agreement(context.signer, bodies):
        context.stores.outbox.put([encode_publication(publication)], now_ms=context.now_ms())
    return len(bodies)


def may_wait(stored: StoredGrant) -> bool:
    """Returns whether a grant may wait in its recipient's mailbox, or be in transit."""
    return (
        not stored.incoming
        and stored.withdrawn is None
        and stored.status in (None, Status.ACCEPTED)
    )
