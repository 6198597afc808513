"""Agreements as they are read: how much of a reader's memory the largest take."""

from dataclasses import replace
from functools import partial

from support.agencies import CN, US, federation
from support.costs import memory
from support.exchange import agreement, terms
from tearline.limits import MAX_ARTICLES
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.terms import Share
from tearline.wire.agreements import encode_agreement, parse_agreement


def test_an_agreement_takes_little_more_memory_than_its_encoding() -> None:
    """An exchange and its nodes keep those in force, and whoever signs them chooses their size."""
    parties = (CN, US)
    (article,) = terms(parties).articles
    ordinary = sorted(category.name for category in CATEGORIES if not category.guarded)
    shares = tuple(
        Share(partner=partner, category=name, form=Form.CLEAR)
        for partner in parties
        for name in ordinary
    )
    articles = tuple(
        replace(article, id=f"article-{number:02}", shares=shares) for number in range(MAX_ARTICLES)
    )
    large = agreement(
        federation().node(US).header, terms=replace(terms(parties), articles=articles)
    )
    body = encode_agreement(large)
    assert parse_agreement(body) == large
    held, _ = memory(lambda: partial(parse_agreement, body))
    assert held < 2 * len(body)
