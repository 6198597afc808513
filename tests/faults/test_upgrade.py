"""The next version beside this one, on one database under load: one after the other is replaced."""

import shutil
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

import tearline_server
from faults.traffic import traffic, verify_log
from support.agencies import CN, MX, US
from support.exchange_process import founded
from support.leads import agree
from tearline_server.storage.postgres.migrate import migrations

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def next_version(folder: Path) -> str:
    """The path of a program that differs from this one by one more migration."""
    package = folder / "tearline_server"
    shutil.copytree(Path(tearline_server.__file__).parent, package)
    now = len(migrations())
    added = package / "storage" / "postgres" / "migrations" / f"{now + 1:04}_next.sql"
    column = "ALTER TABLE mail ADD COLUMN read_ms BIGINT NOT NULL DEFAULT 0"
    added.write_text(f"-- beside: {now}\n{column};\n")
    return str(folder)


async def test_processes_are_replaced_one_by_one(tmp_path: Path, database_url: str) -> None:
    program = next_version(tmp_path / "next")
    first = await founded(tmp_path / "exchange", [US, CN, MX], store=database_url)
    second, after = (replace(first, lines=[]) for _ in range(2))
    try:
        await first.start()
        await agree(first)
        await after.start(PYTHONPATH=program)  # the tables become those of the next version
        await second.start()  # one of this version may still be started
        async with traffic(first, second, after) as load:
            for old in (first, second):
                await load.more()
                assert await old.stop() == 0
            await load.more()
        await load.verify_arrived(after)
    finally:
        for each in (first, second, after):
            await each.end()
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT max(version) FROM migrated") == len(migrations()) + 1
    assert await connection.fetchval("SELECT count(read_ms) FROM mail") >= len(load.acknowledged)
    await connection.close()
    await verify_log(first)
