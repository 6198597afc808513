"""The log of calls: a line for each that ended, within bounds, and nothing that was sent."""

import logging
from collections.abc import Callable

import pytest

from support.agencies import US, node_of
from tearline.errors import CallerDenied, ExchangeBusy, NotFound
from tearline.limits import CALL_LINES_S
from tearline_runtime.grpc import methods
from tearline_server.grpc import call_log
from tearline_server.grpc.call_log import CallLog

Lines = Callable[[], list[dict[str, object]]]


class Watch:
    """A clock that tests move."""

    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """What was logged so far, as the fields of its lines."""
    caplog.set_level(logging.INFO, logger=call_log.__name__)
    return lambda: [vars(record) for record in caplog.records]


def make(log: CallLog, number: int, *, agency: str = US, code: str = "ok") -> None:
    for _ in range(number):
        call = log.begin(methods.PUBLISH, "ipv4:192.0.2.7")
        call.agency = agency
        log.end(call, code)


def test_a_line_tells_who_called_what_and_how_it_ended(lines: Lines) -> None:
    log = CallLog(now_s=(watch := Watch()))
    call = log.begin(methods.PUBLISH, "ipv4:192.0.2.7")
    call.caller, call.agency, call.received, call.sent = node_of(US), US, 70, 9
    watch.now_s += 0.25
    log.end(call, NotFound.code)
    (line,) = lines()
    assert line["message"] == "call"
    assert {name: line[name] for name in ("caller", "method", "code")} == {
        "caller": node_of(US),
        "method": methods.PUBLISH,
        "code": NotFound.code,
    }
    assert (line["duration_ms"], line["received_bytes"], line["sent_bytes"]) == (250, 70, 9)
    assert line["request"] == call.id != log.begin(methods.PUBLISH, "").id
    assert "left_out" not in line


def test_who_was_not_admitted_is_an_address(lines: Lines) -> None:
    log = CallLog()
    log.end(log.begin(methods.PUBLISH, "ipv4:192.0.2.7"), CallerDenied.code)
    (line,) = lines()
    assert line["caller"] == "ipv4:192.0.2.7"


@pytest.mark.parametrize(("every", "count"), [(1, 12), (5, 2), (0, 0)])
def test_a_setting_says_of_how_many_one_is_logged(every: int, count: int, lines: Lines) -> None:
    make(CallLog(every), 12)
    assert len(lines()) == count


def test_one_agency_that_floods_writes_no_more_and_leaves_others_theirs(lines: Lines) -> None:
    log = CallLog(now_s=(watch := Watch()))
    make(log, 10 * CALL_LINES_S)
    assert len(lines()) == CALL_LINES_S
    make(log, 2, agency="spiffe://other.example")
    assert len(lines()) == CALL_LINES_S + 2
    watch.now_s += 1
    make(log, 2)
    last, very_last = lines()[-2:]
    assert last["left_out"] == 9 * CALL_LINES_S
    assert "left_out" not in very_last


def test_what_is_told_to_come_again_writes_no_line(lines: Lines) -> None:
    make(CallLog(), 3, code=ExchangeBusy.code)
    assert lines() == []
