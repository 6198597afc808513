"""Words of a person: as an argument, from a file or from standard input."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tearline.errors import ConfigUnreadable
from tearline.limits import MAX_TEXT_BYTES
from tearline_client.cli import command as program
from tearline_client.cli.options import FREE_TEXT, FreeText, free_text

WORDS = {"title", "reason", "note", "summary", "text"}
"""What parameters are called whose values people write, unless they are chosen from a list."""


def parameters(group: click.Command, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    context = click.Context(group)
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            below = group.get_command(context, name)
            assert below is not None
            yield from parameters(below, f"{path} {name}")
        return
    for parameter in group.params:
        yield path, parameter


def test_every_free_text_of_every_command_may_come_from_a_file() -> None:
    found = [
        (path, each)
        for path, each in parameters(program)
        if each.name in WORDS and each.type.name in ("text", "string")
    ]
    assert len(found) >= 14
    assert [path for path, each in found if not isinstance(each.type, FreeText)] == []


def read(value: str) -> str:
    return FREE_TEXT.convert(value, None, None)


def test_a_text_is_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "reason"
    file.write_bytes("Wegen der Sache.\nZweite Zeile: 电池\r\n".encode())
    assert read("a reason") == "a reason"
    assert read("") == ""
    assert read("@@home") == "@home"
    assert read("--") == "--"
    assert read(f"@{file}") == "Wegen der Sache.\nZweite Zeile: 电池"


def test_a_text_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe\n")))
    assert read("-") == "from a pipe"


@pytest.mark.parametrize("data", [b"a" * (MAX_TEXT_BYTES + 1), b"\xff"])
def test_what_is_no_text_is_refused(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "text"
    file.write_bytes(data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    for value in (f"@{file}", "-", f"@{tmp_path / 'nowhere'}", f"@{tmp_path}"):
        with pytest.raises(ConfigUnreadable):
            read(value)


def test_standard_input_holds_one_text() -> None:
    @click.command()
    @free_text("--note", help="One.")
    @free_text("--reason", required=True, help="Another.")
    def both(note: str, reason: str) -> None:
        click.echo(f"{note}|{reason}")

    run = CliRunner().invoke
    one = run(both, ["--note", "-", "--reason", "why"], input="piped\n")
    assert one.output == "piped|why\n"
    two = run(both, ["--note", "-", "--reason", "-"], input="piped\n")
    assert (two.exit_code, "one text" in two.output) == (2, True)
