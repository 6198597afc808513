"""A mailbox that is full: an import waits as long as the exchange says, and ends well."""

import asyncio
from pathlib import Path

import pytest

from support.federation import CN, PASSPHRASE, copied
from tearline.errors import ExchangeBusy, MailboxFull
from tearline.limits import MAILBOX_RETRY_MS
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.drafting.from_file import ReleaseOptions, plan_source
from tearline_client.features.packets.bulk import Imported
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.planning.drafts import About

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_import_commands.py::test_an_import_sends_every_packet"
    ),
]

PEOPLE, ROOM = 5, 2
ORDER = ReleaseOptions(
    to=(CN,),
    agreement="narcotics-2026",
    about=About(article="money-laundering", purpose="criminal-investigation"),
)


def people(folder: Path) -> Path:
    path = folder / "people.jsonl"
    path.write_text(
        "".join(
            f'{{"id": "p{n}", "schema": "Person", "properties": {{"name": ["Person {n}"]}}}}\n'
            for n in range(PEOPLE)
        )
    )
    return path


async def test_an_import_waits_for_room_as_long_as_it_is_told(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, cn = federation.us, federation.cn
    with (federation.operator.home / "exchange.toml").open("a") as settings:
        settings.write(f"mailbox_statements = {ROOM}\n")
    told: list[tuple[str, float]] = []

    async def wait(busy: ExchangeBusy, wait_s: float) -> None:
        """Room is made meanwhile, so that nobody has to wait a minute for it."""
        told.append((busy.code, wait_s))
        await asyncio.to_thread(cn.done, "packet", "list")

    exchange = federation.operator.serve()
    async with await Node.open(
        us.home, passphrase=PASSPHRASE.encode(), address=federation.operator.address
    ) as node:
        await node.sync()
        drafted = plan_source(node, read_ftm(people(tmp_path)), ORDER)
        done = await node.imports.send(drafted.id, drafted.plans, Persons(), wait=wait)
        assert done == Imported(packets=PEOPLE, refused=())
        assert node.status().faults == {}
    # The exchange said it in the stream: nothing was sent again alone only to hear it.
    assert told == [(MailboxFull.code, MAILBOX_RETRY_MS / 1000)] * ((PEOPLE - 1) // ROOM)
    assert len(cn.done("packet", "list", "-o", "json").rows) == PEOPLE
    assert exchange.terminate() == 0
