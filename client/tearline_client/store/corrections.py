"""Which packets here take the place of which."""

from tearline.receipt import Status
from tearline_client.store.database import Database


class CorrectionStore:
    """The caller's transaction makes a correction durable with its packet."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, packet: bytes, corrects: bytes) -> None:
        """Notes which packet another corrects; none where ``corrects`` is empty."""
        if corrects:
            sql = "INSERT INTO correction VALUES (?, ?) ON CONFLICT DO NOTHING"
            self._db.execute(sql, (packet, corrects))

    def all(self) -> dict[bytes, bytes]:
        """Every packet that corrects another, and that; of ours, what was not refused."""
        rows = self._db.rows(
            "SELECT packet, corrects FROM correction c WHERE EXISTS"
            " (SELECT 1 FROM packet_grant g WHERE g.packet = c.packet AND g.status <> ?)",
            (Status.REFUSED,),
        )
        return dict(rows)
