"""Lookups of stored state for a batch, in PostgreSQL.

Two combined queries do most of the work: the second depends on answers to the first. The head is
locked meanwhile, so every further query delays the other processes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tearline.wire.grants import parse_event
from tearline_server.storage.columns import LINKS_BYTES, unpacked_slots
from tearline_server.storage.lookups import (
    Delivered,
    Hidden,
    LookupResults,
    Lookups,
    Owned,
    Release,
    Settled,
    StoredPacket,
    Undelivered,
    WholePacket,
)
from tearline_server.storage.packet_allowance import allowance_of
from tearline_server.storage.positions import agreement_of, nodes_between, parties_between
from tearline_server.storage.postgres.log import AWAITED
from tearline_server.storage.postgres.query_batch import QueryBatch
from tearline_server.storage.postgres.requests import ask_requests, requests_of
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.values import columns
from tearline_server.storage.release_lookups import PacketBases, wanted_releases
from tearline_server.storage.rows import OpeningRow, RecallRow

# OFFSET 0 fixes the order of joins, independent of the server's statistics: each LATERAL subquery
# stays separate, and runs once per outer row.
_STATEMENTS = (
    "SELECT s.id, s.signer, s.code, s.why, e.idx, e.salt, e.event FROM"
    " unnest({0}::bytea[], {1}::text[]) AS k (id, name)"
    " JOIN LATERAL (SELECT * FROM statement WHERE id = k.id AND signer = k.name OFFSET 0) s ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM event WHERE idx = s.idx OFFSET 0) e ON TRUE"
)
_NATURALS = (
    'SELECT s.signer, s."natural", s.id FROM'
    " unnest({0}::bytea[], {1}::text[]) AS k (id, name)"
    ' JOIN statement s ON s.signer = k.name AND s."natural" = k.id'
)
_ENVELOPES = (
    "SELECT s.id, s.signer, s.envelope FROM"
    " unnest({0}::bytea[], {1}::text[]) AS k (id, name)"
    " JOIN statement s ON s.id = k.id AND s.signer = k.name WHERE s.envelope <> ''"
)
# In place of an unknown statement, the next one is looked up in no mailbox: a refusal takes as long
# as for mail of others.
_MAIL = (
    "SELECT m.node, s.id, m.seq, s.signer, s.type, s.packet, e.agreement, m.delivered,"
    " m.held, m.status, m.passed, s.envelope, s.idx"
    " FROM unnest({0}::text[], {1}::bytea[], {2}::text[]) AS k (node, id, signer)"
    " CROSS JOIN LATERAL (SELECT idx,"
    " CASE WHEN id = k.id AND signer = k.signer THEN k.node ELSE '' END AS node"
    " FROM statement WHERE (id, signer) >= (k.id, k.signer) ORDER BY id, signer LIMIT 1) i"
    " JOIN LATERAL (SELECT * FROM mail"
    " WHERE statement = i.idx AND node = i.node OFFSET 0) m ON TRUE"
    " JOIN LATERAL (SELECT * FROM statement WHERE idx = i.idx OFFSET 0) s ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM event WHERE idx = m.entry OFFSET 0) e ON TRUE"
)
_HIDDEN = (
    f"SELECT e.idx, e.event, {AWAITED} AS awaited"  # noqa: S608 (constant texts)
    " FROM unnest({0}::bigint[], {1}::text[]) AS k (idx, agency)"
    " JOIN event_agency g ON g.idx = k.idx AND g.agency = k.agency"
    " JOIN LATERAL (SELECT * FROM event WHERE idx = g.idx OFFSET 0) e ON TRUE"
)
# A node reads past only delivered or withheld grants, so all others lie after its position.
_UNDELIVERED = (
    "SELECT m.agreement, m.node, m.seq, s.id, m.statement, e.event FROM unnest({0}::bytea[])"
    " AS k (id) JOIN LATERAL (SELECT * FROM mail WHERE agreement <> '' AND agreement = k.id"
    " AND delivered IS NULL AND held IS NULL AND NOT passed AND seq >"
    " coalesce((SELECT seq FROM acknowledged WHERE node = mail.node), 0) OFFSET 0) m ON TRUE"
    " JOIN LATERAL (SELECT id FROM statement WHERE idx = m.statement OFFSET 0) s ON TRUE"
    " JOIN LATERAL (SELECT event FROM event WHERE idx = m.entry OFFSET 0) e ON TRUE"
    " ORDER BY m.node, m.seq"
)
_RESTORED = "SELECT start FROM restoration"
# The third and fourth columns bound the URIs of the agency's nodes.
_KEYS = "unnest({0}::bytea[], {1}::text[], {2}::text[], {3}::text[]) AS k (id, agency, low, high)"
_OF_OWN = (
    f"{_KEYS} JOIN LATERAL (SELECT s.envelope, p.openings FROM (SELECT envelope FROM statement"  # noqa: S608 (constant texts)
    " WHERE id = k.id AND signer > k.low AND signer < k.high OFFSET 0) s CROSS JOIN LATERAL"
    " (SELECT openings FROM packet WHERE id = k.id OFFSET 0) p OFFSET 0) o ON TRUE"
)
_SIZE = "octet_length(o.envelope) + octet_length(o.openings)"
_OWN = f"SELECT k.id, k.agency, {_SIZE} FROM {_OF_OWN}"  # noqa: S608 (constant texts)
_PACKET = (
    "JOIN LATERAL (SELECT s.envelope, p.openings FROM packet p JOIN statement s"
    " ON s.idx = p.statement WHERE p.id = %s OFFSET 0) o ON TRUE"
)
_GIVEN = (
    f"SELECT k.id, k.agency, {_SIZE} FROM {_KEYS} {_PACKET % 'k.id'}"  # noqa: S608 (constant texts)
    " WHERE (SELECT TRUE FROM event e WHERE e.packet = k.id AND e.packet <> ''"
    " AND e.party > k.low AND e.party < k.high AND e.code = 'grant-accepted' AND e.outcome = 'ok'"
    " LIMIT 1) IS NOT NULL"
)
_SOURCES = (
    f"SELECT d.packet, d.source, {_SIZE} FROM (SELECT k.id FROM {_OF_OWN}) k"  # noqa: S608 (constant texts)
    " JOIN LATERAL (SELECT * FROM derivation WHERE packet = k.id OFFSET 0) d ON TRUE"
    f" {_PACKET % 'd.source'}"
)
# After a restore, a corrected packet may be lost although its correction is stored.
_LINE = (
    f"WITH RECURSIVE own (id) AS (SELECT k.id FROM {_OF_OWN} UNION SELECT id"  # noqa: S608 (constant texts)
    " FROM unnest({4}::bytea[]) AS c (id) WHERE EXISTS (SELECT FROM restoration)),"
    " line (packet, corrects) AS (SELECT c.packet, c.corrects FROM own JOIN LATERAL ("
    "SELECT packet, corrects FROM correction WHERE packet = own.id UNION ALL"
    " SELECT packet, corrects FROM correction WHERE corrects = own.id) c ON TRUE"
    " UNION SELECT c.packet, c.corrects FROM line JOIN LATERAL"
    " (SELECT * FROM correction WHERE packet = line.corrects OFFSET 0) c ON TRUE)"
    " SELECT packet, corrects FROM line"
)
_RELEASES = (
    "SELECT k.id, k.party, e.event FROM"
    " unnest({0}::bytea[], {1}::text[], {2}::text[], {3}::text[], {4}::bigint[])"
    " AS k (id, party, low, high, most) CROSS JOIN LATERAL (SELECT event FROM event"
    " WHERE packet = k.id AND packet <> '' AND party >= k.low AND party <= k.high"
    " AND code = 'grant-accepted' AND outcome = 'ok' LIMIT k.most) e"
)
_PACKETS = (
    "SELECT p.id, s.envelope, p.openings, p.accepted_ms FROM packet p"
    " JOIN statement s ON s.idx = p.statement WHERE p.id = ANY($1::bytea[])"
)
_WHOLE = (
    "SELECT k.id, s.envelope, p.openings, p.accepted_ms, coalesce(c.parts, '') AS ciphertexts"
    " FROM unnest($1::bytea[]) AS k (id)"
    " JOIN LATERAL (SELECT * FROM packet WHERE id = k.id OFFSET 0) p ON TRUE"
    " JOIN LATERAL (SELECT envelope FROM statement WHERE idx = p.statement OFFSET 0) s ON TRUE"
    " LEFT JOIN LATERAL (SELECT parts FROM ciphertext WHERE packet = k.id OFFSET 0) c ON TRUE"
)
_LINKS = (
    "SELECT k.id, coalesce(c.is_linked, FALSE) AS is_linked FROM unnest($1::bytea[]) AS k (id)"
    " JOIN LATERAL (SELECT FROM packet WHERE id = k.id OFFSET 0) p ON TRUE"
    " LEFT JOIN LATERAL (SELECT position($2::bytea IN"
    " substr(parts, greatest(1, octet_length(parts) - $3 + 1))) > 0 AS is_linked"
    " FROM ciphertext WHERE packet = k.id OFFSET 0) c ON TRUE"
)
_RECALLS = "SELECT packet, node, grant_id, slots FROM recall WHERE packet = ANY({0}::bytea[])"
_OWN_RECALLS = (
    f"SELECT DISTINCT r.packet, r.node, r.grant_id, r.slots FROM {_OF_OWN}"  # noqa: S608 (constant texts)
    " JOIN LATERAL (SELECT * FROM recall WHERE packet = k.id OFFSET 0) r ON TRUE"
)
_WAITING = (
    "SELECT w.node, w.agency, w.statements, w.bytes FROM"
    " unnest({0}::text[], {1}::text[]) AS k (node, agency)"
    " JOIN waiting w ON w.node = k.node AND w.agency = k.agency"
)
# All nodes of an agency, by URI prefix: "0" is the character after "/".
_ROOMS = (
    "SELECT w.node, w.agency, w.statements, w.bytes FROM"
    " unnest({0}::text[], {1}::text[]) AS k (of, agency)"
    " JOIN waiting w ON w.node > k.of || '/' AND w.node < k.of || '0' AND w.agency = k.agency"
)
_EVENTS = (
    "SELECT statement, code, party, idx, salt, event FROM event WHERE statement = ANY({0}::bytea[])"
)


async def known_of(connection: Connection, asked: Lookups) -> LookupResults:
    """Returns the answers to a request, inside the caller's transaction."""
    packets, corrected = _keys(asked.packets), [id_ for id_, _ in asked.corrected]
    own = _keys({*asked.packets, *asked.corrected})
    questions = QueryBatch()
    questions.put("restored", _RESTORED)
    questions.put("statements", _STATEMENTS, *columns(asked.statements, 2))
    questions.put("naturals", _NATURALS, *columns(((id_, who) for who, id_ in asked.naturals), 2))
    questions.put("envelopes", _ENVELOPES, *columns(asked.envelopes, 2))
    questions.put("mail", _MAIL, *columns(asked.mail, 3))
    questions.put("entries", _HIDDEN, *columns(asked.entries, 2))
    questions.put("undelivered", _UNDELIVERED, list(asked.agreements))
    questions.put("own", _OWN, *own)
    questions.put("made", _OWN, *_keys(asked.sources))
    questions.put("given", _GIVEN, *_keys(asked.sources))
    questions.put("sources", _SOURCES, *packets)
    if own[0]:
        questions.always("corrects", _LINE, *own, corrected)
    questions.put("own_recalls", _OWN_RECALLS, *own)
    questions.put("recalls", _RECALLS, list(asked.recalls))
    questions.put("waiting", _WAITING, *columns(asked.waiting, 2))
    questions.put("rooms", _ROOMS, *columns(asked.rooms, 2))
    found = await questions.answers(connection)

    mail = _mail(found.get("mail", ()))
    told = {(item.packet, node, node) for (node, _), item in mail.items() if item.packet}
    own_sizes = _sizes(found.get("own", ()))
    made_sizes = _sizes(found.get("given", ())) | _sizes(found.get("made", ()))
    sources: dict[bytes, dict[bytes, int]] = {}
    for packet, source, size in found.get("sources", ()):
        sources.setdefault(packet, {})[source] = size
    allowance = allowance_of(asked, own=own_sizes, made=made_sizes, sources=sources)
    owned = {id_ for id_, _ in own_sizes}
    corrects: dict[bytes, bytes] = dict(map(tuple, found.get("corrects", ())))
    bases = PacketBases(
        own=own_sizes, made=made_sizes, sources=sources, corrects=corrects, read=allowance.read
    )
    wanted = wanted_releases(asked, bases)
    releases = [(*key, *parties_between(key[1]), most) for key, most in wanted.most.items()]
    events = {id_ for id_, _ in asked.statements} | {id_ for _, id_, _ in asked.mail}
    questions = QueryBatch()
    questions.put("releases", _RELEASES, *columns(releases, 5))
    ask_requests(questions, asked.requests | told)
    if found["restored"]:
        questions.put("events", _EVENTS, list(events))
    then = await questions.answers(connection)

    return LookupResults(
        statements={
            (id_, signer): Settled.of_columns(*row)
            for id_, signer, *row in found.get("statements", ())
        },
        naturals={(signer, natural): id_ for signer, natural, id_ in found.get("naturals", ())},
        packets=await _packets(connection, allowance.read | asked.ending),
        unread=allowance.unread,
        mail=mail,
        events={
            (id_, code, party): OpeningRow(idx=idx, salt=salt, event=event)
            for id_, code, party, idx, salt, event in then.get("events", ())
        },
        is_restored=bool(found["restored"]),
        entries={
            idx: Hidden(event=event, awaited=awaited)
            for idx, event, awaited in found.get("entries", ())
        },
        undelivered=_undelivered(asked.agreements, found.get("undelivered", ())),
        releases=_releases(wanted.most, then.get("releases", ())),
        untold=wanted.unread,
        requests=await requests_of(connection, then),
        envelopes={(id_, signer): data for id_, signer, data in found.get("envelopes", ())},
        recalls=_recalls(owned, found.get("own_recalls", ()))
        | _recalls(asked.recalls, found.get("recalls", ())),
        corrects=corrects,
        waiting={
            (node, agency): (statements, size)
            for name in ("waiting", "rooms")
            for node, agency, statements, size in found.get(name, ())
        },
    )


