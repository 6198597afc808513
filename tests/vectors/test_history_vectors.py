"""history-v1.json, judged by this implementation and by the second verifier."""

from collections import Counter
from typing import Any

import pytest

from support.cases import each_case
from vectors.judge_histories import JUDGES
from vectors.own_cases import Case, vectors
from vectors.second_histories import JUDGES as SECOND

FILE = vectors("history")
HISTORIES = [
    pytest.param(kind, history, id=f"{kind}: {history['name']}")
    for kind in JUDGES
    for history in FILE[kind]
]
RESULTS = (
    *("code", "rule", "state", "urgency", "due_ms", "overdue"),
    *("stopped", "channels", "memberships", "may_file", "empty_us", "empty_ms"),
)
REFUSED = {
    "requests": {"R-3": 3, "R-4": 45},
    "standings": {"T-2": 2, "T-3": 6, "T-4": 5, "T-5": 3},
    "cases": {"C-2": 11, "C-3": 6},
    "budgets": {"S-24": 10, "S-25": 1},
    "marks": {"S-26": 3},
}


def after(history: Case) -> list[Any]:
    """What the file says of each event."""
    return [{name: event[name] for name in RESULTS if name in event} for event in history["events"]]


@each_case(("kind", "history"), HISTORIES)
def test_each_statement_leads_to_its_state_or_error(kind: str, history: Case) -> None:
    found = list(JUDGES[kind](history))
    assert found == [{"code": each["code"]} if "code" in each else each for each in after(history)]


@each_case(("kind", "history"), HISTORIES)
def test_the_second_verifier_finds_the_same(kind: str, history: Case) -> None:
    assert list(SECOND[kind](history)) == after(history)


@pytest.mark.parametrize("kind", JUDGES)
def test_no_refusal_was_lost(kind: str) -> None:
    rules = [event["rule"] for each in FILE[kind] for event in each["events"] if "rule" in event]
    assert Counter(rules) == REFUSED[kind]
