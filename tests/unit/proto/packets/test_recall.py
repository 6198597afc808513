"""Recalls: what one may name, what an answer may say, and which way it goes."""

from dataclasses import replace

import pytest

from support.agencies import NOW_MS
from support.cases import each_case
from tearline.errors import StatementMalformed
from tearline.packets.recall import (
    KeepGround,
    Reach,
    RecallAnswer,
    RecallOrder,
    RecallReason,
    RecallState,
    following,
    is_overdue,
    recalled_slots,
)
from tearline.statements.statement import ActedBy
from tearline.tlog.agreed_time import AgreedTime

ORDER = RecallOrder(reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS)
PERSON = ActedBy(pseudonym=b"p" * 32, role="officer", token_hash=b"t" * 32, time_ms=NOW_MS)
ERASED = RecallAnswer(recall=b"r" * 32)
KEPT = replace(ERASED, ground=KeepGround.EVIDENCE, acted_by=PERSON)
ONE, OTHER = b"1" * 32, b"2" * 32


@each_case(
    "changed",
    [
        {"grant": b"g" * 31},
        {"slots": (2, 1)},
        {"slots": (1, 1)},
        {"slots": (2048,)},
        {"slots": (-1,)},
        {"whole": True, "grant": ONE},
        {"respond_by_ms": 0},
        {"respond_by_ms": 1 << 63},
    ],
)
def test_an_impossible_recall_is_malformed(changed: dict[str, object]) -> None:
    with pytest.raises(StatementMalformed):
        replace(ORDER, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"recall": b"r"},
        {"reach": (Reach.SEEN, Reach.OPENED)},
        {"reach": (Reach.SEEN, Reach.SEEN)},
        {"ground": KeepGround.EVIDENCE},
    ],
)
def test_an_impossible_answer_is_malformed(changed: dict[str, object]) -> None:
    """Also one that keeps something and names no person who decided it."""
    with pytest.raises(StatementMalformed):
        replace(ERASED, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([], frozenset()),
        ([ORDER], None),
        ([replace(ORDER, slots=(1, 3)), replace(ORDER, slots=(2,))], frozenset({1, 2, 3})),
        ([replace(ORDER, slots=(1,)), replace(ORDER, whole=True)], None),
        ([replace(ORDER, grant=ONE)], None),
        ([replace(ORDER, grant=OTHER)], frozenset()),
        ([replace(ORDER, grant=OTHER), replace(ORDER, slots=(1,))], frozenset({1})),
    ],
)
def test_what_recalls_take_back_of_a_grant(
    orders: list[RecallOrder], expected: frozenset[int] | None
) -> None:
    assert recalled_slots(orders, ONE) == expected


@pytest.mark.parametrize(
    ("state", "answer", "expected"),
    [
        (RecallState.OPEN, KEPT, RecallState.KEPT),
        (RecallState.OPEN, ERASED, RecallState.ERASED),
        (RecallState.KEPT, ERASED, RecallState.ERASED),
        (RecallState.ERASED, KEPT, RecallState.ERASED),
        (RecallState.KEPT, KEPT, RecallState.KEPT),
    ],
)
def test_a_recall_only_moves_forward(
    state: RecallState, answer: RecallAnswer, expected: RecallState
) -> None:
    assert following(state, answer) is expected


@pytest.mark.parametrize(
    ("state", "log_ms", "expected"),
    [
        (RecallState.OPEN, NOW_MS, False),
        (RecallState.OPEN, NOW_MS + 1, True),
        (RecallState.KEPT, NOW_MS + 1, False),
        (RecallState.ERASED, NOW_MS + 1, False),
    ],
)
def test_only_what_nobody_answered_is_overdue(
    state: RecallState, log_ms: int, expected: bool
) -> None:
    assert is_overdue(state, NOW_MS, AgreedTime(log_ms=log_ms, own_ms=log_ms)) is expected
