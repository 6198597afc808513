"""An exchange as it is served: what it does beside its calls goes on, whatever happens to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.agencies import US
from support.exchange_process import Served, founded
from tearline_server import app
from tearline_server.grpc.front import Front
from tearline_server.replicas import ReplicaFollower


@asynccontextmanager
async def serving(found: Served, reloading: asyncio.Event) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(
        app.serve(found.config, found.keys, stopping=stopping, reloading=reloading)
    )
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        stopping.set()
        await task


async def test_what_lasts_as_long_as_the_exchange_begins_again_where_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, faults = asyncio.Event(), [ValueError("nobody thought of it")]

    async def follow(others: ReplicaFollower) -> None:
        if faults:
            raise faults.pop()
        began.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ReplicaFollower, "follow", follow)
    monkeypatch.setattr(app, "_AGAIN_S", 0)
    async with serving(await founded(tmp_path, [US]), asyncio.Event()):
        await began.wait()


async def test_a_certificate_is_renewed_when_it_is_asked_for_though_it_failed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, renewed, faults = asyncio.Event(), asyncio.Event(), [ValueError("nobody thought of it")]

    def renew(front: Front) -> None:
        if faults:
            asked.set()
            raise faults.pop()
        renewed.set()

    monkeypatch.setattr(Front, "renew", renew)
    async with serving(await founded(tmp_path, [US]), asked):
        asked.set()
        await renewed.wait()
