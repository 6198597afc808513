"""Taking grants back that their recipients were not handed yet.

Whether one was, only the exchange can say: so each grant of which no word has come back is asked
for by a void in its place. Where the exchange has handed it out, it refuses the void, and the
grant stands.
"""

from collections.abc import Iterable

from tearline.statements.channel import Void, VoidReason
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_void
from tearline.wire.publications import encode_publication
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_by_agreement
from tearline_client.store.packets import StoredGrant


def withdraw(context: NodeContext, grants: Iterable[StoredGrant], reason: VoidReason) -> int:
    """Queues a void in the place of every grant of ours that may still wait in a mailbox.

    Its caller has a transaction, and sends what waits afterwards.

    Args:
        context: The node.
        grants: Grants; those that are not ours, or of which the recipient has signed for
            something, are left alone.
        reason: Why they are taken back.

    Returns:
        How many were asked for.
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
    """Whether a grant may wait in its recipient's mailbox, or be on its way there."""
    return (
        not stored.incoming
        and stored.withdrawn is None
        and stored.status in (None, Status.ACCEPTED)
    )
