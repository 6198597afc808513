"""``tearline node``: what was put aside."""

import asyncio

from simulator import PASSPHRASE
from tearline.errors import ChannelGap, CommitmentMismatch, NotConfirmed
from tearline_client.node import Node


def put_aside(desk, *errors) -> None:
    async def put() -> None:
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            for number, error in enumerate(errors):
                node.state.alarm(error, b"%d" % number)

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
