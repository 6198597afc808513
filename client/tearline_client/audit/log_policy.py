"""What a checkpoint must bear, from this node's own reading of the log, for readers elsewhere."""

from collections.abc import Iterable

from tearline.errors import NotFound
from tearline.tlog.policy import LogPolicy, trusted_keys
from tearline_client.context import NodeContext


def log_policy(context: NodeContext, cosigned_by: Iterable[str] = ()) -> LogPolicy:
    """The log's keys, all of which are demanded, and the newest cosigning key of each node.

    Args:
        context: The node.
        cosigned_by: URIs of nodes whose cosignature is demanded; those of others are verified
            where they stand.

    Raises:
        NotFound: If one of these has no cosigning key on record.
    """
    trust, at = context.trust, context.next_moment()
    # Of several keys of one node the newest, which comes last.
    witnesses = {uri: key for uri in trust.nodes() for key in trust.cosigning_keys(uri, at=at)}
    needed = list(dict.fromkeys(cosigned_by))
    missing = [uri for uri in needed if uri not in witnesses]
    if missing:
        raise NotFound(f"{missing[0]} has no cosigning key on record")
    return trusted_keys(trust.trust_list.log.verifier_keys, witnesses, needed)
