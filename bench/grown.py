"""An exchange with a short log, and the same one after its log has grown long.

Both have the same keys and the same federation, so that the same messages can be sent to both.
"""

import asyncio
import atexit
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from bench.federation import SENDER
from bench.founding import Scene, founded
from bench.measured import Taken
from tearline.wire.log_entries import encode_entries
from tearline.wire.publications import Publication
from tearline_server.bootstrap import components_of
from tearline_server.exchange import Exchange
from tearline_server.processing.context import Publisher
from tearline_server.storage.sqlite.store import SqliteStore


@dataclass(frozen=True, kw_only=True)
class LongLog:
    """An exchange whose log grew, and what that took.

    Attributes:
        grown: The exchange.
        few: A copy of its database when its log was short, which nobody changes.
        many: A copy of it with the long log, likewise.
        begun: What growing to the short one took.
        done: What growing from there took.
    """

    grown: "Grown"
    few: Path
    many: Path
    begun: Taken
    done: Taken


@cache
def long_log(few: int, many: int) -> LongLog:
    """A log of so many entries; grown once for all that measure it, and kept until the end."""
    stack = ExitStack()
    atexit.register(stack.close)
    grown = Grown.begin(stack.enter_context(founded()))
    begun = grown.grow(few)
    short = grown.copy("few.sqlite")
    done = grown.grow(many)
    return LongLog(grown=grown, few=short, many=grown.copy("many.sqlite"), begun=begun, done=done)


class Grown:
    """The home of an exchange whose log is to grow, and copies of its database on the way.

    Args:
        scene: The exchange, and its federation.
    """

    def __init__(self, scene: Scene) -> None:
        self.folder = scene.folder
        self.home = scene.home
        self.federation = scene.federation

    @classmethod
    def begin(cls, scene: Scene) -> Self:
        """One whose agreement is in force."""
        grown = cls(scene)
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

    def copy(self, name: str, of: Path | None = None) -> Path:
        """A copy of the database as it is now, or of a copy; nobody has it open."""
        target = self.folder / name
        shutil.copyfile(of or self.database, target)
        return target

    def set_back(self, copy: Path) -> None:
        """Has the exchange what it had when a copy was made."""
        shutil.copyfile(copy, self.database)

    @asynccontextmanager
    async def opened(self, database: Path) -> AsyncIterator[tuple[Exchange, SqliteStore]]:
        """The exchange over one of the databases, in this process."""
        operator = self.home.operator
        store = SqliteStore(database)
        exchange = await Exchange.open(components_of(operator.config, operator.keys, store))
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
