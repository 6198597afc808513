"""Exports of an audit with their manifests, for judged-v1.json."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from support import agencies as b
from support.exhibits import US_NODE, Case
from tearline.audit.export import AuditExport, ExportFormat
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.encoding import encode_base64
from tearline.statements.signer import Signer
from tearline.statements.statement import ActedBy, StatementType
from tearline.tlog.checkpoint import sign_checkpoint
from tearline.wire.audit_exports import (
    ExportManifest,
    encode_audit_export,
    encode_export_manifest,
)
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.grants import encode_log_opening, parse_event
from tearline_client.audit.rows import event_row
from tearline_client.audit.tables import encode_header, encode_row
from vectors.own.judged_erased import clear_of, opening_at
from vectors.own.judged_story import LASTING, LATER_MS, Told
from vectors.own.plain import Json
from vectors.own.spelling import fields_of, pieces_of

Rows = Sequence[dict[str, Any]]
QUERY = "action:agreement action:grant-accepted"


def rows_of(log: Case, indices: Sequence[int]) -> Rows:
    """The rows of entries, as an export has them."""
    rows = []
    for number, index in enumerate(indices):
        opening, proven = opening_at(log, index), log.entry(index)
        rows.append(
            {
                "entry": index,
                **event_row(parse_event(opening.event)),
                "opening": encode_base64(encode_log_opening(opening)),
                "path": [encode_base64(node) for node in proven.path],
                "size": len(log.contents),
                "checkpoint": "" if number else log.note.decode(),
            }
        )
    return rows


def file_of(form: ExportFormat, rows: Rows) -> bytes:
    """The rows as a file."""
    return b"".join([encode_header(form), *(encode_row(form, row) for row in rows)])


class Exports:
    """Exports of one log by one node."""

    def __init__(self, told: Told) -> None:
        self._log, self._by = told.case, told.mx
        self.entries = clear_of(
            told, len(told.case.contents), LASTING.id, b.signing_key(US_NODE).id
        )
        self.fields: list[bytes] = []

    def case(
        self,
        name: str,
        rows: Rows,
        form: ExportFormat = ExportFormat.JSONL,
        *,
        by: Signer | None = None,
        shown: Sequence[ProvenEntry] | None = None,
        file: bytes | None = None,
        **changes: Any,
    ) -> Json:
        """An export of rows, or of another file beside its manifest."""
        signer, made = by or self._by, file_of(form, rows)
        kind = changes.pop("type", StatementType.AUDIT_EXPORT)
        export = AuditExport(
            header=signer.header,
            format=form,
            digest=hashlib.sha256(made).digest(),
            entries=len(rows),
            query=QUERY,
            checkpoint=self._log.note,
            acted_by=ActedBy(
                pseudonym=b.secret("an auditor"),
                role="auditor",
                token_hash=b.secret("token"),
                time_ms=LATER_MS,
            ),
            time_ms=LATER_MS,
        )
        body = encode_audit_export(replace(export, **changes))
        manifest = ExportManifest(
            export=b.signed_by(kind, body, signer),
            entries=tuple(self.entries if shown is None else shown),
        )
        text = (made if file is None else file).decode()
        encoded = encode_export_manifest(manifest)
        shown_as: Json = {"manifest": armor(Armor.AUDIT_EXPORT, encoded)}
        if self.fields:
            shown_as = {"pieces": pieces_of(encoded, self.fields)}
        return {"name": name, "file": text, **shown_as}


def export_vectors(told: Told) -> tuple[Json, list[Json]]:
    """One result in both formats, and files and manifests that do not fit."""
    exports, log = Exports(told), told.case
    places = [told.indices["grant"], told.indices["agreement"]]
    rows = rows_of(log, places)
    good = [exports.case(each.value, rows, each) for each in ExportFormat]
    armors = [parse_armor(Armor.AUDIT_EXPORT, each["manifest"]) for each in good]
    exports.fields = [field for each in armors for _, field in fields_of(each)]
    made = file_of(ExportFormat.JSONL, rows)
    first, *rest = rows
    turned = rows_of(log, places[::-1])
    foreign = rows_of(log, [told.indices["packet"]])
    one_key = sign_checkpoint(log.checkpoint, b.log_signers()[:1], time_s=LATER_MS // 1000)
    moved = replace(exports.entries[-1], index=exports.entries[-1].index + 1)
    ended = log.federation.node(b.US)

    def changed(**cells: object) -> Rows:
        return [{**first, **cells}, *rest]

    said = exports.case
    path = [first["path"][0]] * len(first["path"])
    elsewhere = [*exports.entries[:-1], moved]
    no_number = made.replace(b'"count": 1', b'"count": NaN', 1)
    digest = hashlib.sha256(no_number).digest()
    bad: list[tuple[str, str, Json]] = [
        ("A-6", "TL-LOG-029", said("a row less", rows, file=made.splitlines(True)[0])),
        ("A-6", "TL-LOG-029", said("a line more", rows, file=made + b"{}\n")),
        ("A-6", "TL-LOG-029", said("another number of rows", rows, entries=3)),
        ("A-6", "TL-LOG-029", said("rows out of order", turned)),
        ("A-6", "TL-LOG-029", said("another format", rows, format=ExportFormat.CSV)),
        ("A-6", "TL-LOG-029", said("a row that the query does not find", foreign)),
        ("A-5", "TL-LOG-020", said("another purpose", changed(purpose="taxation"))),
        ("A-5", "TL-LOG-020", said("another time", changed(time="2026-06-28T00:00:00Z"))),
        ("A-5", "TL-LOG-020", said("another decision", changed(decisions=[{}]))),
        ("A-5", "TL-USE-001", said("a checkpoint that is no text", changed(checkpoint=None))),
        ("A-5", "TL-USE-001", said("a size that is no number", changed(size=[]))),
        ("A-5", "TL-USE-001", said("what JSON has not", rows, file=no_number, digest=digest)),
        ("A-5", "TL-LOG-002", said("another path", changed(path=path))),
        ("A-6", "TL-LOG-007", said("one key of the log", rows, checkpoint=one_key)),
        ("A-6", "TL-LOG-002", said("an entry elsewhere", rows, shown=elsewhere)),
        ("A-6", "TL-TRU-002", said("under an ended key", rows, by=ended)),
        ("A-6", "TL-PKT-001", said("another type", rows, type=StatementType.MARK)),
    ]
    return good, [{**case, "rule": rule, "code": code} for rule, code, case in bad]
