"""Findings against a file of rows are bounded, and none of them changes the outcome unseen."""

import io
from collections.abc import Iterator
from itertools import islice

import pytest

from tearline_client.audit.bounded_findings import MAX_FINDINGS, MAX_TEXT, BoundedFindings
from tearline_client.audit.tables import judge_table
from tearline_client.audit.verifier import AuditVerifier, Finding, Outcome, worst


def findings(outcome: Outcome, *, text: str = "odd") -> Iterator[Finding]:
    while True:
        yield Finding(outcome=outcome, code="TL-LOG-002", text=text)


def test_a_file_of_bad_rows_gives_a_bounded_number_of_findings() -> None:
    rows = io.BytesIO(b'{"entry": 1}\n' * (2 * MAX_FINDINGS))
    judged = judge_table(AuditVerifier(None), rows)
    assert judged.rows == 2 * MAX_FINDINGS
    assert len(judged.findings) == MAX_FINDINGS + 1
    assert judged.findings[-1].text.startswith(f"{MAX_FINDINGS} further findings")


@pytest.mark.parametrize("late", [Outcome.FAILED, Outcome.INDETERMINATE])
def test_a_finding_beyond_the_bound_keeps_its_outcome(late: Outcome) -> None:
    held = BoundedFindings()
    held.extend(islice(findings(Outcome.INDETERMINATE), MAX_FINDINGS + 5))
    held.extend(islice(findings(late), 1))
    held.extend(islice(findings(Outcome.INDETERMINATE), 5))
    assert worst(each.outcome for each in held.all()) is late
    assert "11 further findings" in held.all()[-1].text


def test_a_finding_repeats_no_cell_of_any_length() -> None:
    held = BoundedFindings()
    held.extend(islice(findings(Outcome.FAILED, text="x" * 100_000), 1))
    (only,) = held.all()
    assert len(only.text) == MAX_TEXT + 1


def test_a_workbook_is_no_proof_for_it_may_hide_rows() -> None:
    judged = judge_table(AuditVerifier(None), io.BytesIO(b"PK\x03\x04"))
    assert "save it as CSV" in judged.findings[0].text
