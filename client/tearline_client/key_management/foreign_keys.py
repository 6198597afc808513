"""Watching our own name in the log: a key on record as ours that was not made here.

Whoever has the agency's root, or a node's signing key, can put a key on record under the node's
name, and then read or sign as the node. It cannot do so unseen: every record is a clear entry.
"""

from tearline.errors import KeyForeign, TwinAtWork
from tearline_client.context import NodeContext


def watch_own_name(context: NodeContext) -> None:
    """Alarms on keys that count as ours and were never here.

    A key is made before its record is sent, so what is held now is noted after the log was read.

    Raises:
        TwinAtWork: If our own signing key certified one, and this node knows all that it did.
    """
    stores = context.stores
    with stores.database.transaction():
        stores.own_keys.put(context.keys.ids())
    made = stores.own_keys.all()
    for record in context.trust.keys_of(context.uri, at=context.next_moment()):
        if record.key_id not in made:
            error = KeyForeign(f"{record.use.value} {record.key_id.hex()}")
            context.alarm(error, record.key_id)
            if record.header.signer == context.uri and not stores.recovery.is_own_loss:
                sign = f"it put the {record.use.value} key {record.key_id.hex()[:16]} on record"
                context.stop_for_twin(TwinAtWork(sign), record.key_id)
