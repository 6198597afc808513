"""Auditor's export: a file of log entries, and a signed manifest.

The manifest stands beside the file. It names the file's digest, the query, the number of entries,
and the checkpoint that proves them all. It includes the clear entries that certify the signing key,
so that the federation's charter suffices for a verification. Specified in
docs/spec/audit-v1.md.
"""

from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline.statements.statement import HASH_SIZE, ActedBy, Header


class ExportFormat(StrEnum):
    """File formats of an export."""

    JSONL = "jsonl"
    CSV = "csv"


@immutable
class AuditExport:
    """Node's signed manifest of a file of log entries.

    Attributes:
        header: The signer.
        format: The file format.
        digest: 32 bytes, SHA-256 of the file.
        entries: Number of entries in the file.
        query: The query.
        checkpoint: The signed note that proves every entry, in UTF-8.
        acted_by: The person who exported, by the same pseudonym as in the log's own entry of
            it.
        time_ms: Time of the export, Unix milliseconds; for display.
    """

    header: Header
    format: ExportFormat
    digest: bytes
    entries: int
    query: str
    checkpoint: bytes
    acted_by: ActedBy
    time_ms: int

    def __post_init__(self) -> None:
        if len(self.digest) != HASH_SIZE or not 0 <= self.entries <= MAX_LOG_SIZE:
            raise StatementMalformed("an export has a digest of 32 bytes and counts its entries")
        if len(self.query.encode()) > MAX_TEXT_BYTES or not self.checkpoint:
            raise StatementMalformed("an export's query is too long, or its checkpoint is missing")
