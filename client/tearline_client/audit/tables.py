"""Files of rows: written as JSON lines or CSV, and verified row by row, each as a proof.

``audit search`` prints these rows as JSON lines, and ``audit export`` writes them. The readable
columns of a row are trusted only if its proven event agrees.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import BinaryIO

from tearline.audit.export import ExportFormat
from tearline.dataclass.immutable import immutable
from tearline.encoding import encode_base64, parse_base64, parse_decimal
from tearline.errors import CheckpointMissing, EntryMismatch, MalformedInput, TearlineError
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE, MAX_TABLE_BYTES
from tearline.tlog.checkpoint import Checkpoint
from tearline.tlog.proof import LogProof
from tearline_client.audit.bounded_findings import BoundedFindings
from tearline_client.audit.rows import COLUMNS, Names, Row, event_row
from tearline_client.audit.verifier import AuditVerifier, Finding, Judgement, Outcome, finding_of
from tearline_client.connectors.exporters.csv_safe import safe_cell
from tearline_client.connectors.importers.source import Bounds, read_lines, read_table

_BOUNDS = Bounds(whole=MAX_TABLE_BYTES, cell=-(-MAX_CHECKPOINT_BYTES // 3) * 4)  # in base64
_JSON = json.JSONEncoder(sort_keys=True)
_UNESCAPED = json.JSONEncoder(ensure_ascii=False)
_NODE_CHARS = 44  # of a hash of 32 bytes in base64
_PROOF_COLUMNS = ("entry", "opening", "path", "size", "checkpoint")


def encode_header(form: ExportFormat) -> bytes:
    """Returns the header before the first row."""
    return _csv_line(COLUMNS) if form is ExportFormat.CSV else b""


def encode_row(form: ExportFormat, row: Mapping[str, object]) -> bytes:
    """Returns one row as a line of the file."""
    if form is ExportFormat.CSV:
        # A line of a note may begin like a formula: the root by chance, a name by a choice.
        note = encode_base64(_text(row["checkpoint"]).encode("utf-8"))
        cells = {**row, "checkpoint": note}
        return _csv_line([safe_cell(_text(cells[column])) for column in COLUMNS])
    return json.dumps(row).encode("ascii") + b"\n"


def _csv_line(cells: Iterable[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8")


def _text(value: object) -> str:
    """Returns a value as the text of a cell."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else _JSON.encode(value)


@immutable
class RowJudgement:
    """Result of one row.

    Attributes:
        number: The row, from 1.
        judgement: All findings about it.
        note: The signed note of its proof; empty if there is none.
    """

    number: int
    judgement: Judgement
    note: bytes


@immutable
class TableJudgement:
    """Result of a file of rows.

    Attributes:
        findings: The findings against it, as ``BoundedFindings``; empty for a verified one.
        rows: Number of rows.
        checkpoint: The log's state of its last row, if readable.
    """

    findings: tuple[Finding, ...]
    rows: int
    checkpoint: Checkpoint | None


def judge_table(verifier: AuditVerifier, file: BinaryIO, name: Names = str) -> TableJudgement:
    """Verifies a file of rows; findings name their row.

    Args:
        verifier: Verifies each row's proof.
        file: The file, at its beginning.
        name: An alternative spelling of a URI.
    """
    findings = BoundedFindings()
    rows, checkpoint = 0, None
    for judged in judge_rows(verifier, file, name):
        rows = judged.number
        checkpoint = judged.judgement.checkpoint or checkpoint
        findings.extend(judged.judgement.findings)
    if not rows:
        findings.extend([finding_of(MalformedInput("the file holds no rows"))])
    return TableJudgement(findings=findings.all(), rows=rows, checkpoint=checkpoint)


def judge_rows(
    verifier: AuditVerifier, file: BinaryIO, name: Names = str
) -> Iterator[RowJudgement]:
    """Verifies a file row by row; see ``judge_table``."""
    note = b""
    first = file.read(1)
    is_json = first == b"{"
    file.seek(0)
    spell = str if is_json else safe_cell
    for number, read in enumerate(_rows(file, is_json=is_json) if first else (), start=1):
        judgement = Judgement(findings=())
        findings: list[Finding] = []
        try:
            cells = read()
            note = _note(cells, is_json=is_json) or note
            judgement = verifier.judge_proof(_proof(cells, note))
            findings += judgement.findings
            findings += _differences(cells, judgement, spell, name)
        except CheckpointMissing as error:
            findings.append(finding_of(error, Outcome.INDETERMINATE))
        except TearlineError as error:
            findings.append(finding_of(error))
        if findings:
            numbered = tuple(replace(each, text=f"row {number}: {each.text}") for each in findings)
            judgement = replace(judgement, findings=numbered)
        yield RowJudgement(number=number, judgement=judgement, note=note)


