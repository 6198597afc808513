"""A federation for every attack: founded once, copied for each."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from attacks import founded
from support.node import stores_of
from support.sealed_values import moves
from support.simulation import Simulation, Template, copied, quickly


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """In these modules alone: what follows in the session takes its time."""
    with quickly():
        yield


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: nothing here is about disks, and each write waits."""
    shared_memory = Path("/dev/shm")
    place = shared_memory if os.access(shared_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tearline-", dir=place) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def template(memory: Path) -> Template:
    return founded.template(memory / "template")


@pytest.fixture
async def world(
    template: Template, memory: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Simulation]:
    folder = Path(tempfile.mkdtemp(dir=memory)) / "world"
    async with copied(template, folder) as simulation:
        yield simulation
        if "encryption_off" not in request.fixturenames:
            for member in simulation.members:  # whatever was stored by then
                with suppress(apsw.ConnectionClosedError):  # of a node that the test closed
                    assert moves(stores_of(member.node).database)
    shutil.rmtree(folder.parent)
