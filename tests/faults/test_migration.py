"""kill -9 while a database is brought forward: a step is done or not, and the next start ends it.

A database of this version, with much in it, is opened by a process of an invented next version.
"""

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest

from faults import soak
from faults.load import has_open_transaction
from support.federation import Running

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ROWS = 40_000
NEXT = """
CREATE TABLE copied AS SELECT * FROM {table};
CREATE INDEX copied_first ON copied (idx);
ALTER TABLE {table} ADD COLUMN spare INTEGER NOT NULL DEFAULT 0;
UPDATE {table} SET spare = 1;
DROP TABLE copied;
"""
OPENING = (
    "import sys; from pathlib import Path; from tearline_runtime import sqlite;"
    " path, known = Path(sys.argv[1]), sqlite.migrations;"
    " sqlite.migrations = lambda package: (*known(package), path.with_name('9999_next.sql'));"
)
"""Opens the file that the first argument names, as a program with one more migration."""
HITS = 3 if soak.SOAK_S else 1  # kills that must leave a transaction open
MOST_KILLS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Whose database it is.

    Attributes:
        package: Where its migrations are.
        program: Opens the file ``path``.
        table: The table with many rows.
        fill: The values of its row of number ``i``.
    """

    package: str
    program: str
    table: str
    fill: str

    @property
    def scripts(self) -> list[str]:
        """The migrations, in order."""
        found = [
            f for f in files(self.package).joinpath("migrations").iterdir() if f.name[0] == "0"
        ]
        return [file.read_text("utf-8") for file in sorted(found, key=lambda file: file.name)]


SIDES = {
    "exchange": Side(
        package="tearline_server.storage.sqlite",
        program="from tearline_server.storage.sqlite.connections import Database; Database(path)",
        table="event",
        fill="i, zeroblob(32), randomblob(200), i, 0, 0, 0, 0, 0, 0, 0, 0",
    ),
    "node": Side(
        package="tearline_client.store",
        program="from tearline_client.store.database import Database;"
        " from tearline_client.store.vault import Vault; Database(path, Vault(bytes(32)))",
        table="log_entry",
        fill="i, randomblob(300 + i % 2)",
    ),
}


@pytest.mark.parametrize("name", SIDES)
def test_a_start_that_is_killed_while_it_migrates(name: str, tmp_path: Path) -> None:
    side, chance = SIDES[name], soak.chance()
    first, control, database = (
        tmp_path / f"{which}.db" for which in ("first", "control", "killed")
    )
    make(side, first)
    shutil.copy(first, control)
    running, began = opening(side, control)
    assert running.ended() == 0
    longest_s = time.monotonic() - began
    hits, kills = 0, 0

    def enough(number: int) -> bool:
        return number >= MOST_KILLS or hits >= HITS

    for _ in soak.rounds("migration", enough):
        for path in tmp_path.glob("killed.db*"):
            path.unlink()
        shutil.copy(first, database)
        running, began = opening(side, database)
        time.sleep(chance.uniform(0, longest_s))
        running.freeze()
        if running.is_over:  # the machine was slower at first: the next moments are drawn earlier
            longest_s = min(longest_s, time.monotonic() - began)
        kills += 1
        hits += has_open_transaction(database, running.pid)
        running.kill()
        version, schema = shape(database)
        assert schema == schema_of(side, version)
        assert opening(side, database)[0].ended() == 0
        assert shape(database) == shape(control)
        assert differences(side.table, database, control) == 0
    print(f"{name}: {kills} kills, of which with an open transaction: {hits}")
    assert hits >= HITS


def make(side: Side, path: Path) -> None:
    """Makes a database of this version."""
    numbers = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    with closing(sqlite3.connect(path)) as connection:
        for script in side.scripts:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version={len(side.scripts)}")
        connection.execute(f"INSERT INTO {side.table} {numbers} SELECT {side.fill} FROM n", (ROWS,))
        connection.commit()


def opening(side: Side, path: Path) -> tuple[Running, float]:
    """Returns a process that opens a database, and ends; and when it had begun to."""
    script = path.with_name("9999_next.sql")
    script.write_text(NEXT.format(table=side.table), encoding="utf-8")
    program = f"{OPENING} {side.program}"
    log, index = path.with_suffix(".log"), path.with_name(path.name + "-shm")
    index.unlink(missing_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen([sys.executable, "-c", program, path], stderr=stream)
    while not index.exists() and process.poll() is None:
        time.sleep(0.001)  # there is no event to await
    return Running(process, log), time.monotonic()


def shape(path: Path) -> tuple[int, list[tuple[str, str]]]:
    """Version and schema of a database, which must be whole."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return version, schema(connection)


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def schema_of(side: Side, version: int) -> list[tuple[str, str]]:
    """The schema as a version has it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in [*side.scripts, NEXT.format(table=side.table)][:version]:
            connection.executescript(script)
        return schema(connection)


def differences(table: str, one: Path, other: Path) -> int:
    """How many rows of a table are in one database alone."""
    parts = [
        f"SELECT * FROM {a}.{table} EXCEPT SELECT * FROM {b}.{table}"
        for a, b in (("main", "other"), ("other", "main"))
    ]
    with closing(sqlite3.connect(one)) as connection:
        connection.execute("ATTACH ? AS other", (str(other),))
        counts = [connection.execute(f"SELECT count(*) FROM ({p})").fetchone()[0] for p in parts]
    return sum(counts)
