"""What is read of a store while it serves: mail to hand out, what waits, and events of the log."""

from dataclasses import dataclass

from tearline.audit_query import Query
from tearline_server.storage.rows import OpeningRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in all mailboxes together, and in the fullest of them.

    Attributes:
        statements: Statements that their recipients have not taken in.
        bytes: Their bytes.
        most_statements: The most that one agency has waiting for one node.
        most_bytes: The same in bytes.
    """

    statements: int
    bytes: int
    most_statements: int
    most_bytes: int


BACKLOG = (
    "SELECT coalesce(sum(statements), 0), coalesce(sum(bytes), 0),"
    " coalesce(max(statements), 0), coalesce(max(bytes), 0) FROM waiting"
)
"""Asks for one in either database; the numbers in the order of its attributes."""
NO_BACKLOG = Backlog(statements=0, bytes=0, most_statements=0, most_bytes=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailItem:
    """An item of a mailbox, as it is delivered.

    Attributes:
        seq: Its place in the mailbox.
        id: 32 bytes, the statement's id.
        sender: Who signed it.
        type: Its type's number.
        statement: The entry of its statement.
        envelope: The statement as it travels.
        packet: Of a grant, the id of its packet's manifest, or None.
        opening: The entry that the node is told of.
        delivered: Whether it was handed out before.
    """

    seq: int
    id: bytes
    sender: str
    type: int
    statement: int
    envelope: bytes
    packet: bytes | None
    opening: OpeningRow
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedRow:
    """What a blind entry hides, as the agreement's retention is asked for it.

    Attributes:
        idx: The entry's index.
        time_ms: The event's time.
        event: The encoded event.
        awaited: Whether a node that is told of it in its mailbox has not taken it in yet.
    """

    idx: int
    time_ms: int
    event: bytes
    awaited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search in the events that one agency may see.

    Attributes:
        agency: URI of the agency: it may see what names it.
        agreements: Agreements that it oversees: it may see what was done under them.
        query: What is asked for.
        after: The index to continue after; -1 from the beginning.
        below: Only entries below this index, which a checkpoint covers.
        limit: How many events at most.
    """

    agency: str
    agreements: tuple[bytes, ...] = ()
    query: Query
    after: int
    below: int
    limit: int
