"""A federation that tests copy serves after any time without use."""

import asyncio
import time
from pathlib import Path

import pytest

from support.node import context_of
from support.simulation import Template, found, opened, quickly
from tearline.limits import MAX_CLOCK_PAUSE_MS


async def refreshed(template: Template) -> None:
    await template.refresh(by=2)
    assert not template.is_old
    async with opened(template, template.folder) as world:
        context_of(world.us.node).verify_witnessed()


def test_two_agencies_cosign_a_federation_anew_after_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with quickly():
        template = found(tmp_path)
        passed_ns = (MAX_CLOCK_PAUSE_MS + 60_000) * 1_000_000
        now_ns, now_s = time.time_ns, time.time
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() + passed_ns)
        monkeypatch.setattr(time, "time", lambda: now_s() + passed_ns / 1e9)
        template.cosigned_s -= passed_ns / 1e9
        asyncio.run(refreshed(template))
