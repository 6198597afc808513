"""A node whose log is just being read: its reports and its opening work at each stage."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner, Result

from attacks.conftest import memory, quick, template, world
from support.cases import each_case
from support.light_node import admitted, joined, light
from support.simulation import PASSPHRASE, Simulation, Template, copied
from tearline_client.cli import command
from tearline_client.store.database import copy_database
from tearline_client.store.log import LogStore

__all__ = ["memory", "quick", "template", "world"]

REPORTS = (
    "node status --no-sync",
    "node queue",
    "federation show",
    "federation members",
    "federation pending",
    "federation history",
    "agreement list",
    "packet list --no-sync",
    "packet pending",
    "packet recalls --no-sync",
    "packet search text",
    "request list",
    "consent list",
    "consent own-list",
    "case list",
    "inbox --no-sync",
    "todo --no-sync",
    "person list",
    "log evidence",
    "log erase list",
    "taxii draft list",
    "taxii account list",
)
"""Commands that only report, and contact no exchange."""


@dataclass(frozen=True, kw_only=True)
class Unread:
    """Home of a light node that has not read the log."""

    home: Path

    def run(self, text: str) -> Result:
        """Runs a command in it."""
        return CliRunner().invoke(
            command,
            ["--home", str(self.home), *text.split()],
            env={"TEARLINE_PASSPHRASE": PASSPHRASE.decode(), "TEARLINE_EXCHANGE": "127.0.0.1:9"},
        )


@pytest.fixture(scope="module")
def unread(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Unread:
    async def admit() -> Path:
        async with copied(template, tmp_path_factory.mktemp("unread") / "world") as world:
            return (await admitted(world)).path

    return Unread(home=asyncio.run(admit()))


@each_case("text", REPORTS)
def test_a_report_works_before_the_log_was_read(unread: Unread, text: str) -> None:
    result = unread.run(text)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("text", ["inbox --from nowhere --no-sync", "audit policy --output-file x"])
def test_a_missing_node_is_not_found_before_the_log_was_read(unread: Unread, text: str) -> None:
    result = unread.run(text)
    assert result.exit_code == 6, result.output


async def test_a_node_opens_while_another_process_takes_its_first_turn(
    world: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = await admitted(world)
    before, after = tmp_path / "before.db", tmp_path / "after.db"
    async with light(world, home) as jp:
        copy_database(home.database, before)
        await joined(world, jp)
        copy_database(home.database, after)
    commit(before, home.database)
    read, is_due = LogStore.clear_entries, [True]

    def read_and_commit(store: LogStore) -> Iterator[tuple[int, bytes]]:
        yield from read(store)
        if is_due:  # the daemon commits its first turn behind the last of these entries
            is_due.clear()
            commit(after, home.database)

    monkeypatch.setattr(LogStore, "clear_entries", read_and_commit)
    async with light(world, home) as jp:
        assert jp.node.status().quorum == (3, 3)
        await jp.node.sync()
        assert {each.use.value for each in jp.node.status().keys} >= {"sign", "kem"}
    assert not is_due


def commit(source: Path, target: Path) -> None:
    """Replaces a database's contents in one transaction, as another process could."""
    there, here = apsw.Connection(str(target)), apsw.Connection(str(source))
    with there.backup("main", here, "main") as copying:
        copying.step(-1)
    there.close()
    here.close()
