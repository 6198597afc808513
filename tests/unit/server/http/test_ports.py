"""The monitoring port: health, faults, and the bounds of what a stranger may hold."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from support.cases import each_case
from support.exchange import World
from support.http import connected, status, told
from tearline.errors import StoreFull
from tearline.limits import MAX_HTTP_HEAD_BYTES
from tearline.tlog.tiles import Tile
from tearline_runtime import http as web
from tearline_server.http.ports import monitored

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@dataclass
class Broken:
    """An exchange whose disk is full."""

    asked: list[object] = field(default_factory=list)

    async def checkpoint(self) -> bytes:
        raise StoreFull

    async def entries(self, start: int, end: int) -> None:
        raise StoreFull

    async def tile(self, tile: Tile) -> bytes:
        raise StoreFull


async def test_health_is_whether_calls_are_taken_and_the_last_change_was_written(
    world: World,
) -> None:
    serving = [True]
    async with monitored("127.0.0.1:0", world.exchange, lambda: serving[0]) as port:
        well = await told(port, HEALTH)
        serving[0] = False
        unwell = await told(port, HEALTH)
    assert (status(well), well.endswith(b"\r\n\r\nok\n")) == (200, True)
    assert status(unwell) == 503


async def test_whoever_asks_how_an_exchange_is_that_waits_for_its_disk_does_not_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(start: int, end: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(world.exchange, "entries", stuck)
    monkeypatch.setattr("tearline_server.http.ports.HEALTH_S", 0.01)
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        assert status(await told(port, HEALTH)) == 503


async def test_a_fault_of_ours_is_no_answer_and_no_detail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with monitored("127.0.0.1:0", Broken(), lambda: True) as port:  # type: ignore[arg-type]
        for path in (b"/healthz", b"/checkpoint", b"/tile/0/000"):
            reply = await told(port, HEALTH.replace(b"/healthz", path))
            head, _, content = reply.partition(b"\r\n\r\n")
            assert (status(reply), content) == (503, b"")
            assert b"no-store" in head
    assert {record.name for record in caplog.records} == {"tearline_server.http.ports"}


async def test_a_request_without_end_is_refused(world: World) -> None:
    endless = b"GET /healthz HTTP/1.1\r\nx: " + b"x" * MAX_HTTP_HEAD_BYTES
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        assert status(await told(port, endless)) == 400
        assert status(await told(port, HEALTH)) == 200


async def test_what_is_not_http_is_refused(world: World) -> None:
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        assert (
            status(await told(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")) == 400
        )
        assert status(await told(port, HEALTH)) == 200


CHUNKED = b"GET %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
PATHS = (b"/healthz", b"/checkpoint", b"/nothing", b"/add-checkpoint")
BROKEN = {
    "no size of a chunk": b"zz\r\n",
    "no end of a chunk": b"1\r\nabc\r\n0\r\n\r\n",
    "a size without end": b"1" * 64,
    "a negative size": b"-1\r\n",
    "an end of lines alone": b"\r\n\r\n",
    "a binary size": b"\x00\xff\r\n",
    "a trailer that is none": b"0\r\nno colon\r\n\r\n",
}
TWOFOLD = {
    "two lengths": b"content-length: 0\r\ncontent-length: 5\r\n",
    "two lengths in one": b"content-length: 0, 5\r\n",
    "a length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
    "chunks and something else": b"transfer-encoding: chunked, identity\r\n",
    "chunks in disguise": b"transfer-encoding: xchunked\r\n",
    "a length that is no number": b"content-length: +5\r\n",
    "a length that is negative": b"content-length: -5\r\n",
    "a space before the colon": b"content-length : 5\r\n",
    "a body where none belongs": b"content-length: 5\r\n",
    "chunks where no body belongs": b"transfer-encoding: chunked\r\n",
}


def quiet(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether neither the server nor asyncio wrote anything."""
    return not [record for record in caplog.records if not record.name.startswith("faulthandler")]


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    """An open port, for cases that leave it as it was."""
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as opened:
        yield opened


