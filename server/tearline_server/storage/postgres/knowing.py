"""What must be known of the past before a batch is judged: one question for each kind."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields

from tearline.statement import StatementType
from tearline.wire.flow import parse_event
from tearline_server.storage.columns import unpacked_slots
from tearline_server.storage.known import (
    Asked,
    Delivered,
    Hidden,
    Known,
    Settled,
    StoredPacket,
    StoredRequest,
    Undelivered,
)
from tearline_server.storage.places import agreement_of
from tearline_server.storage.postgres.connection import Connection
from tearline_server.storage.rows import OpeningRow, RecallRow, RequestRow

Request = tuple[bytes, str]

_STATEMENTS = (
    "SELECT s.id, s.signer, s.code, s.why, s.receipt, a.attestation FROM"
    " unnest($1::bytea[], $2::text[]) AS k (id, name)"
    " JOIN statement s ON s.id = k.id AND s.signer = k.name"
    " JOIN attestation a ON a.hash = s.signature"
)
_NATURALS = (
    'SELECT s.signer, s."natural", s.id FROM'
    " unnest($1::bytea[], $2::text[]) AS k (id, name)"
    ' JOIN statement s ON s.signer = k.name AND s."natural" = k.id'
)
_ENVELOPES = (
    "SELECT s.id, s.signer, s.envelope FROM"
    " unnest($1::bytea[], $2::text[]) AS k (id, name)"
    " JOIN statement s ON s.id = k.id AND s.signer = k.name WHERE s.envelope <> ''"
)
_MAIL = (
    "SELECT m.node, s.id, m.seq, s.signer, s.type, s.packet, e.agreement, m.delivered,"
    " m.held, m.status, m.passed, s.envelope, s.idx"
    " FROM unnest($1::bytea[], $2::text[]) AS k (id, name)"
    " JOIN statement s ON s.id = k.id JOIN mail m ON m.statement = s.idx AND m.node = k.name"
    " LEFT JOIN event e ON e.idx = m.entry"
)
_HIDDEN = (
    "SELECT idx, event, EXISTS (SELECT FROM mail m LEFT JOIN acknowledged a ON a.node = m.node"
    " WHERE m.entry = e.idx AND m.seq > coalesce(a.seq, 0)) AS awaited"
    " FROM event e WHERE idx = ANY($1::bigint[])"
)
# A node passes only what was handed out to it, or kept from that, so behind its place is all.
_UNDELIVERED = (
    "SELECT m.node, m.seq, s.id, m.statement, e.event FROM mailbox b"
    " LEFT JOIN acknowledged a ON a.node = b.node"
    " JOIN mail m ON m.node = b.node AND m.seq > coalesce(a.seq, 0)"
    " JOIN statement s ON s.idx = m.statement AND s.type = $1 AND s.signer <> m.node"
    " JOIN event e ON e.idx = m.entry WHERE m.delivered IS NULL AND m.held IS NULL"
    " AND e.agreement = $2 ORDER BY m.node, m.seq"
)
_SOURCES = "SELECT source FROM derivation WHERE packet = ANY($1::bytea[])"
_LINE = (
    "WITH RECURSIVE line (packet, corrects) AS (SELECT packet, corrects FROM correction"
    " WHERE packet = ANY($1::bytea[]) OR corrects = ANY($1::bytea[])"
    " UNION SELECT c.packet, c.corrects FROM correction c JOIN line ON c.packet = line.corrects)"
    " SELECT packet, corrects FROM line"
)
_RELEASES = (
    "SELECT packet, event FROM event WHERE packet <> '' AND packet = ANY($1::bytea[])"
    " AND code = 'grant-accepted' AND outcome = 'ok' ORDER BY idx"
)
_PACKETS = (
    "SELECT p.id, s.envelope, p.parts, p.accepted_ms FROM packet p"
    " JOIN statement s ON s.idx = p.statement WHERE p.id = ANY($1::bytea[])"
)
_RECALLS = "SELECT packet, node, grant_id, slots FROM recall WHERE packet = ANY($1::bytea[])"
_WAITING = (
    "SELECT w.node, w.agency, w.statements, w.bytes FROM"
    " unnest($1::text[], $2::text[]) AS k (node, agency)"
    " JOIN waiting w ON w.node = k.node AND w.agency = k.agency"
)
_REQUESTS = (
    "SELECT r.packet, r.holder, r.asker, r.agreement, r.version, r.granted_ms,"
    " r.stored_ms, r.due_ms, r.overdue_ms, r.stopped, m.envelope AS manifest,"
    " t.envelope AS terms FROM unnest($1::bytea[], $2::text[]) AS k (id, name)"
    " JOIN request r ON r.packet = k.id AND r.holder = k.name"
    " JOIN packet p ON p.id = r.packet JOIN statement m ON m.idx = p.statement"
    " JOIN agreement a ON a.id = r.agreement AND a.version = r.version"
    " JOIN statement t ON t.idx = a.statement"
)
_STEPS = (
    "SELECT r.packet, r.holder, r.statement, r.time_ms, s.envelope FROM"
    " unnest($1::bytea[], $2::text[]) AS k (id, name)"
    " JOIN request_step r ON r.packet = k.id AND r.holder = k.name"
    " JOIN statement s ON s.idx = r.statement ORDER BY r.statement"
)
_CHANGES = (
    "SELECT c.agreement, c.statement, c.time_ms, s.envelope FROM standing_change c"
    " JOIN statement s ON s.idx = c.statement WHERE c.agreement = ANY($1::bytea[])"
    " ORDER BY c.statement"
)
_REQUEST_NAMES = tuple(field.name for field in fields(RequestRow))
_EVENTS = (
    "SELECT statement, code, party, idx, salt, event FROM event WHERE statement = ANY($1::bytea[])"
)


async def known_of(connection: Connection, asked: Asked) -> Known:
    """Answers what is asked, inside the caller's transaction."""
    mail = await _mail(connection, asked.mail)
    told = {(item.packet, node) for (node, _), item in mail.items() if item.packet is not None}
    corrects = await _corrects(connection, asked.packets | asked.corrected)
    sources = asked.sources | await _sources(connection, asked.packets)
    requests = await _requests(connection, asked.requests | told)
    restored = await connection.fetchval("SELECT EXISTS (SELECT FROM restoration)")
    return Known(
        statements=await _statements(connection, asked.statements),
        naturals=await _naturals(connection, asked.naturals),
        packets=await packets_of(connection, asked.packets | sources | asked.corrected),
        mail=mail,
        events=await _events(connection, asked) if restored else {},
        is_restored=restored,
        entries=await _entries(connection, asked.entries),
        undelivered={each: await _undelivered(connection, each) for each in asked.agreements},
        releases=await _releases(connection, sources | asked.corrected | {*corrects.values()}),
        requests=requests,
        standing_changes=await _changes(connection, {r.row.agreement for r in requests.values()}),
        envelopes=await _envelopes(connection, asked.envelopes),
        recalls=await recalls_of(connection, asked.recalls | asked.corrected),
        corrects=corrects,
        waiting=await _waiting(connection, asked.waiting),
    )


