"""Plug-ins on the command line: help, reports, refusals, and the example of the documentation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import Desk
from support.paths import ROOT
from tearline.errors import ConnectorUnusable, ExportRefused
from unit.client.cli.documented import OUTPUTS
from unit.client.cli.test_import_commands import ORDER
from unit.client.connectors.plug_ins import install

EXAMPLE = ROOT / "docs" / "examples" / "plug-in"
LEDGER = "# Monday\nQiu Wenhao > Lantern Trading: 480.00 CNY\nQiu Wenhao > Ren Baolin: much CNY\n"


@pytest.fixture(autouse=True)
def documented_as_others(documented: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compares the rows of a plug-in with those of every importer."""
    monkeypatch.setitem(OUTPUTS, "import ledger", OUTPUTS["import ftm"])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example was installed."""
    folder = tmp_path_factory.mktemp("plug-in")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--target", folder)
    subprocess.run([*pip, *options, EXAMPLE], check=True, capture_output=True, cwd=folder)
    return folder


def test_the_example_is_listed_and_sends(
    desk: Desk, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(example)
    listed = desk.run("import", "--help").stdout
    assert "  ledger  Send all transfers of FILE, a ledger." in listed
    source, report = tmp_path / "day.ledger", tmp_path / "report.jsonl"
    source.write_text(LEDGER)
    assert desk.run("import", "ledger", "--example").stdout == LEDGER[: LEDGER.index("Qiu", 40)]
    done = desk.run("-o", "json", "import", "ledger", source, "--report", report, *ORDER)
    assert done.exit_code == 0, done.output
    assert "5 entities in 1 packet" in done.stderr
    assert [(row["line"], row["concern"]) for row in json.loads(done.stdout)] == [
        (1, "stays-home"),
        (3, "unvalidated"),
    ]
    *findings, totals = map(json.loads, report.read_text().splitlines())
    assert findings == json.loads(done.stdout)
    assert totals == {
        "carried": 5,
        "carried_as_text": 0,
        "not_carried": 1,
        "repeated": 0,
        "unreconciled": 0,
        "understood": 0,
        "unvalidated": 1,
    }


def test_the_example_writes_and_reports_all_that_it_does_not(
    desk: Desk, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(example)
    source, target, report = tmp_path / "day.ledger", tmp_path / "out", tmp_path / "report"
    source.write_text(LEDGER)
    assert desk.run("import", "ledger", source, *ORDER).exit_code == 0
    done = desk.run("export", "ledger", "--output-file", target, "--report", report)
    assert done.exit_code == 0, done.output
    assert sorted(target.read_text().splitlines())[-2:] == sorted(LEDGER.splitlines()[1:])
    *findings, totals = map(json.loads, report.read_text().splitlines())
    assert totals["not_carried"] == len(findings) > 0
    assert all(each["object"] for each in findings)
    printed = desk.run("export", "ledger")
    assert printed.stdout == target.read_text()


def test_a_report_is_never_written_over_a_file(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    for words in (("import", "ftm", kept, *ORDER), ("export", "ftm")):
        done = desk.run(*words, "--report", kept)
        assert (done.exit_code, ExportRefused.code in done.stderr) == (2, True)
    assert kept.read_text() == "kept"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise KeyError", "failed with KeyError"),
        (
            "IMPORTER = Importer(summary='S', read=print, options=(Option(name='to', help='H'),))",
            "the command line has --to already",
        ),
        (
            "IMPORTER = Importer(summary='S', read=print,"
            " options=(Option(name='help', help='H'),))",
            "the command line has --help already",
        ),
        ("IMPORTER = Importer(summary=7, read=print)", "its summary is no line of text"),
    ],
)
def test_an_unusable_plug_in_leaves_the_others_usable(
    code: str, told: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, tmp_path, "lantern", code)
    assert desk.run("import", "--help").exit_code == 0
    helped = desk.run("import", "ledger", "--help").stdout
    assert "ledger of lantern 1.0" in " ".join(helped.split())
    done = desk.run("import", "ledger", "file", *ORDER)
    assert (done.exit_code, ConnectorUnusable.code in done.stderr) == (2, True)
    assert told in done.stderr
    assert desk.run("import", "csv", "--help").exit_code == 0


@pytest.mark.parametrize(
    ("made", "told"), [("1 / 0", "failed with ZeroDivisionError"), ("7", "its example is no text")]
)
def test_an_example_that_fails_is_named(
    made: str, told: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"IMPORTER = Importer(summary='S', read=print, example=lambda: {made})"
    install(monkeypatch, tmp_path, "lantern", code)
    done = desk.run("import", "ledger", "--example")
    assert (done.exit_code, ConnectorUnusable.code in done.stderr) == (2, True)
    assert told in done.stderr


def test_a_format_that_is_no_text_is_not_printed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
def write(view, target, options, report):
    target.write(b"\\x1b[2J" + str(len(view.fields)).encode())

EXPORTER = Exporter(summary="Export bytes.", write=write, is_text=False)
"""
    install(monkeypatch, tmp_path, "lantern", code, group="tearline.exporters", value="EXPORTER")
    refused = desk.run("export", "ledger")
    assert (refused.exit_code, ExportRefused.code in refused.stderr) == (2, True)
    assert desk.run("export", "ledger", "--output-file", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out").read_bytes() == b"\x1b[2J1"


def test_an_export_that_fails_leaves_no_file(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
def write(view, target, options, report):
    target.write(b"half of it")
    raise ValueError("a value")

EXPORTER = Exporter(summary="Export half.", write=write)
"""
    install(monkeypatch, tmp_path, "lantern", code, group="tearline.exporters", value="EXPORTER")
    done = desk.run("export", "ledger", "--output-file", tmp_path / "out")
    assert (done.exit_code, ConnectorUnusable.code in done.stderr) == (2, True)
    assert "a value" not in done.output
    assert not (tmp_path / "out").exists()
