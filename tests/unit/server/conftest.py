"""An exchange whose federation has agreed on something."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.exchange import World, opened


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as opened_world:
        await opened_world.agree()
        yield opened_world
