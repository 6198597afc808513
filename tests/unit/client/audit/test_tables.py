"""Files of rows give back each proof as it was written."""

import io

import pytest

from tearline.audit.export import ExportFormat
from tearline_client.audit.rows import COLUMNS
from tearline_client.audit.tables import encode_header, encode_row, judge_rows
from tearline_client.audit.verifier import AuditVerifier

NOTE = "x.example/log\n7\n+jWEQG+9eqVq9nGVZBLxQgyXHoB2/ImVDgsiBH0nfhE=\n\n— x;=1+1 AAAAAAA=\n"
"""Its root begins like a formula, and the name of its key holds one."""


@pytest.mark.parametrize("form", ExportFormat)
def test_a_note_whose_lines_begin_like_formulas_is_read_as_it_was_written(form):
    row = dict.fromkeys(COLUMNS, "") | {"checkpoint": NOTE, "path": []}
    file = io.BytesIO(encode_header(form) + encode_row(form, row))
    (judged,) = judge_rows(AuditVerifier(None), file)
    assert judged.note == NOTE.encode()


def test_a_table_s_note_that_is_no_base64_is_named():
    row = dict.fromkeys(COLUMNS, "") | {"checkpoint": NOTE, "path": []}
    line = encode_row(ExportFormat.CSV, row).replace(b'"eC5', b'"*C5')
    (judged,) = judge_rows(AuditVerifier(None), io.BytesIO(encode_header(ExportFormat.CSV) + line))
    (finding,) = judged.judgement.findings
    assert finding.code == "TL-USE-001"
    assert "row 1: " in finding.text
    assert "checkpoint: base64 was expected" in finding.text
