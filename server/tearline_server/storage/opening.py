"""Opening the store that the settings name: a file in the home, or a PostgreSQL database."""

from tearline.errors import SettingInvalid
from tearline_server.config import Config
from tearline_server.storage.store import Store


async def open_store(config: Config) -> Store:
    """What the exchange of these settings keeps.

    Raises:
        StoreError: If it cannot be used, or another process uses it alone.
        SettingInvalid: If the address of the database is none, or what speaks to it is missing.
    """
    if config.store is None:
        from tearline_server.storage.sqlite import SqliteStore

        return SqliteStore(config.database)
    try:
        from tearline_server.storage.postgres.store import PostgresStore
    except ModuleNotFoundError:
        raise SettingInvalid(
            "store: asyncpg is missing; pip install 'tearline[postgres]'"
        ) from None
    return await PostgresStore.open(config.store)
