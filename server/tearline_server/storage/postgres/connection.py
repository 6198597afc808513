"""What the rooms of this store call a connection."""

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    # Generic for type checkers alone; the pool hands out what stands for a connection.
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Session = asyncpg.Connection[asyncpg.Record]
else:
    Connection, Pool, Session = asyncpg.pool.PoolConnectionProxy, asyncpg.Pool, asyncpg.Connection
