"""Searches in SQL read what they must, and not the whole log."""

from collections.abc import Iterator
from importlib.resources import files

import apsw
import pytest

from tearline.audit.query import parse_query
from tearline_server.storage.reads import Search
from tearline_server.storage.search_sql import search_sql

STATEMENT, PACKET, OTHER = (f"{number:064x}" for number in (1, 2, 3))


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    """A database with the tables and indexes of an exchange, and nothing in them."""
    connection = apsw.Connection(":memory:")
    folder = files("tearline_server.storage.sqlite").joinpath("migrations")
    for script in sorted(folder.iterdir(), key=lambda file: file.name):
        if script.name.endswith(".sql"):
            connection.execute(script.read_text("utf-8"))
    yield connection
    connection.close()


def read_first(connection: apsw.Connection, query: str, *agreements: bytes) -> list[str]:
    """What SQLite says it does to find the events that a query asks for, of each source."""
    search = Search(
        agency="spiffe://us.example",
        agreements=agreements,
        query=parse_query(query),
        after=7,
        below=1_000_000,
        limit=256,
    )
    sql, values = search_sql(search)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    steps = [step for step in plan if step.startswith(("SEARCH e ", "SEARCH a ", "SCAN "))]
    return [step.partition(" USING ")[2] for step in steps]


def test_a_page_of_everything_reads_the_agency_s_own_events_in_order(
    connection: apsw.Connection,
) -> None:
    own, _ = read_first(connection, "")
    assert own == "PRIMARY KEY (agency=? AND idx>? AND idx<?)"


def test_an_overseer_reads_the_agreement_s_events_in_order(connection: apsw.Connection) -> None:
    plan = read_first(connection, "", b"a" * 16)
    assert plan[-1].endswith("INDEX event_agreement (agreement=? AND rowid>? AND rowid<?)")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (f"statement:{STATEMENT}", "event_statement"),
        (f"statement:{STATEMENT} statement:{OTHER} -outcome:ok", "event_statement"),
        (f"packet:{PACKET}", "event_packet"),
        (f"packet:{PACKET} action:grant-accepted created:2026-01-01..", "event_packet"),
    ],
)
def test_of_a_statement_or_packet_only_its_own_events_are_read(
    connection: apsw.Connection, query: str, index: str
) -> None:
    named, visible, overseen = read_first(connection, query, b"a" * 16)
    assert f"INDEX {index} " in named
    assert visible == "PRIMARY KEY (agency=? AND idx=?)"
    assert f"INDEX {index} " in overseen
