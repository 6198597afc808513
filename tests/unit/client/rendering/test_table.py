"""Tables for people: within the width of the terminal, and no word, number or id in two."""

import ast
import importlib
import io
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tearline.limits import MAX_TIME_MS
from tearline_client import cli
from tearline_client.rendering.output import emit
from tearline_client.rendering.table import lay_out
from tearline_client.rendering.values import Id, Moment, distance_text, local_text, shortest

WIDTH = 80
HOSTILE = (
    "7f" * 32,
    "x" * 300,
    "裘文昊" * 40,
    "a partner wrote a note of many words that does not end " * 4,
    "3f9a1c5d2b7e",
    "1847250.00",
    "2026-02-17",
    "\x1b[31m=1+1\u202e",
    "",
)
WORD = re.compile(r"\S+")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(rows: Sequence[dict], columns: Sequence[str], spare: Sequence[str]) -> list[str]:
    terminal = Terminal()
    emit(rows, columns, "table", terminal, spare=spare)
    return re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()


def parts_are_whole(lines: Sequence[str], given_words: set[str]) -> None:
    """Asserts that each word is one that was given, or ends in an ellipsis."""
    for line in lines:
        assert cell_len(line) <= WIDTH, line
        for word in WORD.findall(line):
            whole = word in given_words
            begun = word.endswith("…") and any(each.startswith(word[:-1]) for each in given_words)
            assert whole or begun, (word, line)


