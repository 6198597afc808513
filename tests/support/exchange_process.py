"""A real exchange as a process of its own, and nodes that speak to it over mutual TLS.

Unlike ``agencies``, everything here is of now: certificates and keys count on today's clock.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc.aio

from support.agencies import agency, clear_entries, constitution, node_of, signer
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import TearlineError
from tearline.federation.members import Agency, ExchangeEnrolment
from tearline.identity import AgencyUri, parse_node_uri
from tearline.limits import MAX_STREAMS_PER_CONNECTION
from tearline.persons.tokens import IssuerKey
from tearline.statements.signer import Signer
from tearline.wire.deliveries import START, Cursor, Delivery, encode_cursor, parse_delivery
from tearline.wire.log_entries import encode_entries_request, parse_entries
from tearline.wire.publications import Outcome, Publication, encode_publication, parse_outcomes
from tearline_client.transport.grpc import GrpcTransport
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import client_credentials, client_options
from tearline_runtime.grpc.status import error_of
from tearline_runtime.grpc.tls_identity import TlsIdentity
from tearline_server.admin.offline import take_clear
from tearline_server.bootstrap import components_of
from tearline_server.config import Config, config_of, write_config
from tearline_server.keys import ExchangeKeys, generate_keys, identity_of, write_keys
from tearline_server.storage.open import open_store

DAY_S = 24 * 3600
DAY_MS = DAY_S * 1000
PASSPHRASE = "a passphrase of tests"
DNS_NAME = "exchange.test"
OWN_LINE = [("grpc.use_local_subchannel_pool", 1)]  # else clients of one node share a connection
START_S = 240
STOP_S = 240


@dataclass(kw_only=True)
class Member:
    """An agency of today, and its one node."""

    uri: str
    authority: CertificateAuthority
    issuer: IssuerKey
    identity: TlsIdentity

    @property
    def agency(self) -> Agency:
        """The agency, as its member record states it."""
        return replace(
            agency(self.uri),
            certificate_authorities=(self.authority.certificate,),
            token_issuers=(self.issuer.public,),
        )


def member(uri: str) -> Member:
    """An agency whose certificates begin now."""
    now_s = int(time.time())
    domain = AgencyUri(trust_domain=uri.removeprefix("spiffe://"))
    authority = CertificateAuthority.create(domain, now_s=now_s, lifetime_s=365 * DAY_S)
    key = TlsKey.generate()
    certificate = authority.issue_node(
        parse_node_uri(node_of(uri)), key.public, now_s=now_s, lifetime_s=DAY_S
    )
    return Member(
        uri=uri,
        authority=authority,
        issuer=IssuerKey(uri.encode().ljust(32, b"\0")[:32]),
        identity=TlsIdentity(certificate=certificate, key=key),
    )


@dataclass(kw_only=True)
class Served:
    """An exchange in a home, and the federation that it serves.

    Attributes:
        config: Its settings.
        keys: Its keys.
        members: The agencies, by URI.
        federation: 32 bytes.
        port: Where it listens, while it serves.
        lines: What it logged.
    """

    config: Config
    keys: ExchangeKeys
    members: dict[str, Member]
    federation: bytes
    port: int = 0
    lines: list[dict[str, object]] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    _reader: "asyncio.Task[None] | None" = None

    @property
    def identity(self) -> ExchangeEnrolment:
        """The exchange and its log, as charters name them."""
        return identity_of(self.config, self.keys)

    @property
    def serving(self) -> dict[str, object]:
        """The line that names the ports; warnings may stand before it."""
        return next(line for line in self.lines if line["message"] == "serving")

    def node(self, uri: str) -> Signer:
        """An agency's node, as it signs."""
        return signer(node_of(uri), self.federation)

    def root(self, uri: str) -> Signer:
        """An agency's root."""
        return signer(uri, self.federation)

    async def start(self, **variables: str) -> None:
        """Starts the process, with more variables, and waits until it says that it serves."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tearline_server",
            "serve",
            "--home",
            str(self.config.home),
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"TEARLINE_PASSPHRASE": PASSPHRASE} | variables,
        )
        serving = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(serving))
        self.port = await asyncio.wait_for(serving, START_S)

    async def _read(self, serving: "asyncio.Future[int]") -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"message": raw.decode("utf-8", "replace")}
            self.lines.append(line)
            if line["message"] == "serving" and not serving.done():
                serving.set_result(int(line["port"]))
        if not serving.done():
            # Else a signal could meet it between its last word and its end, and take its status.
            await self.process.wait()
            serving.set_exception(RuntimeError(f"it did not start: {self.lines}"))

    async def until(self, message: str, times: int = 1) -> None:
        """Waits until it has logged a message so often.

        There is no event to await: what it logged is looked at again and again.
        """
        async with asyncio.timeout(STOP_S):
            while [line["message"] for line in self.lines].count(message) < times:
                await asyncio.sleep(0.02)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Signals the process, and waits for it to end; its exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        status = await asyncio.wait_for(self.process.wait(), STOP_S)
        if self._reader is not None:
            await self._reader
        return status

    async def end(self) -> None:
        """Ends the process, if it runs; for what a failed test left behind."""
        if self.process is not None:
            await self.stop(signal.SIGKILL)

    @contextlib.asynccontextmanager
    async def client(
        self,
        uri: str,
        identity: TlsIdentity | None = None,
        *,
        options: Sequence[tuple[str, int | str]] = (),
    ) -> AsyncIterator["Client"]:
        """A connection of an agency's node; ``options`` are more of gRPC's."""
        channel = grpc.aio.secure_channel(
            f"127.0.0.1:{self.port}",
            client_credentials(
                identity or self.members[uri].identity, self.keys.authority.certificate
            ),
            options=[*client_options(DNS_NAME), *options],
        )
        try:
            yield Client(channel)
        finally:
            await channel.close()

    @contextlib.asynccontextmanager
    async def clients(self, uri: str, calls: int) -> AsyncIterator[list["Client"]]:
        """Connections of one node for so many calls at once.

        gRPC counts a call until all of it is freed, and refuses a connection's next one until
        then: each connection has twice the room that it needs.
        """
        async with contextlib.AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(self.client(uri, options=OWN_LINE))
                for _ in range(0, calls, MAX_STREAMS_PER_CONNECTION // 2)
            ]

    @contextlib.asynccontextmanager
    async def transport(self, uri: str, *others: str) -> AsyncIterator[GrpcTransport]:
        """A connection of an agency's node, as the node itself has it; to other addresses, too."""
        transport = GrpcTransport(
            lambda: [self.identity.exchange],
            self.members[uri].identity,
            timeout_s=STOP_S,
            address=",".join((*others, f"127.0.0.1:{self.port}")),
        )
        try:
            yield transport
        finally:
            await transport.close()


