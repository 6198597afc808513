"""Reports of any length: counts in memory, findings beyond the first ones in a file."""

import gc
from itertools import islice

import pytest

from support.unnamed_files import unnamed_files
from tearline_client.connectors.importers import report as module
from tearline_client.connectors.importers.report import Concern, Finding, Report


def filled(size: int) -> Report:
    report = Report()
    for number in range(1, size + 1):
        report.add(
            Concern.STAYS_HOME, "no column takes it", line=number, column="Über", id="informant-qiu"
        )
    return report


def test_a_long_report_is_read_as_it_was_written() -> None:
    size = module._HELD + 2000
    report = filled(size)
    assert len(report) == report.counts[Concern.STAYS_HOME] == size
    assert len(report._held) == module._HELD
    assert [each.line for each in report] == list(range(1, size + 1))
    last = Finding(
        line=size,
        column="Über",
        part=0,
        concern=Concern.STAYS_HOME,
        why="no column takes it",
        object="informant-qiu",
    )
    assert last in report
    assert last.line + 1 not in report


def test_two_readers_do_not_disturb_each_other() -> None:
    report = filled(module._HELD + 2000)
    first, second = iter(report), iter(report)
    begin = [each.line for each in islice(first, module._HELD + 10)]
    assert [each.line for each in islice(second, module._HELD + 10)] == begin


def test_the_file_of_a_report_holds_no_id_and_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas = "tearline_client.planning.sealed_rows._PRAGMAS"
    monkeypatch.setattr(pragmas, "PRAGMA temp_store = FILE; PRAGMA cache_size = 16; BEGIN;")
    gc.collect()
    before = {each.name for each in unnamed_files()}
    report = filled(module._HELD + 2000)
    files = [each for each in unnamed_files() if each.name not in before]
    content = b"".join(each.read_bytes() for each in files)
    assert len(content) > 100_000
    assert b"stays-home" not in content
    assert b"informant-qiu" not in content
    del report
    gc.collect()
    assert {each.name for each in unnamed_files()} <= before
