"""A federation at rest that commands work on: a lead was sent and opened, an auditor logged in.

Each command opens the exchange's database anew in its own event loop, calls it without a
connection, and closes it: as if the exchange had been restarted before every command.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tearline_client.transport.grpc
from support.simulation import (
    PASSPHRASE,
    Clock,
    LocalStream,
    LocalTransport,
    Template,
    _house,
    found,
    local_stream,
    opened,
    quickly,
)
from tearline_client.cli import command
from tearline_client.demo.world import AGENCIES
from tearline_runtime.grpc.tls_identity import TlsIdentity
from tearline_server.exchange import Exchange
from tearline_server.storage.sqlite.store import SqliteStore

OUR_NAME = "us-justice"
OUR_NODE = f"spiffe://{AGENCIES[OUR_NAME]}/node/liaison"
AUDITOR = "ana"
Lie = Callable[[bytes], bytes]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """In these modules alone: what follows in the session takes its time."""
    with quickly():
        yield


@dataclass(frozen=True, kw_only=True)
class Rested:
    """The federation, and the packet that was sent in it."""

    template: Template
    packet: bytes


@pytest.fixture(scope="session")
def rested(tmp_path_factory: pytest.TempPathFactory) -> Rested:
    with quickly():
        return rest(tmp_path_factory)


def rest(tmp_path_factory: pytest.TempPathFactory) -> Rested:
    """Founds the federation and tells the story in it."""
    template = found(tmp_path_factory.mktemp("federation"))
    time.sleep(1 - time.time() % 1)  # exports are judged at whole seconds, and keys within one

    async def tell() -> bytes:
        async with opened(template, template.folder) as world:
            (packet,) = await world.us.send(world.cn, world.mx)
            await world.mx.node.receive()
            await world.mx.node.packets.read(packet)
            await world.us.node.receive()
            return packet

    packet = asyncio.run(tell())
    word = template.folder / "word"
    word.write_text("a word of her own")
    word.chmod(0o600)
    desk = Desk(folder=template.folder, packet=packet.hex(), template=template)
    for arguments in (
        ("person", "add", AUDITOR, "--role", "auditor", "--role", "liaison"),
        ("login", AUDITOR),
    ):
        result = desk.run(*arguments, "--person-passphrase-file", word)
        assert result.exit_code == 0, result.output
    return Rested(template=template, packet=packet)


class Dialling:
    """The exchange of a federation at rest; opened by the first call, closed with the node.

    Args:
        template: Its keys.
        folder: Where its database lies.
        lies: From the reply to a search to the one that arrives, one after another.
        node: URI of the node that calls.
    """

    def __init__(
        self, template: Template, folder: Path, lies: Iterable[Lie], node: str = OUR_NODE
    ) -> None:
        self._template, self._folder, self._lies, self._node = template, folder, lies, node
        self._local: LocalTransport | None = None

    async def _dial(self) -> LocalTransport:
        if self._local is None:
            store = SqliteStore(self._folder / "exchange.db")
            exchange = await Exchange.open(_house(self._template, store, Clock()))
            self._exchange, self._local = exchange, LocalTransport(exchange, self._node)
        return self._local

    async def publish(self, publication: bytes) -> bytes:
        return await (await self._dial()).publish(publication)

    def publishing(self) -> AbstractAsyncContextManager[LocalStream]:
        return local_stream(self.publish)

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        async for delivery in (await self._dial()).subscribe(cursor):
            yield delivery

    def __getattr__(self, call: str) -> Callable[[bytes], Awaitable[bytes]]:
        """Returns one of the other calls that have one answer."""

        async def dialled(request: bytes) -> bytes:
            return await getattr(await self._dial(), call)(request)

        return dialled

    async def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        async for page in (await self._dial()).search(request, token, follow=follow):
            reply = page
            for lie in self._lies:
                reply = lie(reply)
            yield reply

    async def close(self) -> None:
        if self._local is not None:
            await self._exchange.close()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The command line of one agency.

    Attributes:
        folder: Where homes and the exchange's database lie.
        packet: The id of the lead, in hexadecimal.
        template: The keys of the exchange and its log, for whoever forges.
        lies: What the exchange does to the replies to searches; none until a test adds one.
    """

    folder: Path
    packet: str
    template: Template
    lies: list[Lie] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / OUR_NAME

    def run(self, *arguments: object, agency: str = OUR_NAME, typed: str = "") -> Result:
        """Runs a command, as text."""
        return CliRunner().invoke(
            command,
            ["--home", str(self.folder / agency), *map(str, arguments)],
            env={"TEARLINE_PASSPHRASE": PASSPHRASE.decode()},
            input=typed,
        )

    def rows(self, *arguments: object, status: int = 0, agency: str = OUR_NAME) -> list[dict]:
        """Runs a command that must end with ``status``; its data."""
        result = self.run("-o", "json", *arguments, agency=agency)
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)


@pytest.fixture
def desk(rested: Rested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return copy_of(rested, tmp_path, monkeypatch)


def copy_of(rested: Rested, folder: Path, patch: pytest.MonkeyPatch) -> Desk:
    """The desk of a copy in ``folder``, as long as ``patch`` holds."""
    with quickly():
        asyncio.run(rested.template.refresh(by=2))  # tests rely on what the third has not read
    homes = folder / "federation"
    shutil.copytree(rested.template.folder, homes)
    made = Desk(folder=homes, packet=rested.packet.hex(), template=rested.template)

    def dial(exchange: object, identity: TlsIdentity, **options: object) -> Dialling:
        nodes = [f"spiffe://{domain}/node/liaison" for domain in AGENCIES.values()]
        node = next(uri for uri in nodes if uri.encode() in identity.certificate)
        return Dialling(rested.template, homes, made.lies, node)

    patch.setattr(tearline_client.transport.grpc, "GrpcTransport", dial)
    return made
