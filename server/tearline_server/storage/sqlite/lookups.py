"""Lookups of stored state for a batch, in SQLite."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import apsw

from tearline_server.storage.lookups import LookupResults, Lookups, Settled
from tearline_server.storage.packet_allowance import allowance_of
from tearline_server.storage.release_lookups import PacketBases, wanted_releases
from tearline_server.storage.sqlite.log import hidden
from tearline_server.storage.sqlite.mailboxes import delivered, rooms, undelivered, waiting
from tearline_server.storage.sqlite.packets import (
    corrections,
    given_sizes,
    own_sizes,
    packets,
    recalls,
    releases,
    source_sizes,
)
from tearline_server.storage.sqlite.queries import first, value
from tearline_server.storage.sqlite.recovery import events_known, restorations
from tearline_server.storage.sqlite.requests import requests_known

Key = TypeVar("Key", bound=tuple[Any, ...])

_SETTLED = (
    "SELECT s.code, s.why, e.idx, e.salt, e.event FROM statement s LEFT JOIN event e"
    " ON e.idx = s.idx WHERE s.id = ? AND s.signer = ?"
)
_NATURAL = "SELECT id FROM statement WHERE signer = ? AND natural = ?"
_ENVELOPE = "SELECT envelope FROM statement WHERE id = ? AND signer = ? AND envelope <> x''"


def known_of(connection: apsw.Connection, asked: Lookups) -> LookupResults:
    """Returns the answers to a request, inside the caller's transaction."""
    is_restored = bool(restorations(connection))
    mail = delivered(connection, asked.mail)
    told = {(item.packet, node, node) for (node, _), item in mail.items() if item.packet}
    requests = requests_known(connection, asked.requests | told)
    own = own_sizes(connection, {*asked.packets, *asked.corrected})
    made = own_sizes(connection, asked.sources)
    made |= given_sizes(connection, (each for each in asked.sources if each not in made))
    owned = {id_ for id_, _ in own}
    granted = {each[0] for each in asked.packets if each in own}
    made_from = {id_: source_sizes(connection, id_) for id_ in granted}
    allowance = allowance_of(asked, own=own, made=made, sources=made_from)
    corrected = {id_ for id_, _ in asked.corrected}
    # After a restore, a corrected packet may be lost although its correction is stored.
    corrects = corrections(connection, owned | corrected if is_restored else owned)
    recalled = owned | asked.recalls
    bases = PacketBases(
        own=own, made=made, sources=made_from, corrects=corrects, read=allowance.read
    )
    wanted = wanted_releases(asked, bases)
    return LookupResults(
        statements=_settled(connection, asked.statements),
        naturals=_values(connection, _NATURAL, asked.naturals),
        packets=packets(connection, allowance.read | asked.ending),
        unread=allowance.unread,
        mail=mail,
        events=events_known(connection, asked) if is_restored else {},
        is_restored=is_restored,
        entries=hidden(connection, asked.entries),
        undelivered={each: undelivered(connection, each) for each in asked.agreements},
        releases=releases(connection, wanted.most),
        untold=wanted.unread,
        requests=requests,
        envelopes=_values(connection, _ENVELOPE, asked.envelopes),
        recalls={each: recalls(connection, each) for each in recalled},
        corrects=corrects,
        waiting={**waiting(connection, asked.waiting), **rooms(connection, asked.rooms)},
    )


def _settled(
    connection: apsw.Connection, keys: Iterable[tuple[bytes, str]]
) -> Mapping[tuple[bytes, str], Settled]:
    return {
        key: Settled.of_columns(*row)
        for key in keys
        if (row := first(connection, _SETTLED, key)) is not None
    }


def _values(connection: apsw.Connection, sql: str, keys: Iterable[Key]) -> Mapping[Key, bytes]:
    return {key: found for key in keys if (found := value(connection, sql, key)) is not None}
