"""An agency's own policies: changed by an officer, and by nobody else who has the disk."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.node import context_of, stores_of
from support.simulation import PASSPHRASE, LyingTransport, Member, Simulation
from tearline.errors import (
    ConfigUnreadable,
    LoginRequired,
    NotPermitted,
    OwnPolicyChanged,
    PolicyError,
    TearlineError,
)
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline_client.node import Node
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.rules.own_policy import adopt
from tearline_client.store.database import Database

STRICT = '@id("none") forbid (principal, action, resource);'
OPEN = '@id("all") permit (principal, action, resource);'


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    file = tmp_path / "strict.cedar"
    file.write_text(STRICT)
    return file


def log_in(member: Member, name: str, role: Role) -> None:
    persons = LocalIssuer(member.node.keystore)
    persons.add(name, roles={role}, clearance=Tlp.RED, passphrase=b"of that person")
    persons.login(name, b"of that person", int(time.time()))


def adopts(member: Member, file: Path | None, person: str = "") -> str:
    now_ms = time.time_ns() // 1_000_000
    return adopt(member.node.home, member.node.keystore, file, person, now_ms=now_ms)


async def started(member: Member) -> bytes | None:
    """Starts the node anew, in another process as it were; returns the digest of its own set."""
    transport = LyingTransport(member.exchange.target, member.node.uri)
    path = member.node.home.path
    async with await Node.open(path, passphrase=PASSPHRASE, transport=transport) as node:
        own = context_of(node).policies.own
        return None if own is None else own.digest()


def write(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


@pytest.mark.parametrize("change", [Path.unlink, write(OPEN), write(STRICT + "\n"), write("")])
async def test_policies_that_no_officer_adopted_keep_the_node_from_starting(
    world: Simulation, strict: Path, change: Callable[[Path], object]
) -> None:
    log_in(world.us, "li", Role.OFFICER)
    assert await started(world.us) is None
    assert adopts(world.us, strict) == "li"
    adopted = await started(world.us)
    assert adopted is not None
    change(world.us.node.home.own_policy)
    with pytest.raises(OwnPolicyChanged):
        await started(world.us)
    assert adopts(world.us, strict) == "li"
    assert await started(world.us) == adopted
    adopts(world.us, None)
    assert await started(world.us) is None


async def test_policies_are_not_put_there_where_there_were_none(world: Simulation) -> None:
    own = world.us.node.home.own_policy
    own.parent.mkdir()
    own.write_text(OPEN)
    with pytest.raises(OwnPolicyChanged):
        await started(world.us)


async def test_who_deletes_what_was_adopted_does_not_get_the_node_to_start(
    world: Simulation, strict: Path
) -> None:
    log_in(world.us, "li", Role.OFFICER)
    adopts(world.us, strict)
    database: Database = stores_of(world.us.node).database
    with database.transaction():
        database.execute("DELETE FROM setting WHERE name = 'policy.own'")
    for change in (write(STRICT), Path.unlink):
        change(world.us.node.home.own_policy)
        with pytest.raises(OwnPolicyChanged):
            await started(world.us)


async def test_it_takes_an_officer_and_a_file_of_policies(
    world: Simulation, strict: Path, tmp_path: Path
) -> None:
    def refused(error: type[TearlineError], file: Path | None, person: str = "") -> None:
        with pytest.raises(error):
            adopts(world.us, file, person)
        assert not world.us.node.home.own_policy.exists()

    refused(LoginRequired, strict)
    log_in(world.us, "ana", Role.LIAISON)
    refused(NotPermitted, strict)
    log_in(world.us, "li", Role.OFFICER)
    refused(NotPermitted, strict, "ana")
    refused(ConfigUnreadable, tmp_path / "nowhere", "li")
    for text in ("permit", STRICT.replace("action", "act")):
        strict.write_text(text)
        refused(PolicyError, strict, "li")
    assert await started(world.us) is None