async def packets_of(connection: Connection, ids: Collection[bytes]) -> dict[bytes, StoredPacket]:
    """Packets by the id of their manifest; unknown ones are absent."""
    if not ids:
        return {}
    return {
        id_: StoredPacket(envelope=envelope, parts=parts, accepted_ms=accepted_ms)
        for id_, envelope, parts, accepted_ms in await connection.fetch(_PACKETS, list(ids))
    }


async def recalls_of(
    connection: Connection, packets: Collection[bytes]
) -> dict[bytes, list[RecallRow]]:
    """What was recalled of packets, by the ids of their manifests."""
    found: dict[bytes, list[RecallRow]] = {packet: [] for packet in packets}
    if found:
        for packet, node, grant, slots in await connection.fetch(_RECALLS, list(packets)):
            row = RecallRow(packet=packet, node=node, grant=grant, slots=unpacked_slots(slots))
            found[packet].append(row)
    return found


async def _statements(
    connection: Connection, keys: Collection[tuple[bytes, str]]
) -> dict[tuple[bytes, str], Settled]:
    if not keys:
        return {}
    rows = await connection.fetch(_STATEMENTS, *_columns(keys))
    return {
        (id_, signer): Settled(code=code, why=why, receipt=receipt, attestation=attestation)
        for id_, signer, code, why, receipt, attestation in rows
    }


async def _naturals(
    connection: Connection, keys: Collection[tuple[str, bytes]]
) -> dict[tuple[str, bytes], bytes]:
    if not keys:
        return {}
    rows = await connection.fetch(_NATURALS, *_columns((natural, who) for who, natural in keys))
    return {(signer, natural): id_ for signer, natural, id_ in rows}


