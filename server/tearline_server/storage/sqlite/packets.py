"""Packets in SQLite: themselves, their sources, corrections and releases, recalls, and ends."""

from collections.abc import Iterable, Mapping

import apsw

from tearline_server.storage.columns import unpacked_slots
from tearline_server.storage.known import StoredPacket
from tearline_server.storage.rows import RecallRow
from tearline_server.storage.sqlite.asking import first

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


def packet_of(connection: apsw.Connection, packet_id: bytes) -> StoredPacket | None:
    """A packet by its manifest's id, or None."""
    sql = (
        "SELECT s.envelope, p.parts, p.accepted_ms FROM packet p"
        " JOIN statement s ON s.idx = p.statement WHERE p.id = ?"
    )
    row = first(connection, sql, (packet_id,))
    if row is None:
        return None
    return StoredPacket(envelope=row[0], parts=row[1], accepted_ms=row[2])


def packets(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, StoredPacket]:
    """Packets by the id of their manifest; unknown ones are absent."""
    return {id_: found for id_ in ids if (found := packet_of(connection, id_)) is not None}


def sources(connection: apsw.Connection, ids: Iterable[bytes]) -> set[bytes]:
    """The packets that packets were made from."""
    return {source for id_ in ids for (source,) in connection.execute(_SOURCES, (id_,))}


def corrections(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """What corrects packets, and all that they correct: each with what it corrects."""
    return {
        corrector: corrected
        for id_ in ids
        for corrector, corrected in connection.execute(_LINE, (id_,))
    }


def releases(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, list[bytes]]:
    """Events of accepted grants, in order, by the packet that they release."""
    return {id_: [event for (event,) in connection.execute(_RELEASES, (id_,))] for id_ in ids}


def recalls(connection: apsw.Connection, packet_id: bytes) -> list[RecallRow]:
    """What was recalled of a packet, by its manifest's id."""
    sql = "SELECT node, grant_id, slots FROM recall WHERE packet = ?"
    return [
        RecallRow(packet=packet_id, node=node, grant=grant, slots=unpacked_slots(slots))
        for node, grant, slots in connection.execute(sql, (packet_id,))
    ]


def ended(
    connection: apsw.Connection, now_ms: int, kept: Mapping[bytes, int], limit: int
) -> list[bytes]:
    """Packets that may have ended, by the id of their manifest; see ``Store.ended``."""
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
