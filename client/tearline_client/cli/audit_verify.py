"""``tearline audit verify``: offline verification of proofs, exports and exhibits."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import click

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_hex
from tearline.errors import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_OK,
    CharterUnpinned,
    ConfigUnreadable,
    HomeMissing,
    MalformedInput,
    NotFound,
)
from tearline.federation.members import LogKeys
from tearline.federation.versions import Members
from tearline.limits import MAX_MESSAGE_BYTES, MAX_POLICY_FILE_BYTES
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.checkpoint import Checkpoint
from tearline.tlog.policy import LogPolicy, parse_log_policy
from tearline.verification.exhibit import Examination, Shown
from tearline.verification.trust import TrustState, founded
from tearline_client.audit import export_verifier
from tearline_client.audit.exhibit_verifier import (
    BEGIN,
    judge_exhibit,
    outcome_of,
)
from tearline_client.audit.export_verifier import judge_export
from tearline_client.audit.proofs import SUFFIX
from tearline_client.audit.rows import event_row
from tearline_client.audit.tables import judge_table
from tearline_client.audit.verifier import (
    AuditVerifier,
    ErasedBy,
    Finding,
    Judgement,
    Outcome,
    finding_of,
    worst,
)
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.exhibit_rows import exhibit_lines, party_name, shown_row
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import trust_of
from tearline_client.founding.charter_file import read_federation
from tearline_client.rendering.output import print_line
from tearline_client.rendering.words import moment, names_of

_MAX_FILE = 2 * MAX_MESSAGE_BYTES  # an exhibit in armor
STATUS = {
    Outcome.VERIFIED: EXIT_OK,
    Outcome.FAILED: EXIT_INTEGRITY,
    Outcome.INDETERMINATE: EXIT_NOT_FOUND,
}
"""The exit status of each outcome."""


@immutable
class _Reader:
    """Trusted inputs that files are verified with.

    Attributes:
        members: The federation's founders, or None.
        federation: The federation's id, or None.
        log: The log's keys by size, or None.
        policy: The reader's own requirements for a checkpoint, or None.
        trust: Members and keys as far as this home's node has read the log, or None.
    """

    members: Members | None
    federation: bytes | None
    log: LogKeys | None
    policy: LogPolicy | None
    trust: TrustState | None = None


@immutable
class _Verdict:
    """Result for one file: its outcome, its row, and the exhibit that it holds."""

    outcome: Outcome
    row: dict[str, object]
    shown: Shown | None = None


@click.command(cls=Command)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--trust", type=FILE, help="The federation file; by default this home's members.")
@click.option(
    "--federation", help="The federation id that you know by another way; enough for most exhibits."
)
@click.option(
    "--policy",
    type=FILE,
    help="A c2sp.org/tlog-policy file; enough for a proof, and for an exhibit by the directory.",
)
@pass_cli
def verify(
    cli: CliContext,
    files: tuple[Path, ...],
    trust: Path | None,
    federation: str | None,
    policy: Path | None,
) -> None:
    """Verify FILES, or folders of proofs, offline and without any key of this agency.

    A file is a proof (.tlog-proof), the rows of a search (-o jsonl), an export's manifest beside
    its export, or an exhibit. For a verified exhibit, the command prints the fields that it proves,
    what the proof relies on, and its limits. An exhibit whose signer is certified by the directory
    takes the policy file of a member. For an erased entry, it names the order that erased it.

    Proofs are also compared with each other. Two entries of one event prove that the log
    misbehaved. An entry dated before its predecessor is not verified.

    Exit status: 0 all verified; 5 one failed; 6 none failed, but one is indeterminate.

    Example: tearline audit verify proofs/ --policy log.policy
    """
    reader = _reader(cli, trust, federation, policy)
    verifier = AuditVerifier(reader.policy or reader.log, reader.federation)
    paths = _proof_files(files)
    judged = []
    with cli.progress("Verifying", len(paths)) as advance:
        for path in paths:
            judged.append(_judge(verifier, reader, path))
            advance(1)
    verdicts = [
        found
        if isinstance(found, _Verdict)
        else _proof_verdict(path, verifier.compared(found), reader.members)
        for path, found in zip(paths, judged, strict=True)
    ]
    cli.emit(
        (verdict.row for verdict in verdicts),
        ["file", "outcome", "entry", "time", "action", "actor", "counterpart", "packet", "why"],
    )
    if cli.settings.output == "table":
        for verdict in verdicts:
            if verdict.shown is not None:
                for line in exhibit_lines(verdict.shown, verdict.row):
                    print_line(line)
    end(STATUS[worst(verdict.outcome for verdict in verdicts)])


def end(status: int) -> None:
    """Ends the command with the given exit status."""
    if status != EXIT_OK:
        click.get_current_context().exit(status)


def _judge(verifier: AuditVerifier, reader: _Reader, path: Path) -> _Verdict | Judgement:
    """Returns the result for a file; a proof is not yet compared with the others.

    An unreadable file is indeterminate.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        unread: Finding = finding_of(
            ConfigUnreadable(error.strerror or "the file cannot be read"), Outcome.INDETERMINATE
        )
        return Judgement(findings=(unread,))
    if data.startswith(export_verifier.BEGIN.encode()):
        return _export_verdict(path, data, reader)
    if data.startswith((b"{", b'"entry",')):
        with path.open("rb") as file:
            table = judge_table(verifier, file, names_of(reader.members))
        what = {"action": "rows", "entries": table.rows, **_checkpoint_row(table.checkpoint)}
        outcome = worst(finding.outcome for finding in table.findings)
        return _Verdict(outcome=outcome, row=_row(path, outcome, table.findings, what))
    if data.startswith(BEGIN.encode()):
        examined = judge_exhibit(data, reader.federation, policy=reader.policy, trust=reader.trust)
        return _exhibit_verdict(path, examined, reader.members)
    return verifier.judge(data)