Cells = Mapping[str, object]
"""Cells of a row by column: texts in a table, any values in JSON."""


def _rows(file: BinaryIO, *, is_json: bool) -> Iterator[Callable[[], Cells]]:
    """Yields the rows of a file, each as a function that returns its cells or raises."""
    try:
        if is_json:
            for _, line in read_lines(file, bounds=_BOUNDS):
                yield partial(_parse_object, line)
            return
        _, records = read_table(file, bounds=_BOUNDS)
        for _, record in records:
            yield partial(_complete, record)
    except TearlineError as error:
        yield partial(_fail, error)


def _fail(error: TearlineError) -> Cells:
    raise error


def _parse_object(line: str) -> Cells:
    found = _parse_json(line)
    if not isinstance(found, dict):
        raise MalformedInput("expected an object")
    return _complete(found)


def _complete(cells: Cells) -> Cells:
    missing = [column for column in _PROOF_COLUMNS if column not in cells]
    if missing:
        raise MalformedInput(f"a proof needs {', '.join(missing)}")
    texts = all(isinstance(cells[column], str) for column in ("opening", "checkpoint"))
    # In a table, numbers are texts.
    if not texts or not all(type(cells[column]) in (int, str) for column in ("entry", "size")):
        raise MalformedInput("a column of the proof is no text or number")
    return cells


def _parse_json(text: str) -> object:
    try:
        found: object = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
        if "\\u" in text:
            _UNESCAPED.encode(found).encode("utf-8")  # a lone surrogate is invalid
    except (ValueError, RecursionError):
        raise MalformedInput("expected JSON") from None
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Returns an object without repeated names: readers differ in their choice of two values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _proof(cells: Cells, note: bytes) -> LogProof:
    if not note:
        raise CheckpointMissing
    path = cells["path"]
    if isinstance(path, str):
        path = _parse_json(path)
    if not isinstance(path, list) or not all(isinstance(node, str) for node in path):
        raise MalformedInput("path: expected a list of strings")
    return LogProof(
        index=parse_decimal(_text(cells["entry"]), maximum=MAX_LOG_SIZE),
        path=tuple(map(_node, path)),
        note=note,
        extra=_bytes(cells, "opening"),
    )


def _note(cells: Cells, *, is_json: bool) -> bytes:
    """Returns the signed note of a row; empty if an earlier row has it."""
    return _text(cells["checkpoint"]).encode("utf-8") if is_json else _bytes(cells, "checkpoint")


def _bytes(cells: Cells, column: str) -> bytes:
    try:
        return parse_base64(_text(cells[column]))
    except MalformedInput as error:
        raise MalformedInput(f"{column}: {error.why}") from None


@lru_cache(maxsize=MAX_LOG_SIZE.bit_length())  # the paths of neighbours are equal higher up
def _node(text: str) -> bytes:
    if len(text) != _NODE_CHARS:
        raise MalformedInput("path: expected a hash of 32 bytes")
    return parse_base64(text)


def _differences(
    cells: Cells, judgement: Judgement, spell: Callable[[str], str], name: Names
) -> Iterator[Finding]:
    """Yields the readable columns of a row that its proof contradicts."""
    checkpoint, event = judgement.checkpoint, judgement.event
    if checkpoint is not None and _text(cells["size"]) != str(checkpoint.size):
        shown = _text(cells["size"])
        error = CheckpointMissing(f"size {shown}; the last one is of {checkpoint.size}")
        yield finding_of(error, Outcome.INDETERMINATE)
    if event is None:
        if not judgement.findings:
            yield finding_of(EntryMismatch("a row requires an event, and this proof has none"))
        return
    wrong = _wrong(cells, event_row(event), spell)
    if wrong:
        wrong &= _wrong(cells, event_row(event, name), spell)
    if wrong:
        yield finding_of(EntryMismatch(f"the log differs in {', '.join(sorted(wrong))}"))


def _wrong(cells: Cells, row: Row, spell: Callable[[str], str]) -> set[str]:
    return {key for key in row if key in cells and _text(cells[key]) != spell(_text(row[key]))}
