"""The connections to PostgreSQL: their bounds, and what goes wrong with them.

What only reads, and what may be done twice, is tried again where a connection was lost. The
transaction that writes the log is not: whoever judged its batch must judge it anew. Where the
answer to its COMMIT was lost, it is looked up, never assumed.
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
from tearline_server.storage.postgres.connection import Connection, Pool, Session
from tearline_server.storage.postgres.faults import LOST, NO_ADDRESS, refused_address, translated
from tearline_server.storage.postgres.hearing import CHANNEL, Ear
from tearline_server.storage.postgres.migrating import join, migrate
from tearline_server.storage.postgres.replication import verify_reached, verify_synchronous
from tearline_server.storage.stored import Heard

T = TypeVar("T")

# One writes, one listens, and a few pages of mail are read at once; more fight for two cores.
_CONNECTIONS = 9
_READERS = _CONNECTIONS - 2  # at once: who writes, and who listens, waits for none of them
_CONNECT_S = 5  # a server that does not answer by then is taken for dead
_PATIENCE_S = 15  # a standby takes over within this; callers who waited longer come again
_LOOK_UP_S = 60  # a COMMIT that waits for a standby is known in the end
_PAUSE_S = 0.2
_SETTINGS = {
    "application_name": "tearline",
    "synchronous_commit": "on",  # whatever the database's default: nothing is told before it holds
    "statement_timeout": "30s",
    # A process that is stopped in the middle of a transaction must not stop all others.
    "idle_in_transaction_session_timeout": "20s",
    # Nor must one whose machine is gone.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "jit": "off",  # compiling a query takes longer than any of ours
    # Every question names a few rows, to which indices lead one by one. Without
    # statistics, as after a restore, the server would take other ways, through whole tables.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# The same at our end: after how many seconds of silence it is asked whether somebody is there, and
# after how many milliseconds without an answer nobody is.
_LINE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
# A COMMIT that is cancelled while it waits for a standby says that it is done, and is not held by
# anybody else: so no clock runs against it.
_UNTIMED = "SET LOCAL statement_timeout = 0; "


class _Tidy(Session):
    """A connection that leaves nothing behind when it goes back to the pool."""

    def get_reset_query(self) -> str:
        return ""


async def notice_loss(session: Session) -> None:
    """Has a connection end soon after the machine at its other end is gone.

    Else whoever waits there for an answer waits a quarter of an hour, and no other is asked.
    """
    found: socket.socket = session._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # no public way
    if found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _LINE.items():
            if (option := getattr(socket, name, None)) is not None:  # not every system has all
                found.setsockopt(socket.IPPROTO_TCP, option, value)


async def _begin(session: Session) -> None:
    await notice_loss(session)
    await join(session)


class Database:
    """A PostgreSQL database that holds our tables; every commit is durable when it returns.

    Args:
        pool: Its connections.
        ha: Whether what is committed must lie on a second server, too.

    Attributes:
        standbys: Synchronous standbys, as they were seen last; None where none must be there.
    """

    standbys: int | None = None

    def __init__(self, pool: Pool, *, ha: bool = False) -> None:
        self._pool = pool
        self._ha = ha
        self._id = secrets.token_bytes(16)
        self._writer, self._readers = asyncio.Semaphore(1), asyncio.Semaphore(_READERS)
        self.questions = 0  # that wait for a connection, or are being answered

    @classmethod
    async def open(cls, url: str, *, ha: bool = False) -> "Database":
        """Connects, and brings the tables to this version.

        Args:
            url: As in ``postgresql://host,other/name?target_session_attrs=read-write``.
            ha: Whether what is committed must lie on a second server, too.

        Raises:
            StoreUnreachable: If no server answers that may be written to.
            StoreNotReplicated: If there must be a second server, and there is none.
            StoreVersion: If a later version of Tearline made the tables, and not for this one, or
                one is connected that is too old for this.
            StoreForbidden: If the server does not let us in, or not make the tables.
            StoreAbsent: If it has no such database.
            StoreUntrusted: If its certificate does not show that it is the one.
            SettingInvalid: If the address is none, or the server is too old.
            ConfigUnreadable: If a file that the address names cannot be read.
            FileExposed: If the passfile is open to others.
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
            if ha:  # else the first COMMIT might wait for ever
                _, database.standbys = await database.ask(verify_synchronous)
            await database.write(migrate)
        except BaseException:
            await database.close()
            raise
        return database

    async def read(
        self, question: Callable[[Connection], Awaitable[T]], *, within_s: float = _PATIENCE_S
    ) -> T:
        """Asks ``question`` at one moment; again where the connection was lost.

        Raises:
            StoreError: As ``translated`` says, after ``within_s`` seconds at the latest.
        """
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        return await self._patiently(question, begin, within_s)

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """The same for a question of one statement, which needs no transaction.

        Raises:
            StoreError: As ``read``.
        """
        return await self._patiently(question, "", _PATIENCE_S)

    async def write(self, change: Callable[[Connection], Awaitable[T]]) -> T:
        """Makes a change that may be made twice, durably; again where the connection was lost.

        Raises:
            StoreError: As ``read``; it may have happened all the same.
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
        """Makes a change to the log, once; gives the seconds that the COMMIT took.

        Args:
            change: Locks the head, writes, and returns the serial of what it wrote.
            may_repeat: Whether it has done nothing yet that cannot be done again.

        Raises:
            StoreError: As ``translated`` says. Then nothing was written, as far as anybody was
                told; where it was all the same, its authors learn of it when they try again.
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
            # Who still holds the head may be the very transaction that is looked for.
            await connection.execute("SELECT FROM head FOR UPDATE")
            sql = "SELECT serial FROM writer WHERE id = $1"
            return bool(await connection.fetchval(sql, self._id) == serial)

        return await self._patiently(look, "BEGIN", _LOOK_UP_S)

    async def changes(self) -> AsyncIterator[Heard]:
        """What other processes, and this one, may have written, on a connection of its own.

        Raises:
            StoreUnreachable: If the connection is lost; words may be lost with it.
            StoreNotReplicated: If there must be a second server, and there is none now.
        """
        with translated():
            async with self._pool.acquire(timeout=_CONNECT_S) as connection:
                ear = Ear()
                try:
                    await connection.add_listener(CHANNEL, lambda *about: ear.hear(str(about[-1])))
                    connection.add_termination_listener(lambda _: ear.ring())
                    while not connection.is_closed():
                        if self._ha:
                            self.standbys = 0  # should it fail to say so
                            _, self.standbys = await verify_synchronous(connection)
                        yield await ear.next()
                finally:
                    connection.terminate()  # it would go on to listen
        raise StoreUnreachable("the connection that listens was lost")

    async def close(self) -> None:
        """Ends everything under way, and the connections."""
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
    # A transaction that failed before says ROLLBACK to a COMMIT, and no error.
    if await connection.execute(f"{before}COMMIT") != "COMMIT":
        raise StoreDamaged("a transaction had failed before its end")
