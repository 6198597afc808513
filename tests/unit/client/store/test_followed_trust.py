"""Members as far as a node has read the log, read without the passphrase."""

import pytest

from attacks.conftest import memory, quick, template, world
from support.simulation import AGENCIES, Simulation
from tearline.federation.members import Agency
from tearline_client.keys.home import Home
from tearline_client.store.followed_trust import followed_trust
from unit.client.test_departures import remove_mx

__all__ = ["memory", "quick", "template", "world"]

US, _, MX = AGENCIES


def names(home: Home) -> set[str]:
    agencies: tuple[Agency, ...] = followed_trust(home.database, home.pinned()).members.agencies
    return {agency.name for agency in agencies}


async def test_the_newest_members_are_read_without_the_passphrase(world: Simulation) -> None:
    home = Home(world.folder / US)
    assert names(home) == {*AGENCIES}
    await remove_mx(world)
    assert names(home) == {*AGENCIES} - {MX}


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
async def test_without_a_database_the_founders_are_known(
    world: Simulation, content: bytes | None
) -> None:
    home = Home(world.folder / US)
    home.database.rename(world.folder / "aside")
    if content is not None:
        home.database.write_bytes(content)
    assert names(home) == {*AGENCIES}
