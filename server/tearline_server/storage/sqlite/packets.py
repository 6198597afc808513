"""Packets in SQLite: their sources, corrections, releases, recalls and ends."""

from collections.abc import Iterable, Mapping

import apsw

from tearline_server.storage.columns import LINKS_BYTES, unpacked_slots
from tearline_server.storage.lookups import Owned, Release, StoredPacket, WholePacket
from tearline_server.storage.positions import nodes_between, parties_between
from tearline_server.storage.rows import RecallRow
from tearline_server.storage.sqlite.queries import first, value

# SQLite preserves the order of a CROSS JOIN: another agency's packet ends at the statement's index,
# as an unknown one does.
_OWN = (
    "SELECT length(s.envelope) + length(p.openings) FROM statement s"
    " CROSS JOIN packet p ON p.id = s.id"
    " WHERE s.id = ? AND s.signer > ? AND s.signer < ?"
)
_GIVEN = (
    "SELECT 1 FROM event WHERE packet = ? AND party > ? AND party < ?"
    " AND packet <> x'' AND code = 'grant-accepted' AND outcome = 'ok' LIMIT 1"
)
_SIZE = (
    "SELECT length(s.envelope) + length(p.openings) FROM packet p"
    " JOIN statement s ON s.idx = p.statement WHERE p.id = ?"
)
_SOURCES = "SELECT source FROM derivation WHERE packet = ?"
_LINE = (
    "WITH RECURSIVE line (packet, corrects) AS (SELECT packet, corrects FROM correction"
    " WHERE packet = ?1 OR corrects = ?1 UNION SELECT c.packet, c.corrects"
    " FROM correction c JOIN line ON c.packet = line.corrects) SELECT packet, corrects FROM line"
)
_RELEASES = (
    "SELECT event FROM event WHERE packet = ? AND packet <> x'' AND code = 'grant-accepted'"
    " AND outcome = 'ok' AND party >= ? AND party <= ? LIMIT ?"
)
_PACKET = (
    "SELECT s.envelope, p.openings, p.accepted_ms FROM packet p"
    " JOIN statement s ON s.idx = p.statement WHERE p.id = ?"
)
_WHOLE = (
    "SELECT s.envelope, p.openings, p.accepted_ms, c.parts FROM packet p"
    " JOIN statement s ON s.idx = p.statement LEFT JOIN ciphertext c ON c.packet = p.id"
    " WHERE p.id = ?"
)
_LINKS = (
    "SELECT coalesce(instr(substr(c.parts, -?), ?) > 0, FALSE) FROM packet p"
    " LEFT JOIN ciphertext c ON c.packet = p.id WHERE p.id = ?"
)


def own_sizes(connection: apsw.Connection, asked: Iterable[Owned]) -> dict[Owned, int]:
    """Returns the bytes of packets that belong to the agency that names them."""
    return {
        owned: size
        for owned in asked
        if (size := value(connection, _OWN, (owned[0], *nodes_between(owned[1])))) is not None
    }


def given_sizes(connection: apsw.Connection, asked: Iterable[Owned]) -> dict[Owned, int]:
    """Returns the bytes of packets that the naming agency received at least in part."""
    given = [
        owned
        for owned in asked
        if value(connection, _GIVEN, (owned[0], *nodes_between(owned[1]))) is not None
    ]
    return {
        owned: size
        for owned in given
        if (size := value(connection, _SIZE, (owned[0],))) is not None
    }


def source_sizes(connection: apsw.Connection, packet_id: bytes) -> dict[bytes, int]:
    """Returns the stored sources of a packet, with their bytes."""
    sources = [source for (source,) in connection.execute(_SOURCES, (packet_id,))]
    return {
        source: size
        for source in sources
        if (size := value(connection, _SIZE, (source,))) is not None
    }


def whole_packets(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, WholePacket]:
    """Returns packets with their ciphertexts, by manifest id; unknown ids are omitted."""
    return {
        id_: WholePacket(
            envelope=row[0], openings=row[1], accepted_ms=row[2], ciphertexts=row[3] or b""
        )
        for id_ in ids
        if (row := first(connection, _WHOLE, (id_,))) is not None
    }


def linking(
    connection: apsw.Connection, ids: Iterable[bytes], blob_id: bytes
) -> Mapping[bytes, bool]:
    """Returns whether packets hold a link to a large document; unknown ids are omitted."""
    return {
        id_: bool(found)
        for id_ in ids
        if (found := value(connection, _LINKS, (LINKS_BYTES, blob_id, id_))) is not None
    }


def packets(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, StoredPacket]:
    """Returns packets by manifest id; unknown ones are absent."""
    return {
        id_: StoredPacket(envelope=row[0], openings=row[1], accepted_ms=row[2])
        for id_ in ids
        if (row := first(connection, _PACKET, (id_,))) is not None
    }


def corrections(connection: apsw.Connection, ids: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """Returns corrector and corrected packet of every correction of the given packets' lines."""
    return {
        corrector: corrected
        for id_ in ids
        for corrector, corrected in connection.execute(_LINE, (id_,))
    }


def releases(
    connection: apsw.Connection, most: Mapping[Release, int]
) -> Mapping[Release, list[bytes]]:
    """Returns events of accepted grants, by packet and recipient, up to a number of each."""
    return {
        (id_, party): [
            event
            for (event,) in connection.execute(_RELEASES, (id_, *parties_between(party), limit))
        ]
        for (id_, party), limit in most.items()
    }


def recalls(connection: apsw.Connection, packet_id: bytes) -> list[RecallRow]:
    """Returns the recalls of a packet, by its manifest's id."""
    sql = "SELECT node, grant_id, slots FROM recall WHERE packet = ?"
    return [
        RecallRow(packet=packet_id, node=node, grant=grant, slots=unpacked_slots(slots))
        for node, grant, slots in connection.execute(sql, (packet_id,))
    ]


def ended(
    connection: apsw.Connection, now_ms: int, kept: Mapping[bytes, int], limit: int
) -> list[bytes]:
    """Returns packets that may have ended, by manifest id; see ``Store.ended``."""
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
