"""Mailboxes in SQLite: their items, deliveries and waiting totals."""

from collections.abc import Iterable, Mapping

import apsw

from tearline.wire.grants import parse_event
from tearline_server.storage.lookups import Delivered, Undelivered
from tearline_server.storage.positions import agreement_of
from tearline_server.storage.reads import MailItem
from tearline_server.storage.rows import OpeningRow
from tearline_server.storage.sqlite.queries import first

# SQLite preserves the order of a CROSS JOIN, with or without statistics: from the one named row
# to its dependents, never from all of a node's mail.
_ITEMS = (
    "SELECT m.seq, s.id, s.signer, s.type, s.idx, s.envelope, s.packet, e.idx, e.salt, e.event,"
    " m.delivered FROM mail m CROSS JOIN statement s ON s.idx = m.statement"
    " CROSS JOIN event e ON e.idx = m.entry WHERE m.node = ? AND m.seq > ? ORDER BY m.seq LIMIT ?"
)
# The index is named: by statistics older than a mailbox, SQLite would read all of the mailbox.
# It is searched for an unknown statement, too: a refusal takes as long as for mail of others.
_DELIVERED = (
    "SELECT m.seq, s.signer, s.type, s.packet, e.agreement, m.delivered, m.held, m.status,"
    " m.passed, s.envelope, s.idx FROM mail m INDEXED BY mail_statement"
    " CROSS JOIN statement s ON s.idx = m.statement"
    " LEFT JOIN event e ON e.idx = m.entry WHERE m.node = ?1 AND m.statement ="
    " coalesce((SELECT idx FROM statement WHERE id = ?2 AND signer = ?3), -1)"
)
DELIVERED_GRANT = (
    "SELECT s.envelope, s.packet FROM statement s"
    " CROSS JOIN mail m INDEXED BY mail_statement ON m.statement = s.idx"
    " WHERE s.id = ? AND m.node = ? AND s.signer <> m.node AND s.packet IS NOT NULL"
    " AND m.delivered IS NOT NULL"
)
# A node reads past only delivered or withheld grants, so all others lie after its position.
_UNDELIVERED = (
    "SELECT m.node, m.seq, s.id, m.statement, e.event FROM mail m"
    " CROSS JOIN statement s ON s.idx = m.statement CROSS JOIN event e ON e.idx = m.entry"
    " WHERE m.agreement <> x'' AND m.agreement = ? AND m.delivered IS NULL AND m.held IS NULL"
    " AND NOT m.passed AND m.seq > coalesce((SELECT seq FROM acknowledged WHERE node = m.node), 0)"
    " ORDER BY m.node, m.seq"
)
_BEHIND_SLASH = chr(ord("/") + 1)
# All nodes of an agency, by URI prefix; an agency has few.
_ROOMS = "SELECT node, statements, bytes FROM waiting WHERE node > ? AND node < ? AND agency = ?"
_WAITING = "SELECT statements, bytes FROM waiting WHERE node = ? AND agency = ?"


def items(connection: apsw.Connection, node: str, after: int, limit: int) -> list[MailItem]:
    """Returns items of a mailbox after place ``after``, in order."""
    return [
        MailItem(
            seq=seq,
            id=id_,
            sender=sender,
            type=type_,
            statement=statement,
            envelope=envelope,
            packet=packet,
            opening=OpeningRow(idx=idx, salt=salt, event=event),
            delivered=delivered is not None,
        )
        for (
            seq,
            id_,
            sender,
            type_,
            statement,
            envelope,
            packet,
            idx,
            salt,
            event,
            delivered,
        ) in connection.execute(_ITEMS, (node, after, limit))
    ]


def delivered(
    connection: apsw.Connection, keys: Iterable[tuple[str, bytes, str]]
) -> Mapping[tuple[str, bytes], Delivered]:
    """Returns items by (node, statement id) for the given signer; unknown ones are absent."""
    found = {}
    for node, statement_id, signer in keys:
        row = first(connection, _DELIVERED, (node, statement_id, signer))
        if row is not None:
            found[node, statement_id] = Delivered(
                seq=row[0],
                sender=row[1],
                type=row[2],
                packet=row[3],
                # The reader must still answer for an item whose entry was erased.
                agreement=agreement_of(row[9]) if row[4] is None else row[4],
                delivered=row[5] is not None,
                held=row[6] is not None,
                status=row[7],
                passed=bool(row[8]),
                statement=row[10],
            )
    return found


def undelivered(connection: apsw.Connection, agreement: bytes) -> list[Undelivered]:
    """Returns grants under an agreement that were neither handed out nor withheld."""
    return [
        Undelivered(node=node, seq=seq, id=id_, statement=statement, event=parse_event(event))
        for node, seq, id_, statement, event in connection.execute(_UNDELIVERED, (agreement,))
    ]


def rooms(
    connection: apsw.Connection, keys: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Returns waiting statements and bytes, by node and sender, of all nodes of agencies."""
    return {
        (node, sender): (statements, size)
        for agency, sender in keys
        for node, statements, size in connection.execute(
            _ROOMS, (f"{agency}/", f"{agency}{_BEHIND_SLASH}", sender)
        )
    }


def waiting(
    connection: apsw.Connection, keys: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Returns waiting statements and bytes, by (node, URI of the sending agency)."""
    return {key: found for key in keys if (found := first(connection, _WAITING, key)) is not None}
