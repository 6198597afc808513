"""Keys replaced beside a node at work: it goes on over a connection of its own."""

import asyncio
from pathlib import Path

import pytest

import tearline_client.service.daemon
from support.federation import CN, ORDER, PASSPHRASE, Agency, serving
from support.node import context_of
from tearline.crypto.certificates import certified_key_id
from tearline_client.keys.home import Home
from tearline_client.loop_health import LoopHealth
from tearline_client.node import Node
from tearline_client.service.daemon import run_daemon

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/attacks/test_key_life.py::test_a_stolen_key_opens_nothing_sent_after_rotation"
    ),
]


class Told:
    """What a daemon reports, as events to await."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, line: str) -> None:
        self._lines.put_nowait(line)

    async def until(self, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in await self._lines.get():
                pass


async def beside(agency: Agency, *arguments: str) -> None:
    """Runs a command of the agency while its node works."""
    ended = await asyncio.to_thread(agency.run, *arguments)
    assert ended.status == 0, ended


async def test_a_node_at_work_takes_up_what_commands_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tearline_client.service.daemon, "FOLLOW_S", 0.2)
    with serving(tmp_path) as federation:
        lead = ("packet", "send", "--yes", str(federation.lead()), f"--to={CN}", *ORDER)
        cn, told, stop, pulse = federation.cn, Told(), asyncio.Event(), LoopHealth()
        before = certified_key_id(Home(cn.home).tls_certificate()).hex()
        exchange = federation.operator.address
        opening = Node.open(cn.home, passphrase=PASSPHRASE.encode(), address=exchange)
        async with await opening as node:
            old = context_of(node).signer.header.key_id
            work = asyncio.create_task(run_daemon(node, stop, report=told, pulse=pulse))
            await beside(federation.us, *lead)
            await told.until("grant from")

            await beside(cn, "keys", "rotate", "--tls", "--sign", "--kem", "--cosign")
            await told.until("fresh TLS certificate")
            # Only now: what ended is the key of a connection that is no longer used.
            await beside(cn, "keys", "revoke", before, "--yes")
            await beside(federation.us, *lead)
            await told.until("grant from")
            async with asyncio.timeout(60):
                while context_of(node).signer.header.key_id == old:
                    await node.sync()
            async with asyncio.timeout(60):
                last_ms = pulse.reached_ms
                while pulse.reached_ms == last_ms:  # a round each FOLLOW_S, though nothing comes
                    await asyncio.sleep(0.05)
            stop.set()
            await work
        shown = await asyncio.to_thread(cn.status)
        assert [which for what, which in shown if what == "put aside"] == []


async def test_a_node_told_to_looks_at_its_home_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tearline_client.service.daemon, "FOLLOW_S", 3600)
    with serving(tmp_path) as federation:
        cn, told, stop, anew = federation.cn, Told(), asyncio.Event(), asyncio.Event()
        exchange = federation.operator.address
        opening = Node.open(cn.home, passphrase=PASSPHRASE.encode(), address=exchange)
        async with await opening as node:
            work = asyncio.create_task(run_daemon(node, stop, report=told, anew=anew))
            await beside(
                federation.us,
                "packet",
                "send",
                "--yes",
                str(federation.lead()),
                f"--to={CN}",
                *ORDER,
            )
            await told.until("grant from")
            await beside(cn, "keys", "rotate", "--tls")
            anew.set()
            await told.until("fresh TLS certificate")
            stop.set()
            await work
