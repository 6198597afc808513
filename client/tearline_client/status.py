"""Status of a node: queued messages, quarantine, channels and keys."""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.federation.members import KeyRecord
from tearline_client.context import NodeContext
from tearline_client.log.membership import MembershipEnd
from tearline_client.store.channels import ChannelState
from tearline_client.store.inbox import Quarantined
from tearline_client.store.outbox import OutboxState


@immutable
class NodeStatus:
    """Status of a node.

    Attributes:
        uri: URI of the node.
        log_size: Number of log entries read and verified.
        outbox: Number of outbox items by state.
        waiting_since_ms: Time of the oldest waiting item in the outbox, Unix milliseconds; None
            if no item waits.
        faults: Number of waiting items by the code of their error.
        channels: Every channel pair.
        quarantined: Quarantined deliveries, with their evidence.
        over_quota: Number of invalid deliveries beyond the quarantine's quota, by agency.
        keys: The node's valid keys on record.
        membership_end: End of its agency's membership, or None.
        certificate_end_ms: End of its connection's TLS certificate, Unix milliseconds.
        stopped: Whether sending waits for a person's decision on the log, or on another copy.
        behind_since_ms: Start of the time since which the mailbox was not read to its end, Unix
            milliseconds; None if it is.
        behind_items: Number of unread items of the mailbox; None if it is unknown.
        counted_size: Number of log entries that enough counted cosigners have cosigned.
        quorum: Number of counted cosigners that are enough, and of all that are members.
        is_light: Whether this is a light node; ``log_size`` is then that of its newest turn.
        followed: Number of agencies whose entries a light node reads beside its own.

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
    membership_end: MembershipEnd | None
    certificate_end_ms: int
    stopped: bool
    behind_since_ms: int | None
    behind_items: int | None
    counted_size: int = 0
    quorum: tuple[int, int] = (0, 0)
    is_light: bool = False
    followed: int = 0

    @property
    def waiting(self) -> int:
        """Returns the number of signed messages that wait in the outbox."""
        waiting = (OutboxState.SEALED, OutboxState.UNKNOWN)
        return sum(self.outbox.get(state, 0) for state in waiting)


def status_of(context: NodeContext, *, certificate_end_ms: int) -> NodeStatus:
    """Returns the status of a node."""
    stores, members = context.stores, context.known.members
    return NodeStatus(
        uri=context.uri,
        log_size=stores.log.size,
        is_light=context.is_light,
        followed=len(set(stores.light.followed()) - {context.agency}),
        counted_size=context.counted_size(),
        quorum=(members.constitution.quorum, len(members.cosigners)),
        outbox=stores.outbox.counts(),
        waiting_since_ms=stores.outbox.waiting_since_ms(),
        faults=stores.outbox.faults(),
        channels=stores.channels.all(),
        quarantined=stores.inbox.quarantined(),
        over_quota=stores.inbox.over_quota(),
        keys=context.trust.keys_of(context.uri, at=context.next_moment()),
        membership_end=context.membership_end(),
        certificate_end_ms=certificate_end_ms,
        stopped=stores.cosigning.is_stopped or bool(stores.recovery.twin()),
        behind_since_ms=context.unread.since_ms,
        behind_items=context.unread.items,
    )
