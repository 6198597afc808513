"""The query string of auditors: what it asks for, and what is none."""

from dataclasses import replace

import pytest

from support.agencies import AGREEMENT_ID, CN, US, node_of, secret
from support.cases import each_case
from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.audit.query import DAY_MS, Condition, Query, parse_query
from tearline.errors import MalformedInput
from tearline.limits import MAX_QUERY_CONDITIONS

EVENT = Event(
    statement_id=secret("statement"),
    code=EventCode.GRANT_ACCEPTED,
    party=node_of(CN),
    time_ms=3 * DAY_MS + 5,
    actor=node_of(US),
    packet=secret("packet"),
    agreement_id=AGREEMENT_ID,
    outcome=EventOutcome.REFUSED,
    reason="TL-POL-009",
)


@each_case(
    ("text", "expected"),
    [
        ("", ()),
        ("  ", ()),
        (
            f"actor:{node_of(US)} actor:{node_of(CN)}",
            (Condition(field="actor", values=(node_of(US), node_of(CN))),),
        ),
        ("-outcome:ok", (Condition(field="outcome", values=("ok",), negated=True),)),
        ("packet:" + "0a" * 32, (Condition(field="packet", values=(b"\n" * 32,)),)),
        ("agreement:" + "0a" * 16, (Condition(field="agreement", values=(b"\n" * 16,)),)),
        (
            "created:1970-01-02..1970-01-03",
            (Condition(field="created", since=DAY_MS, until=3 * DAY_MS),),
        ),
        ("created:1970-01-01", (Condition(field="created", since=0, until=DAY_MS),)),
        ("created:..1970-01-01", (Condition(field="created", since=0, until=DAY_MS),)),
        ("reason:x';--", (Condition(field="reason", values=("x';--",)),)),
    ],
)
def test_a_query_is_read(text: str, expected: tuple[Condition, ...]) -> None:
    assert parse_query(text).conditions == expected
    assert parse_query(parse_query(text).encode()) == Query(conditions=expected)


@each_case(
    "text",
    [
        "word",
        "actor:",
        ":x",
        "-",
        "--outcome:ok",
        "unknown:x",
        "time_ms:1",
        "actor:somebody",
        "action:everything",
        "outcome:fine",
        "packet:ab",
        "packet:" + "0A" * 32,
        "reason:TL\0",
        "reason:\udcff",
        "created:..",
        "created:20260101",
        "created:2026-1-1",
        "created:2026-02-30",
        "created:1969-12-31",
        "created:9999-12-31",
        "created:2026-W01-1",
        " ".join(["outcome:ok"] * (MAX_QUERY_CONDITIONS + 1)),
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_query(text)


@pytest.mark.parametrize(
    ("text", "place"), [("word", 1), ("  outcome:ok  -outcome:fine", 15), ("outcome:ok x:y", 12)]
)
def test_what_is_wrong_is_named_with_its_place(text: str, place: int) -> None:
    with pytest.raises(MalformedInput, match=f"at character {place} of the query"):
        parse_query(text)


@each_case(
    ("text", "expected"),
    [
        ("", True),
        (f"actor:{node_of(US)} actor:{node_of(CN)}", True),
        (f"-actor:{node_of(US)}", False),
        (f"party:{node_of(CN)} action:grant-accepted outcome:refused", True),
        (f"packet:{secret('packet').hex()} statement:{secret('statement').hex()}", True),
        (f"agreement:{AGREEMENT_ID.hex()} -outcome:ok", True),
        ("reason:TL-POL-009", True),
        ("reason:TL-POL-%", False),
        ("reason:TL-POL-00?", False),
        ("created:1970-01-04", True),
        ("created:..1970-01-03", False),
        ("-created:1970-01-05..", True),
        ("outcome:refused action:mark", False),
    ],
)
def test_an_event_is_asked_for_or_not(text: str, expected: bool) -> None:
    assert parse_query(text).matches(EVENT) is expected


def test_a_day_ends_before_the_next_begins() -> None:
    day = parse_query("created:1970-01-04")
    moments = {time: day.matches(replace(EVENT, time_ms=time)) for time in (
        3 * DAY_MS - 1, 3 * DAY_MS, 4 * DAY_MS - 1, 4 * DAY_MS,
    )}  # fmt: skip
    assert list(moments.values()) == [False, True, True, False]
