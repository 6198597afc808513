"""Backlog: items that wait for the node's background work, by job."""

from collections.abc import Mapping

from tearline_client.store.database import Database

MOST = 10_000
"""Items of one job that are counted: a scrape takes milliseconds however many wait."""

_QUEUES = {
    "cases": "case_file WHERE due",
    "notices": "notice WHERE id > (SELECT min(told) FROM notice_hook)",
    "receipts": "promise",
}


def waiting_jobs(database: Database) -> Mapping[str, int]:
    """Returns how many items wait for each job, at most ``MOST``.

    These are cases of ours whose agencies lack a step, notices that a hook was not told of, and
    receipts whose entry was not seen in the log.
    """
    sql = "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT ?)"
    return {job: int(database.value(sql.format(q), (MOST,))) for job, q in _QUEUES.items()}
