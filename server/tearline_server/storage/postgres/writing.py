"""What one transaction writes: one statement for each kind of row, its columns as arrays."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tearline.encoding import u32
from tearline_server.storage.commit import Commit
from tearline_server.storage.postgres.connection import Connection
from tearline_server.storage.postgres.hearing import TELL
from tearline_server.storage.rows import EventRow, Head, MailUpdate

Columns = Mapping[str, str]

_INT, _BYTES, _TEXT, _BOOL = "bigint", "bytea", "text", "boolean"
_ENTRY = {"idx": _INT, "entry": _BYTES}
_NODE = {"level": _INT, "idx": _INT, "hash": _BYTES}
_EVENT = {
    "idx": _INT,
    "salt": _BYTES,
    "event": _BYTES,
    "time_ms": _INT,
    "code": _TEXT,
    "outcome": _TEXT,
    "reason": _TEXT,
    "actor": _TEXT,
    "party": _TEXT,
    "statement": _BYTES,
    "packet": _BYTES,
    "agreement": _BYTES,
}
_STATEMENT = {
    "idx": _INT,
    "id": _BYTES,
    "signer": _TEXT,
    "type": _INT,
    '"natural"': _BYTES,
    "packet": _BYTES,
    "code": _TEXT,
    "why": _TEXT,
    "receipt": _BYTES,
    "signature": _BYTES,
    "envelope": _BYTES,
}
_MAIL = {
    "node": _TEXT,
    "seq": _INT,
    "statement": _INT,
    "entry": _INT,
    "agency": _TEXT,
    "bytes": _INT,
}
_PACKET = {
    "id": _BYTES,
    "statement": _INT,
    "parts": _BYTES,
    "agreement": _BYTES,
    "accepted_ms": _INT,
    "ends_ms": _INT,
}
_REQUEST = {
    "packet": _BYTES,
    "holder": _TEXT,
    "asker": _TEXT,
    "agreement": _BYTES,
    "version": _INT,
    "granted_ms": _INT,
    "stored_ms": _INT,
    "due_ms": _INT,
    "overdue_ms": _INT,
    "stopped": _BOOL,
}


async def write(connection: Connection, commit: Commit, head: Head) -> int:
    """Writes all of a commit behind a head, inside the caller's transaction; its serial."""
    serial, tree = head.serial + 1, commit.tree
    put = _Put(connection, serial)
    first = tree.size - len(commit.entries)
    await connection.execute(
        "UPDATE head SET size = $1, frontier = $2, time_ms = $3, serial = $4",
        tree.size,
        b"".join(tree.hashes),
        commit.time_ms,
        serial,
    )
    await put.rows("entry", _ENTRY, enumerate(commit.entries, start=first))
    await put.rows("node", _NODE, (node for node in commit.nodes if node[0]))
    await write_events(connection, commit.events)
    await put.rows(
        "attestation",
        {"hash": _BYTES, "attestation": _BYTES},
        commit.attestations.items(),
        "ON CONFLICT DO NOTHING",
    )
    await _write_statements(put, commit)
    await _write_packets(put, commit)
    await _write_registry(put, commit)
    await _write_mail(put, commit)
    await _write_erasures(put, commit)
    await _write_requests(put, commit)
    await connection.execute(TELL, "")
    return serial


async def write_events(connection: Connection, events: Sequence[EventRow]) -> None:
    """Writes what blind entries hide, inside the caller's transaction."""
    put = _Put(connection, 0)
    await put.rows("event", _EVENT, ([getattr(row, name) for name in _EVENT] for row in events))
    await put.rows(
        "event_agency",
        {"agency": _TEXT, "idx": _INT},
        ((agency, row.idx) for row in events for agency in row.agencies),
    )


