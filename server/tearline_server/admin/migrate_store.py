"""One-time move of a stopped exchange from its file to a PostgreSQL database."""

from collections.abc import Callable

from tearline.errors import SettingInvalid, StoreNotMoved
from tearline.federation.members import LogIdentity
from tearline_server.config import Config
from tearline_server.storage.interface import Store
from tearline_server.storage.open import Report, move_store
from tearline_server.tlog.fsck import LogVerifier


async def migrate(
    config: Config, log: LogIdentity, report: Report = lambda stage, done, total: None
) -> int:
    """Moves all data atomically, and renames the file at the end.

    Args:
        config: The exchange's settings, with the target database.
        log: Its log's name and keys.
        report: Callback for progress, stage by stage.

    Returns:
        The number of entries in the log.

    Raises:
        SettingInvalid: If no database is named.
        StoreNotMoved: If the database is not empty, or the file or the result differs from the log.
        StoreError: If one of them cannot be used.
    """
    if config.store is None:
        raise SettingInvalid("store: name the database to move to")
    return await move_store(config.database, config.store, log, _verify, report)


async def _verify(store: Store, log: LogIdentity, read: Callable[[int, int], None]) -> None:
    async for finding in LogVerifier(store, log, read).findings():
        if not finding.is_lost:
            raise StoreNotMoved(f"{finding.place}: {finding.what}")
