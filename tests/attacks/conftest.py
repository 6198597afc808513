"""A federation for every attack: founded once, copied for each."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import tearline_client.keystore
import tearline_server.auditlog
from simulator import Simulation, Template, copied, found


@pytest.fixture(scope="package", autouse=True)
def quick() -> Iterator[None]:
    """What costs time on purpose, a passphrase and a checkpoint's interval, costs none here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tearline_client.keystore,
            "stretch",
            lambda passphrase, salt: hashlib.sha256(salt + passphrase).digest(),
        )
        patch.setattr(tearline_server.auditlog, "CHECKPOINT_INTERVAL_MS", 0)
        yield


@pytest.fixture(scope="package")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: nothing here is about disks, and each write waits."""
    shared_memory = Path("/dev/shm")
    place = shared_memory if os.access(shared_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tearline-", dir=place) as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def template(quick: None, memory: Path) -> Template:
    return found(memory / "template")


@pytest.fixture
async def world(template: Template, memory: Path) -> AsyncIterator[Simulation]:
    folder = Path(tempfile.mkdtemp(dir=memory)) / "world"
    async with copied(template, folder) as simulation:
        yield simulation
    shutil.rmtree(folder.parent)
