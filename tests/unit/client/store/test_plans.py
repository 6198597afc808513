"""No statement of the node's store reads all of what grows."""

from collections.abc import Mapping
from importlib.resources import files

import apsw
import pytest

import tearline_client.store
from unit.client.store.statements import Plans, Source

ROWS = 100_000
MOST = 2_000
"""Rows of a table that a step may reach: more is a scan of what grows."""

SOURCE = Source(
    "tearline_client.store",
    runners=frozenset({"execute", "erase", "insert_many", "rows", "row", "value"}),
    holders=frozenset({"_db", "database", "Database"}),
    apart=frozenset({"_migrate"}),
)

_ID = "CAST(n AS BLOB)"
_EIGHTH = "CAST(n / 8 AS BLOB)"  # eight to one
_PEER = "CASE n % 3 WHEN 0 THEN 'us' WHEN 1 THEN 'mx' ELSE 'cn' END"
_AGREEMENT = "CASE n % 2 WHEN 0 THEN x'01' ELSE x'02' END"
_FEW = "n % 1000 = 0"  # of what waits for something

SHORT: Mapping[str, int] = {
    "agreement": 200,  # versions that all parties signed: few in a year
    "partner": 50,  # one for each agency of the federation
    "member_name": 50,
    "channel_in": 200,  # one for each partner and agreement
    "channel_out": 200,
    "channel_ahead": 500,  # what came before a gap, which the exchange closes
    "freeze": 200,  # one for each party of an agreement
    "notice": 16_384,  # ``MAX_NOTICES``
    "notice_hook": 8,  # ``MAX_HOOKS``
    "pending": 256,  # ``MAX_PENDING``
    "made": 500,  # keys: a few in a year
    "directory_effect": 50,  # roots that were replaced by votes
    "service_account": 64,  # ``MAX_SERVICE_ACCOUNTS``
    "feed_draft": 1024,  # ``MAX_TAXII_DRAFTS`` of each account, ``MAX_FORMS`` of each person
    "draft_erasures": 1,
    "setting": 50,
    "outbox_count": 4,
    "quarantine_count": 50,
    "accusation": 10,  # each ends the work until an officer decides
    "import": 500,  # one for each import
    "proposal": 500,  # ``MAX_PROPOSAL_STEPS`` of each agency
    "proposal_news": 50,
    "standing_wish": 20,  # until the exchange has taken it
    "standing_scope": 100,  # what was ever suspended: articles and directions of agreements
    # Queues of what is to be done, each as long as it takes to do it.
    "promise": 500,
    "returned": 500,
    "decision": 100,
    "waiting": 500,
    "filed_due": 500,
}
"""Tables that stay short, and how long they are here."""

COLUMNS: Mapping[str, str] = {
    "kind": "'equivocation'",
    **dict.fromkeys(["sealed", "manifest", "parts", "body", "entry", "evidence", "value"], "x'00'"),
    **dict.fromkeys(["hash", "step", "note", "answer", "epoch"], "x'00'"),
    **dict.fromkeys(["statement_id", "packet", "grant_id", "about", "statement", "receipt"], _ID),
    "blob": _ID,
    **dict.fromkeys(["event_id", "recall", "terms", "said", "once", "hook", "case_id"], _ID),
    **dict.fromkeys(["origin", "peer", "sender", "recipient", "agency", "partner", "uri"], _PEER),
    **dict.fromkeys(["code", "why", "decision", "withdrawn", "fault"], "''"),
    **dict.fromkeys(["idx", "place", "number", "seq", "counter", "size", "first", "last"], "n"),
    **dict.fromkeys(["began", "id", "witnessed"], "n"),
    **dict.fromkeys(["returned", "due", "refusals", "hold", "owed"], f"{_FEW}"),
    **dict.fromkeys(["mark", "whole", "level", "version", "told", "stance", "others"], "0"),
    **dict.fromkeys(["part", "done", "obeyed"], "0"),
    **dict.fromkeys(["marked_sent", "marked_received", "contiguous", "confirmed"], "0"),
    **dict.fromkeys(["excused_seq", "excused_mark"], "0"),
    **dict.fromkeys(["incoming", "mine", "own", "ours", "asked_here", "judged", "counted"], "1"),
    "agreement": _AGREEMENT,
    "added_us": "n",
    "collection": _AGREEMENT,
    "content": "x'00'",
    "version_us": "n",
    "block": f"CASE WHEN {_FEW} THEN 0 ELSE 1 + n / 64 END",
    "side": "'asker'",
    "name": "'name ' || n",
    "speaker": _PEER,
    "event": "'event ' || (n % 11)",
}
"""What a column holds, unless ``OF_TABLE`` says otherwise, as an expression of the row's number."""

