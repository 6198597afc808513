"""``tearline federation rotate-root``, killed at each step: the next run ends the rotation."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.cli import Desk, Dialling
from support.simulation import PASSPHRASE
from tearline_client.enrolment import NEXT_ROOT_KEY, ROOT_KEY, root_key
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore

ROTATE = ("federation", "rotate-root", "--yes")
STEPS = 4  # the next key stored, its record accepted, the root stored, the next key destroyed


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed(at: int, *, before: bool) -> Iterator[None]:
    """Kills the command at a step: before it, or right behind it."""
    steps = 0

    def step() -> bool:
        nonlocal steps
        steps += 1
        return steps == at

    put, delete, publish = Keystore.put, Keystore.delete, Dialling.publish

    def cut_put(self: Keystore, name: str, secret: bytes) -> None:
        kills = name in (ROOT_KEY, NEXT_ROOT_KEY) and step()
        if kills and before:
            raise Killed
        put(self, name, secret)
        if kills:
            raise Killed

    def cut_delete(self: Keystore, name: str) -> None:
        kills = name in (ROOT_KEY, NEXT_ROOT_KEY) and step()
        if kills and before:
            raise Killed
        delete(self, name)
        if kills:
            raise Killed

    async def cut_publish(self: Dialling, publication: bytes) -> bytes:
        kills = step()
        if kills and before:
            raise Killed
        reply = await publish(self, publication)
        if kills:
            raise Killed
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keystore, "put", cut_put)
        patch.setattr(Keystore, "delete", cut_delete)
        patch.setattr(Dialling, "publish", cut_publish)
        yield
    assert steps >= at


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_killed_rotation_is_ended_by_the_next_run(desk: Desk, step: int, before: bool) -> None:
    assert desk.run("node", "sync").exit_code == 0  # so the rotation is all that is sent
    old = root_key(Home(desk.home), PASSPHRASE)
    with killed(step, before=before), pytest.raises(Killed):
        desk.run(*ROTATE)
    assert ROOT_KEY in Keystore.open(Home(desk.home).root, PASSPHRASE).names()
    again = desk.run(*ROTATE)
    assert again.exit_code == 0, again.output
    assert NEXT_ROOT_KEY not in Keystore.open(Home(desk.home).root, PASSPHRASE).names()
    new = root_key(Home(desk.home), PASSPHRASE)
    assert new.id != old.id
    assert new.id.hex() in again.stderr
    # The root in the home is the one in force: it votes.
    voted = desk.run("federation", "vote", "--remove", "mx-prosecutor", "--yes")
    assert voted.exit_code == 0, voted.output
