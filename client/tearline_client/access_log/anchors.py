"""Daily anchors of the node's access log in the exchange's log."""

import secrets

from tearline.audit.anchor import Anchor, AnchoredTree
from tearline.errors import TrustError
from tearline.statements.statement import SALT_SIZE, StatementType
from tearline.wire.grants import encode_anchor
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together
from tearline_client.outbox.sender import Sender
from tearline_client.store.access import AccessStore, StoredAnchor

ANCHOR_MS = 24 * 3_600_000


class AccessLogAnchors:
    """Anchors of the node's access log.

    Args:
        context: The node.
        store: Its access log.
        sender: Its outbox.
    """

    def __init__(self, context: NodeContext, store: AccessStore, sender: Sender) -> None:
        self._context = context
        self._store = store
        self._sender = sender

    def anchor(self) -> bool:
        """Queues an anchor a day after the last one, or after the first entry.

        It does so even without new entries, so that anchors reveal no reading.

        Returns:
            Whether an anchor was queued; False while the signing key may not sign anchors.

        Raises:
            StoreDamaged: If the stored access log cannot be opened.
        """
        state = self._context
        with state.stores.database.transaction():
            head, last = self._store.head(), self._store.last_anchor()
            if not head.tree.size:
                return False
            now_ms = state.now_ms()
            since_ms = head.since_ms if last is None else last.time_ms
            if abs(now_ms - since_ms) < ANCHOR_MS:  # a time far ahead is by a wrong clock
                return False
            header = state.signer.header
            try:
                state.trust.signing_key(header, StatementType.ANCHOR, at=state.next_moment())
            except TrustError:
                return False
            tree = AnchoredTree(
                salt=secrets.token_bytes(SALT_SIZE), size=head.tree.size, root=head.tree.root()
            )
            number = 1 if last is None else last.number + 1
            body = encode_anchor(Anchor(header=header, number=number, commitment=tree.commitment()))
            _, publication = sign_together(state.signer, [(StatementType.ANCHOR, body)])
            (statement,) = publication.statements()
            self._store.put_anchor(
                StoredAnchor(
                    number=number,
                    statement_id=statement.id,
                    body=body,
                    tree=tree,
                    time_ms=now_ms,
                )
            )
            self._sender.store_publications([publication])
        return True
