"""Backlog: items that wait for the node's background work, by job."""

from collections.abc import Mapping

from tearline_client.store.database import Database

MOST = 10_000
"""Items of one job that are counted: a scrape takes milliseconds however many wait."""


class BacklogStore:
    """Counts of the stored work that waits.

    Args:
        database: The node's database.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def jobs(self) -> Mapping[str, int]:
        """Returns how many items wait for each job, at most ``MOST``.

        These are cases of ours whose agencies lack a step, notices that a hook was not told of,
        and receipts whose entry was not seen in the log.
        """
        sql = (
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM case_file WHERE due LIMIT ?1)),"
            " (SELECT count(*) FROM (SELECT 1 FROM notice"
            " WHERE id > (SELECT min(told) FROM notice_hook) LIMIT ?1)),"
            " (SELECT count(*) FROM (SELECT 1 FROM promise LIMIT ?1))"
        )
        (row,) = self._db.rows(sql, (MOST,))
        return dict(zip(("cases", "notices", "receipts"), row, strict=True))