async def whole_packets(
    connection: Connection, ids: Sequence[bytes]
) -> Mapping[bytes, WholePacket]:
    """Returns packets with their ciphertexts, by manifest id; unknown ids are omitted."""
    return {
        id_: WholePacket(
            envelope=envelope, openings=openings, accepted_ms=accepted_ms, ciphertexts=ciphertexts
        )
        for id_, envelope, openings, accepted_ms, ciphertexts in await connection.fetch(
            _WHOLE, list(ids)
        )
    }


async def linking(
    connection: Connection, ids: Sequence[bytes], blob_id: bytes
) -> Mapping[bytes, bool]:
    """Returns whether packets hold a link to a large document; unknown ids are omitted."""
    rows = await connection.fetch(_LINKS, list(ids), blob_id, LINKS_BYTES)
    return {row["id"]: row["is_linked"] for row in rows}


async def recalls_of(connection: Connection, packet_id: bytes) -> Sequence[RecallRow]:
    """Returns the recalls of a packet, by manifest id."""
    rows = await connection.fetch(_RECALLS.format("$1"), [packet_id])
    return _recalls({packet_id}, rows)[packet_id]


async def _packets(connection: Connection, ids: Collection[bytes]) -> dict[bytes, StoredPacket]:
    if not ids:
        return {}
    # A separate query: the packets to read follow from earlier answers.
    return {
        id_: StoredPacket(envelope=envelope, openings=openings, accepted_ms=accepted_ms)
        for id_, envelope, openings, accepted_ms in await connection.fetch(_PACKETS, list(ids))
    }


