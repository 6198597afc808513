"""The node's database: what an earlier version wrote is read by this one."""

from importlib.resources import files
from pathlib import Path

import apsw
import pytest

import tearline_client.store
from tearline.errors import StoreVersion
from tearline_client.store.database import Database
from tearline_client.store.intake import IntakeStore
from tearline_client.store.vault import Vault

VAULT = Vault(bytes(32))
SCRIPTS = sorted(
    script.read_text("utf-8")
    for script in files(tearline_client.store).joinpath("migrations").iterdir()
)


def written_by_version(path: Path, version: int, *rows: tuple[str, tuple[object, ...]]) -> None:
    """A database as version ``version`` left it."""
    connection = apsw.Connection(str(path))
    for script in SCRIPTS[:version]:
        connection.execute(script)
    connection.execute(f"PRAGMA user_version={version}")
    for sql, bindings in rows:
        connection.execute(sql, bindings)
    connection.close()


def test_what_the_first_version_put_aside_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    row = (1, "TL-PKT-001", "why", VAULT.seal("quarantine", b"evidence"))
    sql = "INSERT INTO quarantine (time_ms, code, why, sealed) VALUES (?, ?, ?, ?)"
    written_by_version(path, 1, (sql, row))
    store = IntakeStore(Database(path, VAULT))
    (item,) = store.quarantined()
    assert (item.time_ms, item.code, item.why) == row[:3]
    assert store.evidence(item.id) == b"evidence"


def test_the_database_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    written_by_version(path, len(SCRIPTS))
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA user_version={len(SCRIPTS) + 1}")
    with pytest.raises(StoreVersion):
        Database(path, VAULT)
    assert connection.pragma("user_version") == len(SCRIPTS) + 1