@each_case("path", PATHS)
@each_case("body", BROKEN.values())
@each_case("at_once", [True, False])
async def test_a_broken_body_is_refused_and_writes_nothing(
    port: int, caplog: pytest.LogCaptureFixture, body: bytes, path: bytes, *, at_once: bool
) -> None:
    if at_once:
        reply = await told(port, CHUNKED % path + body)
    else:
        async with connected(port) as (reader, writer):
            writer.write(CHUNKED % path)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.write(body)
            reply = head + await asyncio.wait_for(reader.read(), 30)
    assert status(reply) == 400
    assert reply.count(b"HTTP/1.1 ") == 1
    assert status(await told(port, HEALTH)) == 200
    assert quiet(caplog)


async def test_a_body_that_breaks_behind_its_answer_writes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        async with connected(port) as (reader, writer):
            writer.write(CHUNKED.replace(b"GET", b"POST") % b"/checkpoint")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.write(b"zz\r\n")
            assert (status(head), await asyncio.wait_for(reader.read(), 30)) == (405, b"")
        assert status(await told(port, HEALTH)) == 200
    assert quiet(caplog)


@pytest.mark.parametrize("headers", TWOFOLD.values(), ids=TWOFOLD.keys())
async def test_a_request_that_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_read(
    world: World, caplog: pytest.LogCaptureFixture, headers: bytes
) -> None:
    smuggled = b"0\r\n\r\n" + HEALTH
    request = b"GET /checkpoint HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n" + smuggled
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        reply = await told(port, request)
        assert (status(reply), reply.count(b"HTTP/1.1 ")) == (400, 1)
        assert b"no-store" in reply or b"connection: close" in reply.lower()
    assert quiet(caplog)


@pytest.mark.parametrize("size", [MAX_HTTP_HEAD_BYTES + 1, 1 << 20])
async def test_a_head_that_is_too_long_is_refused_however_it_comes(
    world: World, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"x" * size + b"\r\n\r\n"
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        async with connected(port) as (reader, writer):
            writer.write(request)
            with contextlib.suppress(ConnectionResetError):  # where it is not read to its end
                assert status(await asyncio.wait_for(reader.read(), 30)) == 400
        assert status(await told(port, HEALTH)) == 200
    assert quiet(caplog)


async def test_a_caller_that_goes_away_in_the_middle_writes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        for request in (HEALTH, CHUNKED % b"/healthz", b"POST /add-checkpoint HTTP/1.1\r\n"):
            for length in range(0, len(request), 7):
                async with connected(port) as (_, writer):
                    writer.write(request[:length])
        assert status(await told(port, HEALTH)) == 200
    assert quiet(caplog)


async def test_a_place_is_not_held_by_asking_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_HTTP_CONNECTION_S", 0.05)
    async with (
        monitored("127.0.0.1:0", world.exchange, lambda: True) as port,
        connected(port) as (silent, _),
        connected(port) as (slow, writer),
    ):
        writer.write(HEALTH[:20])
        assert await asyncio.wait_for(asyncio.gather(silent.read(), slow.read()), 30) == [b"", b""]


async def test_an_answer_that_does_not_end_is_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_HTTP_CONNECTION_S", 0.05)
    monkeypatch.setattr(web, "HTTP_DRAIN_S", 0.05)
    waiting = asyncio.Event()

    class Slow(Broken):
        async def tile(self, tile: Tile) -> bytes:
            await waiting.wait()
            return b""

    async with (
        monitored("127.0.0.1:0", Slow(), lambda: True) as port,  # type: ignore[arg-type]
        connected(port) as (reader, writer),
    ):
        writer.write(HEALTH.replace(b"/healthz", b"/tile/0/000"))
        (ended,) = await asyncio.wait_for(asyncio.gather(reader.read(), return_exceptions=True), 30)
        assert ended == b"" or isinstance(ended, ConnectionResetError)
        waiting.set()


async def test_too_many_readers_are_turned_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "MAX_HTTP_CONNECTIONS", 2)
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        async with connected(port), connected(port):
            assert status(await told(port, HEALTH)) == 503
        for _ in range(100):  # the server learns of the two that left when its loop turns
            if status(await told(port, HEALTH)) == 200:
                break
        else:
            pytest.fail("places are not given back")


async def test_the_signals_of_the_process_stay_ours(world: World) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with monitored("127.0.0.1:0", world.exchange, lambda: True) as port:
        assert status(await told(port, HEALTH)) == 200
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
