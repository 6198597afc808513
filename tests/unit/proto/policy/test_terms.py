from dataclasses import replace

import pytest

from support.cases import each_case
from support.policies import ARTICLE, CN, MX, TERMS, US
from tearline.errors import TermsMalformed
from tearline.limits import MAX_SHARES, MAX_TERM_NAMES
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.terms import Direction, Share


def test_a_share_of_a_leaf_goes_before_one_of_its_group() -> None:
    forms = ARTICLE.forms_for(CN)
    assert forms["finance.amount"] is Form.GENERALISED
    assert forms["finance.account"] is Form.MATCH


def test_nothing_said_is_nothing_given() -> None:
    assert ARTICLE.forms_for(CN)["narrative"] is Form.WITHHELD
    assert set(ARTICLE.forms_for(US).values()) == {Form.WITHHELD}
    assert set(ARTICLE.forms_for(CN)) == {category.name for category in CATEGORIES}


def test_a_share_of_a_group_leaves_its_guarded_leaves_out() -> None:
    forms = ARTICLE.forms_for(MX)
    assert forms["identity.subject"] is Form.CLEAR
    assert forms["identity.source"] is Form.WITHHELD
    assert forms["method"] is Form.CLEAR  # named itself


def test_an_article_is_found_by_its_id() -> None:
    assert TERMS.article("money-laundering") is ARTICLE
    assert TERMS.article("precursors") is None


@each_case(
    "change",
    [
        {"id": ""},
        {"id": "Money Laundering"},
        {"id": "x" * 65},
        {"purposes": ("evidence", "evidence")},
        {"purposes": ("b", "a")},
        {"kinds": ("lead\n",)},
        {"crime_areas": ("trafficking_",)},
        {"purposes": tuple(f"p{number:03}" for number in range(MAX_TERM_NAMES + 1))},
        {"directions": (Direction(sender=US, recipient=US),)},
        {"directions": (Direction(sender=US, recipient=MX), Direction(sender=US, recipient=CN))},
        {"shares": (Share(partner=CN, category="finances", form=Form.CLEAR),)},
        {"shares": (Share(partner=CN, category="unmarked", form=Form.CLEAR),)},
        {"shares": (Share(partner=CN, category="unmarked", form=Form.EXISTS),)},
        {"shares": tuple(reversed(ARTICLE.shares))},
        {
            "shares": (
                Share(partner=CN, category="finance", form=Form.EXISTS),
                Share(partner=CN, category="finance", form=Form.CLEAR),
            )
        },
        {"shares": ARTICLE.shares * MAX_SHARES},
    ],
)
def test_a_malformed_article_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TermsMalformed):
        replace(ARTICLE, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"parties": (US,)},
        {"parties": (US, CN, MX)},  # unsorted
        {"parties": tuple(sorted((US, CN)))},  # the article names a third
        {"parties": tuple(sorted((US, CN, MX, "us-treasury.example")))},
        {"parties": tuple(sorted((US, CN, MX, "spiffe://US.example")))},
        {"articles": ()},
        {"articles": (ARTICLE, ARTICLE)},
    ],
)
def test_malformed_terms_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(TermsMalformed):
        replace(TERMS, **change)
