"""Candidates for completion: from an index of commands, and from the home without a passphrase."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import apsw
import click
import pytest
from click.shell_completion import BashComplete

from support.cli import Desk
from tearline.verification.trust import TrustState
from tearline_client.cli import command
from tearline_client.cli.candidates import VARIABLE, indexed
from tearline_client.demo.world import AGENCIES
from tearline_client.store.clear_ids import _COLUMNS, MAX_IDS, IdKind, clear_ids, member_names

ID = bytes.fromhex("9f2c61d0") * 8


@pytest.fixture
def at_home(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("TEARLINE_HOME", str(desk.home))
    monkeypatch.delenv("TEARLINE_PASSPHRASE", raising=False)
    return desk


def completed(*words: str) -> list[str]:
    """The candidates for the last word."""
    shell = BashComplete(indexed(), {}, "tearline", VARIABLE)
    return [each.value for each in shell.get_completions([*words[:-1]], words[-1])]


def words_of(group: click.Group, before: str = "") -> set[str]:
    context = click.Context(group)
    found = set()
    for word in group.list_commands(context):
        below = group.get_command(context, word)
        assert below is not None
        found.add(f"{before}{word}")
        if isinstance(below, click.Group):
            found |= words_of(below, f"{before}{word} ")
    return found


def test_the_index_has_the_commands_of_the_program() -> None:
    assert words_of(indexed()) == words_of(command)


def test_commands_and_options_are_completed() -> None:
    assert completed("pack") == ["packet"]
    assert "show" in completed("packet", "")
    assert {"--to", "--agreement"} <= {*completed("packet", "send", "--")}
    assert "--home" in completed("--h")
    assert completed("packet", "send", "--kind", "le") == ["lead"]


def test_partners_are_completed(at_home: Desk) -> None:
    assert completed("packet", "send", "lead.jsonl", "--to", "") == sorted(AGENCIES)
    assert completed("inbox", "--from", "mx") == ["mx-prosecutor"]


def test_a_home_on_the_command_line_goes_first(at_home: Desk, tmp_path: Path) -> None:
    assert completed("--home", str(tmp_path), "inbox", "--from", "") == []
    assert completed("inbox", "--home", str(at_home.home), "--from", "mx") == ["mx-prosecutor"]


def test_ids_of_packets_are_completed(at_home: Desk) -> None:
    shown = at_home.packet[:12]
    assert completed("packet", "show", "") == [shown]
    assert completed("packet", "show", shown[:3]) == [shown]
    assert completed("packet", "show", at_home.packet[:20]) == [at_home.packet[:20]]
    assert completed("packet", "show", "zz") == completed("packet", "show", "0" * 65) == []


def test_names_that_are_sealed_are_not_completed(at_home: Desk) -> None:
    assert completed("agreement", "show", "") == []
    assert completed("packet", "list", "--as", "") == []


def test_nothing_is_written_and_no_passphrase_is_asked_for(at_home: Desk) -> None:
    database = at_home.home / "node.db"
    before = hashlib.sha256(database.read_bytes()).digest()
    assert completed("packet", "show", "")
    assert hashlib.sha256(database.read_bytes()).digest() == before


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
def test_what_cannot_be_read_has_no_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("TEARLINE_HOME", str(tmp_path))
    for name in ("node.db", "federation.trust") if content is not None else ():
        (tmp_path / name).write_bytes(content)
    assert completed("packet", "show", "") == completed("inbox", "--from", "") == []
    (tmp_path / "node.toml").write_text("unknown = 1")
    assert completed("packet", "show", "") == []


def filled(path: Path, kind: IdKind, ids: list[bytes]) -> None:
    """Adds rows with these ids, and values of no meaning elsewhere."""
    _, table, column = _COLUMNS[kind]
    with apsw.Connection(str(path)) as connection:
        shape = list(connection.execute(f"PRAGMA table_info({table})"))
        for number, each in enumerate(ids):
            values = {
                name: each if name == column else b"%d" % number if kept == "BLOB" else number
                for _, name, kept, *_ in shape
            }
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", tuple(values.values()))


@pytest.mark.parametrize("kind", IdKind)
def test_each_kind_of_id_is_found_by_its_beginning(at_home: Desk, kind: IdKind) -> None:
    size, path = _COLUMNS[kind][0], at_home.home / "node.db"
    many = [number.to_bytes(2) + ID[: size - 2] for number in range(MAX_IDS + 10)]
    filled(path, kind, [ID[:size], *many])
    assert list(clear_ids(path, kind, "9f2c61")) == [ID[:size]]
    assert len(list(clear_ids(path, kind, ""))) == MAX_IDS


def test_members_are_found_by_their_beginning_and_no_entry_is_verified(
    at_home: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrustState, "apply", lambda *entry: pytest.fail("an entry is verified"))
    path = at_home.home / "node.db"
    with apsw.Connection(str(path)) as connection:
        rows = ((f"zz-{number:07}",) for number in range(1000))
        connection.executemany("INSERT INTO member_name VALUES (?)", rows)
        sql = "EXPLAIN QUERY PLAN SELECT name FROM member_name WHERE name BETWEEN ? AND ? LIMIT 9"
        plan = [row[3] for row in connection.execute(sql, ("a", "b"))]
    assert any(step.startswith("SEARCH") for step in plan), plan
    assert len(list(member_names(path, "zz"))) == MAX_IDS
    assert list(member_names(path, "zz-0000999")) == ["zz-0000999"]
    assert completed("inbox", "--from", "zz-0000999") == ["zz-0000999"]


@pytest.mark.parametrize("kind", IdKind)
def test_each_kind_is_read_by_an_index(at_home: Desk, kind: IdKind) -> None:
    _, table, column = _COLUMNS[kind]
    with apsw.Connection(str(at_home.home / "node.db")) as connection:
        sql = f"SELECT DISTINCT {column} FROM {table} WHERE {column} BETWEEN ? AND ? LIMIT 1"
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", (b"", b"\xff"))]
    assert any(step.startswith("SEARCH") for step in plan), plan


def test_a_shell_imports_neither_the_node_nor_its_keys(at_home: Desk) -> None:
    program = (
        "import atexit, json, sys;"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr));"
        "from tearline_client.cli import main; main()"
    )
    words = {"COMP_WORDS": "tearline packet show ", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, VARIABLE: "bash_complete", **words},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"plain,{at_home.packet[:12]}\n"
    assert {"grpc", "rich", "asyncio", "tearline_client.node", "tearline_client.keys"}.isdisjoint(
        json.loads(done.stderr)
    )
