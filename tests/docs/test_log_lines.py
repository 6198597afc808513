"""The reference of log lines: no key is missed, and a line has none but those described."""

import ast
import logging
import sys

import pytest

from support.paths import ROOT
from tearline_server.grpc.call_log import CallLog

sys.path.append(str(ROOT / "docs" / "reference"))
import log_lines


def function(code: str) -> tuple[ast.Call, ast.AST]:
    """A function, and the call that logs in it."""
    tree = ast.parse(code)
    (call,) = (
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and log_lines._is_log(node)
    )
    return call, tree.body[0]


def test_a_line_of_a_call_has_the_keys_of_its_row(caplog: pytest.LogCaptureFixture) -> None:
    start = "| call | info | `caller`"
    row = next(line for line in log_lines.log_lines_page() if line.startswith(start))
    log = CallLog(now_s=iter(range(9)).__next__)
    with caplog.at_level(logging.INFO):
        log.end(log.begin("/tearline.v1.Exchange/Publish", "192.0.2.1", "0" * 16), "ok")
    (record,) = caplog.records
    own = vars(record).keys() - vars(logging.makeLogRecord({})).keys() - {"message"}
    assert own
    assert all(f"`{key}`" in row for key in own)


def test_the_keys_of_a_dictionary_with_a_name_are_found() -> None:
    call, body = function(
        "def f(x):\n told = {'a': 1}\n if x:\n  told['b'] = 2\n _log.info('done', extra=told)\n"
    )
    assert log_lines._parts(call, body) == ([("done", ["info"])], {"a", "b"})


def test_two_messages_of_one_condition_have_a_level_each() -> None:
    call, body = function(
        "def f(x):\n said = 'low' if x else 'high'\n"
        " _log.log(logging.ERROR if x else logging.INFO, said)\n"
    )
    assert log_lines._parts(call, body)[0] == [("low", ["error"]), ("high", ["info"])]


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n _log.info(f'done {x}')\n",
        "def f(x):\n _log.info('done', extra=x)\n",
        "def f(x):\n _log.info('done', extra={x: 1})\n",
        "def f(x):\n _log.info('done', extra=dict(x=1))\n",
    ],
)
def test_what_is_not_clear_from_the_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"not clear|is not in"):
        log_lines._parts(*function(code))


def test_a_key_without_a_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(log_lines.KEYS, "job")  # type: ignore[arg-type]  # a dictionary
    with pytest.raises(ValueError, match="job"):
        list(log_lines.log_lines_page())
