"""Every test of the console may work on a federation at rest, and on a console of one agency."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from attacks.conftest import memory, quick, template, world
from support.simulation import Simulation
from tearline.persons.tokens import Role
from tearline_client.store.database import Database
from unit.client.console.browsers import ConsoleUnderTest, add_person, console_of

__all__ = ["memory", "quick", "template", "world"]


@pytest.fixture
def console(world: Simulation) -> ConsoleUnderTest:
    """The console of the Mexican agency, with a person for each role."""
    for role in Role:
        add_person(world.mx, role.value, role)
    return console_of(world.mx)


@pytest.fixture(autouse=True)
def transactions_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No page opens a transaction in another thread: a node has one connection.

    There, it would meet a transaction of the loop, and fail within it.
    """
    begin, others = Database.transaction, list[str]()

    def transaction(database: Database) -> AbstractContextManager[None]:
        if threading.current_thread() is not threading.main_thread():
            others.append(threading.current_thread().name)
        return begin(database)

    monkeypatch.setattr(Database, "transaction", transaction)
    yield
    assert others == []


@pytest.fixture(autouse=True)
def no_temporary_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No page writes to the folder of temporary files: an export would lie there in clear.

    What exceeds memory lies in sealed rows, of which the files are SQLite's.
    """
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
