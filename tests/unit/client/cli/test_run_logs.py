"""What a node at work logs: each line with its time, and for programs each call, as JSON."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator

import pytest

from support.hostile_values import ALL_AT_ONCE, obeyed
from tearline.errors import ExchangeUnreachable
from tearline_client.rendering.log_lines import log_run
from tearline_client.transport.call_log import logged
from tearline_runtime.grpc import methods

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    yield
    logging.getLogger().handlers.clear()
    for name in ("tearline_client.run", "tearline_client.transport.call_log"):
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).filters.clear()


def calls(number: int, error: BaseException | None = None) -> None:
    for _ in range(number):
        try:
            with logged(methods.PUBLISH) as call:
                call.sent, call.received = 70, 9
                if error is not None:
                    raise error
        except (ExchangeUnreachable, asyncio.CancelledError):
            pass


def test_a_line_for_people_begins_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    log = log_run(json_lines=False, quiet=False, calls_every=1)
    log.info("In touch with the exchange.")
    calls(1)
    logging.getLogger("another.package").warning("its words: %s", ALL_AT_ONCE)
    ours, others = capsys.readouterr().err.splitlines()
    assert re.fullmatch(f"{TIME} In touch with the exchange\\.", ours)
    assert re.match(f"{TIME} its words", others)
    assert obeyed(others) == []


def test_in_json_each_line_is_an_object_and_each_call_has_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = log_run(json_lines=True, quiet=False, calls_every=1)
    log.info(str(ExchangeUnreachable(ALL_AT_ONCE)))
    calls(1)
    calls(1, ExchangeUnreachable("no line"))
    calls(1, asyncio.CancelledError())
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(re.fullmatch(TIME, line["time"]) for line in lines)
    said, *made = lines
    assert (said["level"], said["code"]) == ("info", ExchangeUnreachable.code)
    assert [line["code"] for line in made] == ["ok", ExchangeUnreachable.code, "cancelled"]
    assert len({line["request"] for line in made}) == 3
    for line in made:
        assert (line["message"], line["method"]) == ("call", methods.PUBLISH)
        assert (line["sent_bytes"], line["received_bytes"]) == (70, 9)
        assert line["duration_ms"] >= 0


@pytest.mark.parametrize(("every", "count"), [(1, 6), (3, 2), (0, 0)])
def test_of_so_many_calls_one_is_logged(
    every: int, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    log_run(json_lines=True, quiet=False, calls_every=every)
    calls(6)
    assert len(capsys.readouterr().err.splitlines()) == count


@pytest.mark.parametrize("json_lines", [True, False])
def test_quiet_leaves_errors(capsys: pytest.CaptureFixture[str], *, json_lines: bool) -> None:
    log = log_run(json_lines=json_lines, quiet=True, calls_every=1)
    log.info("In touch with the exchange.")
    calls(1)
    log.error(str(ExchangeUnreachable()))
    (line,) = capsys.readouterr().err.splitlines()
    assert ExchangeUnreachable.code in line
