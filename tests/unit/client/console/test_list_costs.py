"""The list of packets with names: each packet is opened once, and the person is checked once."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline_client.context import NodeContext
from tearline_client.keys.home import Home
from tearline_client.persons.actors import Actors
from tearline_client.store.access import AccessStore
from unit.client.console.browsers import ConsoleUnderTest, accesses

PACKETS = 6


@pytest.mark.parametrize("by_tlp", [False, True])
async def test_a_list_with_names_opens_each_packet_once(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch, by_tlp: bool
) -> None:
    for _ in range(PACKETS):
        (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    strictest = world.mx.node.packets.strictest(packet)
    query = urlencode({"subjects": "1", "tlp": strictest.text if by_tlp else ""})
    browser = await console.signed_in("liaison")
    await browser.get(f"/packets?{query}")
    before, calls = len(accesses(world.mx)), Counter[str]()

    def count(owner: type, name: str) -> None:
        method: Callable[..., Any] = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return method(*args, **options)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (NodeContext, "open_view"),
        (Actors, "reader"),
        (AccessStore, "append"),
        (Home, "pinned"),
    ):
        count(owner, name)
    page = await browser.get(f"/packets?{query}")
    assert page.text.count("Qiu Wenhao") == PACKETS
    chosen = PACKETS if by_tlp else 0  # each is opened for its TLP, which chooses it
    assert calls == {"open_view": PACKETS + chosen, "reader": 2 + chosen, "append": 1}
    # Each packet is an entry of its own all the same.
    entries = accesses(world.mx)[before:]
    assert [each.code for each in entries] == [EventCode.ACCESS_SEARCH] * PACKETS
    assert len({each.packet for each in entries}) == PACKETS
