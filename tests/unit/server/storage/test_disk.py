"""What the exchange stores of a packet: what it gives out again, and little beside."""

from pathlib import Path

from support.agencies import CN, MX
from support.exchange import World, codes, opened
from tearline_server.storage.sqlite.store import SqliteStore

_PACKETS = 24
_MOST_KIB = 21  # 14 of them are given out again; with a receipt for each statement it was 25


async def test_a_small_packet_with_two_grants_takes_little_beside_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        before = await size(world)
        for _ in range(_PACKETS):
            sealed = world.packet()
            grants = [world.grant(sealed, agency) for agency in (CN, MX)]
            assert codes(await world.send(sealed, *grants)) == ["", "", ""]
        for agency in (CN, MX):
            assert len(await world.read(agency)) > _PACKETS
        taken = await size(world) - before
    assert taken <= _PACKETS * _MOST_KIB * 1024


async def size(world: World) -> int:
    """Returns the bytes of the database."""
    assert isinstance(world.store, SqliteStore)
    page, pages = await world.store._db.read(
        lambda connection: (connection.pragma("page_size"), connection.pragma("page_count"))
    )
    return int(page) * int(pages)
