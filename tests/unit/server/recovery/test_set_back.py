"""A PostgreSQL exchange that was set back by a dump goes on from agencies' mirrors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.agencies import CN, MX, federation
from support.exchange import IDENTITY, Clock, World, codes, components_of
from support.postgres import Postgres
from tearline.errors import (
    FrontierDamaged,
    LogBehind,
    RestoreRefused,
    StoreBusy,
)
from tearline.tlog.tiles import TILE_WIDTH, Tile, encode_entry_bundle
from tearline_server.admin.backup import restore_database
from tearline_server.admin.offline import take_clear
from tearline_server.config import Config, config_of
from tearline_server.exchange import Exchange
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.tlog.fsck import LogVerifier

SETTINGS = {"name": "exchange.example", "dns": "exchange.example", "address": "127.0.0.1:8443"}


class Kept:
    """A mirror: what an agency read of the log.

    Args:
        note: The checkpoint.
        entries: The entries that it covers, fewer than a tile has.
    """

    name = "us.mirror"

    def __init__(self, note: bytes, entries: list[bytes]) -> None:
        self._files = {"checkpoint": note}
        assert len(entries) < TILE_WIDTH
        tile = Tile(level=None, index=0, width=len(entries))
        self._files[tile.path] = encode_entry_bundle(entries)

    def get(self, path: str, *, maximum: int) -> bytes:
        return self._files[path]


@pytest.fixture
def config(tmp_path: Path, whole_database_url: str) -> Config:
    return config_of(tmp_path, SETTINGS | {"store": whole_database_url})


@pytest.fixture
async def founded(whole_database_url: str) -> None:
    store = await PostgresStore.open(whole_database_url)
    for signed in federation().clear:
        await take_clear(components_of(store, Clock()), signed)
    await store.close()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    store, clock = await PostgresStore.open(url), Clock()
    house = components_of(store, clock)
    try:
        exchange = await Exchange.open(house)
    except BaseException:
        await store.close()
        raise
    try:
        yield World(
            exchange=exchange,
            store=store,
            clock=clock,
            parties=federation(),
            metrics=house.metrics,
        )
    finally:
        await exchange.close()


async def mirrored(world: World) -> Kept:
    """What a node of this exchange has read by now."""
    note = await world.exchange.checkpoint()
    size = (await world.store.load()).head.tree.size
    return Kept(note, list(await world.store.entries(0, size, max_bytes=1 << 24)))


async def set_back(postgres: Postgres, url: str) -> Kept:
    """Sets a database back behind some packets; what a node had read of it before."""
    async with opened(url) as world:
        await world.agree()
        dump = postgres.dump(url)
        for _ in range(3):
            sealed = world.packet()
            grants = [world.grant(sealed, CN), world.grant(sealed, MX)]
            assert codes(await world.send(sealed, *grants)) == [""] * 3
        kept = await mirrored(world)
    postgres.set_back(url, dump)
    return kept


async def head_of(url: str) -> tuple[int, bytes]:
    """How many entries a database has, and its life."""
    store = await PostgresStore.open(url)
    head = (await store.load()).head
    await store.close()
    return head.tree.size, head.epoch


async def findings(url: str) -> list[str]:
    """What is wrong with a database, but for what was lost with it."""
    store = await PostgresStore.open(url)
    found = [each async for each in LogVerifier(store, IDENTITY.log).findings()]
    await store.close()
    return [each.what for each in found if not each.is_lost]


async def test_it_goes_on_behind_everything_that_was_signed(
    postgres: Postgres, whole_database_url: str, config: Config, founded: None
) -> None:
    kept = await set_back(postgres, whole_database_url)
    size, epoch = await head_of(whole_database_url)
    restored = await restore_database(config, [IDENTITY.log], [kept])
    assert (restored.backed_up, restored.size) == (size, size + 9)
    after, another = await head_of(whole_database_url)
    assert after == size + 9
    assert another != epoch
    assert await findings(whole_database_url) == []
    async with opened(whole_database_url) as world:
        assert world.exchange.resume_barrier.has_begun  # no node of this federation cosigns
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]


async def test_one_that_was_told_and_stopped_goes_on(
    postgres: Postgres, whole_database_url: str, config: Config, founded: None
) -> None:
    kept = await set_back(postgres, whole_database_url)
    async with opened(whole_database_url) as world:
        note = kept.get("checkpoint", maximum=1 << 16)
        await world.exchange._log.halt((await head_of(whole_database_url))[0] + 9, note)
        with pytest.raises(LogBehind):
            await world.exchange.entries(0, 0)
    before = await head_of(whole_database_url)
    with pytest.raises(FrontierDamaged):
        async with opened(whole_database_url):
            pass
    with pytest.raises(RestoreRefused, match="pass the mirror of an agency"):
        await restore_database(config, [IDENTITY.log])
    assert await head_of(whole_database_url) == before
    await restore_database(config, [IDENTITY.log], [kept])
    async with opened(whole_database_url) as world:
        assert world.exchange.is_healthy


async def test_while_an_exchange_is_connected_nothing_is_restored(
    whole_database_url: str, config: Config, founded: None
) -> None:
    async with opened(whole_database_url) as world:
        kept = await mirrored(world)
        before = await head_of(whole_database_url)
        with pytest.raises(StoreBusy, match="stop it first"):
            await restore_database(config, [IDENTITY.log], [kept])
        assert await head_of(whole_database_url) == before


async def test_another_history_is_refused_and_nothing_of_it_is_kept(
    postgres: Postgres, whole_database_url: str, config: Config, founded: None
) -> None:
    kept = await set_back(postgres, whole_database_url)
    async with opened(whole_database_url) as world:  # it was let serve before it was restored
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed, CN))) == ["", ""]
    before = await head_of(whole_database_url)
    with pytest.raises(RestoreRefused, match="another history"):
        await restore_database(config, [IDENTITY.log], [kept])
    assert await head_of(whole_database_url) == before
