"""Calls of a hostile member that are never asked, or asked too often."""

import asyncio
import secrets
import time
from dataclasses import replace

from faults.hostile_member import Hostile, at_once, text_field
from faults.relay import LongLine
from support.http import connected
from support.mutated_authorities import of_year_0
from tearline.limits import MAX_CALLS, MAX_MESSAGE_BYTES, MAX_STREAMS_PER_CONNECTION
from tearline.wire.deliveries import START, encode_cursor
from tearline.wire.log_entries import encode_entries_request
from tearline.wire.publications import encode_publication
from tearline_runtime.grpc import methods

CONNECTIONS = 16  # that the packet filter which operators are given allows one address
HELD_S = 5.0  # what is only held is held for so long, and then let go
KIB = 1 << 10


async def calls_without_a_message(hostile: Hostile) -> None:
    """Thousands of calls whose message never comes, by nodes that are on no list."""
    for _ in range(CONNECTIONS):
        channel = await hostile.connect(hostile.certificate(f"silent-{secrets.token_hex(4)}"))
        for _ in range(MAX_CALLS // CONNECTIONS + 1):
            channel.stream_stream(methods.PUBLISH)()
        await asyncio.sleep(0)
    await asyncio.sleep(HELD_S)
    await hostile.let_go()


async def messages_without_an_end(hostile: Hostile) -> None:
    """Hundreds of megabytes in messages that stop short of their last bytes."""
    with LongLine(hostile.exchange, 0) as line:
        calls = []
        for _ in range(8):
            identity = hostile.certificate(f"endless-{secrets.token_hex(4)}")
            channel = await hostile.connect(identity, line.address)
            call = channel.unary_unary(methods.PUBLISH)
            message = bytes(MAX_MESSAGE_BYTES - KIB)
            calls += [asyncio.ensure_future(call(message)) for _ in range(100)]
        await asyncio.sleep(HELD_S / 5)
        line.silence()
        await asyncio.sleep(HELD_S)
        for each in calls:
            each.cancel()
        await at_once(calls)
        await hostile.let_go()


async def subscribers_of_many_names(hostile: Hostile) -> None:
    """As many subscriptions as all connections of an address hold, each by another node."""
    for number in range(CONNECTIONS):
        channel = await hostile.connect(hostile.certificate(f"name-{number}"))
        for _ in range(MAX_STREAMS_PER_CONNECTION):
            channel.unary_stream(methods.SUBSCRIBE)(encode_cursor(START))
        await asyncio.sleep(0)
    await asyncio.sleep(HELD_S)
    await hostile.let_go()


async def reads_by_the_hundred(hostile: Hostile) -> None:
    """Hundreds of the largest reads at once, again and again."""
    channels = [await hostile.connect() for _ in range(2)]
    request, until = encode_entries_request(0, 0), time.monotonic() + HELD_S
    while time.monotonic() < until:
        await at_once(
            hostile.call(channels[number % 2], methods.ENTRIES, request) for number in range(480)
        )
    await hostile.let_go()


async def calls_given_up(hostile: Hostile) -> None:
    """Publications of megabytes that are given up as soon as they are under way."""
    field = text_field(f"{1:032x}/Note/notes", "x" * 900_000)
    _, publications = hostile.compose(hostile.victim(), [field])
    message, until = encode_publication(publications[0]), time.monotonic() + HELD_S
    channel = await hostile.connect()
    while time.monotonic() < until:
        calls = [
            asyncio.ensure_future(channel.unary_unary(methods.PUBLISH)(message)) for _ in range(64)
        ]
        await asyncio.sleep(hostile.chance.uniform(0.01, 0.2))
        for each in calls:
            each.cancel()
        await at_once(calls)
    await hostile.let_go()


async def certificates_of_year_0(hostile: Hostile) -> None:
    """Calls by certificates whose dates no library for dates can read."""
    identity, until = hostile.certificate("ancient"), time.monotonic() + HELD_S / 2
    ancient = of_year_0(hostile.authority(), identity.certificate)
    channel = await hostile.connect(replace(identity, certificate=ancient))
    while time.monotonic() < until:
        await at_once(hostile.call(channel, methods.ENTRIES, b"") for _ in range(64))
    await hostile.let_go()


async def noise(hostile: Hostile) -> None:
    """Bytes that mean nothing, to every method that a node may call."""
    channel, until = await hostile.connect(), time.monotonic() + HELD_S / 2
    called = (methods.PUBLISH, methods.ACKNOWLEDGE, methods.RECONCILE, methods.ENTRIES)
    called += (methods.COSIGN, methods.LIGHT_TURN)
    while time.monotonic() < until:
        await at_once(
            hostile.call(channel, method, hostile.chance.randbytes(hostile.chance.randrange(4096)))
            for method in called
        )
    await hostile.let_go()


async def broken_chunks(hostile: Hostile) -> None:
    """Requests to the monitoring port whose bodies, once they are answered, are no chunks."""
    asked = b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(20):
        async with connected(hostile.http) as (reader, writer):
            writer.write(asked)
            await asyncio.wait_for(reader.readline(), HELD_S)
            writer.write(b"zz\r\n")
            await asyncio.wait_for(reader.read(), HELD_S)