OF_TABLE: Mapping[str, str] = {
    **{f"{t}.id": _ID for t in ("agreement", "packet", "accusation", "pending", "case_file")},
    "import.id": _ID,
    "made.id": _ID,
    "import.sealed": "n",
    "agreement.version": "n",
    "attestation.hash": _ID,
    "agreement.entry": "n",
    "waiting.entry": "n",
    "partner.agency": "'agency ' || n",
    "channel_in.sender": "'node ' || n",
    "channel_out.recipient": "'node ' || n",
    "setting.name": "'name ' || n",
    "outbox_count.state": "'state ' || n",
    "outbox_count.items": "n",
    "quarantine_count.agency": "'agency ' || n",
    "quarantine_count.noted": "n",
    "request.settled_ms": f"CASE WHEN {_FEW} THEN NULL ELSE n END",
    "outbox.state": f"CASE WHEN {_FEW} THEN 'sealed' ELSE 'accepted' END",
    "packet_grant.packet": _EIGHTH,
    "packet_grant.incoming": "n % 2",
    "packet_grant.status": "4",
    "packet_grant.told": f"CASE WHEN {_FEW} THEN 0 ELSE 4 END",
    "packet_grant.ends_ms": "9000000000000000",
    "receipt.about": _EIGHTH,
    "receipt.status": "2",
    "recall.packet": _EIGHTH,
    "recall.state": f"CASE WHEN {_FEW} THEN 1 ELSE 2 END",
    "request_step.packet": _EIGHTH,
    "request_step.idx": "n",
    "request_time.judged": f"NOT ({_FEW})",
    "consent_step.consent_id": _EIGHTH,
    "consent_step.step": "'ask' || (n % 8)",
    "case_step.case_id": _EIGHTH,
    "quarantine.code": "'TL-' || (n % 8)",
    "quarantine.agency": "'agency ' || (n % 8)",
    "quarantine.sealed": f"CASE WHEN {_FEW} THEN x'00' ELSE x'' END",
    "quarantine.packet": f"CASE WHEN {_FEW} THEN {_ID} ELSE x'' END",
    "erasure.entry": "n",
    "erasure_order.entry": "n",
    "stoppage.scope": "n / 8",
    "stoppage.ended": "n + 1",
    "standing_mark.entry": "n",
    "standing.entry": "n",
    "log_entry.entry": f"CASE WHEN {_FEW} THEN zeroblob(40) ELSE zeroblob(33) END",
    "correction.corrects": "CAST(n + 1 AS BLOB)",
    "filed.case_id": f"CASE WHEN {_FEW} THEN x'01' ELSE x'' END",
    "value_tag.tag": _EIGHTH,
    "value_tag.word": "n % 3",
    "value_tag.ends_ms": "NULL",
    "value_due.state": f"CASE WHEN {_FEW} THEN 0 ELSE 1 END",  # the others are frozen
    "proposal.terms": _EIGHTH,
    "proposal.version": "0",
    "feed_object.object": _EIGHTH,
    "feed_object.type": "CASE n % 2 WHEN 0 THEN x'01' ELSE x'02' END",
    **{f"feed_{t}.account": "'account ' || (n % 64)" for t in ("draft", "status")},
    **{f"feed_{t}.id": _ID for t in ("draft", "status")},
    "feed_draft.told": "x'00'",
    "feed_draft.person": "'person ' || (n % 64)",
    "draft_erasures.count": "n",
    "feed_status.digest": _ID,
    "feed_due.state": f"CASE WHEN {_FEW} THEN 0 ELSE 1 END",  # the others are frozen
}


