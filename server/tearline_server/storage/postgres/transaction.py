"""Single transaction over a whole store, while no exchange is connected."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tearline.errors import StoreBusy
from tearline_server.storage.interface import Store
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.postgres.migrate import is_alone
from tearline_server.storage.postgres.snapshot import lock_head
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.postgres.types import Connection

T = TypeVar("T")


class Transaction(Database):
    """Database as seen by one open transaction, which includes all its changes.

    Args:
        connection: The connection of the transaction; the caller ends it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(
        self, question: Callable[[Connection], Awaitable[T]], *, within_s: float = 0
    ) -> T:
        """Runs ``question`` in the transaction, and returns its result."""
        return await question(self._connection)

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs ``question`` in the transaction, and returns its result."""
        return await question(self._connection)

    async def write(self, change: Callable[[Connection], Awaitable[T]]) -> T:
        """Makes a change in the transaction, and returns its result."""
        return await change(self._connection)

    async def commit(
        self, change: Callable[[Connection], Awaitable[int]], *, may_repeat: Callable[[], bool]
    ) -> float:
        """Makes a change to the log in the transaction; returns 0.0, because no disk is awaited."""
        await change(self._connection)
        return 0.0

    async def close(self) -> None:
        """Leaves the connection open for the caller."""


async def change_alone(url: str, act: Callable[[Store], Awaitable[T]]) -> T:
    """Runs ``act`` on the store of a database in one atomic change.

    Replication to a second server is not verified here: the change can be repeated, and ``serve``
    verifies it.

    Args:
        url: The database.
        act: Changes the store.

    Returns:
        The result of ``act``.

    Raises:
        StoreBusy: If an exchange is connected.
        StoreError: If the database cannot be used.
    """
    database, done = await Database.open(url), list[T]()

    async def change(connection: Connection) -> int:
        await connection.execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
        )  # a large log, or a distant mirror, takes long
        if not await is_alone(connection):
            raise StoreBusy("an exchange is connected to the database: stop it first")
        store = PostgresStore(Transaction(connection))
        try:
            done.append(await act(store))
        finally:
            await store.close()
        return (await lock_head(connection)).serial

    try:
        await database.commit(change, may_repeat=lambda: False)
    finally:
        await database.close()
    return done[0]
