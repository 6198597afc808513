"""What an exchange holds in memory, and how it hears that others wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tearline_server.storage.rows import ChannelRow, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgreement:
    """A version of an agreement: its entry, its statement, and the entry each agency got."""

    statement: int
    envelope: bytes
    entries: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStanding:
    """A newest standing: its entry, its statement, and the entry each agency got.

    ``empty_ms`` is when its agency's bucket of standings is empty, in log time.
    """

    statement: int
    envelope: bytes
    entries: Mapping[str, int]
    empty_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an exchange holds in memory, as it stands; or what came to it behind a head.

    Attributes:
        head: The log.
        checkpoint: Size and note of the last one signed, or None.
        clear: Every clear entry with its index, in order.
        agreements: The newest version of every agreement, in the order of the log.
        standings: The newest standing of each agency under each agreement.
        case_steps: The statement of the newest step of each side of each case.
        channels: Every channel.
        mailboxes: The last place in each mailbox.
    """

    head: Head
    checkpoint: tuple[int, bytes] | None
    clear: Sequence[tuple[int, bytes]]
    agreements: Sequence[StoredAgreement]
    standings: Sequence[StoredStanding]
    case_steps: Sequence[bytes]
    channels: Sequence[ChannelRow]
    mailboxes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What other processes may have written: the log, and what was cosigned of it.

    Attributes:
        cosigned: Sizes of the checkpoints that were; None where it may be any, and evidence.
    """

    cosigned: frozenset[int] | None
