"""``Commit``: everything that one transaction writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tearline.merkle import Frontier, Node
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one transaction writes. All of it happens, or nothing does.

    Attributes:
        tree: The log's tree with the new entries.
        time_ms: The log's time of them.
        entries: New entries, in order.
        nodes: The nodes of the tree that they completed.
        dropped: The slots whose ciphertexts go, by packet; None for all of them.
        ends: When to look whether packets have ended; None where all their ciphertexts are gone.
        stopped: What was suspended; where it was resumed at once, with its end.
        resumed: Of what was suspended before, what was resumed: by its scope, with its end.
    """

    tree: Frontier
    time_ms: int
    entries: Sequence[bytes] = ()
    nodes: Sequence[Node] = ()
    events: Sequence[EventRow] = ()
    attestations: Mapping[bytes, bytes] = field(default_factory=dict)
    statements: Sequence[StatementRow] = ()
    packets: Sequence[PacketRow] = ()
    agreements: Sequence[AgreementRow] = ()
    channels: Sequence[ChannelRow] = ()
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
        """Agreements under which something was suspended or resumed, or reaches further."""
        stoppages = {row.agreement for row in (*self.stopped, *self.resumed)}
        return frozenset(stoppages | {row.agreement for row in self.reaches})

    @property
    def waiting(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """What it adds to the room that agencies take in mailboxes, by node and agency."""
        added: dict[tuple[str, str], tuple[int, int]] = {}
        for row in self.mail:
            if row.agency:
                statements, size = added.get((row.node, row.agency), (0, 0))
                added[row.node, row.agency] = (statements + 1, size + row.bytes)
        return added
