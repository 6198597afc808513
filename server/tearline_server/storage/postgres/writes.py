"""Writes of one transaction in PostgreSQL.

All new rows go in one statement. The writer holds the lock on the head until it is done, and every
further query delays the other processes.
"""

from collections.abc import Iterable, Sequence

from tearline_server.storage.columns import budget_rows, reach_columns, stoppage_columns
from tearline_server.storage.commit import Commit
from tearline_server.storage.postgres.notifications import TELL_GROWN
from tearline_server.storage.postgres.packets import change_packets, put_packets
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.values import text
from tearline_server.storage.postgres.write_batch import BOOL, BYTES, INT, TEXT, WriteBatch
from tearline_server.storage.rows import EventRow, Head, MailUpdate

_ENTRY = {"idx": INT, "entry": BYTES}
_NODE = {"level": INT, "idx": INT, "hash": BYTES}
_EVENT = {
    "idx": INT,
    "salt": BYTES,
    "event": BYTES,
    "time_ms": INT,
    "code": TEXT,
    "outcome": TEXT,
    "reason": TEXT,
    "actor": TEXT,
    "party": TEXT,
    "statement": BYTES,
    "packet": BYTES,
    "agreement": BYTES,
}
_STATEMENT = {
    "idx": INT,
    "id": BYTES,
    "signer": TEXT,
    "type": INT,
    '"natural"': BYTES,
    "packet": BYTES,
    "code": TEXT,
    "why": TEXT,
    "envelope": BYTES,
}
_MAIL = {
    "node": TEXT,
    "seq": INT,
    "statement": INT,
    "entry": INT,
    "agency": TEXT,
    "bytes": INT,
    "agreement": BYTES,
}
_CHANNEL = {
    "sender": TEXT,
    "recipient": TEXT,
    "agreement": BYTES,
    "seq": INT,
    "mark": INT,
    "empty_ms": INT,
}
_REQUEST = {
    "packet": BYTES,
    "holder": TEXT,
    "asker": TEXT,
    "agreement": BYTES,
    "version": INT,
    "granted_ms": INT,
    "stored_ms": INT,
    "due_ms": INT,
    "overdue_ms": INT,
    "stopped": BOOL,
    "article": TEXT,
}
_STOPPAGE = {
    "agreement": BYTES,
    "agency": TEXT,
    "article": TEXT,
    "sender": TEXT,
    "recipient": TEXT,
    "began": INT,
    "began_ms": INT,
    "ended": INT,
    "ended_ms": INT,
}


async def write(connection: Connection, commit: Commit, head: Head) -> int:
    """Writes a commit after a head, inside the caller's transaction; returns its serial."""
    serial, tree = head.serial + 1, commit.tree
    put = WriteBatch(connection, serial)
    put.rows("entry", _ENTRY, enumerate(commit.entries, start=tree.size - len(commit.entries)))
    put.rows("directory_effect", {"idx": INT}, ((index,) for index in commit.effects))
    put.rows("node", _NODE, (node for node in commit.nodes if node[0]))
    _put_events(put, commit.events)
    put.rows(
        "attestation",
        {"hash": BYTES, "attestation": BYTES},
        commit.attestations.items(),
        "ON CONFLICT DO NOTHING",
    )
    _put_statements(put, commit)
    put_packets(put, commit)
    _put_registry(put, commit)
    _put_mail(put, commit)
    _put_requests(put, commit)
    put.run(
        "UPDATE head h SET size = new.size, frontier = new.frontier, time_ms = new.time_ms,"
        " serial = new.serial FROM new",
        {"size": INT, "frontier": BYTES, "time_ms": INT, "serial": INT},
        [(tree.size, b"".join(tree.hashes), commit.time_ms, serial)],
    )
    await put.write(TELL_GROWN)
    await change_packets(connection, put, commit)
    await _change_mail(put, commit)
    await _erase(put, commit)
    await _change_requests(put, commit)
    return serial


async def write_events(connection: Connection, events: Sequence[EventRow]) -> None:
    """Writes contents of blind entries, inside the caller's transaction."""
    put = WriteBatch(connection, 0)
    _put_events(put, events)
    await put.write()


def _put_events(put: WriteBatch, events: Sequence[EventRow]) -> None:
    put.rows("event", _EVENT, ([getattr(row, name) for name in _EVENT] for row in events))
    put.rows(
        "event_agency",
        {"agency": TEXT, "idx": INT},
        ((agency, row.idx) for row in events for agency in row.agencies),
    )


