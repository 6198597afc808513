"""Required checkpoint signatures, from this node's copy of the log, for other readers."""

from collections.abc import Iterable

from tearline.errors import NotFound
from tearline.tlog.policy import LogPolicy, trusted_keys
from tearline_client.context import NodeContext


def log_policy(context: NodeContext, cosigned_by: Iterable[str] = ()) -> LogPolicy:
    """Returns the log's keys, all required, and each node's newest cosigning key.

    Args:
        context: The node.
        cosigned_by: URIs of nodes with a required cosignature; others are verified if present.

    Raises:
        NotFound: If one of these has no cosigning key on record.
    """
    trust, at = context.trust, context.next_moment()
    # The newest of several keys of a node comes last.
    witnesses = {uri: key for uri in trust.nodes() for key in trust.cosigning_keys(uri, at=at)}
    needed = list(dict.fromkeys(cosigned_by))
    missing = [uri for uri in needed if uri not in witnesses]
    if missing:
        raise NotFound(f"{missing[0]} has no cosigning key on record")
    return trusted_keys(trust.members.log.verifier_keys, witnesses, needed)
