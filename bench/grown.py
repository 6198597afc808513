"""An exchange with a short log, and the same one after its log has grown long.

Both have the same keys and the same federation, so that the same messages can be sent to both.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bench.exchange import Home
from bench.federation import SENDER, Federation, found
from bench.measured import Taken
from tearline.wire.exchange import Publication, encode_entries
from tearline_server.exchange import Exchange
from tearline_server.house import house_of
from tearline_server.judging.hearing import Publisher
from tearline_server.storage.sqlite import SqliteStore


class Grown:
    """The home of an exchange whose log is to grow, and copies of its database on the way.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder)
        self.federation: Federation = found(self.home.operator.enrolment)
        self.home.begin(self.federation.trust_list, self.federation.records)

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """One whose agreement is in force."""
        grown = cls(folder)
        asyncio.run(grown._agree())
        return grown

    @property
    def database(self) -> Path:
        """The database that grows."""
        return self.home.operator.config.database

    @property
    def sender(self) -> Publisher:
        """The node that sends."""
        node = self.federation.sender.header.signer
        return Publisher(node=node, agency=self.federation.members[SENDER].uri)

    def grow(self, size: int) -> Taken:
        """Lets the log grow."""
        return self.home.grow(size)

    def copy(self, name: str) -> Path:
        """A copy of the database as it is now; nobody has it open."""
        target = self.folder / name
        shutil.copyfile(self.database, target)
        return target

    @asynccontextmanager
    async def opened(self, database: Path) -> AsyncIterator[tuple[Exchange, SqliteStore]]:
        """The exchange over one of the databases, in this process."""
        operator = self.home.operator
        store = SqliteStore(database)
        exchange = await Exchange.open(house_of(operator.config, operator.keys, store))
        try:
            yield exchange, store
        finally:
            await exchange.close()

    def pages(self, folder: Path) -> Path:
        """Every entry, as the replies that a node gets which begins with nothing."""
        folder.mkdir()
        asyncio.run(self._write_pages(folder))
        return folder

    async def _agree(self) -> None:
        async with self.opened(self.database) as (exchange, _):
            agreed = Publication(signed=(self.federation.agreed(),))
            (outcome,) = await exchange.publish(self.sender, agreed, 0)
            if outcome.refusal is not None:
                raise RuntimeError(f"the agreement was refused: {outcome.refusal}")

    async def _write_pages(self, folder: Path) -> None:
        async with self.opened(self.database) as (exchange, store):
            start, size = 0, (await store.load()).head.tree.size
            while start < size:
                page = await exchange.entries(start, 0)
                (folder / f"{start:012}").write_bytes(encode_entries(page))
                start += len(page.entries)
