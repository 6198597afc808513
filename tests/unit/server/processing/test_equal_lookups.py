"""A database does the same work for an item of others as for one that does not exist.

Counted, not timed: operations of SQLite's machine, and rows that PostgreSQL reads.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import apsw
import asyncpg
import pytest

from support.agencies import CN
from support.exchange import World, opened
from tearline.wire.statements import Signed
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.postgres import connections
from tearline_server.storage.postgres.types import Session
from tearline_server.storage.sqlite import store
from unit.server.processing.foreign_ids import REFERENCES, Theirs, on_postgresql, spent_ns, stage
from unit.server.storage.query_plans import Cost, Values, postgres_cost

ALIKE = 2
"""Operations of SQLite's: a seek saves one behind an index's last key, and a NULL replaced is one.
A look-up more takes six at least."""
Work = TypeVar("Work")


def unknown(reference: str, theirs: Theirs) -> Theirs | None:
    """Returns items that do not exist, each just before the foreign one in every index."""
    if reference.startswith(("agreement", "entry")):
        return None  # agreements are in memory, and entries have numbers
    packet, grant = (
        (int.from_bytes(id_) - 1).to_bytes(len(id_)) for id_ in (theirs.packet, theirs.grant)
    )
    return replace(theirs, packet=packet, grant=grant)


async def refused(
    world: World, reference: str, work: Callable[[], Awaitable[Work]]
) -> tuple[tuple[str, Work], tuple[str, Work]]:
    """Returns code and work of the two refusals of China's statement."""
    ours, theirs = await stage(world)
    found = []
    for named in (theirs, unknown(reference, theirs)):
        tree = world.parties.node(CN).sign([REFERENCES[reference](world, ours, named)])
        attestations = {tree.attestation.hash: tree.attestation}
        await work()  # of earlier statements
        _, code = await spent_ns(
            world, Signed(statement=tree.statements()[0], attestations=attestations)
        )
        found.append((code, await work()))
    return found[0], found[1]


@pytest.mark.parametrize("reference", REFERENCES)
async def test_sqlite_works_alike_whether_the_id_exists_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    known_of, told = store.known_of, list[tuple[str, int]]()

    def traced(connection: apsw.Connection, asked: Lookups) -> LookupResults:
        connection.trace_v2(
            apsw.SQLITE_TRACE_PROFILE,
            lambda it: told.append((it["sql"], it["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])),
        )
        try:
            return known_of(connection, asked)
        finally:
            connection.trace_v2(0, None)

    async def work() -> list[tuple[str, int]]:
        steps, told[:] = sorted(told), []
        return steps

    monkeypatch.setattr(store, "known_of", traced)
    async with opened(tmp_path) as world:
        (code, foreign), (same, none) = await refused(world, reference, work)
    assert code == same
    assert [sql for sql, _ in foreign] == [sql for sql, _ in none]
    for (sql, steps), (_, others) in zip(foreign, none, strict=True):
        assert abs(steps - others) <= ALIKE, sql


@pytest.mark.parametrize("reference", REFERENCES)
async def test_postgresql_reads_alike_whether_the_id_exists_or_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    begin, asked = connections._begin, list[tuple[str, Values]]()

    async def begin_traced(session: Session) -> None:
        await begin(session)
        session.add_query_logger(lambda query: asked.append((query.query, tuple(query.args))))

    monkeypatch.setattr(connections, "_begin", begin_traced)
    async with on_postgresql(database_url) as world:
        connection = await asyncpg.connect(database_url, server_settings=connections._SETTINGS)

        async def work() -> list[Cost]:
            queries, asked[:] = [each for each in asked if "ARRAY(" in each[0]], []
            return [
                await postgres_cost(connection, sql, values, is_generic=False)
                for sql, values in queries
            ]

        try:
            foreign, none = await refused(world, reference, work)
        finally:
            await connection.close()
    assert foreign == none
    assert foreign[1], "no look-up was traced"
