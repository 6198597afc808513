"""Large documents of drafts and decisions, until their packet is stored."""

from tearline.dataclass.immutable import immutable
from tearline.statements.statement import HASH_SIZE
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_SOURCE = Column("upload", "sealed", ("blob",))
_KEPT_MS = 90 * 24 * 3_600_000  # longer than a draft waits for a second person
_DROPPED_AT_ONCE = 16


@immutable
class UploadSource:
    """File that a large document is read from.

    Attributes:
        path: Its absolute path.
        leaves: Leaf hashes of the document's sealed parts, in order: no part is ever sealed to
            other bytes.
    """

    path: str
    leaves: tuple[bytes, ...]


class UploadStore(Store):
    """Sources of uploads by blob id; the caller's transaction makes writes durable together."""

    def put(self, blob_id: bytes, source: UploadSource, *, now_ms: int) -> None:
        """Stores a source, again where a draft is planned again; deletes some of old drafts."""
        self._db.execute(
            "DELETE FROM upload WHERE blob IN"
            " (SELECT blob FROM upload WHERE time_ms <= ? ORDER BY time_ms LIMIT ?)",
            (now_ms - _KEPT_MS, _DROPPED_AT_ONCE),
        )
        data = b"".join(source.leaves) + source.path.encode("utf-8", "surrogateescape")
        sealed = self._db.vault.seal(
            _SOURCE.at(blob_id), len(source.leaves).to_bytes(4, "big") + data
        )
        self._db.execute(
            "INSERT OR REPLACE INTO upload VALUES (?, ?, ?)", (blob_id, now_ms, sealed)
        )

    def get(self, blob_id: bytes) -> UploadSource | None:
        """Returns the source of a document, or None."""
        sealed = self._db.value("SELECT sealed FROM upload WHERE blob = ?", (blob_id,))
        if sealed is None:
            return None
        data = self._db.vault.open(_SOURCE.at(blob_id), sealed)
        end = 4 + int.from_bytes(data[:4], "big") * HASH_SIZE
        return UploadSource(
            path=data[end:].decode("utf-8", "surrogateescape"),
            leaves=tuple(data[i : i + HASH_SIZE] for i in range(4, end, HASH_SIZE)),
        )

    def time_ms(self, blob_id: bytes) -> int | None:
        """Returns the time at which a draft with a document was last planned, or None."""
        found = self._db.value("SELECT time_ms FROM upload WHERE blob = ?", (blob_id,))
        return None if found is None else int(found)

    def drop(self, blob_id: bytes) -> None:
        """Deletes the source of a document whose packet is stored, or whose draft ended."""
        self._db.execute("DELETE FROM upload WHERE blob = ?", (blob_id,))
