"""Query of the log's entries that state members and keys, in a database of either side.

The log has a directory entry of each minute: half a million in a year. A reader that replays the
state needs few of them: those beside clear entries, since their times date votes and begin
delays; those that changed a member by their time, from a table of their own; the first and the
newest.
"""

from tearline.federation.directory import DIRECTORY_ENTRY_SIZE
from tearline.verification.log_entries import BLIND_SIZE


def state_entries_sql(table: str, start: str) -> str:
    """Returns the query of the entries to be replayed, with their indexes, in order.

    Its time depends on the number of clear entries alone. It needs indexes with the conditions
    below, and a table ``directory_effect`` of the directories that changed a member by their time.

    Args:
        table: The table of the log's entries, ``idx`` and ``entry``.
        start: The placeholder of the first index to be read.
    """
    clear = f"length(entry) <> {BLIND_SIZE} AND length(entry) <> {DIRECTORY_ENTRY_SIZE}"
    directory = f"length(entry) = {DIRECTORY_ENTRY_SIZE}"
    beside = "SELECT (SELECT {most}(d.idx) FROM {table} d WHERE {found} AND d.idx {side} c.idx)"
    found = directory.replace("entry", "d.entry")
    before = beside.format(most="max", table=table, found=found, side="<")
    behind = beside.format(most="min", table=table, found=found, side=">")
    of_clear = f"FROM {table} c WHERE {clear.replace('entry', 'c.entry')} AND c.idx >= {start}"
    return (
        f"SELECT idx, entry FROM {table} WHERE idx IN ("  # noqa: S608 (names of tables only)
        f"SELECT idx FROM {table} WHERE {clear} AND idx >= {start}"
        f" UNION {before} {of_clear} UNION {behind} {of_clear}"
        f" UNION SELECT min(idx) FROM {table} WHERE {directory} AND idx >= {start}"
        f" UNION SELECT max(idx) FROM {table} WHERE {directory}"
        f" UNION SELECT idx FROM directory_effect"
        f") AND idx >= {start} ORDER BY idx"
    )
