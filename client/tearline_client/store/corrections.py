"""Corrections: which packets replace which."""

from tearline.statements.receipt import Status
from tearline_client.store.database import Store

_GIVEN = (
    "EXISTS (SELECT 1 FROM packet_grant g WHERE g.packet = c.packet"  # noqa: S608 (a number of ours)
    f" AND g.status <> {Status.REFUSED:d})"
)
_LINE = (  # down to the first packet, then up all branches; each step uses one index
    "WITH RECURSIVE earlier(packet) AS (SELECT ?1 UNION"  # noqa: S608 (a condition of ours)
    " SELECT c.corrects FROM earlier e CROSS JOIN correction c ON c.packet = e.packet"
    f" WHERE {_GIVEN}),"
    " line(packet, corrects) AS (SELECT packet, NULL FROM earlier UNION"
    " SELECT c.packet, c.corrects FROM line l CROSS JOIN correction c ON c.corrects = l.packet"
    f" WHERE {_GIVEN})"
    " SELECT packet, corrects FROM line WHERE corrects IS NOT NULL"
)


class CorrectionStore(Store):
    """Corrections, stored in the transaction of their packets."""

    def put(self, packet: bytes, corrects: bytes) -> None:
        """Records a packet's correction; ignored if ``corrects`` is empty."""
        if corrects:
            sql = "INSERT INTO correction VALUES (?, ?) ON CONFLICT DO NOTHING"
            self._db.execute(sql, (packet, corrects))

    def all(self) -> dict[bytes, bytes]:
        """Returns the corrected packet of each correction; without refused ones of ours."""
        return dict(self._db.rows(f"SELECT c.packet, c.corrects FROM correction c WHERE {_GIVEN}"))  # noqa: S608

    def line(self, packet: bytes) -> dict[bytes, bytes]:
        """Returns the corrections in one packet's line, in both directions.

        A line is short, by ``MAX_CORRECTIONS``.
        """
        return dict(self._db.rows(_LINE, (packet,)))
