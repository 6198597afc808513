"""Offline verification of a proof file, from the file and the log's identity alone.

Three outcomes. *Verified*: the log, by its keys, contains this entry. *Failed*: the file
contradicts itself or the keys, or lacks a required part. *Indeterminate*: no contradiction was
found, but the reader lacks data for a verdict. Every finding is reported, not only the first. The
steps are those of docs/spec/log-v1.md, section 4.

Proofs are verified singly and against each other: two entries of one event prove that the log
misbehaved.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import Erasure
from tearline.audit.event import Event
from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.errors import (
    CheckpointForeign,
    EntryMismatch,
    KeyMalformed,
    LogKeysUnknown,
    OrderContradicted,
    TearlineError,
    TwinEntries,
    sentence,
)
from tearline.federation.directory import DIRECTORY
from tearline.federation.members import LogKeys
from tearline.statements.receipt import LogOpening
from tearline.tlog.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.merkle import InclusionVerifier
from tearline.tlog.note import parse_note
from tearline.tlog.policy import LogPolicy
from tearline.tlog.proof import LogProof, parse_log_proof
from tearline.verification.log_entries import CLEAR, blind_entry, entry_hash, parse_clear
from tearline.wire.erasures import ERASED, ErasedEntry, parse_erased_entry
from tearline.wire.grants import parse_event, parse_log_opening
from tearline.wire.statements import Signed
from tearline_client.audit.erasure_verifier import failings, order_of, rule_of
from tearline_client.audit.retention_order import Dates

T = TypeVar("T")


class Outcome(StrEnum):
    """Outcome of a check."""

    VERIFIED = "verified"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@immutable
class Finding:
    """One reason why a proof is not verified.

    Attributes:
        outcome: ``failed``, or ``indeterminate`` if only the reader lacks data.
        code: The error's code, for example ``TL-LOG-002``.
        text: The defect, in words.
    """

    outcome: Outcome
    code: str
    text: str


@immutable
class ErasedBy:
    """A verified erasure order.

    Attributes:
        entry: Index of its own entry.
        statement: 32 bytes, its statement's id.
        order: Its contents.
        agreement: The agreement version of an order by retention, otherwise None.
    """

    entry: int
    statement: bytes
    order: Erasure
    agreement: Agreement | None = None


@immutable
class Judgement:
    """Result for a proof file.

    Attributes:
        findings: All findings against it; empty for a verified one.
        index: The entry's position, if the file is a proof.
        checkpoint: The log's state, if readable.
        event: The event of a blind entry, if its leaf is in the checkpoint's tree.
        statement: The statement of a clear entry, likewise. Its own signatures are not verified
            here: the valid keys follow from all earlier clear entries.
        erased: The order that erased the entry, if its leaf is in the tree.
    """

    findings: tuple[Finding, ...]
    index: int | None = None
    checkpoint: Checkpoint | None = None
    event: Event | None = None
    statement: Signed | None = None
    erased: ErasedBy | None = None

    @property
    def outcome(self) -> Outcome:
        """Returns the worst outcome of the findings."""
        return worst(finding.outcome for finding in self.findings)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Returns the combined outcome of several checks; of none, ``verified``."""
    found = set(outcomes)
    for outcome in (Outcome.FAILED, Outcome.INDETERMINATE):
        if outcome in found:
            return outcome
    return Outcome.VERIFIED


def finding_of(error: TearlineError, outcome: Outcome = Outcome.FAILED) -> Finding:
    """Returns an error as a finding; one that leaves the verdict open says the next step."""
    step = f" Next: {error.next}" if outcome is Outcome.INDETERMINATE else ""
    text = f"{sentence(error.what, error.why)}{step}"
    return Finding(outcome=outcome, code=error.code, text=text)


class AuditVerifier:
    """Verifies proofs of one log.

    Args:
        log: The log, by the reader's federation file or policy; None without either: then no proof
            is verified, but contradictions are found.
        federation: 32 bytes, the federation whose keys may order an erasure; None if unknown.
    """

    def __init__(self, log: LogKeys | LogPolicy | None, federation: bytes | None = None) -> None:
        self._log = log
        self._federation = federation
        self._told: dict[bytes, bytes] = {}
        self._dates = Dates()
        self._noted: _Noted | None = None

    def judge(self, data: bytes) -> Judgement:
        """Verifies one proof file, including its canonical encoding.

        Args:
            data: The file's bytes, unchecked.
        """
        try:
            proof = parse_log_proof(data)
        except TearlineError as error:
            return Judgement(findings=(finding_of(error),))
        return self.judge_proof(proof)

    def judge_proof(self, proof: LogProof) -> Judgement:
        """Verifies one proof.

        1. It contains an opening for its own index, or a clear entry.

        2. Its checkpoint is of this log, and each of the log's keys signed it.

        3. The path leads from that entry to the checkpoint's root.

        4. Only then the event is parsed, strictly; for an erased entry, the order is verified.

        5. No earlier proof shows another entry of the same event.
        """
        if self._noted is None or proof.note != self._noted.note:
            self._noted = self._read_note(proof.note)
        judgement = _Case(self._noted, self._told, self._federation).judge(proof)
        if judgement.event is not None:
            self._dates.note(proof.index, judgement.event)
        return judgement

    def compared(self, judgement: Judgement) -> Judgement:
        """Returns a judgement updated by all other proofs, earlier and later ones (L-29).

        If an erased entry would be older than an earlier event, the result is indeterminate: the
        log's time may have been corrected in between, as another proof may show.
        """
        by, index = judgement.erased, judgement.index
        if by is None or index is None or by.agreement is None:
            return judgement
        later = self._dates.later(index, by.order.latest_ms)
        if later is None:
            return judgement
        error = OrderContradicted(f"entry {later} is dated later than the order states for {index}")
        found = finding_of(error, Outcome.INDETERMINATE)
        return replace(judgement, findings=(*judgement.findings, found))

    def _read_note(self, note: bytes) -> "_Noted":
        try:
            checkpoint = parse_checkpoint_text(parse_note(note).text)
        except TearlineError as error:
            return _Noted(note=note, findings=(finding_of(error),))
        return _Noted(
            note=note,
            findings=tuple(self._judge_note(note, checkpoint)),
            checkpoint=checkpoint,
            tree=InclusionVerifier(checkpoint.size, checkpoint.root),
        )

    def _judge_note(self, note: bytes, checkpoint: Checkpoint) -> Iterator[Finding]:
        log = self._log
        if log is None:
            yield finding_of(LogKeysUnknown(), Outcome.INDETERMINATE)
            return
        if isinstance(log, LogPolicy):
            yield from map(finding_of, log.failings(note))
            return
        if checkpoint.origin != log.origin:
            why = f"{checkpoint.origin}, expected {log.origin}"
            yield finding_of(CheckpointForeign(why))
            return
        # Key by key, so that a forged signature cannot hide a missing one.
        keys = log.at(checkpoint.size).verifier_keys
        for text in keys:
            try:
                key = parse_verifier_key(text)
            except KeyMalformed as error:
                # A kind for a later version: this reader cannot tell.
                yield finding_of(error, Outcome.INDETERMINATE)
                continue
            try:
                parse_checkpoint(note, origin=log.origin, required=(key,))
            except TearlineError as error:
                yield finding_of(error)
        if not keys:
            yield finding_of(LogKeysUnknown(), Outcome.INDETERMINATE)


