"""``tearline node``: what waits, and what was put aside."""

import asyncio
from contextlib import suppress

from support.node import context_of, stores_of
from support.simulation import PASSPHRASE
from tearline.errors import ChannelGap, CommitmentMismatch, NotConfirmed, TwinAtWork
from tearline_client.node import Node


def put_aside(desk, *errors) -> None:
    async def put() -> None:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            for number, error in enumerate(errors):
                context_of(node).alarm(error, b"%d" % number)

    asyncio.run(put())


def aside(desk) -> list[str]:
    rows = desk.rows("node", "status")
    return [row["which"] for row in rows if row["what"] == "put aside"]


def test_what_was_put_aside_is_forgotten_by_its_code(desk):
    put_aside(desk, ChannelGap(), CommitmentMismatch(), ChannelGap())
    assert aside(desk) == ["TL-MBX-001", "TL-PKT-006", "TL-MBX-001"]
    refused = desk.run("node", "forget", "TL-MBX-001")
    assert (refused.exit_code, len(aside(desk))) == (NotConfirmed.exit_status, 3)
    done = desk.run("node", "forget", "TL-MBX-001", "--yes")
    assert done.exit_code == 0
    assert "2 items forgotten." in done.stderr
    assert aside(desk) == ["TL-PKT-006"]


def test_since_when_the_oldest_waits_is_said_as_long_as_it_does(desk):
    async def put() -> None:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            stores_of(node).outbox.put([b"to be sent"], now_ms=1_800_000_000_000)

    def longest() -> list[str]:
        rows = desk.rows("node", "status")
        return [row["state"] for row in rows if row["which"] == "waits longest"]

    assert longest() == []
    asyncio.run(put())
    assert longest() == ["since 2027-01-15 08:00:00 UTC"]


def test_a_copy_that_stopped_goes_on_once_an_operator_says_that_it_is_alone(desk):
    async def stop() -> None:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            with suppress(TwinAtWork):
                context_of(node).stop_for_twin(TwinAtWork("it filled place 1"), b"the refusal")

    async def stands() -> tuple[str, bool]:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            recovery = stores_of(node).recovery
            return recovery.twin(), recovery.is_own_loss

    asyncio.run(stop())
    told = desk.run("node", "mark")
    assert told.exit_code == TwinAtWork.exit_status
    assert "TL-MBX-007" in told.stderr
    assert "it filled place 1" in told.stderr
    assert "tearline node take-over" in told.stderr
    assert desk.run("node", "take-over").exit_code == NotConfirmed.exit_status
    assert asyncio.run(stands()) == ("it filled place 1", False)
    done = desk.run("node", "take-over", "--yes")
    assert (done.exit_code, "tearline node sync" in done.stderr) == (0, True)
    assert asyncio.run(stands()) == ("", True)
