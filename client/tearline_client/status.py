"""How a node stands: what waits, what was put aside, which keys count."""

from collections.abc import Mapping
from dataclasses import dataclass

from tearline.federation.members import KeyRecord
from tearline_client.context import NodeContext
from tearline_client.store.channels import ChannelState
from tearline_client.store.inbox import Quarantined
from tearline_client.store.outbox import OutboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """How the node stands.

    Attributes:
        uri: The node.
        log_size: Entries of the log that were read and verified.
        outbox: Items by state.
        waiting_since_ms: When the oldest item that waits in it was put there, Unix milliseconds;
            None where none does.
        faults: Codes of what keeps items of the outbox waiting, and how many.
        channels: Every channel pair.
        quarantined: What was put aside, with its evidence.
        over_quota: How much more each agency sent that does not verify than is kept of it.
        keys: The node's keys on record that count now.
        certificate_end_ms: When the TLS certificate of its connection ends, Unix milliseconds.

    Example:
        >>> status = node.status()
        >>> status.uri, len(status.quarantined)
        ('spiffe://justice.us.example/node/liaison', 0)
    """

    uri: str
    log_size: int
    outbox: dict[OutboxState, int]
    waiting_since_ms: int | None
    faults: dict[str, int]
    channels: tuple[ChannelState, ...]
    quarantined: tuple[Quarantined, ...]
    over_quota: Mapping[str, int]
    keys: tuple[KeyRecord, ...]
    certificate_end_ms: int


def status_of(context: NodeContext, *, certificate_end_ms: int) -> NodeStatus:
    """How a node stands."""
    stores = context.stores
    return NodeStatus(
        uri=context.uri,
        log_size=stores.log.size,
        outbox=stores.outbox.counts(),
        waiting_since_ms=stores.outbox.waiting_since_ms(),
        faults=stores.outbox.faults(),
        channels=stores.channels.all(),
        quarantined=stores.inbox.quarantined(),
        over_quota=stores.inbox.over_quota(),
        keys=context.trust.keys_of(context.uri, at=context.next_moment()),
        certificate_end_ms=certificate_end_ms,
    )
