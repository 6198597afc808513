"""Events: one entry for each (statement, code, party)."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import EXCHANGE, MX, NOW_MS, US, node_of
from support.cases import each_case
from tearline.audit.event import Decision, Event, EventCode, EventOutcome
from tearline.errors import MalformedInput, MarkingMalformed, StatementMalformed
from tearline.wire.grants import encode_event, parse_event

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
    told_otherwise = replace(
        EVENT, outcome=EventOutcome.REFUSED, reason="TL-POL-009", time_ms=1, count=7
    )
    assert told_otherwise.id == EVENT.id


@each_case(
    "changes",
    [
        {"statement_id": b""},
        {"count": 0},
        {"time_ms": 0},
        {"time_ms": 1 << 63},
        {"pseudonym": bytes(31)},
        {"pseudonym": bytes(32), "seconded_by": bytes(31)},
        {"seconded_by": bytes(32)},
        {"packet": bytes(33)},
        {"agreement_id": bytes(32)},
        {"policy_digest": bytes(16)},
        {"outcome": EventOutcome.REFUSED},
        {"reason": "TL-POL-009"},
        {"party": "somebody"},
        {"actor": "somebody"},
        {"counterpart": "somebody"},
        {"code": EventCode.REFUSED, "actor": "somebody"},
    ],
)
def test_an_impossible_event_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises((StatementMalformed, MalformedInput)):
        replace(EVENT, **changes)


def test_an_event_without_a_date_is_not_read() -> None:
    undated = replace(EVENT)
    object.__setattr__(undated, "time_ms", 0)  # as an exchange may encode it
    with pytest.raises(StatementMalformed, match="time of the event"):
        parse_event(encode_event(undated))


def test_refusals_that_are_counted_and_an_agency_s_own_acts_name_whom_they_like() -> None:
    counted = replace(
        EVENT,
        code=EventCode.REFUSED,
        party=EXCHANGE,
        actor="ipv4:192.0.2.1:50000",
        outcome=EventOutcome.REFUSED,
        reason="TL-TLS-001",
    )
    assert parse_event(encode_event(counted)) == counted
    read = replace(EVENT, code=EventCode.ACCESS_OPEN, actor="ana")
    assert parse_event(encode_event(read)) == read


@pytest.mark.parametrize(
    "changes",
    [{"form": "withheld"}, {"form": "everything"}, {"category": "finance"}],
    ids=str,
)
def test_an_impossible_decision_cannot_be_made(changes: dict[str, Any]) -> None:
    good = Decision(compartment=1, category="time", form="clear", policies=(), slots=())
    with pytest.raises((StatementMalformed, MarkingMalformed)):
        replace(good, **changes)
