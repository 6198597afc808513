"""Exports: results of a search as a file with a signed manifest (docs/spec/audit-v1.md)."""

import hashlib
from typing import BinaryIO

from tearline.audit.export import AuditExport, ExportFormat
from tearline.crypto.armor import Armor, armor
from tearline.errors import ExchangeMisbehaved, NotFound
from tearline.statements.statement import ActedBy, StatementType
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.audit_exports import (
    ExportManifest,
    encode_audit_export,
    encode_export_manifest,
)
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.statements import signed
from tearline_client.audit.export_verifier import ManifestExaminer
from tearline_client.audit.proofs import trust_entries
from tearline_client.audit.rows import RowWriter
from tearline_client.audit.search import FoundEvent
from tearline_client.audit.tables import encode_header, encode_row
from tearline_client.context import NodeContext


class ExportWriter:
    """Writes events as a file of rows, and collects the manifest's data.

    Args:
        stream: The output.
        form: The format of the rows.
    """

    def __init__(self, stream: BinaryIO, form: ExportFormat) -> None:
        self._stream = stream
        self._rows = RowWriter()
        self._hash = hashlib.sha256()
        self.form = form
        self.entries = 0
        self.note = b""
        self._put(encode_header(form))

    def write(self, found: FoundEvent) -> None:
        """Writes one event.

        Raises:
            ExchangeMisbehaved: If it is proven in another tree than the earlier ones.
        """
        if self.note not in (b"", found.note):
            raise ExchangeMisbehaved("the search was answered from two trees")
        self.note = found.note
        self.entries += 1
        self._put(encode_row(self.form, self._rows.row(found)))

    @property
    def digest(self) -> bytes:
        """Returns 32 bytes, the digest of the written file."""
        return self._hash.digest()

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self._stream.write(data)


def sign_manifest(
    context: NodeContext, written: ExportWriter, query: str, acted_by: ActedBy
) -> str:
    """Returns the manifest of a written file, verified.

    Args:
        context: The signing node.
        written: The file.
        query: The query.
        acted_by: The exporting person.

    Raises:
        NotFound: If this node has verified no checkpoint yet.
        TearlineError: If it would not verify: this node's key has ended, or its database was
            changed.
    """
    newest = context.follower.checkpoint()
    if newest is None:
        raise NotFound("this node has verified no checkpoint yet")
    header, log = context.signer.header, context.stores.log
    export = AuditExport(
        header=header,
        format=written.form,
        digest=written.digest,
        entries=written.entries,
        query=query,
        checkpoint=written.note or newest.note,
        acted_by=acted_by,
        time_ms=context.now_ms(),
    )
    size = verify_cosigned(export.checkpoint, context.trust.log).checkpoint.size
    statement = (StatementType.AUDIT_EXPORT, encode_audit_export(export))
    manifest = ExportManifest(
        export=signed(context.signer.sign([statement])),
        entries=tuple(
            ProvenEntry(index=index, content=content, path=log.path(index, size))
            for index, content in trust_entries(log, [header], size, size)
        ),
    )
    judged = ManifestExaminer(manifest, context.trust.federation, None)
    judged.examine()
    for error in judged.errors:
        raise error
    return armor(Armor.AUDIT_EXPORT, encode_export_manifest(manifest))
