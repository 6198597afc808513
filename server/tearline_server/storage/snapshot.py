"""In-memory state of an exchange, and notifications of writes by other processes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline_server.storage.rows import ChannelRow, Head

CHANNELS = "SELECT sender, recipient, agreement, seq, mark, empty_ms FROM channel"
"""The rows that ``channels_of`` reads."""


@immutable
class StoredAgreement:
    """Version of an agreement: its entry, its statement, and the entry sent to each agency."""

    statement: int
    envelope: bytes
    entries: Mapping[str, int]


@immutable
class StoredStanding:
    """Newest standing: its entry, its statement, and the entry sent to each agency.

    ``empty_ms`` is the time at which the agency's rate bucket for standings is empty, in log time.
    """

    statement: int
    envelope: bytes
    entries: Mapping[str, int]
    empty_ms: int = 0


@immutable
class Snapshot:
    """State that an exchange holds in memory: all of it, or the part written after a head.

    Attributes:
        head: The log's head.
        checkpoint: Size and note of the newest signed checkpoint, or None.
        clear: Every clear entry with its index, in order, and the directories to be replayed.
        agreements: The newest version of every agreement, in the order of the log.
        standings: The newest standing of each agency under each agreement.
        case_steps: The statement of the newest step of each side of each case.
        channels: Every channel.
        mailboxes: The last place in each mailbox.
        budgets: The budget of each agency, by agency and part.
    """

    head: Head
    checkpoint: tuple[int, bytes] | None
    clear: Sequence[tuple[int, bytes]]
    agreements: Sequence[StoredAgreement]
    standings: Sequence[StoredStanding]
    case_steps: Sequence[bytes]
    channels: Sequence[ChannelRow]
    mailboxes: Mapping[str, int]
    budgets: Mapping[tuple[str, BudgetPart], BudgetLevel] = field(default_factory=dict)


def channels_of(rows: Iterable[Sequence[Any]]) -> list[ChannelRow]:
    """Returns the channels that rows encode."""
    return [
        ChannelRow(
            sender=sender,
            recipient=recipient,
            agreement=agreement,
            seq=seq,
            mark=mark,
            empty_ms=empty_ms,
        )
        for sender, recipient, agreement, seq, mark, empty_ms in rows
    ]


@immutable
class Changes:
    """Notification that other processes may have written.

    Attributes:
        cosigned: Sizes of the checkpoints that were cosigned; None if any may have been, and if
            there may be new evidence.
    """

    cosigned: frozenset[int] | None