def _recalls(packets: Collection[bytes], rows: Iterable[Any]) -> dict[bytes, list[RecallRow]]:
    found: dict[bytes, list[RecallRow]] = {packet: [] for packet in packets}
    for packet, node, grant, slots in rows:
        row = RecallRow(packet=packet, node=node, grant=grant, slots=unpacked_slots(slots))
        found[packet].append(row)
    return found


def _mail(rows: Iterable[Any]) -> dict[tuple[str, bytes], Delivered]:
    return {
        (node, id_): Delivered(
            seq=seq,
            sender=signer,
            type=type_,
            packet=packet,
            # The reader must still answer for an item whose entry was erased.
            agreement=agreement_of(envelope) if agreement is None else agreement,
            delivered=delivered is not None,
            held=held is not None,
            status=status,
            passed=passed,
            statement=idx,
        )
        for (
            node,
            id_,
            seq,
            signer,
            type_,
            packet,
            agreement,
            delivered,
            held,
            status,
            passed,
            envelope,
            idx,
        ) in rows
    }


def _undelivered(
    agreements: Collection[bytes], rows: Iterable[Any]
) -> Mapping[bytes, Sequence[Undelivered]]:
    found: dict[bytes, list[Undelivered]] = {each: [] for each in agreements}
    for agreement, node, seq, id_, statement, event in rows:
        found[agreement].append(
            Undelivered(node=node, seq=seq, id=id_, statement=statement, event=parse_event(event))
        )
    return found


def _releases(
    wanted: Collection[Release], rows: Iterable[Any]
) -> Mapping[Release, Sequence[bytes]]:
    found: dict[Release, list[bytes]] = {key: [] for key in wanted}
    for packet, party, event in rows:
        found[packet, party].append(event)
    return found


def _sizes(rows: Iterable[Any]) -> dict[Owned, int]:
    return {(id_, agency): size for id_, agency, size in rows}


def _keys(asked: Collection[Owned]) -> list[list[Any]]:
    return columns(((id_, agency, *nodes_between(agency)) for id_, agency in asked), 4)
