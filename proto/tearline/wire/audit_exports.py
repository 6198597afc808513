"""Codecs of auditors' exports and their manifests."""

from tearline.audit.export import AuditExport, ExportFormat
from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.v1 import audit_pb2 as pb
from tearline.wire.exhibits import PROVEN_ENTRY, ProvenEntry
from tearline.wire.statements import ACTED_BY, HEADER, SIGNED, Signed
from tearline.wire.table import BYTES, NUMBER, SIGNED_NOTE, TEXT, enum, many, part, table


@immutable
class ExportManifest:
    """Statement of an export, with the entries that certify its key; not yet verified.

    Attributes:
        export: The statement.
        entries: Entries of members and keys; ascending by index, at least one.
    """

    export: Signed
    entries: tuple[ProvenEntry, ...]

    def __post_init__(self) -> None:
        indices = [entry.index for entry in self.entries]
        if not indices or not is_ascending(indices):
            raise StatementMalformed("a manifest holds each entry once, in order")


AUDIT_EXPORT = table(
    pb.AuditExport,
    AuditExport,
    header=part(HEADER),
    format=enum(ExportFormat),
    digest=BYTES,
    entries=NUMBER,
    query=TEXT,
    checkpoint=SIGNED_NOTE,
    acted_by=part(ACTED_BY),
    time_ms=NUMBER,
)
encode_audit_export = AUDIT_EXPORT.encode
"""Returns the canonical encoding of an export: the body of its statement."""
parse_audit_export = AUDIT_EXPORT.parse
"""Returns an export from its statement's body."""

EXPORT_MANIFEST = table(
    pb.ExportManifest,
    ExportManifest,
    maximum=MAX_MESSAGE_BYTES,
    export=part(SIGNED),
    entries=many(part(PROVEN_ENTRY)),
)
encode_export_manifest = EXPORT_MANIFEST.encode
"""Returns the canonical encoding of a manifest."""
parse_export_manifest = EXPORT_MANIFEST.parse
"""Returns a manifest from its canonical encoding."""