_ASKED = "a person asks for all of it"
_PROOF = "a person asks for a proof or an account of all of it"
_PAGE = "a page of bounded length"
_ONE = "one step of an index, to the first or the last of a range"
_AFTER_LOSS = "the exchange or this node lost its machine"
_RARE = "a person changed an agreement, a suspension or an alarm"

ALLOWED: Mapping[str, str] = {
    "access.AccessStore.anchors": _PROOF,
    "access.AccessStore.head": _ONE,
    "access.AccessStore.last_anchor": _ONE,
    "access.AccessStore.rows": _PAGE,
    "access.AccessStore.rows_between": _PAGE,
    "cases.CaseStore.joined": _ASKED,
    "cases.CaseStore.led": _ASKED,
    "consents.ConsentStore.all": _ASKED,
    "backlog.BacklogStore.jobs": "a LIMIT ends each count",
    "consents.ConsentStore.find": "those whose id begins as a person says",
    "corrections.CorrectionStore.all": _ASKED,
    "cosigning.CosigningStore.came_between": _ONE,
    "erasures.ErasureStore.orders": _PROOF,
    "light.LightStore.awaited": _PAGE,
    "recall_holds.HoldStore.all": _ASKED,
    "recall_holds.HoldStore.ended": _ASKED,
    "drafts.DraftStore.expire": "what is too old is deleted, and so is short",
    "drafts.DraftStore.has_ended": "the first row ends it",
    "feed.FeedStore.page": "a window of bounded length",
    "feed_begun": "an operator added the first account",
    "feed_refrozen": _RARE,
    "feed_thawed": _RARE,
    "inbox.InboxStore.forget": _RARE,
    "inbox.InboxStore.noted": _PAGE,
    "recovery.RecoveryStore.put_restored": "64 answers to each account, once in a restore",
    "log.LogStore.openings": _PROOF,
    "log.LogStore.openings_between": _PAGE,
    "log.LogStore.tile": _PAGE,
    "log.LogStore.time_after": "the exchange states the directory each minute",
    "notifications.NotificationStore.tell": "the one that is beyond the bound",
    "own_sources.OwnSourceStore.all": _ASKED,
    "packets.PacketStore.ended": "what has ended is dated so, and left alone from then on",
    "packet_index.PacketIndex.find": "the first two whose id begins as a person says",
    "packet_index.PacketIndex.ids": _ASKED,
    "packets.PacketStore.are_some_frozen": "the first row of each ends it",
    "packets.PacketStore.look_again": _RARE,
    "packets.PacketStore.own_grants": _PAGE,
    "packet_index.PacketIndex.newest": _PAGE,
    "recalls.RecallStore.all": _ASKED,
    "recalls.RecallStore.forgotten": _ASKED,
    "recalls.RecallStore.newest": _PAGE,
    "recovery.RecoveryStore.confirm": "each is deleted once, when its recipient has signed for it",
    "recovery.RecoveryStore.withdrawals": _AFTER_LOSS,
    "requests.RequestStore.all": _ASKED,
    "requests.RequestStore.rest_on": "those that ended since, of which there are few",
    "search_texts.SearchTextStore._blocks": _ONE,
    "value_refrozen": _RARE,
    "value_unfrozen": _RARE,
    "suspensions.SuspensionStore._is_spoken_of": _ONE,
    "suspensions.SuspensionStore.agreements": _AFTER_LOSS,
    "suspensions.SuspensionStore.history": _RARE,
    "suspensions.SuspensionStore.marks": _PROOF,
    "suspensions.SuspensionStore.newest": "one step of an index for each agency",
    "suspensions.SuspensionStore.own_statement": _ONE,
    "suspensions.SuspensionStore.put": "the last three",
    "uploads.UploadStore.put": _PAGE,
}
"""The functions that may reach more, and why that is not asked by each packet, round or scrape."""


