"""Which packets here take the place of which."""

from tearline.statements.receipt import Status
from tearline_client.store.database import Database

_GIVEN = (
    "EXISTS (SELECT 1 FROM packet_grant g WHERE g.packet = c.packet"  # noqa: S608 (a number of ours)
    f" AND g.status <> {Status.REFUSED:d})"
)
_LINE = (  # down to the first, and from there up all branches; each step is one of an index
    "WITH RECURSIVE earlier(packet) AS (SELECT ?1 UNION"  # noqa: S608 (a condition of ours)
    " SELECT c.corrects FROM earlier e CROSS JOIN correction c ON c.packet = e.packet"
    f" WHERE {_GIVEN}),"
    " line(packet, corrects) AS (SELECT packet, NULL FROM earlier UNION"
    " SELECT c.packet, c.corrects FROM line l CROSS JOIN correction c ON c.corrects = l.packet"
    f" WHERE {_GIVEN})"
    " SELECT packet, corrects FROM line WHERE corrects IS NOT NULL"
)


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
        return dict(self._db.rows(f"SELECT c.packet, c.corrects FROM correction c WHERE {_GIVEN}"))  # noqa: S608

    def line(self, packet: bytes) -> dict[bytes, bytes]:
        """The same of one packet's line: of what it corrects, and of what corrects that.

        A line is short, by ``MAX_CORRECTIONS``.
        """
        return dict(self._db.rows(_LINE, (packet,)))
