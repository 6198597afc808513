"""Writes of one transaction in SQLite: one SQL statement per kind of row."""

from collections.abc import Sequence

import apsw

from tearline_server.storage.columns import Slots, budget_rows, packed_slots, without_slots
from tearline_server.storage.commit import Commit
from tearline_server.storage.rows import EventRow
from tearline_server.storage.sqlite.queries import run, value
from tearline_server.storage.sqlite.requests import write_requests

# Subtracts acknowledged items; runs before the node's position is updated.
_TAKEN_IN = (
    "UPDATE waiting SET statements = statements - taken.number, bytes = waiting.bytes - taken.size"
    " FROM (SELECT agency, count(*) AS number, sum(bytes) AS size FROM mail"
    " WHERE node = :node AND seq <= :seq AND agency <> ''"
    " AND seq > coalesce((SELECT seq FROM acknowledged WHERE node = :node), 0)"
    " GROUP BY agency) AS taken WHERE waiting.node = :node AND waiting.agency = taken.agency"
)

_PLACES = ("code", "outcome", "reason", "actor", "party", "statement", "packet", "agreement")


def _place(number: int) -> str:
    found = f"nullif(instr(?3, CAST(?{number} AS BLOB)), 0)"
    return f"coalesce({found} << 12 | octet_length(?{number}), 0)"


INSERT_EVENT = (
    f"INSERT INTO event (idx, salt, event, time_ms, {', '.join(f'{name}_at' for name in _PLACES)})"  # noqa: S608 (constant texts)
    f" VALUES (?1, ?2, ?3, ?4, {', '.join(map(_place, range(5, 5 + len(_PLACES))))})"
)
"""SQL that writes an event from the values of its columns, in the order of ``EventRow``.

The values of ``_PLACES`` stand in the event: the row has their places there, and SQLite computes
the columns.
"""


