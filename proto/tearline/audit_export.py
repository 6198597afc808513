"""An auditor's export: a file of log entries, and a signed word on what it is.

The manifest stands beside the file. It names the file by its digest, the query, how many
entries the file holds, and the checkpoint that all of them are proven under. It brings along
the clear entries that say whose key signed it, so that whoever knows the federation's first
trust list needs nothing else. Specified in docs/spec/audit-v1.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from tearline.errors import StatementMalformed
from tearline.limits import MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline.statement import HASH_SIZE, ActedBy, Header


class ExportFormat(StrEnum):
    """How the entries are written down."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExport:
    """What a node says of a file of log entries that it wrote.

    Attributes:
        header: Who says it.
        format: How the entries are written down.
        digest: 32 bytes, SHA-256 of the file.
        entries: How many the file holds.
        query: What was asked for.
        checkpoint: The signed note that every entry is proven under, in UTF-8.
        acted_by: The person who exported, by the same pseudonym as in the log's own entry of it.
        time_ms: When; for display.
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
