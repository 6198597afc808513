"""Offline verification of an export: its two files and the federation id (A-5, A-6)."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, TypeVar

from tearline.audit.export import AuditExport, ExportFormat
from tearline.audit.query import parse_query
from tearline.crypto.armor import Armor, parse_armor
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_utf8
from tearline.errors import (
    ConfigUnreadable,
    EntryMismatch,
    ExportAltered,
    LogKeysUnknown,
    MalformedInput,
    StatementMalformed,
    TearlineError,
)
from tearline.federation.members import LogKeys
from tearline.statements.statement import Statement, StatementType
from tearline.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from tearline.tlog.merkle import verify_inclusion
from tearline.tlog.note import parse_note
from tearline.tlog.policy import LogPolicy
from tearline.verification.log_entries import entry_hash, parse_clear, parse_entry, verify_cosigned
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.audit_exports import (
    ExportManifest,
    parse_audit_export,
    parse_export_manifest,
)
from tearline.wire.exhibits import ProvenEntry
from tearline_client.audit.bounded_findings import BoundedFindings
from tearline_client.audit.tables import judge_rows
from tearline_client.audit.verifier import AuditVerifier, Finding, Outcome, finding_of, worst

T = TypeVar("T")

SUFFIX = ".manifest"
BEGIN = f"-----BEGIN {Armor.AUDIT_EXPORT}-----"
_PIECE_BYTES = 1 << 20


@immutable
class ExportJudgement:
    """Result of an export's verification.

    Attributes:
        findings: The findings against it, as ``BoundedFindings``; empty for a verified one.
        export: Its manifest, if readable.
        checkpoint: Its checkpoint, if readable.
    """

    findings: tuple[Finding, ...]
    export: AuditExport | None = None
    checkpoint: Checkpoint | None = None

    @property
    def outcome(self) -> Outcome:
        """Returns the worst outcome of the findings."""
        return worst(finding.outcome for finding in self.findings)


def judge_export(
    manifest: bytes,
    file: BinaryIO | None,
    federation: bytes | None,
    *,
    policy: LogPolicy | None = None,
) -> ExportJudgement:
    """Verifies an export (spec A-5, A-6) by its files and the federation id alone.

    Args:
        manifest: The manifest's bytes, unchecked.
        file: The file, at its beginning; None if it is missing.
        federation: 32 bytes, known out of band, or None.
        policy: Further requirements for the checkpoint.
    """
    try:
        parsed = parse_export_manifest(parse_armor(Armor.AUDIT_EXPORT, parse_utf8(manifest)))
    except TearlineError as error:
        return ExportJudgement(findings=(finding_of(error),))
    examiner = ManifestExaminer(parsed, federation, policy)
    export, checkpoint = examiner.examine()
    findings = [finding_of(error) for error in examiner.errors]
    if federation is None:
        findings.append(finding_of(LogKeysUnknown(), Outcome.INDETERMINATE))
    if file is None:
        missing = ConfigUnreadable("the manifest's file is not beside it")
        findings.append(finding_of(missing, Outcome.INDETERMINATE))
    elif export is not None:
        rows = BoundedFindings()
        rows.extend(_judge_file(export, AuditVerifier(examiner.log), file))
        findings += rows.all()
    return ExportJudgement(findings=tuple(findings), export=export, checkpoint=checkpoint)


class ManifestExaminer:
    """Verification of one manifest: each failed check adds an error, and the next one follows.

    Attributes:
        errors: The errors found.
        log: The log, by its last constitution; None if there is none.
    """

    def __init__(
        self, manifest: ExportManifest, federation: bytes | None, policy: LogPolicy | None
    ) -> None:
        self._manifest = manifest
        self._policy = policy
        self._trust = TrustState(federation=federation or self._own_word(), is_partial=True)
        self.errors: list[TearlineError] = []
        self.log: LogKeys | None = None

    def examine(self) -> tuple[AuditExport | None, Checkpoint | None]:
        """Returns the manifest's export and checkpoint; each None if unreadable."""
        signed = self._manifest.export
        export = self._try(partial(_export_of, signed.statement))
        if export is None:
            return None, None
        checkpoint = self._try(lambda: parse_checkpoint_text(parse_note(export.checkpoint).text))
        if checkpoint is None:
            return export, None
        for entry in self._manifest.entries:
            self._try(partial(_verify_included, entry, checkpoint))
            self._try(partial(self._apply, entry))
        time_s = self._try(partial(self._signatures, export.checkpoint))
        if time_s is not None:
            at = Moment(index=checkpoint.size, time_ms=time_s * 1000)
            self._try(lambda: self._trust.verify(signed.statement, signed.attestations, at=at))
        return export, checkpoint

    def _try(self, check: Callable[[], T]) -> T | None:
        """Returns the result of ``check``, or None after an error."""
        try:
            return check()
        except TearlineError as error:
            self.errors.append(error)
            return None

    def _own_word(self) -> bytes:
        """Returns the manifest's own federation id, which suffices to find contradictions."""
        try:
            first = parse_clear(self._manifest.entries[0].content)
        except TearlineError:
            return b""
        return b"" if first is None else first.statement.id

    def _apply(self, entry: ProvenEntry) -> None:
        statement = parse_entry(entry.content)
        if statement is None:
            raise EntryMismatch(f"entry {entry.index} contains no key data")
        self._trust.apply(entry.index, statement)

    def _signatures(self, note: bytes) -> int:
        """Returns the last time at which the log signed the note, Unix seconds.

        Raises:
            LogError: If one of its keys did not sign it, or the reader requires more.
        """
        self.log = self._trust.log
        checkpoint = verify_cosigned(note, self.log)
        if self._policy is not None:
            self.errors.extend(self._policy.failings(note))
        return max((s.time_s for s in checkpoint.signatures if s.time_s is not None), default=0)


def _export_of(statement: Statement) -> AuditExport:
    if statement.type is not StatementType.AUDIT_EXPORT:
        raise StatementMalformed("the shown statement is not an export")
    return parse_audit_export(statement.body)


def _verify_included(entry: ProvenEntry, checkpoint: Checkpoint) -> None:
    leaf = entry_hash(entry.content)
    verify_inclusion(entry.index, checkpoint.size, leaf, entry.path, checkpoint.root)


def _judge_file(export: AuditExport, verifier: AuditVerifier, file: BinaryIO) -> Iterator[Finding]:
    """Yields the findings against the file of an export."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    if digest.digest() != export.digest:
        yield finding_of(ExportAltered("it has another digest"))
    file.seek(0)
    if (first := file.read(1)) and (first == b"{") != (export.format is ExportFormat.JSONL):
        yield finding_of(ExportAltered("it has another format"))
    file.seek(0)
    try:
        query = parse_query(export.query)
    except MalformedInput as error:
        yield finding_of(error)
        query = parse_query("")
    count, last = 0, -1
    for row in judge_rows(verifier, file):
        count, judged = row.number, row.judgement
        yield from judged.findings
        if row.note != export.checkpoint:
            yield finding_of(ExportAltered(f"row {count} is proven under another checkpoint"))
        if judged.event is not None and not query.matches(judged.event):
            yield finding_of(ExportAltered(f"row {count} does not match the query"))
        if judged.index is not None and judged.index <= last:
            yield finding_of(ExportAltered(f"row {count} is not in the order of the log"))
        last = last if judged.index is None else judged.index
    if count != export.entries:
        yield finding_of(ExportAltered(f"it holds {count} rows of {export.entries}"))
