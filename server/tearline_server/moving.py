"""Moving an exchange from the file in its home to a PostgreSQL database, once, while it rests."""

from collections.abc import Callable

from tearline.errors import SettingInvalid, StoreNotMoved
from tearline.federation import LogIdentity
from tearline_server.config import Config
from tearline_server.storage.opening import Report, move_store
from tearline_server.storage.store import Store
from tearline_server.verification import LogVerifier


async def migrate(
    config: Config, log: LogIdentity, report: Report = lambda stage, done, total: None
) -> int:
    """Moves everything, or nothing; the file is set aside in the end.

    Args:
        config: The exchange's settings, with the database to move to.
        log: Its log's name and keys.
        report: Told how far it is, stage by stage.

    Returns:
        How many entries the log has.

    Raises:
        SettingInvalid: If no database is named.
        StoreNotMoved: If there is something in the database already, or the file, or what came
            of it, is not what was logged.
        StoreError: If one of them cannot be used.
    """
    if config.store is None:
        raise SettingInvalid("store: name the database to move to")
    return await move_store(config.database, config.store, log, _verify, report)


async def _verify(store: Store, log: LogIdentity, read: Callable[[int, int], None]) -> None:
    async for finding in LogVerifier(store, log, read).findings():
        if not finding.is_lost:
            raise StoreNotMoved(f"{finding.place}: {finding.what}")
