"""Watching our own name in the log: keys and acts as ours that were not made here.

Whoever has the agency's root, or a node's signing key, can put a key on record under the node's
name, and then read or sign as the node. It cannot do so unseen: every record is a clear entry.
"""

from tearline.errors import EntryForeign, KeyForeign, TwinAtWork
from tearline.federation.decisions import VoteKind
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import parse_clear
from tearline.wire.federation import parse_vote
from tearline.wire.statements import Signed, header_of
from tearline_client.context import NodeContext


def watch_own_name(context: NodeContext) -> None:
    """Alarms on keys that count as ours and were never here, and on foreign acts of our root.

    A key is made before its record is sent, so what is held now is noted after the log was read.

    Raises:
        TwinAtWork: If our own signing key certified one, and this node knows all that it did.
    """
    stores = context.stores
    with stores.database.transaction():
        stores.own_keys.put(context.keys.ids())
    made = stores.own_keys.all()
    _watch_root(context, made)
    for record in context.trust.keys_of(context.uri, at=context.next_moment()):
        if record.key_id not in made:
            error = KeyForeign(f"{record.use.value} {record.key_id.hex()}")
            context.alarm(error, record.key_id)
            if record.header.signer == context.uri and not stores.recovery.is_own_loss:
                sign = f"it put the {record.use.value} key {record.key_id.hex()[:16]} on record"
                context.stop_for_twin(TwinAtWork(sign), record.key_id)


def _watch_root(context: NodeContext, made: frozenset[bytes]) -> None:
    """Alarms on clear entries since the last call that our root signed elsewhere.

    A node that begins, or was restored, does not know what the agency did before.
    """
    stores, watched, size = context.stores, context.stores.log.watched(), context.stores.log.size
    if watched == size:
        return
    knows_all = watched is not None and not stores.recovery.is_own_loss
    for index, data in stores.log.clear_entries(watched or 0) if knows_all else ():
        entry = parse_clear(data)
        if entry is None:
            continue
        if entry.statement.id not in made and _is_ours(entry, context.agency):
            kind = entry.statement.type.name.lower().replace("_", " ")
            context.alarm(EntryForeign(f"entry {index}, a {kind}"), data)
    with stores.database.transaction():
        stores.log.put_watched(size)


def _is_ours(entry: Signed, agency: str) -> bool:
    """Returns whether a root's entry is an agency's own act, or a vote to replace its root."""
    if entry.statement.type is StatementType.VOTE:
        vote = parse_vote(entry.statement.body)
        if vote.kind is VoteKind.REPLACE and vote.subject == agency:
            return True
    return header_of(entry.statement.body).signer == agency
