"""``Store`` on SQLite: every question as SQL, with bound parameters only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

import apsw

from tearline.errors import FrontierDamaged
from tearline.merkle import Frontier, NodeId, leaf_hash
from tearline.statement import StatementType
from tearline.wire.flow import parse_event
from tearline_server.storage.alone import Alone
from tearline_server.storage.commit import Commit
from tearline_server.storage.database import Database
from tearline_server.storage.known import (
    Asked,
    Delivered,
    Hidden,
    Known,
    Settled,
    StoredPacket,
    Undelivered,
)
from tearline_server.storage.places import agreement_of
from tearline_server.storage.reading import BACKLOG, Backlog, MailItem, RetainedRow, Search
from tearline_server.storage.requests import overdue, requests_known, standing_changes
from tearline_server.storage.restoring import (
    begin_epoch,
    put_events,
    restorations,
    unopened,
    with_events,
)
from tearline_server.storage.rows import (
    ChannelRow,
    EventRow,
    Head,
    OpeningRow,
    RecallRow,
    Restoration,
    StatementRow,
)
from tearline_server.storage.searching import search_sql
from tearline_server.storage.store import Append, Merge
from tearline_server.storage.stored import Stored, StoredAgreement, StoredStanding
from tearline_server.storage.writing import unpacked_slots, write

_HASH_SIZE = 32
_NODES_AT_ONCE = 256  # SQLite binds 32,766 values


class SqliteStore(Alone):
    """What one exchange process keeps in one file.

    Args:
        path: The file; created where it is missing.

    Raises:
        StoreError: If it cannot be used, or another process uses it.
    """

    def __init__(self, path: Path) -> None:
        self._db = Database(path)

    async def close(self) -> None:
        """Ends everything under way and lets go of the file."""
        await self._db.close()

    @property
    def questions(self) -> int:
        """How many questions and changes wait, or are being answered."""
        return self._db.questions

    async def load(self) -> Stored:
        """What an exchange must hold in memory to go on."""
        return await self._db.read(_load)

    async def commit(self, asked: Asked, append: Append) -> None:
        """Locks the head, answers what is asked, writes what ``append`` makes of both."""

        def change(connection: apsw.Connection) -> Commit:
            head = _head(connection)
            known = with_events(connection, asked, _known(connection, asked))
            if asked.since is not None and asked.since.serial != head.serial:
                known = replace(known, news=_stored(connection))
            commit = append(head, known)
            write(connection, commit)
            return commit

        commit = await self._db.write(change)
        if commit.dropped or commit.erased:
            await self._db.purge()

    async def mail(self, node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        """Items of a mailbox behind place ``after``, in order."""
        return await self._db.read(
            lambda connection: [
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
                ) in connection.execute(_MAIL, (node, after, limit))
            ]
        )

    async def backlog(self) -> Backlog:
        """What waits in the mailboxes."""
        (row,) = await self._db.read(lambda connection: list(connection.execute(BACKLOG)))
        return Backlog(**dict(zip(Backlog.__slots__, row, strict=True)))

    async def packet(self, packet_id: bytes) -> StoredPacket | None:
        """A packet by its manifest's id, or None."""
        return await self._db.read(lambda connection: _packet(connection, packet_id))

    async def recalls(self, packet_id: bytes) -> Sequence[RecallRow]:
        """What was recalled of a packet, by its manifest's id."""
        return await self._db.read(lambda connection: _recalls(connection, packet_id))

    async def attestations(self, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Encoded attestations by their hash; unknown ones are absent."""
        sql = "SELECT attestation FROM attestation WHERE hash = ?"
        return await self._db.read(
            lambda connection: {
                key: found
                for key in hashes
                if (found := _value(connection, sql, (key,))) is not None
            }
        )

    async def entries(self, start: int, end: int, *, max_bytes: int) -> Sequence[bytes]:
        """Log entries from ``start`` up to ``end``, at least one, then up to ``max_bytes``."""
        return await self._db.read(lambda connection: _entries(connection, start, end, max_bytes))

    async def nodes(self, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        """Hashes of perfect subtrees, leaves included; unknown ones are absent."""
        return await self._db.read(lambda connection: _nodes(connection, ids))

    async def put_checkpoint(self, size: int, note: bytes) -> tuple[int, bytes]:
        """Keeps a checkpoint, before anybody is shown it; the newest there is now."""
        sql = "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)"
        await self._db.write(lambda connection: _run(connection, sql, (size, note)))
        return size, note

    async def cosigned(self) -> Sequence[tuple[int, bytes]]:
        """Size and note of the checkpoints that were cosigned, by size."""
        sql = "SELECT size, note FROM cosigned ORDER BY size"
        return await self._db.read(lambda connection: list(connection.execute(sql)))

    async def cosigned_at(self, size: int) -> bytes | None:
        """The note of the checkpoint of that size that was cosigned, or None."""
        sql = "SELECT note FROM cosigned WHERE size = ?"
        note: bytes | None = await self._db.read(lambda each: _value(each, sql, (size,)))
        return note

    async def put_cosigned(self, size: int, merge: Merge, *, above: int) -> bytes:
        """Keeps and returns what ``merge`` makes of a cosigned checkpoint; none up to ``above``."""

        def put(connection: apsw.Connection) -> bytes:
            note = merge(_value(connection, "SELECT note FROM cosigned WHERE size = ?", (size,)))
            _run(connection, "INSERT OR REPLACE INTO cosigned VALUES (?, ?)", (size, note))
            _run(connection, "DELETE FROM cosigned WHERE size <= ?", (above,))
            return note

        return await self._db.write(put)

    async def evidence(self) -> Sequence[bytes]:
        """What shows that the log signed two histories."""
        sql = "SELECT evidence FROM evidence ORDER BY id"
        return await self._db.read(lambda connection: [row[0] for row in connection.execute(sql)])

    async def put_evidence(self, evidence_id: bytes, evidence: bytes) -> None:
        """Keeps evidence against the log, by its id of 32 bytes."""
        sql = "INSERT OR IGNORE INTO evidence VALUES (?, ?)"
        await self._db.write(lambda connection: _run(connection, sql, (evidence_id, evidence)))

    async def begin_epoch(self, restoration: Restoration) -> None:
        """Begins another life of the database: cursors of earlier ones say nothing any more."""
        await self._db.write(lambda connection: begin_epoch(connection, restoration))

    async def restorations(self) -> Sequence[Restoration]:
        """Every restore, oldest first."""
        return await self._db.read(restorations)

    async def settle(self) -> None:
        """Keeps that nothing is known to have been signed beyond what was restored."""
        sql = "UPDATE restoration SET settled = 1"
        await self._db.write(lambda connection: _run(connection, sql, ()))

    async def unopened(self, after: int, *, limit: int) -> Sequence[int]:
        """Indices above ``after`` of restored blind entries of which nothing is known."""
        return await self._db.read(lambda connection: unopened(connection, after, limit))

    async def put_events(self, rows: Sequence[EventRow]) -> None:
        """Keeps what restored entries hide; what is known already stays."""
        await self._db.write(lambda connection: put_events(connection, rows))

    async def openings_of(self, statement_id: bytes, agency: str) -> Sequence[OpeningRow]:
        """Events about a statement that an agency may see, in the order of the log."""
        sql = (
            "SELECT e.idx, salt, event FROM event e JOIN event_agency a ON a.idx = e.idx"
            " WHERE e.statement = ? AND a.agency = ? ORDER BY e.idx"
        )
        return await self._db.read(
            lambda connection: _openings(connection.execute(sql, (statement_id, agency)))
        )

    async def entry_rows(self, start: int, *, limit: int) -> Sequence[tuple[int, bytes]]:
        """Entries with their indices."""
        sql = "SELECT idx, entry FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?"
        return await self._db.read(lambda connection: list(connection.execute(sql, (start, limit))))

    async def event_rows(self, start: int, *, limit: int) -> Sequence[EventRow]:
        """Events."""
        return await self._db.read(lambda connection: _event_rows(connection, start, limit))

    async def erased(self, start: int, end: int) -> Mapping[int, int]:
        """Entries from ``start`` up to ``end`` that were erased, and their order's entry."""
        sql = "SELECT idx, statement FROM erasure WHERE idx >= ? AND idx < ?"
        return await self._db.read(lambda connection: dict(connection.execute(sql, (start, end))))

    async def statement_rows(self, start: int, *, limit: int) -> Sequence[StatementRow]:
        """Statements."""
        names = [field.name for field in fields(StatementRow)]
        # The names are our own; what a caller gives is bound.
        sql = f"SELECT {', '.join(names)} FROM statement WHERE idx >= ? ORDER BY idx LIMIT ?"  # noqa: S608
        return await self._db.read(
            lambda connection: [
                StatementRow(**dict(zip(names, row, strict=True)))
                for row in connection.execute(sql, (start, limit))
            ]
        )

    async def overdue(self, now_ms: int, *, limit: int) -> Sequence[tuple[bytes, str]]:
        """Requests, as (manifest id, holder), whose time may have passed before ``now_ms``."""
        return await self._db.read(lambda connection: overdue(connection, now_ms, limit))

    async def retained(self, agreement: bytes, after: int, *, limit: int) -> Sequence[RetainedRow]:
        """What entries above ``after`` hide that name an agreement, in the order of the log."""
        return await self._db.read(
            lambda connection: [
                RetainedRow(idx=idx, time_ms=time_ms, event=event, awaited=bool(awaited))
                for idx, time_ms, event, awaited in connection.execute(
                    RETAINED, (agreement, after, limit)
                )
            ]
        )

    async def ended(self, now_ms: int, kept: Mapping[bytes, int], *, limit: int) -> Sequence[bytes]:
        """Packets that may have ended, by the id of their manifest.

        Args:
            now_ms: Those that are to be looked at by this time.
            kept: Of each agreement, the time since which its packets may still be kept.
            limit: How many at most.
        """
        return await self._db.read(lambda connection: _ended(connection, now_ms, kept, limit))

    async def search(self, search: Search) -> Sequence[OpeningRow]:
        """Events that an agency may see and that meet every condition, in order."""
        sql, values = search_sql(search)
        return await self._db.read(lambda connection: _openings(connection.execute(sql, values)))


_MAIL = (
    "SELECT m.seq, s.id, s.signer, s.type, s.idx, s.envelope, s.packet, e.idx, e.salt, e.event,"
    " m.delivered FROM mail m JOIN statement s ON s.idx = m.statement"
    " JOIN event e ON e.idx = m.entry WHERE m.node = ? AND m.seq > ? ORDER BY m.seq LIMIT ?"
)
_AWAITED = (
    "EXISTS (SELECT 1 FROM mail m LEFT JOIN acknowledged a ON a.node = m.node"
    " WHERE m.entry = e.idx AND m.seq > coalesce(a.seq, 0))"
)
_HIDDEN = f"SELECT event, {_AWAITED} FROM event e WHERE idx = ?"  # noqa: S608 (constant texts)
RETAINED = (
    f"SELECT e.idx, e.time_ms, e.event, {_AWAITED} FROM event e"  # noqa: S608 (constant texts)
    " WHERE e.agreement <> x'' AND e.agreement = ? AND e.idx > ? ORDER BY e.idx LIMIT ?"
)
"""Read in the order of the index by agreement: a page costs the same, however much is stored."""
# A node passes only what was handed out to it, or kept from that, so behind its place is all.
_UNDELIVERED = (
    "SELECT m.node, m.seq, s.id, m.statement, e.event FROM mail m"
    " JOIN statement s ON s.idx = m.statement AND s.type = ? AND s.signer <> m.node"
    " JOIN event e ON e.idx = m.entry WHERE m.node = ? AND m.delivered IS NULL AND m.held IS NULL"
    " AND m.seq > coalesce((SELECT seq FROM acknowledged WHERE node = ?), 0)"
    " AND e.agreement = ? ORDER BY m.seq"
)
_READERS = (
    "WITH RECURSIVE each(node) AS (SELECT min(node) FROM mail UNION ALL"
    " SELECT (SELECT min(m.node) FROM mail m WHERE m.node > each.node)"
    " FROM each WHERE node IS NOT NULL) SELECT node FROM each WHERE node IS NOT NULL"
)
_WAITING = "SELECT statements, bytes FROM waiting WHERE node = ? AND agency = ?"
_SOURCES = "SELECT source FROM derivation WHERE packet = ?"
_LINE = (
    "WITH RECURSIVE line (packet, corrects) AS (SELECT packet, corrects FROM correction"
    " WHERE packet = ?1 OR corrects = ?1 UNION SELECT c.packet, c.corrects"
    " FROM correction c JOIN line ON c.packet = line.corrects) SELECT packet, corrects FROM line"
)
_RELEASES = (
    "SELECT event FROM event WHERE packet = ? AND code = 'grant-accepted' AND outcome = 'ok'"
    " ORDER BY idx"
)
_AGENCIES = (
    "WITH RECURSIVE each(agency) AS (SELECT min(agency) FROM event_agency UNION ALL"
    " SELECT (SELECT min(e.agency) FROM event_agency e WHERE e.agency > each.agency)"
    " FROM each WHERE agency IS NOT NULL) SELECT agency FROM each WHERE agency IS NOT NULL"
)


def _run(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...]) -> None:
    for _ in connection.execute(sql, bindings):
        pass


