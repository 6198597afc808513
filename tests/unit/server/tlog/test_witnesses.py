"""Foreign witnesses: asked as tlog-witness says, believed for their key alone, never waited for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.cases import each_case
from support.exchange import World
from tearline.errors import SettingInvalid, TearlineError
from tearline.federation.cosigning import parse_add_checkpoint
from tearline.limits import MAX_COSIGN_BYTES
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.merkle import EMPTY_ROOT, root_from_leaf_hashes, verify_consistency
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import entry_hash
from tearline_server.config import Witness, config_of
from tearline_server.tlog import witnesses
from tearline_server.tlog.witnesses import ask_on

SIGNER = CheckpointSigner(
    name="witness.example/w1", algorithm=NoteAlgorithm.MLDSA44, seed=bytes(32)
)
OTHER = CheckpointSigner(name="witness.example/w2", algorithm=NoteAlgorithm.MLDSA44, seed=b"o" * 32)

Reply = tuple[int, bytes]


@dataclass
class Foreign:
    """A witness that nobody here wrote, as far as the exchange can tell.

    Attributes:
        size: What it cosigned last.
        root: The root of that.
        signer: With what it signs.
        lie: From what it would answer to what it answers.
        asked: The old sizes that it was offered proofs from.
        answered: Set after each answer.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    signer: CheckpointSigner = SIGNER
    lie: Callable[[Reply], Reply] = lambda reply: reply
    asked: list[int] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, body: bytes) -> Reply:
        offered = parse_add_checkpoint(body)
        checkpoint = parse_checkpoint_text(parse_note(offered.note).text)
        self.asked.append(offered.old_size)
        if offered.old_size != self.size:
            return 409, b"%d\n" % self.size
        if self.size:
            verify_consistency(self.size, checkpoint.size, self.root, checkpoint.root, offered.path)
        self.size, self.root = checkpoint.size, checkpoint.root
        return 200, f"{self.signer.sign(checkpoint, time_s=1).encode()}\n".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("post /prefix/add-checkpoint http/1.1\r\n")
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        status, content = self.lie(self.answer(await reader.readexactly(length)))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n\r\n".encode())
        writer.write(content)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()
        self.answered.set()