def text(value: str) -> str:
    """A text as PostgreSQL can hold it, which has no character of the number zero."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


class _Put:
    """Writes rows; every name in its SQL is a constant of this module, every value is bound."""

    def __init__(self, connection: Connection, serial: int) -> None:
        self._connection = connection
        self._serial = serial

    async def rows(
        self, table: str, columns: Columns, rows: Iterable[Sequence[Any]], tail: str = ""
    ) -> None:
        """Inserts rows."""
        names = ", ".join(columns)
        await self.run(f"INSERT INTO {table} ({names}) SELECT * FROM new {tail}", columns, rows)  # noqa: S608

    async def numbered(
        self, table: str, columns: Columns, rows: Iterable[Sequence[Any]], tail: str = ""
    ) -> None:
        """Inserts rows that say which transaction wrote them last."""
        numbered = {**columns, "serial": _INT}
        await self.rows(table, numbered, ([*row, self._serial] for row in rows), tail)

    async def run(self, sql: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
        """Runs a statement over rows, which it knows as the table ``new``."""
        values = [list(column) for column in zip(*rows, strict=True)]
        if values:
            names = ", ".join(columns)
            arrays = ", ".join(f"${n}::{type_}[]" for n, type_ in enumerate(columns.values(), 1))
            new = f"WITH new ({names}) AS (SELECT * FROM unnest({arrays}))"  # noqa: S608
            await self._connection.execute(f"{new} {sql}", *values)


async def _write_statements(put: _Put, commit: Commit) -> None:
    # A co-signed statement or a void may be accepted after a refusal: its row is replaced.
    changed = ", ".join(f"{name} = excluded.{name}" for name in _STATEMENT if name not in _KEY)
    await put.rows(
        "statement",
        _STATEMENT,
        (
            (
                row.idx,
                row.id,
                row.signer,
                row.type,
                row.natural,
                row.packet,
                row.code,
                text(row.why),
                row.receipt,
                row.signature,
                row.envelope,
            )
            for row in commit.statements
        ),
        f"ON CONFLICT (id, signer) DO UPDATE SET {changed}",
    )


_KEY = {"id", "signer", "type"}


async def _write_packets(put: _Put, commit: Commit) -> None:
    await put.rows(
        "packet",
        _PACKET,
        ([getattr(row, name) for name in _PACKET] for row in commit.packets),
    )
    await put.rows(
        "derivation",
        {"packet": _BYTES, "source": _BYTES},
        ((row.id, source) for row in commit.packets for source in row.sources),
        "ON CONFLICT DO NOTHING",
    )
    await put.rows(
        "correction",
        {"packet": _BYTES, "corrects": _BYTES},
        ((row.id, row.corrects) for row in commit.packets if row.corrects),
    )
    await put.rows(
        "recall",
        {"packet": _BYTES, "node": _TEXT, "grant_id": _BYTES, "slots": _BYTES},
        (
            (row.packet, row.node, row.grant, b"".join(map(u32, row.slots)))
            for row in commit.recalls
        ),
        "ON CONFLICT DO NOTHING",
    )
    await put.run(
        "UPDATE packet p SET parts = new.parts FROM new WHERE p.id = new.id",
        {"id": _BYTES, "parts": _BYTES},
        commit.dropped.items(),
    )
    await put.run(
        "UPDATE packet p SET ends_ms = new.ends_ms FROM new WHERE p.id = new.id",
        {"id": _BYTES, "ends_ms": _INT},
        commit.ends.items(),
    )


async def _write_registry(put: _Put, commit: Commit) -> None:
    await put.numbered(
        "agreement",
        {"id": _BYTES, "version": _INT, "statement": _INT},
        ((row.id, row.version, row.statement) for row in commit.agreements),
    )
    await put.numbered(
        "standing",
        {"agency": _TEXT, "agreement": _BYTES, "statement": _INT},
        ((row.agency, row.agreement, row.statement) for row in commit.standings),
        "ON CONFLICT (agency, agreement) DO UPDATE"
        " SET statement = excluded.statement, serial = excluded.serial",
    )
    await put.numbered(
        "case_step",
        {"case_id": _BYTES, "sender": _TEXT, "recipient": _TEXT, "statement": _INT},
        ((row.case, row.sender, row.recipient, row.statement) for row in commit.case_steps),
        "ON CONFLICT (case_id, sender, recipient) DO UPDATE"
        " SET statement = excluded.statement, serial = excluded.serial",
    )
    await put.numbered(
        "channel",
        {"sender": _TEXT, "recipient": _TEXT, "agreement": _BYTES, "seq": _INT, "mark": _INT},
        ((row.sender, row.recipient, row.agreement, row.seq, row.mark) for row in commit.channels),
        "ON CONFLICT (sender, recipient, agreement) DO UPDATE"
        " SET seq = excluded.seq, mark = excluded.mark, serial = excluded.serial",
    )


async def _write_mail(put: _Put, commit: Commit) -> None:
    await put.rows(
        "mail",
        _MAIL,
        ([getattr(row, name) for name in _MAIL] for row in commit.mail),
    )
    await put.rows(
        "waiting",
        {"node": _TEXT, "agency": _TEXT, "statements": _INT, "bytes": _INT},
        ((*key, *added) for key, added in commit.waiting.items()),
        "ON CONFLICT (node, agency) DO UPDATE SET statements = waiting.statements"
        " + excluded.statements, bytes = waiting.bytes + excluded.bytes",
    )
    last: dict[str, int] = {}
    for row in commit.mail:
        last[row.node] = max(last.get(row.node, 0), row.seq)
    await put.numbered(
        "mailbox",
        {"node": _TEXT, "seq": _INT},
        last.items(),
        "ON CONFLICT (node) DO UPDATE"
        " SET seq = greatest(mailbox.seq, excluded.seq), serial = excluded.serial",
    )
    await put.run(
        "UPDATE mail m SET delivered = coalesce(m.delivered, new.delivered),"
        " status = coalesce(new.status, m.status), held = coalesce(m.held, new.held),"
        " passed = m.passed OR new.passed FROM new WHERE m.node = new.node AND m.seq = new.seq",
        {
            "node": _TEXT,
            "seq": _INT,
            "delivered": _INT,
            "status": _INT,
            "held": _INT,
            "passed": _BOOL,
        },
        (
            (row.node, row.seq, row.delivered, row.status, row.held, row.passed)
            for row in _merged(commit.mail_updates)
        ),
    )
    await put.run(
        "UPDATE mail m SET statement = new.entry, entry = new.entry FROM new"
        " WHERE m.node = new.node AND m.seq = new.seq",
        {"node": _TEXT, "seq": _INT, "entry": _INT},
        ((row.node, row.seq, row.entry) for row in commit.withdrawn),
    )
    # Nobody is to be handed it any more, unless it goes back to its sender.
    await put.run(
        "UPDATE statement s SET envelope = '' FROM new WHERE s.idx = new.idx"
        " AND NOT EXISTS (SELECT FROM mail m WHERE m.statement = s.idx)",
        {"idx": _INT},
        ((row.grant,) for row in commit.withdrawn),
    )
    # What a node takes in waits no longer; it is still behind its place when this is asked.
    await put.run(
        "UPDATE waiting w SET statements = w.statements - taken.number,"
        " bytes = w.bytes - taken.size FROM (SELECT m.node, m.agency, count(*) AS number,"
        " sum(m.bytes)::bigint AS size FROM new LEFT JOIN acknowledged a ON a.node = new.node"
        " JOIN mail m ON m.node = new.node AND m.seq <= new.seq AND m.seq > coalesce(a.seq, 0)"
        " GROUP BY m.node, m.agency) AS taken"
        " WHERE w.node = taken.node AND w.agency = taken.agency",
        {"node": _TEXT, "seq": _INT},
        commit.acknowledged.items(),
    )
    await put.rows(
        "acknowledged",
        {"node": _TEXT, "seq": _INT},
        commit.acknowledged.items(),
        "ON CONFLICT (node) DO UPDATE SET seq = greatest(acknowledged.seq, excluded.seq)",
    )


def _merged(updates: Iterable[MailUpdate]) -> Iterable[MailUpdate]:
    """One update for each item: of several rows an UPDATE takes one, and not in order."""
    merged: dict[tuple[str, int], MailUpdate] = {}
    for new in updates:
        old = merged.get((new.node, new.seq), new)
        merged[new.node, new.seq] = MailUpdate(
            node=new.node,
            seq=new.seq,
            delivered=new.delivered if old.delivered is None else old.delivered,
            status=old.status if new.status is None else new.status,
            held=new.held if old.held is None else old.held,
            passed=old.passed or new.passed,
        )
    return merged.values()


async def _write_erasures(put: _Put, commit: Commit) -> None:
    erased = [(row.idx, row.statement) for row in commit.erased]
    columns = {"idx": _INT, "statement": _INT}
    await put.rows("erasure", columns, erased)
    await put.run("DELETE FROM event e USING new WHERE e.idx = new.idx", columns, erased)
    await put.run(
        "DELETE FROM event_agency e USING new WHERE e.agency = new.agency AND e.idx = new.idx",
        {"agency": _TEXT, "idx": _INT},
        ((agency, row.idx) for row in commit.erased for agency in row.agencies),
    )
    # The exchange's receipt tells of the entry what the entry hides.
    await put.run(
        "UPDATE statement s SET receipt = '' FROM new WHERE s.idx = new.idx", columns, erased
    )


async def _write_requests(put: _Put, commit: Commit) -> None:
    await put.rows(
        "request",
        _REQUEST,
        ([getattr(row, name) for name in _REQUEST] for row in commit.requests_opened),
        "ON CONFLICT DO NOTHING",
    )
    await put.run(
        "UPDATE request r SET stored_ms = new.stored_ms, due_ms = new.due_ms,"
        " overdue_ms = new.overdue_ms, stopped = new.stopped FROM new"
        " WHERE r.packet = new.packet AND r.holder = new.holder",
        _REQUEST,
        ([getattr(row, name) for name in _REQUEST] for row in commit.requests_changed),
    )
    await put.rows(
        "request_step",
        {"statement": _INT, "packet": _BYTES, "holder": _TEXT, "time_ms": _INT},
        ((row.statement, row.packet, row.holder, row.time_ms) for row in commit.request_steps),
    )
    await put.rows(
        "standing_change",
        {"agreement": _BYTES, "statement": _INT, "time_ms": _INT},
        ((row.agreement, row.statement, row.time_ms) for row in commit.standing_changes),
        "ON CONFLICT DO NOTHING",
    )
    # Whether they run again is found out when they are looked at: none is read here.
    changed = {row.agreement for row in commit.standing_changes}
    await put.run(
        "UPDATE request r SET due_ms = new.time_ms, stopped = FALSE FROM new"
        " WHERE r.agreement = new.agreement AND r.stopped",
        {"agreement": _BYTES, "time_ms": _INT},
        ((agreement, commit.time_ms) for agreement in changed),
    )
