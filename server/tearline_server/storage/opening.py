"""Opening the store that the settings name: a file in the home, or a PostgreSQL database."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from tearline.errors import SettingInvalid, StoreMisplaced, StoreNotMoved
from tearline.federation import LogIdentity
from tearline_server.config import Config
from tearline_server.storage.store import Store

T = TypeVar("T")
Report = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""
Verify = Callable[[Store, LogIdentity, Callable[[int, int], None]], Awaitable[None]]
"""Raises a StoreError where a store is not what was logged; says how far it is."""

_MISSING = "store: asyncpg is missing; it comes with tearline[postgres]"


async def open_store(config: Config) -> Store:
    """What the exchange of these settings keeps.

    Raises:
        StoreMisplaced: If the home says that it lies elsewhere.
        StoreError: If it cannot be used, or another process uses it alone.
        SettingInvalid: If the address of the database is none, or what speaks to it is missing.
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
    """Checks that nobody begins a second log because a setting was forgotten.

    Raises:
        StoreMisplaced: If the file was moved and no database is named, or the other way round.
    """
    if config.store is None and config.moved.exists():
        raise StoreMisplaced(f"{config.moved} is there, and `store` names no database")
    if config.store is not None and config.database.exists():
        raise StoreMisplaced(f"{config.database} is there, and `store` names a database")


async def move_store(file: Path, url: str, log: LogIdentity, verify: Verify, report: Report) -> int:
    """Moves what an exchange keeps from a file into a PostgreSQL database.

    Args:
        file: The file of an exchange that does not serve.
        url: The database, with nothing in it.
        log: The log's name and keys.
        verify: What verifies the file, and what came of it.
        report: Told how far it is.

    Returns:
        How many entries the log has.

    Raises:
        StoreError: If it cannot be moved; then everything is where it was.
        SettingInvalid: If the address of the database is none, or what speaks to it is missing.
    """
    from tearline_server.storage.sqlite.store import SqliteStore

    try:
        from tearline_server.storage.postgres.moving import move
    except ModuleNotFoundError:
        raise SettingInvalid(_MISSING) from None
    if not file.exists():
        raise StoreNotMoved(f"{file}: there is no such file")
    store = SqliteStore(file)
    try:
        await verify(store, log, partial(report, "verifying the file"))
    finally:
        await store.close()
    arrived = partial(report, "verifying what arrived")
    copied = partial(report, "copying rows")
    return await move(file, url, lambda found: verify(found, log, arrived), copied)


async def change_store(config: Config, act: Callable[[Store], Awaitable[T]]) -> T:
    """Has ``act`` change the store in the database that the settings name: all, or nothing.

    Raises:
        SettingInvalid: If they name none, or what speaks to it is missing.
        StoreMisplaced: If the home says that what the exchange keeps lies elsewhere.
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
