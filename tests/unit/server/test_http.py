"""The monitoring port: health, faults, and the bounds of what a stranger may hold."""

import asyncio
import logging
import signal
from dataclasses import dataclass, field

import pytest

from exchange_builders import World
from http_asking import connected, status, told
from tearline import web
from tearline.errors import StoreFull
from tearline.limits import MAX_HTTP_HEAD_BYTES
from tearline.tiles import Tile
from tearline_server.http import monitored

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
    monkeypatch.setattr("tearline_server.http.STUCK_S", 0.01)
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
    assert {record.name for record in caplog.records} == {"tearline_server.http"}


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
