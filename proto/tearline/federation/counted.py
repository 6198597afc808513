"""Counted cosigners: agencies with cosignatures that prove a checkpoint to a reader.

The constitution names n agencies and a quorum k, with 3k > 2n. Two sets of k agencies share more
than a third of them, so two logs need that many dishonest agencies. Lines are counted by agency:
further nodes and keys of one agency add nothing. Specified in docs/spec/federation-v1.md.
"""

from collections.abc import Mapping, Set

from tearline.errors import CosignersTooFew
from tearline.identity import agency_uri_of
from tearline.tlog.checkpoint import SignedCheckpoint


def counted_times_s(signed: SignedCheckpoint, cosigners: Set[str]) -> Mapping[str, int]:
    """Returns the latest time of each counted cosigner's verified lines, Unix seconds.

    Args:
        signed: A checkpoint, verified with the cosigners' keys among the known ones. A key's name
            is the URI of its node.
        cosigners: The counted cosigners at the checkpoint's size; see ``Members.cosigners``.
    """
    times_s: dict[str, int] = {}
    for line in signed.signatures:
        if line.key.name == signed.checkpoint.origin or line.time_s is None:
            continue  # the log's own line
        agency = agency_uri_of(line.key.name)
        if agency in cosigners:
            times_s[agency] = max(line.time_s, times_s.get(agency, 0))
    return times_s


def verify_counted(signed: SignedCheckpoint, cosigners: Set[str], quorum: int) -> int:
    """Checks that enough counted cosigners signed, and returns the time of the k-th newest line.

    At that time, in Unix seconds, k of them had not seen a larger log.

    Args:
        signed: See ``counted_times_s``.
        cosigners: See ``counted_times_s``.
        quorum: The number k of agencies that must have signed.

    Raises:
        CosignersTooFew: If fewer did.
    """
    times_s = sorted(counted_times_s(signed, cosigners).values(), reverse=True)
    if len(times_s) < quorum:
        size = signed.checkpoint.size
        raise CosignersTooFew(f"size {size}: {len(times_s)} of {quorum} counted cosigners signed")
    return times_s[quorum - 1]
