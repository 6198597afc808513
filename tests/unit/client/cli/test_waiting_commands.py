"""What a person sees of a packet that waits for the sender's cosignature."""

import asyncio

from support.cli import OUR_NAME, PASSPHRASE, Desk
from support.node import stores_of
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED
from tearline_client import Node
from tearline_client.store.awaiting_cosignature import WaitingGrant

PACKET = bytes([171]) * 32
SENDER = "spiffe://fiscalia.mx.example/node/liaison"


async def wait(desk: Desk) -> None:
    async with await Node.open(desk.folder / OUR_NAME, passphrase=PASSPHRASE) as node:
        stores = stores_of(node)
        with stores.database.transaction():
            waiting = WaitingGrant(
                id=bytes(32), packet=PACKET, sender=SENDER, time_ms=1, entry=1, ends_ms=1
            )
            stores.awaiting_cosignature.put(waiting, b"a delivery, still sealed")


def test_it_is_said_to_wait_and_is_not_shown(desk: Desk) -> None:
    asyncio.run(wait(desk))
    rows = desk.rows("node", "status")
    (row,) = [row for row in rows if row["what"] == "waits for the sender's cosignature"]
    assert (row["which"], row["state"]) == (PACKET.hex(), "from mx-prosecutor")
    shown = desk.run("packet", "show", PACKET.hex()[:6], "--no-sync")
    assert shown.exit_code == EXIT_REFUSED, shown.output
    assert "TL-LOG-040" in shown.stderr
    assert desk.run("packet", "show", "00" * 16, "--no-sync").exit_code == EXIT_NOT_FOUND
    assert desk.run("packet", "show", desk.packet).exit_code == 0
