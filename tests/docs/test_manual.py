"""Manual pages: one for each noun, whole, and without a text that roff would obey."""

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from support.cases import each_case
from support.paths import ROOT

sys.path.append(str(ROOT / "docs" / "reference"))
from commands import agency, leaves_of, nouns, operator
from manual import _text, pages

MANUAL = ROOT / "docs" / "man"


def test_each_noun_has_its_page_and_the_folder_no_other() -> None:
    expected = {"tearline.1", "tearline-server.1", *(f"tearline-{noun}.1" for noun in nouns())}
    assert {path.name for path in MANUAL.iterdir()} == expected == set(pages())


@each_case("noun", nouns())
def test_a_page_names_every_command_and_option(noun: str) -> None:
    page = (MANUAL / f"tearline-{noun}.1").read_text("ascii")
    for words, command in leaves_of(noun):
        assert _text(f"tearline {words}") in page
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert all(_text(name) in page for name in option.opts)


def test_the_first_page_names_the_global_options_and_all_nouns() -> None:
    page = (MANUAL / "tearline.1").read_text("ascii")
    assert all(rf"\fBtearline\-{noun}\fR(1)" in page for noun in nouns())
    options = [each for each in agency.params if isinstance(each, click.Option)]
    assert all(_text(each.opts[0]) in page for each in options)
    server = (MANUAL / "tearline-server.1").read_text("ascii")
    assert all(_text(f"tearline-server {words}") in server for words in operator.commands)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (".SH NAME", r"\&.SH NAME"),
        ("'so file", r"\&'so file"),
        ("a\n.sp", "a .sp"),
        ("--to", r"\-\-to"),
        (r"\fB", r"\efB"),
        ("…", r"\[u2026]"),
    ],
)
def test_no_text_is_obeyed(text: str, written: str) -> None:
    assert _text(text) == written


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("page", sorted(MANUAL.iterdir()), ids=lambda page: page.stem)
def test_groff_reads_a_page(page: Path) -> None:
    read = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-Tutf8", str(page)],
        capture_output=True,
        text=True,
        check=True,
    )
    complaints = [line for line in read.stderr.splitlines() if "adjust line" not in line]
    assert complaints == []