def _export_verdict(path: Path, manifest: bytes, reader: _Reader) -> _Verdict:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.with_suffix("").open("rb"))
        except OSError:
            file = None
        judged = judge_export(manifest, file, reader.federation, policy=reader.policy)
    export = judged.export
    what = (
        _checkpoint_row(judged.checkpoint)
        if export is None
        else {
            "action": "export",
            "time": moment(export.time_ms),
            "actor": party_name(reader.members, export.header.signer),
            "exporter": export.header.signer,
            "pseudonym": export.acted_by.pseudonym.hex(),
            "role": export.acted_by.role,
            "query": export.query,
            "entries": export.entries,
            "digest": export.digest.hex(),
            **_checkpoint_row(judged.checkpoint),
        }
    )
    return _Verdict(outcome=judged.outcome, row=_row(path, judged.outcome, judged.findings, what))


def _checkpoint_row(checkpoint: Checkpoint | None) -> dict[str, object]:
    return {
        "log": None if checkpoint is None else checkpoint.origin,
        "size": None if checkpoint is None else checkpoint.size,
    }


def _exhibit_verdict(path: Path, examined: Examination, members: Members | None) -> _Verdict:
    findings = [
        *(finding_of(error) for error in examined.errors),
        *(finding_of(error, Outcome.INDETERMINATE) for error in examined.lacking),
    ]
    outcome = outcome_of(examined)
    shown = examined.shown if outcome is Outcome.VERIFIED else None
    what = {} if shown is None else shown_row(shown, members)
    return _Verdict(outcome=outcome, row=_row(path, outcome, findings, what), shown=shown)


def _proof_verdict(path: Path, judgement: Judgement, members: Members | None) -> _Verdict:
    names, found = names_of(members), judgement.event
    event = {} if found is None else event_row(found, names) | {"time": moment(found.time_ms)}
    if judgement.statement is not None:
        statement = judgement.statement.statement
        action = statement.type.name.lower().replace("_", "-")
        event = {"action": action, "statement": statement.id.hex()}
    what = {
        **event,
        "event_outcome": event.get("outcome"),
        "entry": judgement.index,
        **_checkpoint_row(judgement.checkpoint),
    }
    row = _row(path, judgement.outcome, judgement.findings, what)
    if judgement.erased is not None:
        row |= _erased_row(judgement.erased, erased=judgement.outcome is Outcome.VERIFIED)
    return _Verdict(outcome=judgement.outcome, row=row)


def _erased_row(by: ErasedBy, *, erased: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "action": "erased",
        "order": by.entry,
        "statement": by.statement.hex(),
        "parties": list(by.order.parties),
        "reason": by.order.reason,
    }
    why = f"present; erased by the order in entry {by.entry}"
    if by.agreement is not None:
        named = {"agreement": by.agreement.name, "version": by.agreement.version}
        told |= named | {"agreement_id": by.agreement.id.hex()}
        rule = f"retention of {by.agreement.name}, version {by.agreement.version}"
        why = f"present; erased by {rule}: the order in entry {by.entry}"
    return told | ({"why": why} if erased else {})


def _row(
    path: Path, outcome: Outcome, findings: Iterable[Finding], what: dict[str, object]
) -> dict[str, object]:
    findings = list(findings)
    # The verdict's own keys come last, so that the file's contents cannot override them.
    return {
        **what,
        "file": str(path),
        "outcome": outcome.value,
        "why": "; ".join(f"{finding.code} {finding.text}" for finding in findings),
        "findings": [
            {"outcome": finding.outcome.value, "code": finding.code, "text": finding.text}
            for finding in findings
        ],
    }


def _proof_files(paths: Iterable[Path]) -> list[Path]:
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(path.glob(f"*{SUFFIX}"))
        if not inside:
            raise NotFound(f"{path} holds no {SUFFIX} file")
        found += inside
    return found


def _reader(
    cli: CliContext, trust: Path | None, federation: str | None, policy: Path | None
) -> _Reader:
    """Returns the trusted inputs named on the command line, or else the members in the home."""
    pinned = None if federation is None else federation_option(federation)
    asked = None if policy is None else parse_log_policy(_read(policy))
    own = None
    if trust is not None:
        state = founded(read_federation(trust))
    else:
        try:
            own = state = trust_of(cli)
        except HomeMissing:
            return _Reader(members=None, federation=pinned, log=None, policy=asked)
    if pinned is not None and state.federation != pinned:
        raise CharterUnpinned("the file is of another federation")
    source = "members that this home has read" if trust is None else f"charter in {trust}"
    cli.say(f"Verifying by the {source}, of federation {state.federation.hex()}.")
    return _Reader(
        members=state.members,
        federation=state.federation,
        log=state.log,
        policy=asked,
        trust=own,
    )


def federation_option(text: str) -> bytes:
    """Returns the federation id of a command line."""
    try:
        return parse_hex(text, size=HASH_SIZE)
    except MalformedInput as error:
        raise click.BadParameter(error.why, param_hint="--federation") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_POLICY_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigUnreadable(f"{path}: {error.strerror}") from None
