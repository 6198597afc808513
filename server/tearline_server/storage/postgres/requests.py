"""Lookups of requests for a batch, in PostgreSQL: their steps, and the suspensions since."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from tearline.suspensions.stoppage import Reach, Stoppage
from tearline_server.storage.columns import reach_of, stoppage_of
from tearline_server.storage.lookups import StoredRequest
from tearline_server.storage.positions import siblings_between
from tearline_server.storage.postgres.query_batch import Answers, QueryBatch
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.values import columns
from tearline_server.storage.rows import RequestRow

Request = tuple[bytes, str]

# The asker's agency signed the manifest. Its index ends the lookup of another agency's request as
# it ends that of an unknown one.
_KEYS = (
    "unnest({0}::bytea[], {1}::text[], {2}::text[], {3}::text[], {4}::text[])"
    " AS k (id, holder, side, low, high)"
)
_REQUEST = (
    "JOIN LATERAL (SELECT TRUE WHERE k.side = k.holder UNION ALL SELECT TRUE FROM statement"
    " WHERE k.side <> k.holder AND id = k.id AND signer > k.low AND signer < k.high LIMIT 1)"
    " may ON TRUE JOIN LATERAL (SELECT * FROM request WHERE packet = k.id AND holder = k.holder"
    " AND k.side IN (holder, asker) OFFSET 0) r ON TRUE"
)
_REQUESTS = (
    "SELECT r.packet, r.holder, r.asker, r.agreement, r.version, r.granted_ms,"  # noqa: S608 (constant texts)
    " r.stored_ms, r.due_ms, r.overdue_ms, r.stopped, r.article, m.envelope AS manifest,"
    " t.envelope AS terms, t.idx AS agreed FROM"
    f" {_KEYS} {_REQUEST} JOIN packet p ON p.id = r.packet JOIN statement m ON m.idx = p.statement"
    " JOIN agreement a ON a.id = r.agreement AND a.version = r.version"
    " JOIN statement t ON t.idx = a.statement"
)
_STEPS = (
    "SELECT DISTINCT r.packet, r.holder, t.statement, t.time_ms, s.envelope FROM"  # noqa: S608 (constant texts)
    f" {_KEYS} {_REQUEST}"
    " JOIN LATERAL (SELECT * FROM request_step WHERE packet = r.packet AND holder = r.holder"
    " OFFSET 0) t ON TRUE"
    " JOIN LATERAL (SELECT * FROM statement WHERE idx = t.statement OFFSET 0) s ON TRUE"
    " ORDER BY t.statement"
)
# Each half reads an index: open suspensions, and those ended since.
_STOPPAGES = (
    "SELECT k.number, s.agency, s.article, s.sender, s.recipient, s.began, s.began_ms, s.ended,"
    " s.ended_ms FROM unnest({0}::bigint[], {1}::bytea[], {2}::text[], {3}::bigint[])"
    " AS k (number, id, name, since) CROSS JOIN LATERAL ("
    "SELECT * FROM stoppage WHERE agreement = k.id AND article IN ('', k.name)"
    " AND ended_ms IS NULL UNION ALL SELECT * FROM stoppage WHERE agreement = k.id"
    " AND article IN ('', k.name) AND ended_ms > k.since) s"
)
_REACHES = (
    "SELECT k.number, r.entry, r.time_ms, r.parties, r.articles, r.joint FROM"
    " unnest({0}::bigint[], {1}::bytea[], {2}::bigint[]) AS k (number, id, since)"
    " JOIN reach r ON r.agreement = k.id AND r.entry >= coalesce((SELECT max(entry) FROM reach"
    " WHERE agreement = k.id AND time_ms <= k.since), 0) ORDER BY r.entry"
)
_REQUEST_NAMES = tuple(field.name for field in fields(RequestRow))


def ask_requests(questions: QueryBatch, keys: Iterable[tuple[bytes, str, str]]) -> None:
    """Adds the queries for requests, and for their steps.

    Args:
        questions: The batch; ``requests_of`` reads its answers.
        keys: Manifest id, holder and side of each request.
    """
    asked = columns(((*key, *siblings_between(key[2])) for key in keys), 5)
    questions.put("requests", _REQUESTS, *asked)
    questions.put("steps", _STEPS, *asked)


async def requests_of(connection: Connection, answers: Answers) -> dict[Request, StoredRequest]:
    """Returns the requests of the answers, with the suspensions since their grants."""
    requests = _requests(answers.get("requests", ()), answers.get("steps", ()))
    numbers, keys = list(range(len(requests))), list(requests)
    agreements = [requests[key].row.agreement for key in keys]
    since_ms = [requests[key].row.granted_ms for key in keys]
    articles = [requests[key].row.article for key in keys]
    questions = QueryBatch()
    questions.put("stoppages", _STOPPAGES, numbers, agreements, articles, since_ms)
    questions.put("reaches", _REACHES, numbers, agreements, since_ms)
    found = await questions.answers(connection)
    stoppages: dict[int, list[Stoppage]] = {number: [] for number in numbers}
    for number, *row in found.get("stoppages", ()):
        stoppages[number].append(stoppage_of(row))
    reaches: dict[int, list[Reach]] = {number: [] for number in numbers}
    for number, *row in found.get("reaches", ()):
        reaches[number].append(reach_of(row))
    return {
        key: replace(requests[key], stoppages=stoppages[number], reaches=reaches[number])
        for number, key in enumerate(keys)
    }


def _requests(rows: Iterable[Any], steps: Iterable[Any]) -> dict[Request, StoredRequest]:
    taken: dict[Request, list[tuple[int, int, bytes]]] = {}
    for packet, holder, statement, time_ms, envelope in steps:
        taken.setdefault((packet, holder), []).append((statement, time_ms, envelope))
    found = {}
    for *row, manifest, terms, agreed in rows:
        request = RequestRow(**dict(zip(_REQUEST_NAMES, row, strict=True)))
        found[request.packet, request.holder] = StoredRequest(
            row=request,
            manifest=manifest,
            agreement=terms,
            agreed=agreed,
            steps=taken.get((request.packet, request.holder), []),
        )
    return found