def _put_statements(put: WriteBatch, commit: Commit) -> None:
    # A co-signed statement or a void may be accepted after a refusal: its row is replaced.
    changed = ", ".join(f"{name} = excluded.{name}" for name in _STATEMENT if name not in _KEY)
    put.rows(
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
                row.envelope,
            )
            for row in commit.statements
        ),
        f"ON CONFLICT (id, signer) DO UPDATE SET {changed}",
    )


_KEY = {"id", "signer", "type"}


def _put_registry(put: WriteBatch, commit: Commit) -> None:
    put.numbered(
        "agreement",
        {"id": BYTES, "version": INT, "statement": INT},
        ((row.id, row.version, row.statement) for row in commit.agreements),
    )
    put.numbered(
        "standing",
        {"agency": TEXT, "agreement": BYTES, "statement": INT, "empty_ms": INT},
        ((row.agency, row.agreement, row.statement, row.empty_ms) for row in commit.standings),
        "ON CONFLICT (agency, agreement) DO UPDATE SET statement = excluded.statement,"
        " empty_ms = excluded.empty_ms, serial = excluded.serial",
    )
    put.numbered(
        "case_step",
        {"case_id": BYTES, "sender": TEXT, "recipient": TEXT, "statement": INT},
        ((row.case, row.sender, row.recipient, row.statement) for row in commit.case_steps),
        "ON CONFLICT (case_id, sender, recipient) DO UPDATE"
        " SET statement = excluded.statement, serial = excluded.serial",
    )
    put.numbered(
        "channel",
        _CHANNEL,
        ([getattr(row, name) for name in _CHANNEL] for row in commit.channels),
        "ON CONFLICT (sender, recipient, agreement) DO UPDATE SET seq = excluded.seq,"
        " mark = excluded.mark, empty_ms = excluded.empty_ms, serial = excluded.serial",
    )
    put.numbered(
        "budget",
        {"agency": TEXT, "part": TEXT, "entries_us": INT, "bytes_us": INT},
        budget_rows(commit.budgets),
        "ON CONFLICT (agency, part) DO UPDATE SET entries_us = excluded.entries_us,"
        " bytes_us = excluded.bytes_us, serial = excluded.serial",
    )


def _put_mail(put: WriteBatch, commit: Commit) -> None:
    put.rows(
        "mail",
        _MAIL,
        ([getattr(row, name) for name in _MAIL] for row in commit.mail),
    )
    put.rows(
        "waiting",
        {"node": TEXT, "agency": TEXT, "statements": INT, "bytes": INT},
        ((*key, *added) for key, added in commit.waiting.items()),
        "ON CONFLICT (node, agency) DO UPDATE SET statements = waiting.statements"
        " + excluded.statements, bytes = waiting.bytes + excluded.bytes",
    )
    last: dict[str, int] = {}
    for row in commit.mail:
        last[row.node] = max(last.get(row.node, 0), row.seq)
    put.numbered(
        "mailbox",
        {"node": TEXT, "seq": INT},
        last.items(),
        "ON CONFLICT (node) DO UPDATE"
        " SET seq = greatest(mailbox.seq, excluded.seq), serial = excluded.serial",
    )


async def _change_mail(put: WriteBatch, commit: Commit) -> None:
    put.run(
        "UPDATE mail m SET delivered = coalesce(m.delivered, new.delivered),"
        " status = coalesce(new.status, m.status), held = coalesce(m.held, new.held),"
        " passed = m.passed OR new.passed FROM new WHERE m.node = new.node AND m.seq = new.seq",
        {
            "node": TEXT,
            "seq": INT,
            "delivered": INT,
            "status": INT,
            "held": INT,
            "passed": BOOL,
        },
        (
            (row.node, row.seq, row.delivered, row.status, row.held, row.passed)
            for row in _merged(commit.mail_updates)
        ),
    )
    await put.write()
    put.run(
        "UPDATE mail m SET statement = new.entry, entry = new.entry, agreement = '' FROM new"
        " WHERE m.node = new.node AND m.seq = new.seq",
        {"node": TEXT, "seq": INT, "entry": INT},
        ((row.node, row.seq, row.entry) for row in commit.withdrawn),
    )
    await put.write()
    # It is never handed out again, unless it returns to its sender.
    put.run(
        "UPDATE statement s SET envelope = '' FROM new WHERE s.idx = new.idx"
        " AND (SELECT TRUE FROM mail m WHERE m.statement = s.idx LIMIT 1) IS NULL",
        {"idx": INT},
        ((row.grant,) for row in commit.withdrawn),
    )
    # Subtracts acknowledged items; this statement still sees the node's old position.
    put.run(
        "UPDATE waiting w SET statements = w.statements - taken.number,"
        " bytes = w.bytes - taken.size FROM (SELECT m.node, m.agency, count(*) AS number,"
        " sum(m.bytes)::bigint AS size FROM new JOIN LATERAL (SELECT node, agency, bytes FROM mail"
        " WHERE node = new.node AND seq <= new.seq"
        " AND seq > coalesce((SELECT seq FROM acknowledged WHERE node = new.node), 0) OFFSET 0) m"
        " ON TRUE GROUP BY m.node, m.agency) AS taken"
        " WHERE w.node = taken.node AND w.agency = taken.agency",
        {"node": TEXT, "seq": INT},
        commit.acknowledged.items(),
    )
    put.rows(
        "acknowledged",
        {"node": TEXT, "seq": INT},
        commit.acknowledged.items(),
        "ON CONFLICT (node) DO UPDATE SET seq = greatest(acknowledged.seq, excluded.seq)",
    )
    await put.write()


