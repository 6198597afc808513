"""``Commit``: all writes of one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from tearline.dataclass.immutable import immutable
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.tlog.merkle import Frontier, Node
from tearline_server.storage.columns import Slots
from tearline_server.storage.rows import (
    AgreementRow,
    CaseStepRow,
    ChannelRow,
    ErasureRow,
    EventRow,
    MailRow,
    MailUpdate,
    PacketRow,
    ReachRow,
    RecallRow,
    RequestRow,
    RequestStepRow,
    StandingRow,
    StatementRow,
    StoppageRow,
    WithdrawnRow,
)


@immutable
class Commit:
    """All writes of one transaction, applied atomically.

    Attributes:
        tree: The log's tree including the new entries.
        time_ms: The log's time of the new entries.
        entries: New entries, in order.
        nodes: Tree nodes that the new entries completed.
        effects: Directory entries whose time changed a member.
        dropped: Slots whose ciphertexts are deleted, by packet; None for all slots.
        ends: Time of the next expiry check, by packet; None once no ciphertext is left.
        budgets: Changed budgets, by agency and part.
        stopped: New suspensions, including any that were resumed in the same batch.
        resumed: Ends of earlier suspensions, identified by scope.
    """

    tree: Frontier
    time_ms: int
    entries: Sequence[bytes] = ()
    nodes: Sequence[Node] = ()
    effects: Sequence[int] = ()
    events: Sequence[EventRow] = ()
    attestations: Mapping[bytes, bytes] = field(default_factory=dict)
    statements: Sequence[StatementRow] = ()
    packets: Sequence[PacketRow] = ()
    agreements: Sequence[AgreementRow] = ()
    channels: Sequence[ChannelRow] = ()
    budgets: Mapping[tuple[str, BudgetPart], BudgetLevel] = field(default_factory=dict)
    mail: Sequence[MailRow] = ()
    mail_updates: Sequence[MailUpdate] = ()
    standings: Sequence[StandingRow] = ()
    stopped: Sequence[StoppageRow] = ()
    resumed: Sequence[StoppageRow] = ()
    reaches: Sequence[ReachRow] = ()
    case_steps: Sequence[CaseStepRow] = ()
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    erased: Sequence[ErasureRow] = ()
    requests_opened: Sequence[RequestRow] = ()
    requests_changed: Sequence[RequestRow] = ()
    request_steps: Sequence[RequestStepRow] = ()
    withdrawn: Sequence[WithdrawnRow] = ()
    recalls: Sequence[RecallRow] = ()
    dropped: Mapping[bytes, Slots | None] = field(default_factory=dict)
    ends: Mapping[bytes, int | None] = field(default_factory=dict)

    @property
    def restless(self) -> frozenset[bytes]:
        """Returns the agreements whose suspensions or reaches this commit changes."""
        stoppages = {row.agreement for row in (*self.stopped, *self.resumed)}
        return frozenset(stoppages | {row.agreement for row in self.reaches})

    @property
    def waiting(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Returns statements and bytes added to mailbox rooms, by node and sending agency."""
        added: dict[tuple[str, str], tuple[int, int]] = {}
        for row in self.mail:
            if row.agency:
                statements, size = added.get((row.node, row.agency), (0, 0))
                added[row.node, row.agency] = (statements + 1, size + row.bytes)
        return added
