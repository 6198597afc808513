"""What must be known of the past before a batch is judged, as SQLite answers it."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import apsw

from tearline_server.storage.known import Asked, Known, Settled
from tearline_server.storage.sqlite.asking import first, value
from tearline_server.storage.sqlite.log import hidden
from tearline_server.storage.sqlite.mail import delivered, rooms, undelivered, waiting
from tearline_server.storage.sqlite.packets import corrections, packets, recalls, releases, sources
from tearline_server.storage.sqlite.requests import requests_known
from tearline_server.storage.sqlite.restoring import with_events

Key = TypeVar("Key", bound=tuple[Any, ...])

_SETTLED = (
    "SELECT code, why, receipt, attestation FROM statement"
    " JOIN attestation ON hash = signature WHERE id = ? AND signer = ?"
)
_NATURAL = "SELECT id FROM statement WHERE signer = ? AND natural = ?"
_ENVELOPE = "SELECT envelope FROM statement WHERE id = ? AND signer = ? AND envelope <> x''"


def known_of(connection: apsw.Connection, asked: Asked) -> Known:
    """Answers what is asked, inside the caller's transaction."""
    mail = delivered(connection, asked.mail)
    told = {(item.packet, node) for (node, _), item in mail.items() if item.packet is not None}
    corrects = corrections(connection, asked.packets | asked.corrected)
    made_from = asked.sources | sources(connection, asked.packets)
    known = Known(
        statements=_settled(connection, asked.statements),
        naturals=_values(connection, _NATURAL, asked.naturals),
        packets=packets(connection, asked.packets | made_from | asked.corrected),
        mail=mail,
        entries=hidden(connection, asked.entries),
        undelivered={each: undelivered(connection, each) for each in asked.agreements},
        releases=releases(connection, made_from | asked.corrected | {*corrects.values()}),
        requests=requests_known(connection, asked.requests | told),
        envelopes=_values(connection, _ENVELOPE, asked.envelopes),
        recalls={each: recalls(connection, each) for each in asked.recalls | asked.corrected},
        corrects=corrects,
        waiting={**waiting(connection, asked.waiting), **rooms(connection, asked.rooms)},
    )
    return with_events(connection, asked, known)


def _settled(
    connection: apsw.Connection, keys: Iterable[tuple[bytes, str]]
) -> Mapping[tuple[bytes, str], Settled]:
    return {
        key: Settled(code=row[0], why=row[1], receipt=row[2], attestation=row[3])
        for key in keys
        if (row := first(connection, _SETTLED, key)) is not None
    }


def _values(connection: apsw.Connection, sql: str, keys: Iterable[Key]) -> Mapping[Key, bytes]:
    return {key: found for key in keys if (found := value(connection, sql, key)) is not None}