def _merged(updates: Iterable[MailUpdate]) -> Iterable[MailUpdate]:
    """Returns one update per item: UPDATE would apply only one of several rows, in any order."""
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


async def _erase(put: WriteBatch, commit: Commit) -> None:
    erased = [(row.idx, row.statement) for row in commit.erased]
    columns = {"idx": INT, "statement": INT}
    put.rows("erasure", columns, erased)
    put.run("DELETE FROM event e USING new WHERE e.idx = new.idx", columns, erased)
    put.run(
        "DELETE FROM event_agency e USING new WHERE e.agency = new.agency AND e.idx = new.idx",
        {"agency": TEXT, "idx": INT},
        ((agency, row.idx) for row in commit.erased for agency in row.agencies),
    )
    await put.write()


def _put_requests(put: WriteBatch, commit: Commit) -> None:
    put.rows(
        "request",
        _REQUEST,
        ([getattr(row, name) for name in _REQUEST] for row in commit.requests_opened),
        "ON CONFLICT DO NOTHING",
    )
    put.rows(
        "request_step",
        {"statement": INT, "packet": BYTES, "holder": TEXT, "time_ms": INT},
        ((row.statement, row.packet, row.holder, row.time_ms) for row in commit.request_steps),
    )
    put.rows(
        "reach",
        {
            "agreement": BYTES,
            "entry": INT,
            "time_ms": INT,
            "parties": TEXT,
            "articles": TEXT,
            "joint": TEXT,
        },
        ((row.agreement, *reach_columns(row.reach)) for row in commit.reaches),
        "ON CONFLICT DO NOTHING",
    )
    put.rows(
        "stoppage",
        _STOPPAGE,
        ((row.agreement, *stoppage_columns(row.stoppage)) for row in commit.stopped),
        "ON CONFLICT DO NOTHING",
    )
    put.run(
        "UPDATE stoppage s SET ended = new.ended, ended_ms = new.ended_ms FROM new"
        " WHERE s.agreement = new.agreement AND s.agency = new.agency AND s.article = new.article"
        " AND s.sender = new.sender AND s.recipient = new.recipient AND s.ended_ms IS NULL",
        _STOPPAGE,
        ((row.agreement, *stoppage_columns(row.stoppage)) for row in commit.resumed),
    )


async def _change_requests(put: WriteBatch, commit: Commit) -> None:
    put.run(
        "UPDATE request r SET stored_ms = new.stored_ms, due_ms = new.due_ms,"
        " overdue_ms = new.overdue_ms, stopped = new.stopped FROM new"
        " WHERE r.packet = new.packet AND r.holder = new.holder",
        _REQUEST,
        ([getattr(row, name) for name in _REQUEST] for row in commit.requests_changed),
    )
    await put.write()
    # Their clocks are recomputed at the next overdue check, not here.
    put.run(
        "UPDATE request r SET due_ms = new.time_ms, stopped = FALSE FROM new JOIN LATERAL"
        " (SELECT packet, holder FROM request WHERE agreement = new.agreement AND stopped OFFSET 0)"
        " k ON TRUE"
        " WHERE r.packet = k.packet AND r.holder = k.holder",
        {"agreement": BYTES, "time_ms": INT},
        ((agreement, commit.time_ms) for agreement in commit.restless),
    )
    await put.write()
