"""Translators of auditors' exports and their manifests."""

from dataclasses import dataclass

from tearline.audit.export import AuditExport, ExportFormat
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES
from tearline.v1 import audit_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.exhibits import ProvenEntry, read_proven_entry, write_proven_entry
from tearline.wire.statements import (
    Signed,
    read_acted_by,
    read_header,
    read_signed,
    write_acted_by,
    write_header,
    write_signed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportManifest:
    """Statement of an export, with the entries that certify its key; not yet verified.

    Attributes:
        export: The statement.
        entries: Trust lists, key records, revocations; ascending by index, at least one.
    """

    export: Signed
    entries: tuple[ProvenEntry, ...]

    def __post_init__(self) -> None:
        indices = [entry.index for entry in self.entries]
        if not indices or not is_ascending(indices):
            raise StatementMalformed("a manifest holds each entry once, in order")


def encode_audit_export(export: AuditExport) -> bytes:
    """Returns the canonical encoding of an export: the body of its statement."""
    return serialize(_write_export(export))


def parse_audit_export(body: bytes) -> AuditExport:
    """Returns an export from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid export.
    """
    return parse_strictly(body, pb.AuditExport, _read_export, maximum=MAX_BODY_BYTES)


def encode_export_manifest(manifest: ExportManifest) -> bytes:
    """Returns the canonical encoding of a manifest."""
    return serialize(_write_manifest(manifest))


def parse_export_manifest(data: bytes) -> ExportManifest:
    """Returns a manifest from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one, or larger than a message may be.
    """
    return parse_strictly(data, pb.ExportManifest, _read_manifest, maximum=MAX_MESSAGE_BYTES)


def _write_export(export: AuditExport) -> pb.AuditExport:
    return pb.AuditExport(
        header=write_header(export.header),
        format=export.format.value,
        digest=export.digest,
        entries=export.entries,
        query=export.query,
        checkpoint=export.checkpoint.decode("utf-8"),
        acted_by=write_acted_by(export.acted_by),
        time_ms=export.time_ms,
    )


def _read_export(message: pb.AuditExport) -> AuditExport:
    return AuditExport(
        header=read_header(message.header),
        format=ExportFormat(message.format),
        digest=message.digest,
        entries=message.entries,
        query=message.query,
        checkpoint=message.checkpoint.encode("utf-8"),
        acted_by=read_acted_by(message.acted_by),
        time_ms=message.time_ms,
    )


def _write_manifest(manifest: ExportManifest) -> pb.ExportManifest:
    return pb.ExportManifest(
        export=write_signed(manifest.export),
        entries=[write_proven_entry(entry) for entry in manifest.entries],
    )


def _read_manifest(message: pb.ExportManifest) -> ExportManifest:
    return ExportManifest(
        export=read_signed(message.export),
        entries=tuple(read_proven_entry(entry) for entry in message.entries),
    )
