"""Nothing that a partner wrote is obeyed by a terminal or calculated by a spreadsheet."""

import csv
import io
import json
import re
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearline.text.display import visible
from tearline_client.rendering import output
from tearline_client.rendering.output import cell, csv_cell, emit, progress, to_json
from tearline_runtime import progress as progress_line

ROWS = [
    {"name": "Zhang 张伟", "amount": 12, "note": None},
    {"name": "José\x1b[31m", "amount": -3, "note": "=1+1"},
]


def printed(form: str, rows=ROWS, columns=("name", "amount", "note")) -> str:
    stream = io.StringIO()
    emit(rows, columns, form, stream)
    return stream.getvalue()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_json_is_one_safe_line_of_the_same_data(value):
    line = to_json(value)
    assert visible(line) == line
    assert json.loads(line) == value


def test_json_is_one_array_and_jsonl_one_object_a_line():
    assert json.loads(printed("json")) == ROWS
    assert [json.loads(line) for line in printed("jsonl").splitlines()] == ROWS
    assert printed("json", rows=[]) == "[]\n"
    assert printed("jsonl", rows=[]) == ""


def test_json_holds_the_whole_row_and_the_table_only_its_columns():
    row = {"name": "a", "detail": ["b", 1]}
    assert json.loads(printed("json", [row], ["name"])) == [row]
    assert "detail" not in printed("table", [row], ["name"])


def test_what_is_not_a_json_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(float("nan"))


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+521555", "-2+3", "@SUM(A1)", "  =1", "＝1+1", "\u3000=1"],
)
def test_a_formula_is_neutralised(text):
    (row,) = list(csv.reader(io.StringIO(printed("csv", [{"a": text}], ["a"]))))[1:]
    assert row[0].startswith("'")


def test_numbers_of_ours_stay_numbers_in_csv():
    assert csv_cell(-3) == -3
    assert csv_cell(True) == "yes"
    assert printed("csv").splitlines()[1:] == [
        '"Zhang 张伟",12,""',
        '"José\\u001b[31m",-3,"\'=1+1"',
    ]


@given(st.text())
def test_no_csv_cell_spans_lines_or_cells(text):
    lines = printed("csv", [{"a": text, "b": "end"}], ["a", "b"]).splitlines()
    assert len(lines) == 2
    ((_, end),) = csv.reader(lines[1:])
    assert end == "end"


def test_a_table_in_a_pipe_is_plain_and_never_wraps():
    long = "x" * 300
    table = printed("table", [{"account_number": long, "note": "\x1b[2J"}], ["account_number"])
    head, row = table.splitlines()
    assert head.rstrip() == "account number"
    assert row.rstrip() == long
    assert "\x1b" not in printed("table")


def test_a_table_takes_markup_literally():
    assert "[red]a[/red] :smile:" in printed("table", [{"a": "[red]a[/red] :smile:"}], ["a"])


def test_a_cell_is_one_line_for_a_person():
    assert [cell(value) for value in (None, True, False, 7, 1.5, "a\nb", ["甲", 1])] == [
        "",
        "yes",
        "no",
        "7",
        "1.5",
        "a\\nb",
        '["甲", 1]',
    ]


def test_there_is_no_progress_bar_in_a_pipe(capsys):
    with progress("sending", 3) as advance:
        advance(3)
    assert capsys.readouterr().err == ""


def test_a_progress_bar_stays_off_standard_output(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress_line, "SHOWN_AFTER_S", 0.0)
    drawn = threading.Event()
    write = output._write_aside
    monkeypatch.setattr(output, "_write_aside", lambda text: (write(text), drawn.set()))
    with progress("sending [red]\x1b", 3) as advance:
        advance(3)
        assert drawn.wait(30)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "sending [red]\\u001b  [" in captured.err


def test_a_quiet_command_has_no_progress_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress_line, "SHOWN_AFTER_S", 0.0)
    with progress("sending", 3, quiet=True) as advance:
        advance(3)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def columns_on(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The header of a preview on a terminal of that width."""
    monkeypatch.setenv("COLUMNS", str(width))
    row = {
        "field": "0a1b2c3d/Payment/beneficiaryAccount",
        "category": "finance.account",
        "partner": "cn-public-security",
        "form": "generalised",
        "shown": "DE 120 …51",
        "by": "agreed-generalised sources-and-methods",
        "own": "as-agreed",
    }
    terminal = Terminal()
    emit([row], list(row), "table", terminal, spare=("own", "by", "category"))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
    assert all(len(line) <= width for line in lines)
    if width >= 80:
        assert row["field"] in lines[1]
        assert row["partner"] in lines[1]
    return lines[0].split()


def test_a_terminal_does_without_spare_columns_where_it_is_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["field", "partner", "form", "shown"]
    assert columns_on(80, monkeypatch) == few
    assert "Hidden columns: category, by, own." in capsys.readouterr().err
    assert columns_on(60, monkeypatch) == few
    assert columns_on(110, monkeypatch) == ["field", "category", "partner", "form", "shown"]
    capsys.readouterr()
    wide = ["field", "category", "partner", "form", "shown", "by", "own"]
    assert columns_on(200, monkeypatch) == wide
    assert capsys.readouterr().err == ""
