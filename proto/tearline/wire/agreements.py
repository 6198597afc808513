"""Codec of agreements."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from tearline.agreements.agreement import Agreement
from tearline.errors import StatementMalformed
from tearline.limits import MAX_NAMES_KEPT, MAX_URI_BYTES
from tearline.packets.packet import Urgency
from tearline.policy.form import Form
from tearline.policy.marking import parse_tlp
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms
from tearline.v1 import agreement_pb2 as pb
from tearline.wire.packets import PINS
from tearline.wire.statements import HEADER
from tearline.wire.table import (
    BYTES,
    FLAG,
    MESSAGE,
    NUMBER,
    TEXT,
    enum,
    many,
    part,
    table,
    translated,
)


@lru_cache(maxsize=MAX_NAMES_KEPT)
def _kept(name: str) -> str:
    return name


def _once(name: str) -> str:
    # Only a name that is possible is kept: the agreement is not verified yet.
    return _kept(name) if len(name) <= MAX_URI_BYTES else name


_NAME = translated(TEXT, None, _once)
"""Name that many shares repeat: each is stored once."""

_DIRECTION = table(pb.Direction, Direction, sender=_NAME, recipient=_NAME)

_SHARE = table(pb.Share, Share, partner=_NAME, category=_NAME, form=enum(Form))

_ARTICLE = table(
    pb.Article,
    ArticleTerms,
    id=TEXT,
    purposes=many(TEXT),
    kinds=many(TEXT),
    crime_areas=many(TEXT),
    directions=many(part(_DIRECTION)),
    shares=many(part(_SHARE)),
    highest_tlp=translated(TEXT, attrgetter("text"), parse_tlp),
    joint=FLAG,
    four_eyes=FLAG,
    both_before_open=FLAG,
)


def _write_reply_times(times: Mapping[Urgency, int]) -> list[pb.ReplyTime]:
    return [pb.ReplyTime(urgency=urgency.value, time_ms=times[urgency]) for urgency in Urgency]


def _read_reply_times(items: Iterable[pb.ReplyTime]) -> dict[Urgency, int]:
    if [item.urgency for item in items] != list(Urgency):
        raise StatementMalformed("an agreement has one reply time for each urgency, in order")
    return {Urgency(item.urgency): item.time_ms for item in items}


def _agreement(
    *, parties: tuple[str, ...], articles: tuple[ArticleTerms, ...], **others: Any
) -> Agreement:
    return Agreement(terms=Terms(parties=parties, articles=articles), **others)


AGREEMENT = table(
    pb.Agreement,
    _agreement,
    header=part(HEADER),
    id=BYTES,
    version=NUMBER,
    name=TEXT,
    parties=many(TEXT).at("terms.parties"),
    articles=many(part(_ARTICLE)).at("terms.articles"),
    pins=part(PINS),
    reply_times=translated(many(MESSAGE), _write_reply_times, _read_reply_times),
    retention_ms=NUMBER,
    onward_use=TEXT,
    oversight=many(TEXT),
    valid_from_ms=NUMBER,
    valid_until_ms=NUMBER,
    log_retention_ms=NUMBER,
    authorisation_ms=NUMBER,
)
encode_agreement = AGREEMENT.encode
"""Returns the canonical encoding of an agreement: the body of its statement."""
parse_agreement = AGREEMENT.parse
"""Returns an agreement from its statement's body."""
