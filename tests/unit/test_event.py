"""Events: one entry for each (statement, code, party)."""

from dataclasses import replace
from typing import Any

import pytest

from builders import MX, NOW_MS, US, node_of
from tearline.errors import StatementMalformed
from tearline.event import Event, EventCode, EventOutcome

EVENT = Event(
    statement_id=bytes(32),
    code=EventCode.GRANT_ACCEPTED,
    party=node_of(US),
    time_ms=NOW_MS,
    actor=node_of(US),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"statement_id": b"s" * 32},
        {"code": EventCode.GRANT_DELIVERED},
        {"party": node_of(MX)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_each_of_the_three_makes_another_event(changes: dict[str, Any]) -> None:
    assert replace(EVENT, **changes).id != EVENT.id


def test_nothing_else_makes_another_event() -> None:
    told_otherwise = replace(EVENT, outcome=EventOutcome.REFUSED, time_ms=0, count=7)
    assert told_otherwise.id == EVENT.id


@pytest.mark.parametrize(
    "changes",
    [
        {"statement_id": b""},
        {"count": 0},
        {"time_ms": 1 << 63},
        {"pseudonym": bytes(31)},
        {"pseudonym": bytes(32), "seconded_by": bytes(31)},
        {"seconded_by": bytes(32)},
        {"packet": bytes(33)},
        {"agreement_id": bytes(32)},
        {"policy_digest": bytes(16)},
    ],
    ids=str,
)
def test_an_impossible_event_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(EVENT, **changes)