async def _envelopes(
    connection: Connection, keys: Collection[tuple[bytes, str]]
) -> dict[tuple[bytes, str], bytes]:
    if not keys:
        return {}
    rows = await connection.fetch(_ENVELOPES, *_columns(keys))
    return {(id_, signer): envelope for id_, signer, envelope in rows}


async def _mail(
    connection: Connection, keys: Collection[tuple[str, bytes]]
) -> dict[tuple[str, bytes], Delivered]:
    if not keys:
        return {}
    rows = await connection.fetch(_MAIL, *_columns((id_, node) for node, id_ in keys))
    return {
        (row["node"], row["id"]): Delivered(
            seq=row["seq"],
            sender=row["signer"],
            type=row["type"],
            packet=row["packet"],
            # What was erased of the log is still what its reader is to answer for.
            agreement=agreement_of(row["envelope"])
            if row["agreement"] is None
            else row["agreement"],
            delivered=row["delivered"] is not None,
            held=row["held"] is not None,
            status=row["status"],
            passed=row["passed"],
            statement=row["idx"],
        )
        for row in rows
    }


async def _entries(connection: Connection, indices: Collection[int]) -> dict[int, Hidden]:
    if not indices:
        return {}
    rows = await connection.fetch(_HIDDEN, list(indices))
    return {idx: Hidden(event=event, awaited=awaited) for idx, event, awaited in rows}


async def _undelivered(connection: Connection, agreement: bytes) -> list[Undelivered]:
    rows = await connection.fetch(_UNDELIVERED, StatementType.GRANT, agreement)
    return [
        Undelivered(node=node, seq=seq, id=id_, statement=statement, event=parse_event(event))
        for node, seq, id_, statement, event in rows
    ]


async def _sources(connection: Connection, packets: Collection[bytes]) -> set[bytes]:
    if not packets:
        return set()
    return {source for (source,) in await connection.fetch(_SOURCES, list(packets))}


async def _corrects(connection: Connection, packets: Collection[bytes]) -> dict[bytes, bytes]:
    if not packets:
        return {}
    return dict(map(tuple, await connection.fetch(_LINE, list(packets))))


async def _releases(
    connection: Connection, sources: Collection[bytes]
) -> Mapping[bytes, Sequence[bytes]]:
    found: dict[bytes, list[bytes]] = {source: [] for source in sources}
    if found:
        for packet, event in await connection.fetch(_RELEASES, list(sources)):
            found[packet].append(event)
    return found


async def _waiting(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, int]]:
    if not keys:
        return {}
    nodes, agencies = map(list, zip(*keys, strict=True))
    return {
        (node, agency): (statements, size)
        for node, agency, statements, size in await connection.fetch(_WAITING, nodes, agencies)
    }


async def _requests(
    connection: Connection, keys: Collection[Request]
) -> dict[Request, StoredRequest]:
    if not keys:
        return {}
    steps: dict[Request, list[tuple[int, int, bytes]]] = {}
    for packet, holder, *step in await connection.fetch(_STEPS, *_columns(keys)):
        statement, time_ms, envelope = step
        steps.setdefault((packet, holder), []).append((statement, time_ms, envelope))
    found = {}
    for *row, manifest, terms in await connection.fetch(_REQUESTS, *_columns(keys)):
        request = RequestRow(**dict(zip(_REQUEST_NAMES, row, strict=True)))
        found[request.packet, request.holder] = StoredRequest(
            row=request,
            manifest=manifest,
            agreement=terms,
            steps=steps.get((request.packet, request.holder), []),
        )
    return found


async def _changes(
    connection: Connection, agreements: Collection[bytes]
) -> Mapping[bytes, Sequence[tuple[int, int, bytes]]]:
    found: dict[bytes, list[tuple[int, int, bytes]]] = {each: [] for each in agreements}
    if found:
        rows = await connection.fetch(_CHANGES, list(agreements))
        for agreement, statement, time_ms, envelope in rows:
            found[agreement].append((statement, time_ms, envelope))
    return found


async def _events(connection: Connection, asked: Asked) -> dict[tuple[bytes, str, str], OpeningRow]:
    ids = {id_ for id_, _ in asked.statements} | {id_ for _, id_ in asked.mail}
    return {
        (id_, code, party): OpeningRow(idx=idx, salt=salt, event=event)
        for id_, code, party, idx, salt, event in await connection.fetch(_EVENTS, list(ids))
    }


def _columns(keys: Iterable[tuple[bytes, str]]) -> tuple[list[bytes], list[str]]:
    ids, names = zip(*keys, strict=True)
    return list(ids), list(names)