def write(connection: apsw.Connection, commit: Commit) -> None:
    """Writes all of a commit, inside the caller's transaction."""
    tree = commit.tree
    first = tree.size - len(commit.entries)
    many = connection.executemany
    many(
        "UPDATE head SET size = ?, frontier = ?, time_ms = ?, serial = serial + 1",
        [(tree.size, b"".join(tree.hashes), commit.time_ms)],
    )
    many("INSERT INTO entry VALUES (?, ?)", enumerate(commit.entries, start=first))
    many("INSERT INTO directory_effect VALUES (?)", ((index,) for index in commit.effects))
    many("INSERT INTO node VALUES (?, ?, ?)", (node for node in commit.nodes if node[0]))
    write_events(connection, commit.events)
    many(
        "INSERT INTO attestation VALUES (?, ?) ON CONFLICT DO NOTHING",
        commit.attestations.items(),
    )
    # A co-signed statement or a void may be accepted after a refusal: its row is replaced.
    many(
        "INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id, signer) DO UPDATE SET idx = excluded.idx, natural = excluded.natural,"
        " packet = excluded.packet, code = excluded.code, why = excluded.why,"
        " envelope = excluded.envelope",
        (
            (
                row.idx,
                row.id,
                row.signer,
                row.type,
                row.natural,
                row.packet,
                row.code,
                row.why,
                row.envelope,
            )
            for row in commit.statements
        ),
    )
    many(
        "INSERT INTO packet VALUES (?, ?, ?, ?, ?, ?)",
        (
            (row.id, row.statement, row.openings, row.agreement, row.accepted_ms, row.ends_ms)
            for row in commit.packets
        ),
    )
    many(
        "INSERT INTO ciphertext VALUES (?, ?)",
        ((row.id, row.ciphertexts) for row in commit.packets),
    )
    many(
        "INSERT INTO derivation VALUES (?, ?) ON CONFLICT DO NOTHING",
        ((row.id, source) for row in commit.packets for source in row.sources),
    )
    many(
        "INSERT INTO correction VALUES (?, ?)",
        ((row.id, row.corrects) for row in commit.packets if row.corrects),
    )
    many(
        "INSERT INTO agreement VALUES (?, ?, ?)",
        ((row.id, row.version, row.statement) for row in commit.agreements),
    )
    many(
        "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)",
        ((row.agency, row.agreement, row.statement, row.empty_ms) for row in commit.standings),
    )
    many(
        "INSERT OR REPLACE INTO case_step VALUES (?, ?, ?, ?)",
        ((row.case, row.sender, row.recipient, row.statement) for row in commit.case_steps),
    )
    many("INSERT INTO erasure VALUES (?, ?)", ((row.idx, row.statement) for row in commit.erased))
    many("DELETE FROM event WHERE idx = ?", ((row.idx,) for row in commit.erased))
    many(
        "DELETE FROM event_agency WHERE agency = ? AND idx = ?",
        ((agency, row.idx) for row in commit.erased for agency in row.agencies),
    )
    many(
        "INSERT OR REPLACE INTO channel VALUES (?, ?, ?, ?, ?, ?)",
        (
            (row.sender, row.recipient, row.agreement, row.seq, row.mark, row.empty_ms)
            for row in commit.channels
        ),
    )
    many("INSERT OR REPLACE INTO budget VALUES (?, ?, ?, ?)", budget_rows(commit.budgets))
    many(
        "INSERT INTO mail (node, seq, statement, entry, agency, bytes, agreement)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (row.node, row.seq, row.statement, row.entry, row.agency, row.bytes, row.agreement)
            for row in commit.mail
        ),
    )
    many(
        "INSERT INTO waiting VALUES (?, ?, ?, ?) ON CONFLICT (node, agency) DO UPDATE"
        " SET statements = statements + excluded.statements, bytes = bytes + excluded.bytes",
        ((*key, *added) for key, added in commit.waiting.items()),
    )
    many(
        "UPDATE mail SET delivered = coalesce(delivered, ?), status = coalesce(?, status),"
        " held = coalesce(held, ?), passed = max(passed, ?) WHERE node = ? AND seq = ?",
        (
            (row.delivered, row.status, row.held, row.passed, row.node, row.seq)
            for row in commit.mail_updates
        ),
    )
    many(
        "UPDATE mail SET statement = ?, entry = ?, agreement = x'' WHERE node = ? AND seq = ?",
        ((row.entry, row.entry, row.node, row.seq) for row in commit.withdrawn),
    )
    # A withdrawn grant is not delivered. Its bytes stay only while they are mail to its sender.
    many(
        "UPDATE statement SET envelope = x'' WHERE idx = ?"
        " AND NOT EXISTS (SELECT 1 FROM mail WHERE statement = idx)",
        ((row.grant,) for row in commit.withdrawn),
    )
    many(
        "INSERT INTO recall VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        ((row.packet, row.node, row.grant, packed_slots(row.slots)) for row in commit.recalls),
    )
    for packet, slots in commit.dropped.items():  # as few as a batch recalls or finds ended
        _drop(connection, packet, slots)
    many(
        "UPDATE packet SET ends_ms = ? WHERE id = ?",
        ((ends_ms, packet) for packet, ends_ms in commit.ends.items()),
    )
    many(_TAKEN_IN, ({"node": node, "seq": seq} for node, seq in commit.acknowledged.items()))
    many(
        "INSERT INTO acknowledged VALUES (?, ?)"
        " ON CONFLICT (node) DO UPDATE SET seq = max(seq, excluded.seq)",
        commit.acknowledged.items(),
    )
    write_requests(connection, commit)


def write_events(connection: apsw.Connection, events: Sequence[EventRow]) -> None:
    """Writes contents of blind entries, inside the caller's transaction."""
    connection.executemany(
        INSERT_EVENT,
        (
            (
                row.idx,
                row.salt,
                row.event,
                row.time_ms,
                row.code,
                row.outcome,
                row.reason,
                row.actor,
                row.party,
                row.statement,
                row.packet,
                row.agreement,
            )
            for row in events
        ),
    )
    connection.executemany(
        "INSERT INTO event_agency VALUES (?, ?)",
        ((agency, row.idx) for row in events for agency in row.agencies),
    )


def _drop(connection: apsw.Connection, packet: bytes, slots: Slots | None) -> None:
    """Deletes ciphertexts of a packet; None for all of them."""
    held = None
    if slots is not None:
        held = value(connection, "SELECT parts FROM ciphertext WHERE packet = ?", (packet,))
    left = without_slots(held, slots) if held is not None and slots is not None else b""
    if left:
        run(connection, "UPDATE ciphertext SET parts = ? WHERE packet = ?", (left, packet))
    else:
        run(connection, "DELETE FROM ciphertext WHERE packet = ?", (packet,))
