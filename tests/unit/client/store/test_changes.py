"""Readers of the database wait for its next change."""

import asyncio
import threading
from pathlib import Path

from tearline_client.store.database import Database
from tearline_client.store.vault import Vault

VAULT = Vault(bytes(32))


async def test_a_commit_wakes_every_reader_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    version = database.changes.version()
    readers = [asyncio.ensure_future(database.changes.wait(version)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in readers)
    with database.transaction():
        database.put_setting("a", b"1")
    await asyncio.gather(*readers)
    assert database.changes.version() != version
    await database.changes.wait(version)  # it has changed already


async def test_a_commit_in_another_thread_wakes_a_reader(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    reader = asyncio.ensure_future(database.changes.wait(database.changes.version()))
    await asyncio.sleep(0)
    thread = threading.Thread(target=database.changes.note)
    thread.start()
    await reader
    thread.join()


async def test_a_transaction_that_is_rolled_back_is_no_change(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    version = database.changes.version()
    try:
        with database.transaction():
            raise KeyError
    except KeyError:
        pass
    assert database.changes.version() == version


async def test_a_commit_of_another_process_changes_the_version(tmp_path: Path) -> None:
    database, other = (Database(tmp_path / "node.db", VAULT) for _ in range(2))
    version = database.changes.version()
    with other.transaction():
        other.put_setting("a", b"1")
    assert database.changes.version() != version
