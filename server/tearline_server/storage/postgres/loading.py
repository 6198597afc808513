"""What an exchange holds in memory: all of it, or what others wrote behind a head."""

from tearline.errors import FrontierDamaged
from tearline_server.storage.columns import tree_of
from tearline_server.storage.postgres.connection import Connection
from tearline_server.storage.rows import ChannelRow, Head
from tearline_server.storage.stored import Stored, StoredAgreement, StoredStanding

_HEAD = "SELECT epoch, size, frontier, time_ms, serial FROM head"
_CLEAR = "SELECT idx, entry FROM entry WHERE length(entry) <> 33 AND idx >= $1 ORDER BY idx"
_TOLD = (
    "SELECT s.idx, s.envelope,"
    " ARRAY(SELECT party FROM event WHERE statement = s.id AND code = '{code}' ORDER BY idx),"
    " ARRAY(SELECT idx FROM event WHERE statement = s.id AND code = '{code}' ORDER BY idx)"
    " FROM {table} t JOIN statement s ON s.idx = t.statement"
    " WHERE t.serial > $1 ORDER BY s.idx"
)
_AGREEMENTS = _TOLD.format(table="agreement", code="agreement")
_STANDINGS = _TOLD.format(table="standing", code="standing")
_CASE_STEPS = (
    "SELECT s.envelope FROM case_step t JOIN statement s ON s.idx = t.statement"
    " WHERE t.serial > $1 ORDER BY s.idx"
)
_CHANNELS = "SELECT sender, recipient, agreement, seq, mark FROM channel WHERE serial > $1"
_MAILBOXES = "SELECT node, seq FROM mailbox WHERE serial > $1"


async def head_of(connection: Connection, *, lock: bool = False) -> Head:
    """The head of the log; with ``lock`` nobody else writes until the transaction ends."""
    row = await connection.fetchrow(f"{_HEAD} FOR UPDATE" if lock else _HEAD)
    if row is None:
        raise FrontierDamaged("the row of the log's head is missing")
    epoch, size, hashes, time_ms, serial = row
    return Head(epoch=epoch, tree=tree_of(size, hashes), time_ms=time_ms, serial=serial)


async def stored_of(connection: Connection, head: Head, since: Head | None) -> Stored:
    """What came behind ``since``, or everything, inside the caller's transaction.

    Args:
        connection: Where; nobody writes meanwhile, or the transaction does not see it.
        head: The head, as read there.
        since: The head that is known, of the same life of the database.
    """
    index, serial = (since.tree.size, since.serial) if since else (0, -1)
    checkpoint = await connection.fetchrow("SELECT size, note FROM checkpoint")
    return Stored(
        head=head,
        checkpoint=(checkpoint["size"], checkpoint["note"]) if checkpoint else None,
        clear=[(idx, entry) for idx, entry in await connection.fetch(_CLEAR, index)],
        agreements=[
            StoredAgreement(
                statement=idx, envelope=envelope, entries=dict(zip(parties, indices, strict=True))
            )
            for idx, envelope, parties, indices in await connection.fetch(_AGREEMENTS, serial)
        ],
        standings=[
            StoredStanding(
                statement=idx, envelope=envelope, entries=dict(zip(parties, indices, strict=True))
            )
            for idx, envelope, parties, indices in await connection.fetch(_STANDINGS, serial)
        ],
        case_steps=[envelope for (envelope,) in await connection.fetch(_CASE_STEPS, serial)],
        channels=[
            ChannelRow(sender=sender, recipient=recipient, agreement=agreement, seq=seq, mark=mark)
            for sender, recipient, agreement, seq, mark in await connection.fetch(_CHANNELS, serial)
        ],
        mailboxes=dict(map(tuple, await connection.fetch(_MAILBOXES, serial))),
    )