def literal(node: ast.expr, module: object, local: dict[str, ast.expr]) -> list[str] | None:
    """The strings of a list in the source, through names of the module and of the function."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            found = [literal(each, module, local) for each in items]
            return None if None in found else [word for each in found for word in each]
        case ast.Starred(value=value):
            return literal(value, module, local)
        case ast.Constant(value=str(word)):
            return [word]
        case ast.Name(id=name) if name in local:
            return literal(local[name], module, {k: v for k, v in local.items() if k != name})
        case ast.Name(id=name) if hasattr(module, name):
            return list(getattr(module, name))
        case ast.Call(func=ast.Name(id="text_column")):
            return ["shown"]
        case ast.Call(func=ast.Name(id="preview_columns")):
            return ["field", "category", "partner", "form", "shown", "by"]
        case ast.Attribute(attr="columns"):
            return ["day", "kind", "action", "outcome"]
        case ast.IfExp(body=body):
            return literal(body, module, local)
        case (
            ast.Call(func=ast.Name(id="list"), args=[_])
            | ast.Call(func=ast.Attribute(attr="values"))
        ):
            return ["first", "second", "third", "fourth", "fifth"]  # of a row itself
        case _:
            return None


def tables() -> Iterator[tuple[str, list[str], list[str]]]:
    """Every table of the command line: its place, its columns and its spare columns."""
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        module = importlib.import_module(f"{cli.__name__}.{path.stem}")
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            local = {
                target.id: each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Assign)
                for target in each.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(function):
                match call:
                    case ast.Call(func=ast.Attribute(attr="emit" | "show"), args=[_, given]):
                        pass
                    case ast.Call(func=ast.Name(id="emit_request"), args=[_, _, _, given]):
                        pass
                    case _:
                        continue
                place = f"{path.name}:{call.lineno}"
                if path.name == "context.py" or function.name == "emit_request":
                    continue  # what they are given is read where they are called
                columns = literal(given, module, local)
                assert columns is not None, f"{place}: columns that this test cannot read"
                spare = [each.value for each in call.keywords if each.arg == "spare"]
                yield place, columns, (literal(spare[0], module, local) or []) if spare else []


TABLES = list(tables())


def test_every_table_of_the_command_line_is_found() -> None:
    assert len(TABLES) > 55
    assert {place.partition(":")[0] for place, _, _ in TABLES} > {
        *("packet.py", "request.py", "audit.py", "case.py", "todo.py", "node.py", "recall.py"),
    }


@pytest.mark.parametrize(("place", "columns", "spare"), TABLES, ids=[t[0] for t in TABLES])
def test_a_table_of_hostile_values_fits_and_breaks_no_word(
    place: str, columns: list[str], spare: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    rows = [
        {name: HOSTILE[(row + at) % len(HOSTILE)] for at, name in enumerate(columns)}
        for row in range(len(HOSTILE))
    ]
    shown = [value.replace("\x1b", "\\u001b").replace("\u202e", "\\u202e") for value in HOSTILE]
    words = {word for value in shown for word in WORD.findall(value)}
    words |= {word for name in columns for word in name.split("_")}
    lines = lines_of(rows, columns, spare)
    assert len(lines) > len(HOSTILE)
    parts_are_whole(lines, words)
    # The first column is never dropped, and a usual id, number and day are whole in it.
    first = {line.split()[0] for line in lines if line and not line.startswith(" ")}
    assert {"3f9a1c5d2b7e", "1847250.00", "2026-02-17"} <= first


@given(
    st.lists(st.lists(st.text(max_size=60), min_size=4, max_size=4), min_size=1, max_size=5),
    st.integers(min_value=20, max_value=120),
)
def test_no_line_is_wider_than_the_terminal(rows: list[list[str]], width: int) -> None:
    cells = [["".join(c for c in cell if c.isprintable()) for cell in row] for row in rows]
    columns = {name: [row[at] for row in cells] for at, name in enumerate("abcd")}
    laid = lay_out(columns, width=width)
    assert max(map(cell_len, (laid.head, *laid.lines))) <= width
    assert len(laid.lines) >= len(rows)


def test_a_wide_table_shows_every_column_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    row = dict.fromkeys("abc", "y" * 60)
    terminal = Terminal()
    emit([row], list(row), "wide", terminal)
    assert terminal.getvalue().count("y" * 60) == 3


def test_times_are_distances_on_a_terminal_and_dates_elsewhere() -> None:
    row = {"at": Moment(1_000)}
    terminal, pipe, json_lines = Terminal(), io.StringIO(), io.StringIO()
    emit([row], ["at"], "table", terminal)
    assert terminal.getvalue().rstrip().endswith("days ago")
    emit([row], ["at"], "table", pipe)
    assert pipe.getvalue().split() == ["at", "1970-01-01", "00:00:01", "UTC"]
    emit([row], ["at"], "jsonl", json_lines)
    assert json_lines.getvalue() == '{"at": "1970-01-01T00:00:01Z"}\n'
    verbose = Terminal()
    emit([row], ["at"], "table", verbose, absolute=True)
    assert "1970-01-01 00:00:01" in verbose.getvalue()


@pytest.mark.parametrize(
    ("time_ms", "words"),
    [
        (60_000, "in 1 minute"),
        (3 * 3_600_000, "in 3 hours"),
        (72 * 3_600_000, "in 3 days"),
        (-60_000, "1 minute ago"),
        (-5 * 3_600_000, "5 hours ago"),
        (0, "0 minutes ago"),
    ],
)
def test_a_distance_is_in_words(time_ms: int, words: str) -> None:
    assert distance_text(time_ms, 0) == words


@pytest.mark.parametrize(("setting", "is_bold"), [("", True), ("1", False)])
def test_a_terminal_without_colours_gets_no_bold(
    setting: str, is_bold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", setting)
    terminal = Terminal()
    emit([{"a": "b"}], ["a"], "table", terminal)
    assert ("\x1b[1m" in terminal.getvalue()) is is_bold


def test_a_long_table_goes_through_the_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    paged: list[str] = []
    terminal = Terminal()
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("click.echo_via_pager", paged.append)
    emit([{"a": "b"}] * 9, ["a"], "table", terminal)
    assert paged == []
    emit([{"a": "b"}] * 30, ["a"], "table", terminal)
    assert paged[0].count("\n") == 31


def test_ids_are_as_short_as_tells_them_apart_and_whole_for_programs() -> None:
    ids = [bytes.fromhex(digits + "00" * 20) for digits in ("3f9a1c5d2b7e", "3f9a1c5d2b80", "99")]
    assert shortest([]) == shortest(ids[2:]) == 8
    assert shortest(ids) == 11
    rows = [{"packet": Id(each)} for each in ids]
    pipe, wide, json_lines, sheet = io.StringIO(), io.StringIO(), io.StringIO(), io.StringIO()
    emit(rows, ["packet"], "table", pipe)
    assert pipe.getvalue().split() == ["packet", "3f9a1c5d2b7", "3f9a1c5d2b8", "99000000000"]
    emit(rows[:1], ["packet"], "wide", wide)
    emit(rows[:1], ["packet"], "jsonl", json_lines)
    emit(rows[:1], ["packet"], "csv", sheet)
    whole = ids[0].hex()
    assert wide.getvalue().split()[1] == whole
    assert json_lines.getvalue() == f'{{"packet": "{whole}"}}\n'
    assert sheet.getvalue().splitlines()[1] == f'"{whole}"'


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC0", "2026-11-28 05:48:13 UTC"),
        ("CST-8", "2026-11-28 13:48:13 +08:00"),
        ("CST6", "2026-11-27 23:48:13 -06:00"),
        ("NPT-5:45", "2026-11-28 11:33:13 +05:45"),
    ],
)
def test_people_read_times_in_the_zone_of_their_machine_and_programs_in_utc(
    monkeypatch: pytest.MonkeyPatch, zone: str, text: str
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", zone)
        time.tzset()
        told = Moment(1_795_844_893_000)
        assert (told.text(), told.whole()) == (text, "2026-11-28T05:48:13Z")
        assert local_text(MAX_TIME_MS).startswith("9999-12-3")
    time.tzset()
