"""Directory entries: the state of all agencies, as the last entries of a batch."""

from tearline.verification.trust import TrustState
from tearline_server.processing.batch import Batch


def state_directory(trust: TrustState, batch: Batch) -> None:
    """Adds a directory entry, and another one if the time of the first replaced a root."""
    has_changed = True
    while has_changed:  # twice at most: nothing is due twice at one time
        index, entry = batch.next_index, trust.directory.entry(batch.now_ms)
        trust.apply(index, entry)
        batch.log(entry)
        has_changed = trust.membership.has_changed_at(index)
        if has_changed:
            batch.effects.append(index)
            batch.trust_changed = True