def grown() -> apsw.Connection:
    """A node's database after long use."""
    connection = apsw.Connection(":memory:")
    folder = files(tearline_client.store).joinpath("migrations")
    for script in sorted(folder.iterdir(), key=lambda file: file.name):
        if script.name.endswith(".sql"):
            connection.execute(script.read_text("utf-8"))
    # Triggers and indexes come behind the rows, which then take seconds.
    made = "SELECT type, name, sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL"
    behind = [*connection.execute(made)]
    for kind, name, _ in behind:
        connection.execute(f"DROP {kind} {name}")
    number(connection, ROWS)
    tables = [*connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
    for (table,) in tables:
        if not table.startswith("sqlite_"):
            fill(connection, table)
    for _, _, sql in behind:
        connection.execute(sql)
    return connection


def number(connection: apsw.Connection, rows: int) -> None:
    """Makes the table of numbers that ``fill`` reads."""
    connection.execute(
        "CREATE TEMP TABLE each AS"
        " WITH RECURSIVE e(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM e WHERE n < ?)"
        " SELECT n FROM e",
        (rows,),
    )


def fill(connection: apsw.Connection, table: str, rows: int = ROWS, *, done: bool = False) -> None:
    """Puts rows into a table as use does: of each column the ids or the few values it has.

    Args:
        connection: The database, with a table ``each`` of numbers.
        table: The table.
        rows: How many, where the table does not stay short.
        done: Whether nothing waits of it; else a few do.
    """
    columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
    values = [
        OF_TABLE.get(f"{table}.{name}") or ("n" if name.endswith(("_ms", "_s")) else COLUMNS[name])
        for name, _ in columns
    ]
    if done:
        values = [value.replace(_FEW, "0") for value in values]
    connection.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(name for name, _ in columns)})"
        f" SELECT {', '.join(values)} FROM each WHERE n <= ?",
        (SHORT.get(table, rows),),
    )


@pytest.fixture(scope="module")
def used() -> apsw.Connection:
    """Such a database, once for all tests here, which only read it."""
    return grown()


def scans(plans: Plans) -> dict[str, list[str]]:
    """Steps that reach too much, by the function or trigger that asks for them."""
    found: dict[str, list[str]] = {}
    for statement in [*SOURCE.statements(), *plans.triggers()]:
        for step in plans.steps(statement.sql):
            if step.rows > MOST:
                told = f"{step.text}: {step.rows} rows, for {statement.sql}"
                found.setdefault(statement.place, []).append(told)
    return found


def test_no_statement_reads_all_of_what_grows(used: apsw.Connection) -> None:
    without = scans(Plans(used))
    assert {place: each for place, each in without.items() if place not in ALLOWED} == {}
    used.execute("ANALYZE")
    try:
        analyzed = scans(Plans(used))
    finally:
        used.execute("DROP TABLE sqlite_stat1")
        used.execute("DROP TABLE sqlite_stat4")
    assert {place: each for place, each in analyzed.items() if place not in ALLOWED} == {}
    assert ALLOWED.keys() <= without.keys() | analyzed.keys()  # none is allowed more than it needs


def test_every_statement_in_the_source_was_looked_at() -> None:
    """A text of SQL that no call of the store takes would be one that no plan was read of."""
    known = [statement.sql for statement in SOURCE.statements()]
    assert len(known) > 250
    lost = [
        (module, text)
        for module, text in SOURCE.literals()
        if not any(text in sql for sql in known)
    ]
    assert lost == []


def test_a_scan_is_seen_through_an_alias_and_in_a_search_that_selects_little(
    used: apsw.Connection,
) -> None:
    plans = Plans(used)
    (scan,) = plans.steps("SELECT p.parts FROM packet AS p WHERE p.parts = ?")
    assert (scan.table, scan.rows) == ("packet", ROWS)
    (search,) = plans.steps("SELECT id FROM packet WHERE origin = ? AND parts = ?")
    assert search.text.startswith("SEARCH packet USING INDEX packet_origin")
    assert search.rows > ROWS // 4
    (one,) = plans.steps("SELECT parts FROM packet WHERE id = ?")
    assert one.rows == 1
