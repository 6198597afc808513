"""What a node is told of its channels when it or the exchange was lost."""

import asyncio

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, US, node_of
from support.exchange import World
from tearline.wire.reconcile import ChannelPosition, ReconcileRequest
from tearline_server.recovery.reconcile import places_of
from tearline_server.storage.rows import ChannelRow, Restoration


def channel(sender: str, *, seq: int) -> ChannelRow:
    return ChannelRow(sender=sender, recipient=node_of(CN), agreement=AGREEMENT_ID, seq=seq)


def test_a_node_is_told_where_its_channels_stand_though_a_batch_opens_others() -> None:
    channels = {
        (row.sender, row.recipient, row.agreement): row
        for row in (channel(node_of(US), seq=3), channel(node_of(MX), seq=5))
    }

    class Meanwhile(str):
        """A name; while it is compared, another thread judges a batch."""

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            channels[node_of(CN), f"{other}", AGREEMENT_ID] = channel(node_of(CN), seq=1)
            return str(self) == other

    assert places_of(Meanwhile(node_of(US)), channels) == (
        ChannelPosition(recipient=node_of(CN), agreement_id=AGREEMENT_ID, seq=3, mark=0),
    )


async def test_one_node_at_a_time_is_told_what_came_back_unopened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store.begin_epoch(Restoration(start=0, stop=1, settled=True))
    asked, may_go_on = [], asyncio.Semaphore(0)

    async def slow(after: int, *, limit: int) -> list[int]:
        asked.append(after)
        await may_go_on.acquire()
        return []

    monkeypatch.setattr(world.store, "unopened", slow)
    request = ReconcileRequest(openings=(), confirmed=())
    replies = [
        asyncio.create_task(world.exchange.reconcile(node_of(each), request)) for each in (US, CN)
    ]
    while not asked:
        await asyncio.sleep(0)
    await world.store.load()  # behind what the other asks before it
    assert len(asked) == 1
    for _ in replies:
        may_go_on.release()
    await asyncio.gather(*replies)
    assert len(asked) == 2


async def test_a_node_names_no_more_channels_than_it_may_have(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store.begin_epoch(Restoration(start=0, stop=1, settled=True))
    monkeypatch.setattr("tearline_server.ingest.commands.MAX_STANDINGS", 3)

    async def named(*agreements: bytes) -> set[bytes]:
        confirmed = tuple(
            ChannelPosition(recipient=node_of(CN), agreement_id=each, seq=1, mark=1)
            for each in agreements
        )
        request = ReconcileRequest(openings=(), confirmed=confirmed)
        reply = await world.exchange.reconcile(node_of(US), request)
        return {each.agreement_id for each in reply.channels}

    first, rest = [b"%d" % n * 16 for n in range(2)], [b"%d" % n * 16 for n in range(2, 6)]
    assert await named(*first) == {*first}
    assert await named(*first, *rest) == {*first, rest[0]}
    assert await named(*first, *rest) == {*first, rest[0]}
