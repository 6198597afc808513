"""Watching our own name in the log: a key on record as ours that was not made here.

Whoever has the agency's root, or a node's signing key, can put a key on record under the node's
name, and then read or sign as the node. It cannot do so unseen: every record is a clear entry.
"""

from tearline.errors import KeyForeign, TwinAtWork
from tearline_client.state import NodeState


def watch_own_name(state: NodeState) -> None:
    """Alarms on keys that count as ours and were never here.

    A key is made before its record is sent, so what is held now is noted after the log was read.

    Raises:
        TwinAtWork: If our own signing key certified one, and this node knows all that it did.
    """
    stores = state.stores
    with stores.database.transaction():
        stores.made.put(state.keys.ids())
    made = stores.made.all()
    for record in state.trust.keys_of(state.uri, at=state.next_moment()):
        if record.key_id not in made:
            error = KeyForeign(f"{record.use.value} {record.key_id.hex()}")
            state.alarm(error, record.key_id)
            if record.header.signer == state.uri and not stores.recovery.is_own_loss:
                sign = f"it put the {record.use.value} key {record.key_id.hex()[:16]} on record"
                state.stop_for_twin(TwinAtWork(sign), record.key_id)
