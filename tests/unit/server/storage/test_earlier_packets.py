"""Packets of an earlier version of the tables: openings and ciphertexts come apart as they were."""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from support.stores import statement
from tearline.v1 import exchange_pb2 as pb
from tearline.v1 import packet_pb2
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.postgres import migrate
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.sqlite.store import SqliteStore

EARLIER = "ciphertext.sql"
SHAPES = {
    b"1" * 32: ((), ()),
    b"2" * 32: ((10,), ()),
    b"3" * 32: ((127, 128, 1), (1, 70_000)),
    b"4" * 32: ((16_383, 16_384, 20_000, 0), (5,)),
    b"5" * 32: ((), (3,)),
}
"""Of each packet, the lengths of its openings and of its ciphertexts."""


def parts_of(packet: bytes, *, openings: bool = True, ciphertexts: bool = True) -> pb.PacketParts:
    """The parts of a packet, or some of them."""
    of_openings, of_ciphertexts = SHAPES[packet]
    return pb.PacketParts(
        manifest=packet,
        openings=[b"\x1a" * size for size in of_openings if openings],
        ciphertexts=[
            packet_pb2.Ciphertext(slot=slot, data=b"\x12" * size)
            for slot, size in enumerate(of_ciphertexts)
            if ciphertexts
        ],
    )


async def verify_split(store: SqliteStore | PostgresStore) -> None:
    for packet, (_, ciphertexts) in SHAPES.items():
        held = parts_of(packet, openings=False).SerializeToString() if ciphertexts else b""
        assert (await store.packets([packet]))[packet] == WholePacket(
            envelope=b"envelope " + packet[:1],
            openings=parts_of(packet, ciphertexts=False).SerializeToString(),
            ciphertexts=held,
            accepted_ms=1000,
        )


def rows() -> list[tuple[tuple[object, ...], tuple[object, ...]]]:
    """For each packet, its manifest's row and its own, in the order of the columns."""
    found = []
    for number, packet in enumerate(SHAPES):
        row = statement(number, packet[:1], id=packet, packet=None)
        *known, envelope = (getattr(row, name) for name in row.__slots__)
        manifest = (*known, b"receipt", b"signature", envelope)
        parts = parts_of(packet).SerializeToString()
        found.append((manifest, (packet, number, parts, b"g" * 16, 1000, None)))
    return found


async def test_a_file_is_brought_forward(tmp_path: Path) -> None:
    folder = files("tearline_server.storage.sqlite").joinpath("migrations")
    scripts = sorted((each for each in folder.iterdir() if each.name[0] == "0"), key=str)
    before = scripts[: next(n for n, each in enumerate(scripts) if each.name.endswith(EARLIER))]
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        for script in before:
            database.executescript(script.read_text("utf-8"))
        database.execute(f"PRAGMA user_version={len(before)}")
        for manifest, packet in rows():
            marks = ", ".join("?" * len(manifest))
            database.execute(f"INSERT INTO statement VALUES ({marks})", manifest)
            database.execute("INSERT INTO packet VALUES (?, ?, ?, ?, ?, ?)", packet)
    database.close()
    store = SqliteStore(tmp_path / "store.db")
    await verify_split(store)
    await store.close()


async def test_a_database_is_brought_forward(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrate.migrations()
    before = [each for each in known if "CREATE TABLE ciphertext" not in each.sql]
    before = before[: next(n for n, each in enumerate(known) if each not in before)]
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: before)
        await (await PostgresStore.open(database_url)).close()
    connection = await asyncpg.connect(database_url)
    for manifest, packet in rows():
        marks = ", ".join(f"${n}" for n in range(1, len(manifest) + 1))
        await connection.execute(f"INSERT INTO statement VALUES ({marks})", *manifest)
        await connection.execute("INSERT INTO packet VALUES ($1, $2, $3, $4, $5, $6)", *packet)
    await connection.close()
    store = await PostgresStore.open(database_url)
    await verify_split(store)
    await store.close()
