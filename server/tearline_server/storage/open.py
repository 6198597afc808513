"""Opening of the configured store: a file in the home, or a PostgreSQL database."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from tearline.errors import SettingInvalid, StoreMisplaced, StoreNotMoved
from tearline.federation.members import LogIdentity
from tearline_server.config import Config
from tearline_server.storage.interface import Store

T = TypeVar("T")
Report = Callable[[str, int, int], None]
"""Callback for progress: stage, units done, units in total."""
Verify = Callable[[Store, LogIdentity, Callable[[int, int], None]], Awaitable[None]]
"""Verifier of a store; raises StoreError if it differs from the log, and reports progress."""

_MISSING = "store: asyncpg is missing; it comes with tearline[postgres]"


async def open_store(config: Config) -> Store:
    """Opens the store that the settings name, and returns it.

    Raises:
        StoreMisplaced: If the home shows that the data is elsewhere.
        StoreError: If the store cannot be used, or another process uses it exclusively.
        SettingInvalid: If the database address is invalid, or its driver is not installed.
    """
    _verify_place(config)
    if config.store is None:
        from tearline_server.storage.sqlite.store import SqliteStore

        return SqliteStore(config.database)
    try:
        from tearline_server.storage.postgres.store import PostgresStore
    except ModuleNotFoundError:
        raise SettingInvalid(_MISSING) from None
    return await PostgresStore.open(config.store, ha=config.ha)


def _verify_place(config: Config) -> None:
    """Checks that a missing setting cannot start a second log.

    Raises:
        StoreMisplaced: If the file was moved and no database is named, or the reverse.
    """
    if config.store is None and config.moved.exists():
        raise StoreMisplaced(f"{config.moved} is there, and `store` names no database")
    if config.store is not None and config.database.exists():
        raise StoreMisplaced(f"{config.database} is there, and `store` names a database")


async def move_store(file: Path, url: str, log: LogIdentity, verify: Verify, report: Report) -> int:
    """Moves the exchange's data from a file into a PostgreSQL database.

    Args:
        file: The file of a stopped exchange.
        url: The database, which must be empty.
        log: The log's name and keys.
        verify: Verifier for the result: a file that differs from the log is moved as it is, and
            refused then. Verifying it first would lengthen the stop and find nothing more.
        report: Callback for progress.

    Returns:
        The number of entries in the log.

    Raises:
        StoreError: If the move fails; both stores are then unchanged.
        SettingInvalid: If the database address is invalid, or its driver is not installed.
    """
    try:
        from tearline_server.storage.postgres.import_sqlite import move
    except ModuleNotFoundError:
        raise SettingInvalid(_MISSING) from None
    if not file.exists():
        raise StoreNotMoved(f"{file}: there is no such file")
    arrived = partial(report, "verifying what arrived")
    copied = partial(report, "copying rows")
    return await move(file, url, lambda found: verify(found, log, arrived), copied)


async def change_store(config: Config, act: Callable[[Store], Awaitable[T]]) -> T:
    """Runs ``act`` on the configured database in one atomic change, and returns its result.

    Raises:
        SettingInvalid: If no database is configured, or its driver is not installed.
        StoreMisplaced: If the home shows that the data is elsewhere.
        StoreBusy: If an exchange is connected.
        StoreError: If the database cannot be used.
    """
    _verify_place(config)
    if config.store is None:
        raise SettingInvalid("store: name the database")
    try:
        from tearline_server.storage.postgres.transaction import change_alone
    except ModuleNotFoundError:
        raise SettingInvalid(_MISSING) from None
    return await change_alone(config.store, act)
