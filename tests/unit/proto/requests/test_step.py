"""What a step and its note may say."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import secret
from support.cases import each_case
from support.requests import PERSON, REQUEST, step
from tearline.errors import PersonRequired, StatementMalformed
from tearline.limits import MAX_REQUEST_ITEMS, MAX_REQUEST_STEPS, MAX_TEXT_BYTES
from tearline.packets.packet import Urgency
from tearline.requests.step import (
    OF_A_MACHINE,
    Ground,
    ItemOutcome,
    StepKind,
    StepNote,
    verify_note,
)
from tearline.wire.requests import encode_note

K = StepKind
ANSWERED, REFUSED = ItemOutcome(number=1), ItemOutcome(number=2, ground=Ground.LEGAL_BAR)


@each_case(
    "changes",
    [
        {"request": b"short"},
        {"kem_key_id": b""},
        {"number": 0},
        {"number": MAX_REQUEST_STEPS + 1},
        {"known": -1},
        {"extension_ms": 1},
        {"urgency": Urgency.ROUTINE},
        {"permit": True},
        {"entry": 7},
    ],
)
def test_a_step_says_only_what_it_can(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(step(K.ADMIT), **changes)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (K.AUTHORISE, {"extension_ms": 0}),
        (K.AUTHORISE, {"extension_ms": -1}),
        (K.CONTEST, {"urgency": None}),
        (K.LOWER, {"urgency": None}),
        (K.DISPUTE, {"entry": 0}),
        (K.DISPUTE, {"entry": -1}),
    ],
)
def test_a_step_says_all_that_it_must(kind: StepKind, changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(step(kind), **changes)


@each_case("kind", list(K))
def test_a_person_takes_it_unless_a_machine_must(kind: StepKind) -> None:
    other = PERSON if kind in OF_A_MACHINE else None
    with pytest.raises(PersonRequired):
        replace(step(kind), acted_by=other)


@pytest.mark.parametrize("role", ["analyst", "auditor", ""])
def test_the_person_is_a_liaison_or_an_officer(role: str) -> None:
    assert replace(step(K.ADMIT), acted_by=replace(PERSON, role="officer"))
    with pytest.raises(PersonRequired):
        replace(step(K.ADMIT), acted_by=replace(PERSON, role=role))


@pytest.mark.parametrize(
    "parts",
    [
        {"items": (REFUSED, ANSWERED), "answer": REQUEST},
        {"items": (ANSWERED, ANSWERED), "answer": REQUEST},
        {"items": (ANSWERED,)},
        {"items": (REFUSED,), "answer": REQUEST},
        {"answer": REQUEST},
        {"items": (ANSWERED,), "answer": b"short"},
        {"text": "x" * (MAX_TEXT_BYTES + 1)},
    ],
)
def test_a_note_fits_together(parts: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        StepNote(**parts)


@pytest.mark.parametrize("number", [0, -1, MAX_REQUEST_ITEMS + 1])
def test_items_have_numbers(number: int) -> None:
    with pytest.raises(StatementMalformed):
        ItemOutcome(number=number)


@each_case(
    ("kind", "note"),
    [
        (K.ADMIT, StepNote(items=(REFUSED,))),
        (K.PARTIAL, StepNote(text="nothing")),
        (K.REFUSE, StepNote(items=(ANSWERED,), answer=REQUEST)),
        (K.SUPPLEMENT, StepNote(items=(REFUSED,))),
        (K.CLOSE, StepNote()),
        (K.ADMIT, StepNote(useful=True)),
        (K.REJECT, StepNote()),
        (K.CLARIFY, StepNote()),
        (K.CLARIFIED, StepNote()),
        (K.CONTEST, StepNote()),
        (K.AUTHORISE, StepNote()),
    ],
)
def test_a_note_is_what_its_step_says(kind: StepKind, note: StepNote) -> None:
    with pytest.raises(StatementMalformed):
        verify_note(kind, note)


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (K.ADMIT, StepNote()),
        (K.PARTIAL, StepNote(items=(ANSWERED, REFUSED), answer=REQUEST, text="more follows")),
        (K.ANSWER, StepNote(items=(ANSWERED,), answer=REQUEST)),
        (K.REFUSE, StepNote(items=(REFUSED,), text="article 8")),
        (K.SUPPLEMENT, StepNote(items=(ANSWERED,), answer=REQUEST)),
        (K.CLOSE, StepNote(useful=False, text="the account was another's")),
        (K.CLARIFY, StepNote(text="which year?")),
    ],
)
def test_a_note_that_fits_is_taken(kind: StepKind, note: StepNote) -> None:
    verify_note(kind, note)


def test_neither_confirming_nor_denying_is_one_form_of_words() -> None:
    with pytest.raises(StatementMalformed):
        StepNote(items=(ItemOutcome(number=1, ground=Ground.NEITHER),), text="we could say more")
    held, not_held = (StepNote(items=(ItemOutcome(number=1, ground=Ground.NEITHER),)) for _ in "ab")
    assert encode_note(held) == encode_note(not_held)


def test_nothing_said_shows_in_a_representation() -> None:
    assert "secret word" not in repr(StepNote(text="a secret word", answer=b""))
    assert secret("request") == REQUEST
