"""Index of packets by case, updated when it is read."""

from collections.abc import Iterator

from tearline.cases.case import case_id_of
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import parse_statement
from tearline_client.store.database import Store
from tearline_client.store.packets import MANIFEST

_AT_ONCE = 512  # manifests in memory, of a few kilobytes each


class CaseFileStore(Store):
    """Packets by the case that their manifests name.

    Args:
        database: The node's database.
    """

    def packets(self, case_id: bytes) -> tuple[bytes, ...]:
        """Returns the ids of the packets that name a case, ours and partners', in order of id."""
        while self._file_some():
            pass
        rows = self._db.rows(
            "SELECT packet FROM filed WHERE case_id = ? AND case_id <> x'' ORDER BY packet",
            (case_id,),
        )
        return tuple(packet for (packet,) in rows)

    def _file_some(self) -> bool:
        """Indexes some new packets; returns whether there were any."""
        if self._db.row("SELECT 1 FROM filed_due LIMIT 1") is None:
            return False
        with self._db.transaction():
            rows = self._db.rows(
                "SELECT p.id, p.manifest FROM filed_due d CROSS JOIN packet p ON p.id = d.packet"
                " ORDER BY d.packet LIMIT ?",
                (_AT_ONCE,),
            )
            self._db.insert_many(
                "INSERT INTO filed VALUES (?, ?) ON CONFLICT DO NOTHING", self._of_cases(rows)
            )
            self._db.insert_many(
                "DELETE FROM filed_due WHERE packet = ?", [(packet,) for packet, _ in rows]
            )
        return bool(rows)

    def _of_cases(self, rows: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for packet, sealed in rows:
            if case_id := self._named(packet, sealed):
                yield packet, case_id

    def _named(self, packet: bytes, sealed: bytes) -> bytes:
        statement = parse_statement(self._db.vault.open(MANIFEST.at(packet), sealed))
        return case_id_of(parse_manifest(statement.body).case_id) or b""
