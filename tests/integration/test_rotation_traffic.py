"""Traffic through the entry that changes the exchange's keys, by one process and by two."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.test_removal import state_of
from support.agencies import CN, MX, US
from support.decisions import amending
from support.exchange import codes
from support.exchange_process import PASSPHRASE, Client, Served, founded
from support.leads import agree, lead
from tearline.crypto.keys import key_id
from tearline.tlog.checkpoint import parse_checkpoint_text, parse_verifier_key
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.publications import Publication
from tearline.wire.statements import header_of
from tearline_server.admin.rotation import Renewed, prepare
from tearline_server.keys import identity_of, read_all_keys

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/server/admin/test_rotation.py::test_keys_that_were_prepared_stay"
    ),
]

EACH = 5  # packets at least before the decision, and after it


class Traffic:
    """Packets to China over one open connection, until it is told to stop.

    Attributes:
        accepted: The grants that the exchange accepted.
        keys: The ids of the keys that signed its receipts for them.
    """

    def __init__(self, served: Served, client: Client) -> None:
        self._served = served
        self._client = client
        self._stopped = False
        self._awaited, self._reached = 0, asyncio.Event()
        self.accepted: list[bytes] = []
        self.keys: list[bytes] = []

    async def flow(self) -> None:
        while not self._stopped:
            outcomes = await self._client.publish(lead(self._served, 1 + len(self.accepted), CN))
            assert codes(outcomes) == ["", ""]
            self.accepted.append(outcomes[1].about)
            receipt = outcomes[1].receipt
            assert receipt is not None
            self.keys.append(header_of(receipt.statement.body).key_id)
            if len(self.accepted) >= self._awaited:
                self._reached.set()

    async def more(self, count: int) -> None:
        """Waits until so many more packets were accepted."""
        self._awaited = len(self.accepted) + count
        self._reached.clear()
        await self._reached.wait()

    def stop(self) -> None:
        self._stopped = True


@pytest.fixture(params=["sqlite", "postgres"])
async def processes(
    tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Served, Served]]:
    """The exchange on SQLite; on PostgreSQL, two processes of it."""
    store = {} if request.param == "sqlite" else {"store": request.getfixturevalue("database_url")}
    served = await founded(tmp_path / "exchange", [US, CN, MX], **store)
    everything = Renewed(log=True, signing=True, authority=True)
    held = read_all_keys(served.config, PASSPHRASE.encode())
    prepare(served.config, held, PASSPHRASE.encode(), everything, now_s=int(time.time()))
    running = [served, *([replace(served, lines=[])] if store else [])]
    for each in running:
        await each.start()
    yield running[0], running[-1]
    for each in running:
        assert await each.stop() == 0


async def test_mail_flows_through_the_entry_that_changes_all_keys(
    processes: tuple[Served, Served],
) -> None:
    served, other = processes
    await agree(served)
    prepared = read_all_keys(served.config, PASSPHRASE.encode()).prepared
    assert prepared is not None
    named = identity_of(served.config, prepared)
    proposed = amending(await state_of(served), US, MX, exchange=named.exchange, log=named.log)
    async with (
        served.client(US) as us,
        other.client(US) as root,
        other.client(MX) as mx,
        other.client(CN) as cn,
    ):
        traffic = Traffic(served, us)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(traffic.flow())
            await traffic.more(EACH)
            for voter, each in zip((root, root, mx), proposed, strict=True):
                assert codes(await voter.publish(Publication(signed=(each,)))) == [""]
            await traffic.more(EACH)
            traffic.stop()
        arrived = {each.statements[0].id for each in await cn.waiting()}
        assert {*traffic.accepted} <= arrived
        page = await us.entries()
    before, after = (key_id(each.exchange.signing_key) for each in (served.identity, named))
    switched = traffic.keys.index(after)
    assert {*traffic.keys[:switched]} == {before}
    assert {*traffic.keys[switched:]} == {after}
    state = await state_of(served)
    assert state.members.log == named.log
    size = parse_checkpoint_text(parse_note(page.checkpoint).text).size
    assert size > state.members.constitution_index
    signed = {line.key for line in verify_cosigned(page.checkpoint, state.log).signatures}
    assert signed >= {*map(parse_verifier_key, named.log.verifier_keys)}
