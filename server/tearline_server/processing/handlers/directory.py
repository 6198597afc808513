"""Directory entries: the state of all agencies, as the last entries of a batch."""

from tearline_server.processing.batch import Batch
from tearline_server.processing.handlers.departures import agreements_of, return_departed
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Lookups


def due_lookups(registry: Registry, now_ms: int) -> Lookups:
    """Returns the lookup of the grants that a directory entry of this time returns."""
    due = (
        agreements_of(registry, uri)
        for uri, waiting in registry.trust.membership.replacements.items()  # decided by votes
        if waiting.due_ms is not None and waiting.due_ms <= now_ms
    )
    return Lookups(agreements=frozenset().union(*due))


def state_directory(registry: Registry, batch: Batch) -> None:
    """Adds a directory entry.

    If its time replaced the root of an agency, the undelivered grants from and to the agency are
    returned, and another directory entry ends the batch.
    """
    membership, has_changed = registry.trust.membership, True
    while has_changed:  # twice at most: nothing is due twice at one time
        waiting = frozenset(membership.replacements)
        index, entry = batch.next_index, registry.trust.directory.entry(batch.now_ms)
        registry.trust.apply(index, entry)
        batch.log(entry)
        has_changed = membership.has_changed_at(index)
        if has_changed:
            batch.effects.append(index)
            batch.trust_changed = True
        for uri in sorted(waiting - membership.replacements.keys()):
            return_departed(registry, batch, uri, actor=registry.trust.members.exchange.uri)
