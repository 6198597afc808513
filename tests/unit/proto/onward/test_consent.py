"""Steps of a consent: who may take which, when, and where the consent stands by them."""

import dataclasses
from itertools import permutations, product

import pytest

from support.agencies import NOW_MS, node_of, secret
from support.cases import each_case
from support.consents import NAME, PERSON, PHONE, TERMS, consent
from tearline.errors import ConsentClosed, ConsentMisplaced, StatementMalformed
from tearline.limits import MAX_CONSENT_FIELDS
from tearline.onward.consent import (
    ConsentStatus,
    ConsentStep,
    ConsentTerms,
    is_live,
    status_of,
    verify_answers,
    verify_may_say,
    verify_open_for,
    verify_terms,
)
from tearline.onward.use import Use

ASK, GIVE, REFUSE, WITHDRAW = ConsentStep
NO_TERMS = ConsentTerms()


@each_case(
    "changed",
    [
        {"consent_id": bytes(15)},
        {"packet": bytes(31)},
        {"kem_key_id": bytes(33)},
        {"ends_ms": 0},
        {"step": REFUSE, "ends_ms": 1},
        {"step": GIVE, "acted_by": None},
        {"seconded_by": PERSON},
        {"step": REFUSE, "ends_ms": 0, "seconded_by": PERSON},
    ],
)
def test_a_step_that_cannot_be_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(StatementMalformed):
        consent(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": (PHONE, NAME)},
        {"fields": (NAME, NAME)},
        {"fields": ("",)},
        {"fields": tuple(f"{n:04}" for n in range(MAX_CONSENT_FIELDS + 1))},
        {"scope": "x" * 4097},
        {"note": "x" * 4097},
    ],
    ids=["out of order", "twice", "empty", "too many", "long scope", "long note"],
)
def test_terms_that_cannot_be_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(StatementMalformed):
        dataclasses.replace(TERMS, **changed)  # type: ignore[arg-type]  # each its own type


def test_who_asks_or_gives_names_fields_and_scope_and_nobody_else_does() -> None:
    for step in (ASK, GIVE):
        verify_terms(consent(step), TERMS)
        for part in ("fields", "scope"):
            with pytest.raises(StatementMalformed):
                verify_terms(consent(step), dataclasses.replace(TERMS, **{part: type(part)()}))
    for step in (REFUSE, WITHDRAW):
        verify_terms(consent(step), dataclasses.replace(NO_TERMS, note="why"))
        with pytest.raises(StatementMalformed):
            verify_terms(consent(step), TERMS)


def test_a_third_party_is_a_node() -> None:
    with pytest.raises(StatementMalformed):
        verify_terms(consent(), dataclasses.replace(TERMS, scope="somebody"))
    verify_terms(consent(use=Use.EVIDENCE), dataclasses.replace(TERMS, scope="case 12/26"))


@pytest.mark.parametrize(
    ("is_originator", "steps"), [(False, {ASK, WITHDRAW}), (True, {GIVE, REFUSE, WITHDRAW})]
)
def test_each_side_takes_its_own_steps(is_originator: bool, steps: set[ConsentStep]) -> None:
    for step in ConsentStep:
        if step in steps:
            verify_may_say(consent(step), is_originator=is_originator)
        else:
            with pytest.raises(ConsentMisplaced):
                verify_may_say(consent(step), is_originator=is_originator)


def test_what_is_given_was_asked_for() -> None:
    asked, given = consent(ASK), consent(GIVE)
    verify_answers(given, TERMS, asked, TERMS)
    verify_answers(given, dataclasses.replace(TERMS, fields=(NAME,)), asked, TERMS)
    with pytest.raises(ConsentMisplaced):
        verify_answers(given, TERMS, asked, dataclasses.replace(TERMS, fields=(NAME,)))
    for other in ({"packet": secret("another")}, {"use": Use.EVIDENCE}):
        with pytest.raises(ConsentMisplaced):
            verify_answers(dataclasses.replace(given, **other), TERMS, asked, TERMS)
    elsewhere = dataclasses.replace(TERMS, scope=node_of("spiffe://justice.us.example"))
    with pytest.raises(ConsentMisplaced):
        verify_answers(given, elsewhere, asked, TERMS)


def test_where_it_stands_does_not_depend_on_the_order() -> None:
    for steps in product(ConsentStep, repeat=3):
        assert len({status_of(order) for order in permutations(steps)}) == 1
    assert status_of(()) is None
    assert [status_of((ASK, step)) for step in ConsentStep] == list(ConsentStatus)
    assert status_of((ASK, GIVE, WITHDRAW)) is ConsentStatus.WITHDRAWN
    assert status_of((ASK, REFUSE, GIVE)) is ConsentStatus.REFUSED


@pytest.mark.parametrize(
    ("taken", "open_for"),
    [
        ((), {ASK}),
        ((ASK,), {GIVE, REFUSE, WITHDRAW}),
        ((ASK, GIVE), {WITHDRAW}),
        ((ASK, REFUSE), set()),
        ((ASK, GIVE, WITHDRAW), set()),
        ((WITHDRAW,), set()),
    ],
)
def test_a_step_is_taken_while_it_is_open(
    taken: tuple[ConsentStep, ...], open_for: set[ConsentStep]
) -> None:
    found = set()
    for step in ConsentStep:
        try:
            verify_open_for(step, taken)
        except ConsentClosed:
            continue
        found.add(step)
    assert found == open_for


def test_a_consent_counts_while_it_is_given_and_has_not_ended() -> None:
    assert is_live((ASK, GIVE), NOW_MS + 1, now_ms=NOW_MS)
    assert not is_live((ASK, GIVE), NOW_MS, now_ms=NOW_MS)
    for steps in ((), (ASK,), (ASK, REFUSE), (ASK, GIVE, WITHDRAW)):
        assert not is_live(steps, NOW_MS + 1, now_ms=NOW_MS)
