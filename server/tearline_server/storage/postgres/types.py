"""Type aliases of asyncpg's connections and pools."""

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    # Generic only for type checkers; the pool hands out proxies of connections.
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Session = asyncpg.Connection[asyncpg.Record]
else:
    Connection, Pool, Session = asyncpg.pool.PoolConnectionProxy, asyncpg.Pool, asyncpg.Connection