def _row(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    return next(iter(connection.execute(sql, bindings)), None)


def _value(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    row = _row(connection, sql, bindings)
    return None if row is None else row[0]


def _openings(rows: Iterable[tuple[Any, ...]]) -> list[OpeningRow]:
    return [OpeningRow(idx=idx, salt=salt, event=event) for idx, salt, event in rows]


def _head(connection: apsw.Connection) -> Head:
    row = _row(connection, "SELECT epoch, size, frontier, time_ms, serial FROM head")
    if row is None:
        raise FrontierDamaged("the row of the log's head is missing")
    epoch, size, hashes, time_ms, serial = row
    frontier = tuple(
        hashes[start : start + _HASH_SIZE] for start in range(0, len(hashes), _HASH_SIZE)
    )
    tree = Frontier(size=size, hashes=frontier)
    return Head(epoch=epoch, tree=tree, time_ms=time_ms, serial=serial)


def _load(connection: apsw.Connection) -> Stored:
    # In one transaction, so that all of it is of one moment.
    connection.execute("BEGIN")
    try:
        return _stored(connection)
    finally:
        connection.execute("COMMIT")


def _stored(connection: apsw.Connection) -> Stored:
    return Stored(
        head=_head(connection),
        checkpoint=_row(connection, "SELECT size, note FROM checkpoint"),
        clear=list(
            connection.execute(
                "SELECT idx, entry FROM entry WHERE length(entry) <> 33 ORDER BY idx"
            )
        ),
        agreements=_agreements(connection),
        standings=_standings(connection),
        case_steps=[
            envelope
            for (envelope,) in connection.execute(
                "SELECT s.envelope FROM case_step JOIN statement s"
                " ON s.idx = case_step.statement ORDER BY s.idx"
            )
        ],
        channels=[
            ChannelRow(sender=sender, recipient=recipient, agreement=agreement, seq=seq, mark=mark)
            for sender, recipient, agreement, seq, mark in connection.execute(
                "SELECT sender, recipient, agreement, seq, mark FROM channel"
            )
        ],
        mailboxes=dict(connection.execute("SELECT node, max(seq) FROM mail GROUP BY node")),
    )


def _agreements(connection: apsw.Connection) -> list[StoredAgreement]:
    entries = "SELECT party, idx FROM event WHERE statement = ? AND code = 'agreement'"
    return [
        StoredAgreement(
            statement=idx, envelope=envelope, entries=dict(connection.execute(entries, (id_,)))
        )
        for idx, id_, envelope in list(
            connection.execute(
                "SELECT s.idx, s.id, s.envelope FROM agreement a"
                " JOIN statement s ON s.idx = a.statement ORDER BY s.idx"
            )
        )
    ]


def _standings(connection: apsw.Connection) -> list[StoredStanding]:
    entries = "SELECT party, idx FROM event WHERE statement = ? AND code = 'standing'"
    return [
        StoredStanding(
            statement=idx, envelope=envelope, entries=dict(connection.execute(entries, (id_,)))
        )
        for idx, id_, envelope in list(
            connection.execute(
                "SELECT s.idx, s.id, s.envelope FROM standing"
                " JOIN statement s ON s.idx = standing.statement ORDER BY s.idx"
            )
        )
    ]


def _undelivered(connection: apsw.Connection, agreement: bytes) -> list[Undelivered]:
    return [
        Undelivered(node=node, seq=seq, id=id_, statement=statement, event=parse_event(event))
        for (reader,) in list(connection.execute(_READERS))
        for node, seq, id_, statement, event in connection.execute(
            _UNDELIVERED, (StatementType.GRANT, reader, reader, agreement)
        )
    ]


def _event_rows(connection: apsw.Connection, start: int, limit: int) -> list[EventRow]:
    names = [field.name for field in fields(EventRow) if field.name != "agencies"]
    sql = f"SELECT {', '.join(names)} FROM event WHERE idx >= ? ORDER BY idx LIMIT ?"  # noqa: S608
    rows = list(connection.execute(sql, (start, limit)))
    agencies: dict[int, list[str]] = {}
    if rows:
        # One range for each agency, of which there are few: the index begins with them.
        for (agency,) in list(connection.execute(_AGENCIES)):
            for (idx,) in connection.execute(
                "SELECT idx FROM event_agency WHERE agency = ? AND idx BETWEEN ? AND ?",
                (agency, start, rows[-1][0]),
            ):
                agencies.setdefault(idx, []).append(agency)
    return [
        EventRow(**dict(zip(names, row, strict=True)), agencies=tuple(agencies.get(row[0], ())))
        for row in rows
    ]


def _packet(connection: apsw.Connection, packet_id: bytes) -> StoredPacket | None:
    sql = (
        "SELECT s.envelope, p.parts, p.accepted_ms FROM packet p"
        " JOIN statement s ON s.idx = p.statement WHERE p.id = ?"
    )
    row = _row(connection, sql, (packet_id,))
    if row is None:
        return None
    return StoredPacket(envelope=row[0], parts=row[1], accepted_ms=row[2])


def _ended(
    connection: apsw.Connection, now_ms: int, kept: Mapping[bytes, int], limit: int
) -> list[bytes]:
    by_end = "SELECT id FROM packet WHERE ends_ms <= ? ORDER BY ends_ms LIMIT ?"
    by_age = (
        "SELECT id FROM packet WHERE ends_ms IS NOT NULL AND agreement = ? AND accepted_ms <= ?"
        " ORDER BY accepted_ms LIMIT ?"
    )
    found = dict.fromkeys(id_ for (id_,) in connection.execute(by_end, (now_ms, limit)))
    for agreement, since_ms in kept.items():
        rows = connection.execute(by_age, (agreement, since_ms, limit))
        found.update(dict.fromkeys(id_ for (id_,) in rows))
    return list(found)[:limit]


def _recalls(connection: apsw.Connection, packet_id: bytes) -> list[RecallRow]:
    sql = "SELECT node, grant_id, slots FROM recall WHERE packet = ?"
    return [
        RecallRow(packet=packet_id, node=node, grant=grant, slots=unpacked_slots(slots))
        for node, grant, slots in connection.execute(sql, (packet_id,))
    ]


def _known(connection: apsw.Connection, asked: Asked) -> Known:
    statements = {}
    for key in asked.statements:
        row = _row(
            connection,
            "SELECT code, why, receipt, attestation FROM statement"
            " JOIN attestation ON hash = signature WHERE id = ? AND signer = ?",
            key,
        )
        if row is not None:
            statements[key] = Settled(code=row[0], why=row[1], receipt=row[2], attestation=row[3])
    naturals = {}
    for pair in asked.naturals:
        taken = _value(
            connection, "SELECT id FROM statement WHERE signer = ? AND natural = ?", pair
        )
        if taken is not None:
            naturals[pair] = taken
    packets = {}
    corrects = {
        packet: corrected
        for packet_id in asked.packets | asked.corrected
        for packet, corrected in connection.execute(_LINE, (packet_id,))
    }
    sources = asked.sources | {
        source
        for packet_id in asked.packets
        for (source,) in connection.execute(_SOURCES, (packet_id,))
    }
    for packet_id in asked.packets | sources | asked.corrected:
        packet = _packet(connection, packet_id)
        if packet is not None:
            packets[packet_id] = packet
    mail = {}
    for node, statement_id in asked.mail:
        row = _row(
            connection,
            "SELECT m.seq, s.signer, s.type, s.packet, e.agreement, m.delivered, m.held, m.status,"
            " m.passed, s.envelope, s.idx FROM statement s JOIN mail m ON m.statement = s.idx"
            " LEFT JOIN event e ON e.idx = m.entry WHERE s.id = ? AND m.node = ?",
            (statement_id, node),
        )
        if row is not None:
            mail[node, statement_id] = Delivered(
                seq=row[0],
                sender=row[1],
                type=row[2],
                packet=row[3],
                # What was erased of the log is still what its reader is to answer for.
                agreement=agreement_of(row[9]) if row[4] is None else row[4],
                delivered=row[5] is not None,
                held=row[6] is not None,
                status=row[7],
                passed=bool(row[8]),
                statement=row[10],
            )
    entries = {}
    for index in asked.entries:
        row = _row(connection, _HIDDEN, (index,))
        if row is not None:
            entries[index] = Hidden(event=row[0], awaited=bool(row[1]))
    told = {(item.packet, node) for (node, _), item in mail.items() if item.packet is not None}
    sql = "SELECT envelope FROM statement WHERE id = ? AND signer = ? AND envelope <> x''"
    requests = requests_known(connection, asked.requests | told)
    envelopes = {
        key: found for key in asked.envelopes if (found := _value(connection, sql, key)) is not None
    }
    return Known(
        statements=statements,
        naturals=naturals,
        packets=packets,
        mail=mail,
        entries=entries,
        undelivered={each: _undelivered(connection, each) for each in asked.agreements},
        releases={
            source: [event for (event,) in connection.execute(_RELEASES, (source,))]
            for source in sources | asked.corrected | {*corrects.values()}
        },
        requests=requests,
        standing_changes=standing_changes(
            connection, (found.row.agreement for found in requests.values())
        ),
        envelopes=envelopes,
        recalls={each: _recalls(connection, each) for each in asked.recalls | asked.corrected},
        corrects=corrects,
        waiting={
            key: found
            for key in asked.waiting
            if (found := _row(connection, _WAITING, key)) is not None
        },
    )


def _entries(connection: apsw.Connection, start: int, end: int, max_bytes: int) -> list[bytes]:
    found: list[bytes] = []
    size = 0
    sql = "SELECT entry FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    for (entry,) in connection.execute(sql, (start, end)):
        size += len(entry)
        if found and size > max_bytes:
            break
        found.append(entry)
    return found


def _nodes(connection: apsw.Connection, ids: Sequence[NodeId]) -> dict[NodeId, bytes]:
    found: dict[NodeId, bytes] = {}
    # One question for many: each by itself takes twice as long, and few texts are kept prepared.
    for start in range(0, len(ids), _NODES_AT_ONCE):
        asked = ids[start : start + _NODES_AT_ONCE]
        leaves = [index for level, index in asked if level == 0]
        inner = [node for node in asked if node[0]]
        if leaves:
            marks = ", ".join("?" * len(leaves))
            sql = f"SELECT idx, entry FROM entry WHERE idx IN ({marks})"  # noqa: S608 (marks only)
            for index, entry in connection.execute(sql, leaves):
                found[0, index] = leaf_hash(entry)
        if inner:
            marks = ", ".join(["(?, ?)"] * len(inner))
            sql = f"SELECT level, idx, hash FROM node WHERE (level, idx) IN (VALUES {marks})"  # noqa: S608
            for level, index, node in connection.execute(sql, [*chain.from_iterable(inner)]):
                found[level, index] = node
    return found