@immutable
class _Noted:
    """A checkpoint's note, shared by many proofs.

    Attributes:
        note: Its bytes, unchecked.
        findings: Findings against it under the log's keys.
        checkpoint: Its contents; None if unreadable.
        tree: Verifies inclusion in its tree; likewise.
    """

    note: bytes
    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None = None
    tree: InclusionVerifier | None = None


class _Case:
    """Verification of one proof: each failed check adds a finding, and the next one follows."""

    def __init__(self, noted: _Noted, told: dict[bytes, bytes], federation: bytes | None) -> None:
        self._noted = noted
        self._told = told
        self._federation = federation
        self._erased: ErasedEntry | None = None
        self._findings: list[Finding] = []

    def judge(self, proof: LogProof) -> Judgement:
        opening, entry = self._entry(proof)
        self._findings += self._noted.findings
        checkpoint = self._noted.checkpoint
        stands = entry is not None and self._stands(proof, entry)
        event = statement = erased = None
        if stands and entry is not None and opening is not None:
            event = self._try(lambda: parse_event(opening.event))
            if event is not None:
                self._compare(event, opening.index, entry)
        elif stands and self._erased is not None and checkpoint is not None:
            erased = self._order(self._erased, proof.index, checkpoint)
        elif stands and entry is not None:
            statement = self._try(lambda: parse_clear(entry))
        return Judgement(
            findings=tuple(self._findings),
            index=proof.index,
            checkpoint=checkpoint,
            event=event,
            statement=statement,
            erased=erased,
        )

    def _stands(self, proof: LogProof, entry: bytes) -> bool:
        """Returns whether the checkpoint's tree contains the entry."""
        if self._noted.tree is None:
            return False
        try:
            self._noted.tree.verify(proof.index, entry_hash(entry), proof.path)
        except TearlineError as error:
            self._findings.append(finding_of(error))
            return False
        return True

    def _order(self, shown: ErasedEntry, index: int, checkpoint: Checkpoint) -> ErasedBy | None:
        """Returns the order that erased an entry; None after a finding."""
        found = [finding_of(e) for e in failings(shown, index, checkpoint, self._federation)]
        if not found and self._federation is None:
            found.append(finding_of(LogKeysUnknown(), Outcome.INDETERMINATE))
        self._findings += found
        if found:
            return None
        return ErasedBy(
            entry=shown.erased.index,
            statement=shown.order.statement.id,
            order=order_of(shown),
            agreement=rule_of(shown),
        )

    def _try(self, check: Callable[[], T]) -> T | None:
        """Returns the result of ``check``, or None after a finding."""
        try:
            return check()
        except TearlineError as error:
            self._findings.append(finding_of(error))
            return None

    def _compare(self, event: Event, index: int, entry: bytes) -> None:
        # The entry commits to salt and event; one file may contain millions of them.
        told = u64(index) + entry
        known = self._told.setdefault(event.id, told)
        if known != told:
            why = f"entries {int.from_bytes(known[: len(u64(0))])} and {index}"
            self._findings.append(finding_of(TwinEntries(why)))

    def _entry(self, proof: LogProof) -> tuple[LogOpening | None, bytes | None]:
        """Returns the opening, for a blind entry that was not erased, and the entry's bytes."""
        if not proof.extra:
            # Contents may be erased by order; then the order would be shown instead.
            error = EntryMismatch("neither an opening nor an order to erase it is shown")
            self._findings.append(finding_of(error))
            return None, None
        if proof.extra.startswith((CLEAR, DIRECTORY)):
            return None, proof.extra
        if proof.extra.startswith(ERASED):
            self._erased = self._try(lambda: parse_erased_entry(proof.extra))
            return None, None if self._erased is None else self._erased.entry
        opening = self._try(lambda: parse_log_opening(proof.extra))
        if opening is None:
            return None, None
        if opening.index != proof.index:
            why = f"the opening is of entry {opening.index}, the proof of {proof.index}"
            self._findings.append(finding_of(EntryMismatch(why)))
        return opening, blind_entry(opening.salt, opening.event)
