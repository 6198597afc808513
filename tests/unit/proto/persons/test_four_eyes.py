"""Four eyes: how many persons a release stands on, and which."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.policies import ARTICLE
from tearline.errors import PolicyError, RoleUnfit, SecondPersonMissing
from tearline.persons.four_eyes import APPROVERS, DRAFTERS, verify_persons
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy

STRICT = replace(ARTICLE, four_eyes=True)
PEOPLE = st.builds(
    ActedBy,
    pseudonym=st.sampled_from([bytes([n]) * 32 for n in range(3)]),
    role=st.sampled_from([role.value for role in Role]),
    token_hash=st.just(bytes(32)),
    time_ms=st.just(1),
)


def person(number: int, role: Role) -> ActedBy:
    return ActedBy(pseudonym=bytes([number]) * 32, role=role, token_hash=bytes(32), time_ms=1)


ANALYST, LIAISON = person(1, Role.ANALYST), person(2, Role.LIAISON)


def test_an_analyst_drafts_and_a_liaison_approves() -> None:
    verify_persons(STRICT, ANALYST, LIAISON)


@pytest.mark.parametrize("second", [None, LIAISON])
def test_one_person_is_not_enough(second: ActedBy | None) -> None:
    with pytest.raises(SecondPersonMissing):
        verify_persons(STRICT, None, second)
    with pytest.raises(SecondPersonMissing):
        verify_persons(STRICT, LIAISON, None)


def test_another_article_takes_one_person_or_none() -> None:
    verify_persons(ARTICLE, None, None)
    verify_persons(ARTICLE, LIAISON, None)


@pytest.mark.parametrize("article", [STRICT, ARTICLE], ids=["strict", "other"])
def test_one_person_is_not_two_whatever_the_role(article) -> None:
    with pytest.raises(SecondPersonMissing):
        verify_persons(article, ANALYST, person(1, Role.OFFICER))


@pytest.mark.parametrize(
    ("first", "second"), [(Role.ANALYST, Role.ANALYST), (Role.AUDITOR, Role.OFFICER)]
)
def test_a_role_that_may_not_is_refused(first: Role, second: Role) -> None:
    with pytest.raises(RoleUnfit):
        verify_persons(STRICT, person(1, first), person(2, second))


@given(st.none() | PEOPLE, st.none() | PEOPLE)
def test_what_passes_stands_on_two(first: ActedBy | None, second: ActedBy | None) -> None:
    fit = (
        first is not None
        and second is not None
        and first.pseudonym != second.pseudonym
        and first.role in DRAFTERS
        and second.role in APPROVERS
    )
    try:
        verify_persons(STRICT, first, second)
    except PolicyError:
        assert not fit
    else:
        assert fit