@asynccontextmanager
async def asked(world: World, foreign: Foreign) -> AsyncIterator[None]:
    """While an exchange asks a witness."""
    server = await asyncio.start_server(foreign.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    witness = Witness(url=f"http://127.0.0.1:{port}/prefix", key=SIGNER.verifier)
    exchange = world.exchange
    task = asyncio.create_task(ask_on(witness, exchange._log, exchange._cosignatures))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        server.close()


async def lines(world: World, *, at_least: int = 0) -> list[str]:
    """Who signed the newest checkpoint; waits until there are so many."""
    async with asyncio.timeout(30):
        while True:
            found = [each.name for each in parse_note(await world.exchange.checkpoint()).signatures]
            if len(found) >= at_least:
                return found
            await asyncio.sleep(0)


async def grow(world: World) -> None:
    """Has the exchange log something; returns once it is durable."""
    world.exchange.refusals.count("stranger", "TL-TLS-001")
    await world.exchange.maintenance.flush_refusals()


async def refused(caplog: pytest.LogCaptureFixture) -> str:
    """Why a witness did not cosign, once the exchange says so."""
    async with asyncio.timeout(30):
        while True:
            for record in caplog.records:
                if record.message == "a witness did not cosign":
                    return str(record.why)  # type: ignore[attr-defined]  # an extra of the record
            await asyncio.sleep(0)


async def test_its_line_stands_beside_the_log_s_and_follows_the_log(world: World) -> None:
    foreign = Foreign()
    async with asked(world, foreign):
        assert SIGNER.verifier.name in await lines(world, at_least=3)
        before = foreign.size
        await grow(world)
        assert SIGNER.verifier.name in await lines(world, at_least=3)
        assert foreign.size > before
        assert foreign.asked == [0, before]


async def test_one_that_stands_elsewhere_is_asked_again_from_there(world: World) -> None:
    leaves = [entry_hash(entry) for entry in (await world.exchange.entries(0, 0)).entries]
    foreign = Foreign(size=3, root=root_from_leaf_hashes(leaves[:3]))
    async with asked(world, foreign):
        assert SIGNER.verifier.name in await lines(world, at_least=3)
        assert foreign.asked == [0, 3]


def _status(status: int) -> Callable[[Reply], Reply]:
    return lambda reply: (status, b"")


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (Foreign(lie=_status(404)), "status 404"),
        (Foreign(lie=_status(500)), "status 500"),
        (Foreign(lie=_status(302)), "status 302"),
        (Foreign(lie=lambda _: (409, b"no number\n")), "TL-"),
        (Foreign(size=10**6), "it cosigned 1000000 entries"),
        (Foreign(signer=OTHER), "TL-LOG-007"),
        (Foreign(lie=lambda reply: (200, b"")), "TL-LOG-007"),
        (Foreign(lie=lambda reply: (200, b"no line\n")), "TL-LOG-005"),
        (Foreign(lie=lambda reply: (200, reply[1] * 2)), "TL-LOG-005"),
        (Foreign(lie=lambda reply: (200, b"x" * (1 << 20))), "too large"),
    ],
)
async def test_what_is_not_its_cosignature_is_a_line_in_the_log_and_nothing_else(
    world: World, foreign: Foreign, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    foreign.answered = asyncio.Event()
    async with asked(world, foreign):
        assert why in await refused(caplog)
        assert len(await lines(world)) == 2


async def test_a_line_over_another_tree_does_not_pass(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = Checkpoint(origin="exchange.example/log", size=0, root=EMPTY_ROOT)
    forged = f"{SIGNER.sign(elsewhere, time_s=1).encode()}\n".encode()
    async with asked(world, Foreign(lie=lambda reply: (200, forged))):
        assert "TL-LOG-008" in await refused(caplog)
        assert len(await lines(world)) == 2


async def test_one_that_does_not_answer_delays_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(witnesses, "WITNESS_LIMIT_S", 0.05)
    connected, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.write(b"HTTP/1.1 200 X\r\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        ended.set()

    foreign = Foreign()
    monkeypatch.setattr(foreign, "serve", silent)
    async with asked(world, foreign):
        await asyncio.wait_for(connected.wait(), 30)
        await asyncio.wait_for(grow(world), 30)
        assert len(await lines(world)) == 2
        assert "TimeoutError" in await refused(caplog)
        await asyncio.wait_for(ended.wait(), 30)  # the connection is not held either


async def test_its_line_is_still_there_after_a_restart_and_passes_for_no_agency_s(
    world: World,
) -> None:
    async with asked(world, Foreign()):
        await lines(world, at_least=3)
        async with asyncio.timeout(30):
            while not await world.store.cosigned():
                await asyncio.sleep(0)
    cosignatures = world.exchange._cosignatures
    await cosignatures.restore()
    assert SIGNER.verifier.name in await lines(world)
    assert cosignatures._newest("spiffe://us.example", MAX_COSIGN_BYTES) == []


# The setting.

VALUES = {"name": "exchange.example", "dns": "exchange.test", "address": "127.0.0.1:8443"}
KEY = SIGNER.verifier.encode()


def settings(tables: object) -> tuple[Witness, ...]:
    return config_of(Path("home"), VALUES | {"witnesses": tables}).witnesses


def test_witnesses_are_a_url_and_a_key_each() -> None:
    found = settings(
        [
            {"url": "https://witness.example/prefix/", "key": KEY},
            {"url": "http://[::1]:8480", "key": OTHER.verifier.encode()},
        ]
    )
    assert [witness.url for witness in found] == [
        "https://witness.example/prefix",
        "http://[::1]:8480",
    ]
    assert found[0].key == parse_verifier_key(KEY)
    assert config_of(Path("home"), VALUES).witnesses == ()


NODE = CheckpointSigner(
    name="spiffe://justice.example/node/liaison", algorithm=NoteAlgorithm.MLDSA44, seed=bytes(32)
).verifier.encode()
ED25519 = CheckpointSigner(
    name="witness.example", algorithm=NoteAlgorithm.ED25519, seed=bytes(32)
).verifier.encode()


@each_case(
    "tables",
    [
        "https://witness.example",
        [{"url": "https://witness.example"}],
        [{"url": "https://witness.example", "key": KEY, "more": 1}],
        [{"url": "https://witness.example", "key": "no key"}],
        [{"url": "https://witness.example", "key": NODE}],
        [{"url": "https://witness.example", "key": ED25519}],
        [{"url": "ftp://witness.example", "key": KEY}],
        [{"url": "https://user@witness.example", "key": KEY}],
        [{"url": "https://witness.example/?x", "key": KEY}],
        [{"url": "https://witness.example:99999", "key": KEY}],
        [{"url": "https://witness..example", "key": KEY}],
        [{"url": "https://witness.example/\u00e9", "key": KEY}],
        [{"url": "https://a.example", "key": KEY}, {"url": "https://b.example", "key": KEY}],
        [{"url": "https://a.example", "key": KEY}] * 5,
    ],
)
def test_what_is_no_witness_is_refused(tables: object) -> None:
    with pytest.raises(SettingInvalid) as raised:
        settings(tables)
    assert isinstance(raised.value, TearlineError)
    assert "witnesses" in raised.value.why
