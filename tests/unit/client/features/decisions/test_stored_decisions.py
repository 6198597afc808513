"""A stored decision that is not of its desk's kind is refused; nothing is done in its place."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tearline.errors import CaseStepRefused, StoreDamaged
from tearline_client.features.cases.decisions import CaseDecisionService
from tearline_client.features.decisions.service import DecisionService
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.draft_content import PendingField

FIELD = PendingField(packet=b"p" * 32, path="a/name/0", recipient="spiffe://mx.example/node/b")


class Case:
    """Cases of which each step that is taken is noted."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def find(self, prefix: str) -> object:
        return prefix

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: self.steps.append(name)


def decision(content: Any) -> Decision:
    return Decision(id=1, time_ms=1, content=content)


def test_a_decision_is_of_the_kind_that_its_desk_stores() -> None:
    assert content_of(decision(FIELD), PendingField) is FIELD
    with pytest.raises(StoreDamaged):
        content_of(decision(FIELD), Act)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (FIELD, StoreDamaged),
        (Act(desk="case", about=b"c", said={"verb": "clsoe"}), CaseStepRefused),
    ],
)
async def test_a_decision_that_is_no_step_of_a_case_takes_none(
    content: Any, error: type[Exception]
) -> None:
    case, carries = Case(), {}
    decisions = cast(DecisionService, SimpleNamespace(on=carries.__setitem__))
    CaseDecisionService(cast(Any, None), cast(Any, case), decisions, cast(Any, None))
    with pytest.raises(error):
        await carries["case"](decision(content), lambda: case.steps.append("done"))
    assert case.steps == []
