"""PostgreSQL connections: their limits, their retries, and the handling of lost ones.

Reads and repeatable changes are retried after a lost connection. The transaction that writes the
log is not: its batch must be judged anew. If the answer to its COMMIT was lost, the result is
looked up, never assumed.
"""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg

from tearline.errors import (
    StoreDamaged,
    StoreUnreachable,
)
from tearline_server.storage.postgres.address import verify_files
from tearline_server.storage.postgres.errors import LOST, NO_ADDRESS, refused_address, translated
from tearline_server.storage.postgres.migrate import join, migrate
from tearline_server.storage.postgres.notifications import CHANNEL, NotificationListener
from tearline_server.storage.postgres.replication import verify_reached, verify_synchronous
from tearline_server.storage.postgres.types import Connection, Pool, Session
from tearline_server.storage.snapshot import Changes

T = TypeVar("T")

# One writes, one listens, and a few read pages of mail; more would compete for two cores.
_CONNECTIONS = 9
_READERS = _CONNECTIONS - 2  # concurrent; the writer and the listener never wait for them
_CONNECT_S = 5  # a server that does not answer by then is considered dead
_PATIENCE_S = 15  # a standby takes over within this; callers that waited longer retry
_LOOK_UP_S = 60  # the result of a COMMIT that waits for a standby is known by then
_PAUSE_S = 0.2
_SETTINGS = {
    "application_name": "tearline",
    "synchronous_commit": "on",  # overrides the server's default: results must be durable
    "statement_timeout": "30s",
    # A process stopped in the middle of a transaction must not block the others.
    "idle_in_transaction_session_timeout": "20s",
    # Nor must a process on a lost machine.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "jit": "off",  # compiling a query takes longer than any of ours
    # Every query names a few rows, reached by indices. Without statistics, as after a restore,
    # the planner would scan whole tables.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# Keepalive of the client side: seconds of silence before probes, and milliseconds without an
# answer before the connection counts as lost.
_LINE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
# A COMMIT cancelled while it waits for a standby reports success without replication, so it has
# no timeout.
_UNTIMED = "SET LOCAL statement_timeout = 0; "


class _Tidy(Session):
    """Connection that needs no reset when it returns to the pool."""

    def get_reset_query(self) -> str:
        return ""


async def notice_loss(session: Session) -> None:
    """Configures keepalive, so that a connection ends soon after its peer's machine is lost.

    By default a waiting caller would wait a quarter of an hour before another server is tried.
    """
    found: socket.socket = session._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # no public way
    if found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _LINE.items():
            if (
                option := getattr(socket, name, None)
            ) is not None:  # some systems lack some options
                found.setsockopt(socket.IPPROTO_TCP, option, value)


async def _begin(session: Session) -> None:
    await notice_loss(session)
    await join(session)


class Database:
    """PostgreSQL database with the exchange's tables; every commit is durable when it returns.

    Args:
        pool: Its connections.
        ha: Whether commits must be replicated to a second server.

    Attributes:
        standbys: Synchronous standbys last observed; None if none are required.
    """

    standbys: int | None = None

    def __init__(self, pool: Pool, *, ha: bool = False) -> None:
        self._pool = pool
        self._ha = ha
        self._id = secrets.token_bytes(16)
        self._writer, self._readers = asyncio.Semaphore(1), asyncio.Semaphore(_READERS)
        self.questions = 0  # queued or running

    @classmethod
    async def open(cls, url: str, *, ha: bool = False) -> "Database":
        """Connects, migrates the tables to this version, and returns the database.

        Args:
            url: For example ``postgresql://host,other/name?target_session_attrs=read-write``.
            ha: Whether commits must be replicated to a second server.

        Raises:
            StoreUnreachable: If no writable server answers.
            StoreNotReplicated: If a second server is required, and there is none.
            StoreVersion: If a later version made the tables incompatible, or a process too old for
                this version is connected.
            StoreForbidden: If the server denies access, or the creation of tables.
            StoreAbsent: If it has no such database.
            StoreUntrusted: If its certificate does not verify.
            SettingInvalid: If the address is invalid, or the server is too old.
            ConfigUnreadable: If a file that the address names cannot be read.
            FileExposed: If other users can access the passfile.
        """
        verify_files(url)
        with translated():
            try:
                pool = asyncpg.create_pool(
                    url,
                    min_size=1,
                    max_size=_CONNECTIONS,
                    timeout=_CONNECT_S,
                    connection_class=_Tidy,
                    init=_begin,
                    server_settings=_SETTINGS,
                )
                await pool
            except NO_ADDRESS as error:
                raise refused_address(error) from None
        database = cls(pool, ha=ha)
        try:
            if ha:  # otherwise the first COMMIT might wait forever
                _, database.standbys = await database.ask(verify_synchronous)
            await database.write(migrate)
        except BaseException:
            await database.close()
            raise
        return database

    async def read(
        self, question: Callable[[Connection], Awaitable[T]], *, within_s: float = _PATIENCE_S
    ) -> T:
        """Runs ``question`` in a snapshot, and returns its result; retries a lost connection.

        Raises:
            StoreError: As ``translated`` describes, after at most ``within_s`` seconds.
        """
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        return await self._patiently(question, begin, within_s)

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs a single-statement ``question`` without a transaction, and returns its result.

        Raises:
            StoreError: As for ``read``.
        """
        return await self._patiently(question, "", _PATIENCE_S)

    async def write(self, change: Callable[[Connection], Awaitable[T]]) -> T:
        """Makes a durable, repeatable change, and returns its result; retries a lost connection.

        Raises:
            StoreError: As for ``read``; the change may still have happened.
        """
        made = await self._patiently(change, "BEGIN", _PATIENCE_S)
        await self._verify_kept()
        return made

    async def _verify_kept(self) -> None:
        if self._ha:
            await self.ask(verify_reached)

    @asynccontextmanager
    async def _asking(
        self, places: asyncio.Semaphore, within_s: float
    ) -> AsyncIterator[Connection]:
        self.questions += 1
        try:
            async with asyncio.timeout(within_s):
                await places.acquire()
            try:
                async with self._pool.acquire(timeout=within_s) as connection:
                    yield connection
            finally:
                places.release()
        finally:
            self.questions -= 1

    async def _patiently(
        self, act: Callable[[Connection], Awaitable[T]], begin: str, within_s: float
    ) -> T:
        ends = asyncio.get_running_loop().time() + within_s
        while True:
            try:
                with translated():
                    async with self._asking(self._readers, within_s) as connection:
                        if not begin:
                            return await act(connection)
                        async with _transaction(connection, begin):
                            return await act(connection)
            except StoreUnreachable:
                if asyncio.get_running_loop().time() >= ends:
                    raise
            await asyncio.sleep(_PAUSE_S)

    async def commit(
        self,
        change: Callable[[Connection], Awaitable[int]],
        *,
        may_repeat: Callable[[], bool],
    ) -> float:
        """Makes a change to the log once; returns the seconds that the COMMIT took.

        Args:
            change: Locks the head, writes, and returns the serial of its write.
            may_repeat: Returns whether the change can still be repeated.

        Raises:
            StoreError: As ``translated`` describes. The change was not written, as far as any
                caller was told. If it was written after all, its authors learn this on a retry.
        """
        ends = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                waited_s = await self._commit(change)
                break
            except StoreUnreachable:
                if not may_repeat() or asyncio.get_running_loop().time() >= ends:
                    raise
            await asyncio.sleep(_PAUSE_S)
        await self._verify_kept()
        return waited_s

    async def _commit(self, change: Callable[[Connection], Awaitable[int]]) -> float:
        serial, began_s = None, time.perf_counter()
        try:
            with translated():
                async with self._asking(self._writer, _PATIENCE_S) as connection:
                    await connection.execute("BEGIN")
                    try:
                        written = await change(connection)
                        await connection.execute(
                            "INSERT INTO writer VALUES ($1, $2)"
                            " ON CONFLICT (id) DO UPDATE SET serial = excluded.serial",
                            self._id,
                            written,
                        )
                    except BaseException:
                        await _undo(connection)
                        raise
                    serial, began_s = written, time.perf_counter()
                    await _end(connection, _UNTIMED)
        except StoreUnreachable:
            if serial is None or not await self._is_written(serial):
                raise
        return time.perf_counter() - began_s

    async def _is_written(self, serial: int) -> bool:
        async def look(connection: Connection) -> bool:
            # The transaction in question may still hold the lock on the head.
            await connection.execute("SELECT FROM head FOR UPDATE")
            sql = "SELECT serial FROM writer WHERE id = $1"
            return bool(await connection.fetchval(sql, self._id) == serial)

        return await self._patiently(look, "BEGIN", _LOOK_UP_S)

    async def changes(self) -> AsyncIterator[Changes]:
        """Yields notifications of writes by all processes, over a connection of its own.

        Raises:
            StoreUnreachable: If the connection is lost; notifications may be lost with it.
            StoreNotReplicated: If a second server is required, and there is none now.
        """
        with translated():
            async with self._pool.acquire(timeout=_CONNECT_S) as connection:
                listener = NotificationListener()
                try:
                    await connection.add_listener(
                        CHANNEL, lambda *about: listener.hear(str(about[-1]))
                    )
                    connection.add_termination_listener(lambda _: listener.ring())
                    while not connection.is_closed():
                        if self._ha:
                            self.standbys = 0  # if the check fails
                            _, self.standbys = await verify_synchronous(connection)
                        yield await listener.next()
                finally:
                    connection.terminate()  # otherwise it would keep listening
        raise StoreUnreachable("the connection that listens was lost")

    async def close(self) -> None:
        """Ends all running work, and closes the connections."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                async with self._pool.acquire() as connection:
                    await connection.execute("DELETE FROM writer WHERE id = $1", self._id)
                await self._pool.close()
        except (*LOST, asyncpg.PostgresError):
            self._pool.terminate()


@asynccontextmanager
async def _transaction(connection: Connection, begin: str) -> AsyncIterator[None]:
    await connection.execute(begin)
    try:
        yield
    except BaseException:
        await _undo(connection)
        raise
    await _end(connection)


async def _undo(connection: Connection) -> None:
    if connection.is_closed():
        return
    try:
        await connection.execute("ROLLBACK")
    except LOST:
        connection.terminate()


async def _end(connection: Connection, before: str = "") -> None:
    # After an earlier failure, COMMIT answers ROLLBACK without an error.
    if await connection.execute(f"{before}COMMIT") != "COMMIT":
        raise StoreDamaged("a transaction had failed before its end")
