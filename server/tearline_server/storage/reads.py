"""Results of reads while serving: mail, backlog, retained entries and searches."""

from tearline.audit.query import Query
from tearline.dataclass.immutable import immutable
from tearline_server.storage.rows import OpeningRow


@immutable
class Backlog:
    """Unacknowledged mail: totals, and the largest single mailbox room.

    Attributes:
        statements: Statements not yet acknowledged by their recipients.
        bytes: Their bytes.
        most_statements: The most statements that one agency has waiting for one node.
        most_bytes: The most bytes that one agency has waiting for one node.
    """

    statements: int
    bytes: int
    most_statements: int
    most_bytes: int


BACKLOG = (
    "SELECT coalesce(sum(statements), 0), coalesce(sum(bytes), 0),"
    " coalesce(max(statements), 0), coalesce(max(bytes), 0) FROM waiting"
)
"""SQL for one ``Backlog`` in either database; columns in the order of its attributes."""
NO_BACKLOG = Backlog(statements=0, bytes=0, most_statements=0, most_bytes=0)


@immutable
class MailItem:
    """Mailbox item, as needed for delivery.

    Attributes:
        seq: Its place in the mailbox.
        id: 32 bytes, the statement's id.
        sender: URI of its signer.
        type: Number of its type.
        statement: Index of its statement's entry.
        envelope: The encoded statement.
        packet: For a grant, the id of its packet's manifest; else None.
        opening: The entry reported to the node.
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


@immutable
class RetainedRow:
    """Contents of a blind entry, as needed to apply an agreement's retention.

    Attributes:
        idx: The entry's index.
        time_ms: The event's time.
        event: The encoded event.
        awaited: Whether a node has yet to acknowledge a mailbox item about this entry.
    """

    idx: int
    time_ms: int
    event: bytes
    awaited: bool


@immutable
class Search:
    """Search over the events that one agency may see.

    Attributes:
        agency: URI of the agency; it may see events that name it.
        agreements: Agreements that it oversees; it may see events under them.
        query: The query.
        after: The index to continue after; -1 from the beginning.
        below: Exclusive upper index, which a checkpoint covers.
        limit: The maximum number of events.
    """

    agency: str
    agreements: tuple[bytes, ...] = ()
    query: Query
    after: int
    below: int
    limit: int
