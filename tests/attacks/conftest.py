"""A federation for every attack: founded once, copied for each."""

import hashlib
from collections.abc import AsyncIterator, Iterator

import pytest

import tearline_client.keystore
import tearline_server.auditlog
from simulator import Simulation, Template, copied, found


@pytest.fixture(scope="session", autouse=True)
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


@pytest.fixture(scope="session")
def template(quick: None, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return found(tmp_path_factory.mktemp("federation"))


@pytest.fixture
async def world(template: Template, tmp_path) -> AsyncIterator[Simulation]:
    async with copied(template, tmp_path / "world") as simulation:
        yield simulation
