"""Required checkpoint signatures, from this node's copy of the log, for other readers."""

from collections.abc import Iterable, Mapping

from tearline.errors import NotFound
from tearline.identity import agency_uri_of
from tearline.tlog.checkpoint import VerifierKey
from tearline.tlog.policy import CosignerGroup, LogPolicy, trusted_keys
from tearline_client.context import NodeContext


def log_policy(
    context: NodeContext, cosigned_by: Iterable[str] = (), *, counted: bool = False
) -> LogPolicy:
    """Returns the log's keys, all required, and each node's newest cosigning key.

    Args:
        context: The node.
        cosigned_by: URIs of nodes with a required cosignature; others are verified if present.
        counted: Whether the quorum of counted cosigners is required, too; one node of each counts.

    Raises:
        NotFound: If one of these has no cosigning key on record, or fewer counted cosigners than
            the quorum have one.
    """
    trust, at = context.trust, context.next_moment()
    # The newest of several keys of a node comes last.
    witnesses = {uri: key for uri in trust.nodes() for key in trust.cosigning_keys(uri, at=at)}
    needed = list(dict.fromkeys(cosigned_by))
    missing = [uri for uri in needed if uri not in witnesses]
    if missing:
        raise NotFound(f"{missing[0]} has no cosigning key on record")
    groups = _counted(context, witnesses, needed) if counted else {}
    return trusted_keys(
        trust.members.log.verifier_keys, witnesses, [*needed, *list(groups)[-1:]], groups
    )


def _counted(
    context: NodeContext, witnesses: Mapping[str, VerifierKey], needed: Iterable[str]
) -> Mapping[str, CosignerGroup]:
    """Returns a group of each counted cosigner's nodes, and at last that of the quorum."""
    members = context.trust.members
    nodes = {
        agency: tuple(sorted(uri for uri in witnesses if agency_uri_of(uri) == agency))
        for agency in sorted(members.cosigners)
    }
    # A witness stands in one group: an agency of a required node counts by that node, anyway.
    known = {agency_uri_of(uri) for uri in needed}
    groups = {
        agency: CosignerGroup(needed=1, members=uris)
        for agency, uris in nodes.items()
        if uris and agency not in known
    }
    quorum = members.constitution.quorum - len(known & nodes.keys())
    if quorum > len(groups):
        raise NotFound("too few counted cosigners have a cosigning key on record")
    if quorum < 1:
        return {}
    return {**groups, "counted-cosigners": CosignerGroup(needed=quorum, members=tuple(groups))}
