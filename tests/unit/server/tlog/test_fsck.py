"""A database edited by hand is caught, and the edited row is named."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

import tearline_server.tlog.fsck as verification
from support.agencies import CN, MX
from support.exchange import IDENTITY, codes, opened
from tearline.tlog.merkle import NodeId
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.rows import EventRow
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.fsck import LogVerifier


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database in which something happened, and a checkpoint over it."""
    import asyncio

    path = tmp_path_factory.mktemp("logged")

    async def fill() -> None:
        async with opened(path) as world:
            await world.agree()
            sealed = world.packet()
            grants = [world.grant(sealed, CN), world.grant(sealed, MX)]
            refused = world.grant(sealed, MX, categories=["finance.amount"])
            outcomes = await world.send(sealed, *grants, refused)
            assert codes(outcomes) == ["", "", "", "TL-POL-009"]
            await world.read(CN)
            await world.exchange.entries(0, 0)

    asyncio.run(fill())
    return (path / "exchange.db").read_bytes()


async def findings(path: Path) -> list[str]:
    store = SqliteStore(path)
    verifier = LogVerifier(store, IDENTITY.log)
    found = [f"{each.place}: {each.what}" async for each in verifier.findings()]
    await store.close()
    return found


async def edited(tmp_path: Path, logged: bytes, *statements: str) -> list[str]:
    path = tmp_path / "edited.db"
    path.write_bytes(logged)
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0
    database.close()
    return await findings(path)


async def test_what_was_logged_verifies(tmp_path: Path, logged: bytes) -> None:
    assert await edited(tmp_path, logged) == []


async def test_the_tree_is_read_in_pages_and_not_node_by_node(
    tmp_path: Path, logged: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    nodes = SqliteStore.nodes

    async def counted(store: SqliteStore, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        asked.append(len(ids))
        return await nodes(store, ids)

    monkeypatch.setattr(SqliteStore, "nodes", counted)
    assert await edited(tmp_path, logged) == []
    (together,) = asked
    assert together > 10


async def test_events_are_read_in_pages_and_not_by_statement(
    tmp_path: Path, logged: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    event_rows = SqliteStore.event_rows

    async def counted(store: SqliteStore, start: int, *, limit: int) -> Sequence[EventRow]:
        asked.append(start)
        return await event_rows(store, start, limit=limit)

    monkeypatch.setattr(SqliteStore, "event_rows", counted)
    assert await edited(tmp_path, logged) == []
    assert asked == [0]  # once for each page of the log, whatever stands in it
    monkeypatch.setattr(verification, "_PAGE", 8)
    asked.clear()
    assert await edited(tmp_path, logged) == []
    assert asked == list(range(0, 8 * len(asked), 8))


async def test_packets_are_read_in_runs_and_not_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        for _ in range(5):
            await world.send(world.packet())
    asked: list[int] = []
    packets = SqliteStore.packets

    async def counted(store: SqliteStore, ids: Sequence[bytes]) -> Mapping[bytes, WholePacket]:
        asked.append(len(ids))
        return await packets(store, ids)

    monkeypatch.setattr(SqliteStore, "packets", counted)
    monkeypatch.setattr(verification, "_PACKETS", 2)
    assert await findings(tmp_path / "exchange.db") == []
    assert asked == [2, 2, 1]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        # Whose outcome, by whom, about what: none of it can be changed.
        (
            "UPDATE event SET event = CAST(replace(event, 'ok', 'no') AS BLOB) WHERE idx = 18",
            "event 18",
        ),
        ("UPDATE event SET salt = zeroblob(32) WHERE idx = 18", "event 18"),
        ("UPDATE event SET actor_at = code_at WHERE idx = 18", "event 18"),
        ("UPDATE event SET packet_at = 0 WHERE idx = (SELECT max(idx) FROM event)", "event"),
        ("DELETE FROM event WHERE idx = 18", "event 18"),
        ("DELETE FROM event_agency WHERE idx = 18", "event 18"),
        ("INSERT INTO event_agency VALUES ('spiffe://x.example', 18)", "event 18"),
        # The entries, in place, gone, or cut off.
        ("UPDATE entry SET entry = CAST(x'01' || zeroblob(32) AS BLOB) WHERE idx = 18", "node 1/9"),
        ("DELETE FROM entry WHERE idx = 18", "entry 18"),
        ("DELETE FROM entry WHERE idx > 18", "entry 19"),
        (
            "UPDATE entry SET entry = CAST(x'02' || substr(entry, 2) AS BLOB) WHERE idx = 0",
            "entry 0",
        ),
        # The tree and its head.
        ("UPDATE node SET hash = zeroblob(32) WHERE level = 2 AND idx = 1", "node 2/1"),
        ("DELETE FROM node WHERE level = 3 AND idx = 0", "node 3/0"),
        ("UPDATE head SET size = size - 1, frontier = substr(frontier, 1, 32)", "head"),
        (
            "UPDATE checkpoint SET note = CAST(replace(note, '.example', '.changed') AS BLOB)",
            "checkpoint",
        ),
        # What was said.
        ("UPDATE statement SET code = '', why = '' WHERE code <> ''", "statement"),
        ("UPDATE statement SET code = 'TL-POL-001' WHERE code <> ''", "statement"),
        ("UPDATE statement SET idx = idx + 1000 WHERE type = 7 AND code = ''", "statement"),
        ("UPDATE statement SET id = zeroblob(32) WHERE type = 6", "statement"),
        ("UPDATE packet SET openings = x''", "statement"),
        ("DELETE FROM packet", "statement"),
        ("DELETE FROM ciphertext", "statement"),
        ("UPDATE ciphertext SET parts = x'00'", "statement"),
    ],
)
async def test_an_edit_is_found_and_named(
    tmp_path: Path, logged: bytes, statement: str, named: str
) -> None:
    found = await edited(tmp_path, logged, statement)
    assert any(line.startswith(named) for line in found), found


async def test_what_nobody_recalled_is_missed(tmp_path: Path, logged: bytes) -> None:
    """A row of the store that says so does not make it so."""
    found = await edited(
        tmp_path,
        logged,
        "DELETE FROM packet",
        "UPDATE statement SET envelope = x'' WHERE type = 7 AND code = ''",
    )
    lines = [line.split(": ")[1] for line in found]
    assert any(line.startswith("ciphertexts are missing without a recall") for line in lines)
    assert lines.count("the grant is missing, and no void withdrew it") == 2


async def test_a_log_rewritten_behind_its_checkpoint_is_found(
    tmp_path: Path, logged: bytes
) -> None:
    """Whoever rewrites the whole tree cannot rewrite what was signed."""
    found = await edited(
        tmp_path,
        logged,
        "UPDATE entry SET entry = CAST(x'01' || zeroblob(32) AS BLOB)"
        " WHERE idx = (SELECT max(idx) FROM entry)",
    )
    assert any(line.startswith("checkpoint: it signed another tree") for line in found), found


async def test_every_finding_is_reported(tmp_path: Path, logged: bytes) -> None:
    found = await edited(
        tmp_path,
        logged,
        "UPDATE event SET salt = zeroblob(32) WHERE idx IN (18, 20)",
        "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 0",
    )
    assert {line.split(":")[0] for line in found} >= {"event 18", "event 20", "node 1/0"}