class Client:
    """The calls, as a node makes them."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel

    async def call(self, method: str, request: bytes, **options: object) -> bytes:
        """A unary call; its refusal as the error it is."""
        try:
            reply: bytes = await self.channel.unary_unary(method)(request, **options)  # type: ignore[arg-type]
        except grpc.aio.AioRpcError as error:
            raise refusal(error) from None
        return reply

    async def search(
        self, request: bytes, metadata: tuple[tuple[str, str], ...] = ()
    ) -> list[bytes]:
        """The pages of a search; its refusal as the error it is."""
        stream = self.channel.unary_stream(methods.SEARCH)(request, metadata=metadata)
        try:
            return [page async for page in stream]
        except grpc.aio.AioRpcError as error:
            raise refusal(error) from None

    async def publish(self, publication: Publication) -> tuple[Outcome, ...]:
        """Publishes."""
        return parse_outcomes(await self.call(methods.PUBLISH, encode_publication(publication)))

    async def entries(self, start: int = 0, end: int = 0):  # type: ignore[no-untyped-def]
        """A run of the log."""
        return parse_entries(await self.call(methods.ENTRIES, encode_entries_request(start, end)))

    async def subscribe(self, cursor: Cursor = START) -> AsyncIterator[Delivery]:
        """Deliveries, until the stream ends or fails."""
        stream = self.channel.unary_stream(methods.SUBSCRIBE)(encode_cursor(cursor))
        try:
            async for data in stream:
                yield parse_delivery(data)
        except grpc.aio.AioRpcError as error:
            raise refusal(error) from None
        finally:
            stream.cancel()

    async def waiting(self, cursor: Cursor = START) -> list[Delivery]:
        """What waits in the mailbox."""
        found = []
        async for delivery in self.subscribe(cursor):
            if not delivery.statements:
                break
            found.append(delivery)
        return found


def refusal(error: grpc.aio.AioRpcError) -> TearlineError:
    """The error that a call ended with."""
    return error_of(error.code(), tuple(error.trailing_metadata()))


async def founded(home: Path, uris: Sequence[str], **settings: object) -> Served:
    """An exchange in ``home`` whose log holds a charter and the keys of every node."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {
        "name": "exchange.example",
        "dns": DNS_NAME,
        "address": "127.0.0.1:8443",
        "listen": "127.0.0.1:0",
    }
    config = config_of(home, values | settings)
    write_config(config)
    keys = generate_keys(trust_domain=config.name, origin=config.origin, now_s=int(time.time()))
    write_keys(config.keys, keys, PASSPHRASE.encode())
    members = {uri: member(uri) for uri in sorted(uris)}
    identity = identity_of(config, keys)
    constituted = replace(constitution(members), exchange=identity.exchange, log=identity.log)
    agencies = [each.agency for each in members.values()]
    clear = clear_entries(agencies, constituted, now_ms=int(time.time()) * 1000)
    store = await open_store(config)
    for signed in clear:
        await take_clear(components_of(config, keys, store), signed)
    await store.close()
    return Served(config=config, keys=keys, members=members, federation=clear[0].statement.id)
