"""Whoever completes TLS, and what it can take of an exchange: a share of calls and memory.

The caller speaks HTTP/2 by hand. It begins calls and never finishes their messages, or reads none
of their answers, as a member's node that was admitted, or over a connection whose calls are all
refused.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from faults.http2 import Connection, connected, message_head
from faults.test_crowd import memory, settled
from support.agencies import CN, MX, US, text_field
from support.exchange import codes
from support.exchange_process import Client, Served, founded
from support.leads import agree, lead
from tearline.errors import StatementMalformed
from tearline.limits import (
    MAX_CALLS,
    MAX_MESSAGE_BYTES,
    MAX_NODE_CALLS,
    MAX_STREAMS_PER_CONNECTION,
)
from tearline.wire.deliveries import encode_cursor, encode_delivery
from tearline_runtime.grpc import methods

pytestmark = [pytest.mark.faults, pytest.mark.slow]

KIB, MIB = 1 << 10, 1 << 20
UNFINISHED = message_head(MAX_MESSAGE_BYTES - 16) + bytes(MAX_MESSAGE_BYTES - 17)
HELD = 128  # of them at once: half a gigabyte where an exchange reads whatever comes
OFFERED = HELD * len(UNFINISHED)
CLASSICAL = "prime256v1"  # the gate refuses every call over a connection that agreed on it
LATE_S = 60
DEAF = 256  # subscriptions that are not read
PAGES, PAGE_BYTES = 6, 240 << 10  # of a document in each packet

Connect = Callable[..., Awaitable[Connection]]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    exchange = await founded(tmp_path / "exchange", [US, CN, MX])
    await exchange.start()
    yield exchange
    assert await exchange.stop() == 0


@pytest.fixture
async def honest(served: Served) -> AsyncIterator[Client]:
    async with served.client(US) as client:
        assert await client.entries()
        yield client


@pytest.fixture
async def connect(served: Served, honest: Client) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as connections:

        async def another(curve: str = "") -> Connection:
            identity = served.members[CN].identity
            return await connections.enter_async_context(
                connected(served.port, identity, curve=curve)
            )

        yield another


async def goes_on(honest: Client) -> None:
    """An honest node is answered: on its own connection, again and again."""
    for _ in range(20):
        assert (await asyncio.wait_for(honest.entries(), LATE_S)).entries


async def stalled(connections: list[Connection]) -> int:
    """Waits until the exchange takes no more; returns the bytes that it took.

    There is no event to await: that nothing more leaves is looked at again and again.
    """
    still, before = 0, -1
    while still < 10:
        await asyncio.sleep(0.1)
        sent = sum(sum(connection.sent.values()) for connection in connections)
        still, before = (still + 1 if sent == before else 0), sent
    return before


async def test_calls_whose_message_never_comes_take_no_more_than_a_node_s_share(
    served: Served, honest: Client, connect: Connect
) -> None:
    held = 0
    for _ in range(MAX_CALLS // MAX_STREAMS_PER_CONNECTION + 2):
        connection = await connect()
        streams = {connection.call(methods.PUBLISH) for _ in range(MAX_STREAMS_PER_CONNECTION)}
        if held < MAX_NODE_CALLS:
            held += len(streams)
        else:  # refused at once, without a byte of a message
            await asyncio.wait_for(connection.until_ended(streams), LATE_S)
            assert streams <= connection.ended
    assert held == MAX_NODE_CALLS
    await goes_on(honest)


@pytest.mark.parametrize("method", [methods.PUBLISH, methods.PUBLISH_STREAM, methods.SUBSCRIBE])
async def test_messages_that_are_never_finished_take_no_more_than_an_agency_s_share(
    served: Served, honest: Client, connect: Connect, method: str
) -> None:
    before = memory(served)
    connections = [await connect() for _ in range(2)]
    sending = [
        asyncio.create_task(connection.send(connection.call(method), UNFINISHED))
        for connection in connections
        for _ in range(HELD // len(connections))
    ]
    taken = await stalled(connections)
    grown = memory(served) - before
    print(f"MiB: {OFFERED // MIB} offered, {taken // MIB} taken, {grown // MIB} more held")
    await goes_on(honest)
    for each in sending:
        each.cancel()
    assert await asyncio.gather(*sending, return_exceptions=True)
    assert taken < OFFERED // 4
    assert grown < OFFERED // 4


async def test_messages_of_calls_that_ended_are_let_go(served: Served, honest: Client) -> None:
    message = bytes(MAX_MESSAGE_BYTES - KIB)
    async with served.client(CN) as partner:

        async def refused() -> int:
            for _ in range(8):
                ends = (partner.call(methods.PUBLISH, message) for _ in range(4))
                found = await asyncio.gather(*ends, return_exceptions=True)
                assert {type(each) for each in found} == {StatementMalformed}
            await goes_on(honest)
            return memory(served)

        before = await refused()
        grown = max([await refused() for _ in range(3)]) - before
    print(f"MiB: {96 * len(message) // MIB} refused, {grown // MIB} more held")
    assert grown < 32 * MIB


async def test_refused_calls_leave_nothing_behind(
    served: Served, honest: Client, connect: Connect
) -> None:
    connection = await connect(CLASSICAL)
    before = memory(served)
    for _ in range(16):
        streams = {connection.call(methods.PUBLISH) for _ in range(HELD // 2)}
        sending = [connection.send(stream, UNFINISHED) for stream in streams]
        assert not any(await asyncio.wait_for(asyncio.gather(*sending), LATE_S))
        await asyncio.wait_for(connection.until_ended(streams), LATE_S)
        assert streams <= connection.ended
    await goes_on(honest)
    grown = memory(served) - before
    print(f"{8 * HELD} calls refused: {grown / MIB:.0f} MiB more held")
    assert grown < 32 * MIB


async def test_mail_that_is_not_read_takes_no_more_than_an_agency_s_share(
    served: Served, honest: Client
) -> None:
    await agree(served)
    document = [
        text_field(f"{n:02x}" * 16 + "/Person/notes", "x" * PAGE_BYTES) for n in range(PAGES)
    ]
    assert codes(await honest.publish(lead(served, 1, CN, MX, fields=document))) == [""] * 3
    async with served.client(MX) as partner:
        agreement, large = waiting = await partner.waiting()
    offered = DEAF * len(encode_delivery(large))
    before = memory(served)
    request = encode_cursor(agreement.cursor)  # in the mailbox of each party it is the first
    async with AsyncExitStack() as connections:
        for _ in range(2):
            deaf = connected(served.port, served.members[CN].identity)
            connection = await connections.enter_async_context(deaf)
            for _ in range(DEAF // 2):
                stream = connection.call(methods.SUBSCRIBE)
                assert await connection.send(stream, message_head(len(request)) + request)
        grown = await settled(served) - before
        print(f"MiB: {offered // MIB} not read, {grown // MIB} more held")
        await goes_on(honest)
        async with served.client(MX) as partner:
            assert len(await asyncio.wait_for(partner.waiting(), LATE_S)) == len(waiting)
    assert grown < offered // 2
    # Whoever leaves makes room, within its agency, too.
    async with served.client(CN) as reader:
        assert len(await asyncio.wait_for(reader.waiting(), LATE_S)) == len(waiting)
