"""Required checkpoint signatures, from this node's copy of the log, for other readers."""

from collections.abc import Iterable, Mapping

from tearline.errors import NotFound
from tearline.identity import agency_uri_of
from tearline.tlog.checkpoint import VerifierKey
from tearline.tlog.policy import CosignerGroup, LogPolicy, trusted_keys
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState


def log_policy(
    trust: TrustState, at: Moment, cosigned_by: Iterable[str] = (), *, counted: bool = False
) -> LogPolicy:
    """Returns the log's keys, all required, and each node's newest cosigning key.

    Args:
        trust: The members and their keys.
        at: The size of the log, and the time, at which they count.
        cosigned_by: URIs of nodes with a required cosignature; others are verified if present.
        counted: Whether the quorum of counted cosigners is required, too; one node of each counts.
            Keys of other cosigners are then left out.

    Raises:
        NotFound: If one of these has no cosigning key on record, or fewer counted cosigners than
            the quorum have one.
    """
    needed, members = list(dict.fromkeys(cosigned_by)), trust.members_at(at)
    # The newest of several keys of a node comes last.
    witnesses = {
        uri: key
        for uri in trust.nodes()
        if not counted or uri in needed or agency_uri_of(uri) in members.cosigners
        for key in trust.cosigning_keys(uri, at=at)
    }
    missing = [uri for uri in needed if uri not in witnesses]
    if missing:
        raise NotFound(f"{missing[0]} has no cosigning key on record")
    groups: Mapping[str, CosignerGroup] = {}
    if counted:
        groups = _counted(members.cosigners, members.constitution.quorum, witnesses, needed)
    keys = trust.log.at(at.index).verifier_keys
    return trusted_keys(keys, witnesses, [*needed, *list(groups)[-1:]], groups)


def counted_policy(trust: TrustState, directory: Moment) -> LogPolicy | None:
    """Returns the policy of the counted cosigners at a directory entry, the last of its tree.

    None if ``trust`` has cosigning keys of fewer than the quorum: its node has not read that far.
    """
    at = Moment(index=directory.index + 1, time_ms=directory.time_ms)
    try:
        return log_policy(trust, at, counted=True)
    except NotFound:
        return None


def _counted(
    cosigners: frozenset[str],
    quorum: int,
    witnesses: Mapping[str, VerifierKey],
    needed: Iterable[str],
) -> Mapping[str, CosignerGroup]:
    """Returns a group of each counted cosigner's nodes, and at last that of the quorum."""
    nodes = {
        agency: tuple(sorted(uri for uri in witnesses if agency_uri_of(uri) == agency))
        for agency in sorted(cosigners)
    }
    # A witness stands in one group: an agency of a required node counts by that node, anyway.
    known = {agency_uri_of(uri) for uri in needed}
    groups = {
        agency: CosignerGroup(needed=1, members=uris)
        for agency, uris in nodes.items()
        if uris and agency not in known
    }
    quorum -= len(known & nodes.keys())
    if quorum > len(groups):
        raise NotFound("too few counted cosigners have a cosigning key on record")
    if quorum < 1:
        return {}
    return {**groups, "counted-cosigners": CosignerGroup(needed=quorum, members=tuple(groups))}
