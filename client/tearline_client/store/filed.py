"""Which packets are filed under a case: an index, brought up to date when it is asked."""

from tearline.case import case_id_of
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import parse_signed
from tearline_client.store.database import Database
from tearline_client.store.packets import MANIFEST


class FiledStore:
    """Packets by the case that their manifests name.

    Args:
        database: The node's database.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def packets(self, case_id: bytes) -> tuple[bytes, ...]:
        """The ids of the packets that name a case, ours and partners', in order of id."""
        with self._db.transaction():
            self._db.insert_many("INSERT INTO filed VALUES (?, ?)", self._behind())
        rows = self._db.rows(
            "SELECT packet FROM filed WHERE case_id = ? AND case_id <> x'' ORDER BY packet",
            (case_id,),
        )
        return tuple(packet for (packet,) in rows)

    def _behind(self) -> list[tuple[bytes, bytes]]:
        rows = self._db.rows(
            "SELECT p.id, p.manifest FROM packet p"
            " WHERE NOT EXISTS (SELECT 1 FROM filed f WHERE f.packet = p.id)"
        )
        return [(packet, self._named(packet, sealed)) for packet, sealed in rows]

    def _named(self, packet: bytes, sealed: bytes) -> bytes:
        signed = parse_signed(self._db.vault.open(MANIFEST.at(packet), sealed))
        return case_id_of(parse_manifest(signed.statement.body).case_id) or b""
