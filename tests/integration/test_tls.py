"""A real server behind the gate: which connections reach it, and which do not."""

import asyncio
import dataclasses
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import TlsFacts, to_pem
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import (
    CallerDenied,
    CertificateRefused,
    ConnectionRefused,
    ExchangeUnreachable,
    TearlineError,
    TokenRefused,
)
from tearline.identity import AgencyUri, ExchangeUri, NodeUri
from tearline.persons.tokens import IssuerKey
from tearline_runtime.grpc import credentials as credentials_module
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import (
    ServerTls,
    TlsIdentity,
    access_token,
    client_credentials,
    client_options,
    server_credentials,
    server_options,
    tls_facts,
    with_access_token,
)
from tearline_runtime.grpc.status import error_of, status_of
from tearline_server.admission.authentication import AccessList, Authenticator

NOW = int(time.time())
DAY = 24 * 3600
YEAR = 365 * DAY
DNS_NAME = "exchange.example"


def authority(trust_domain: str) -> CertificateAuthority:
    agency = AgencyUri(trust_domain=trust_domain)
    return CertificateAuthority.create(agency, now_s=NOW, lifetime_s=YEAR)


EXCHANGE_CA = authority("operator.example")
US_CA = authority("us-justice.example")
CN_CA = authority("cn-public-security.example")
STRANGER_CA = authority("stranger.example")
US_NODE = NodeUri(trust_domain=US_CA.trust_domain, name="washington")


def exchange_identity(issuer: CertificateAuthority = EXCHANGE_CA) -> TlsIdentity:
    key = TlsKey.generate()
    der = issuer.issue_exchange(DNS_NAME, key.public, now_s=NOW, lifetime_s=DAY)
    return TlsIdentity(certificate=der, key=key)


def node_identity(
    issuer: CertificateAuthority = US_CA, *, claims: str | None = None
) -> TlsIdentity:
    """A node's certificate; with ``claims``, one whose issuer believes that domain its own."""
    key = TlsKey.generate()
    node = NodeUri(trust_domain=claims or issuer.trust_domain, name="washington")
    if claims is not None:
        issuer.trust_domain = claims
    der = issuer.issue_node(node, key.public, now_s=NOW, lifetime_s=DAY)
    return TlsIdentity(certificate=der, key=key)


def roster(*authorities: CertificateAuthority) -> AccessList:
    return AccessList(
        authorities={each.trust_domain: [each.certificate] for each in authorities}, issuer_keys={}
    )


@dataclass
class Exchange(grpc.GenericRpcHandler):
    """A server that admits through a real gate and answers with who called."""

    port: int
    tls: ServerTls
    gate: Authenticator
    facts: list[TlsFacts] = field(default_factory=list)

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def answer(_: bytes, context: grpc.aio.ServicerContext) -> bytes:
            try:
                facts = tls_facts(context)
                self.facts.append(facts)
                token = access_token(context.invocation_metadata())
                caller = self.gate.admit(facts, token, call.method, NOW)
            except TearlineError as error:
                status = status_of(error)
                await context.abort(status.code, status.details, status.metadata)
            return str(caller.node).encode()

        return grpc.unary_unary_rpc_method_handler(answer)


@asynccontextmanager
async def served() -> AsyncIterator[Exchange]:
    tls = ServerTls(
        identity=exchange_identity(), authorities=(US_CA.certificate, CN_CA.certificate)
    )
    gate = Authenticator(ExchangeUri(trust_domain="operator.example"), roster(US_CA, CN_CA))
    found = Exchange(port=0, tls=tls, gate=gate)
    server = grpc.aio.server(options=server_options())
    server.add_generic_rpc_handlers((found,))
    found.port = server.add_secure_port("127.0.0.1:0", server_credentials(lambda: found.tls))
    await server.start()
    yield found
    await server.stop(grace=None)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with served() as found:
        yield found


async def call(
    port: int,
    identity: TlsIdentity,
    *,
    trusts: CertificateAuthority = EXCHANGE_CA,
    dns_name: str = DNS_NAME,
    metadata: tuple[tuple[str, str], ...] = (),
    patient: bool = False,
    within_s: float = 30,
) -> str:
    """Calls on a connection of its own; if ``patient``, on another one where that one fails."""
    credentials = client_credentials(identity, trusts.certificate)
    async with grpc.aio.secure_channel(
        f"127.0.0.1:{port}", credentials, options=client_options(dns_name)
    ) as channel:
        return await ask(channel, metadata, patient=patient, within_s=within_s)


async def ask(
    channel: grpc.aio.Channel,
    metadata: tuple[tuple[str, str], ...] = (),
    *,
    patient: bool = False,
    within_s: float = 30,
) -> str:
    try:
        answer: bytes = await channel.unary_unary(methods.PUBLISH)(
            b"", timeout=within_s, metadata=metadata, wait_for_ready=patient
        )
    except grpc.aio.AioRpcError as error:
        raise error_of(error.code(), tuple(error.trailing_metadata())) from None
    return answer.decode()


def openssl(identity: TlsIdentity | None, folder: Path) -> ssl.SSLContext:
    """A client that is not gRPC, and may be told to offer less."""
    context = ssl.create_default_context(cadata=to_pem(EXCHANGE_CA.certificate).decode())
    context.set_alpn_protocols(["h2"])
    if identity is not None:
        chain = folder / "chain.pem"
        chain.write_bytes(to_pem(identity.certificate) + identity.key.private_pem())
        context.load_cert_chain(chain)
    return context


async def call_through(port: int, context: ssl.SSLContext) -> str:
    """A gRPC call whose TLS another client makes: the plain bytes of HTTP/2 pass a relay."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            sink.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ends.append(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=context, server_hostname=DNS_NAME
            )
        except (ConnectionError, ssl.SSLError) as error:
            failures.append(error)
            writer.close()
            return
        open_ends.append(far_writer)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    failures: list[Exception] = []
    open_ends: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            return await ask(channel)
    except ExchangeUnreachable:
        if failures:
            raise failures[0] from None
        raise
    finally:
        server.close()
        for end in open_ends:
            end.close()
        await server.wait_closed()


async def test_a_node_is_admitted_over_the_hybrid_key_exchange(exchange: Exchange) -> None:
    identity = node_identity()
    assert await call(exchange.port, identity) == str(US_NODE)
    assert exchange.facts == [
        TlsFacts(
            version="TLSv1.3",
            key_exchange_group="X25519MLKEM768",
            peer_certificate=identity.certificate,
        )
    ]


async def test_another_makers_client_is_admitted_where_it_does_the_same(
    exchange: Exchange, tmp_path: Path
) -> None:
    context = openssl(node_identity(), tmp_path)
    if ssl.OPENSSL_VERSION_INFO < (3, 5):
        pytest.skip("this OpenSSL has no hybrid key exchange")
    assert await call_through(exchange.port, context) == str(US_NODE)


@pytest.mark.parametrize("group", ["prime256v1", "X25519"])
async def test_a_classical_key_exchange_is_refused(
    exchange: Exchange, tmp_path: Path, group: str
) -> None:
    context = openssl(node_identity(), tmp_path)
    try:
        context.set_ecdh_curve(group)
    except ssl.SSLError:  # Python 3.11.2 knows the curves of OpenSSL 1.1 alone
        pytest.skip(f"this Python's ssl cannot choose {group}")
    with pytest.raises(ConnectionRefused):
        await call_through(exchange.port, context)
    assert [facts.key_exchange_group.lower() for facts in exchange.facts] == [group.lower()]


async def test_tls_1_2_cannot_be_negotiated(exchange: Exchange, tmp_path: Path) -> None:
    context = openssl(node_identity(), tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await call_through(exchange.port, context)
    assert exchange.facts == []


async def test_a_client_without_a_certificate_does_not_get_in(
    exchange: Exchange, tmp_path: Path
) -> None:
    with pytest.raises((ExchangeUnreachable, ssl.SSLError, ConnectionError)):
        await call_through(exchange.port, openssl(None, tmp_path))
    assert exchange.facts == []


async def test_a_foreign_ca_does_not_get_in(exchange: Exchange) -> None:
    with pytest.raises(ExchangeUnreachable):
        await call(exchange.port, node_identity(STRANGER_CA))
    assert exchange.facts == []


async def test_an_admitted_ca_does_not_speak_for_another_domain(exchange: Exchange) -> None:
    liar = CertificateAuthority(CN_CA.certificate, TlsKey(CN_CA.private_bytes()))
    identity = node_identity(liar, claims=US_CA.trust_domain)
    with pytest.raises(CertificateRefused, match="no CA of the trust domain"):
        await call(exchange.port, identity)
    assert len(exchange.facts) == 1  # TLS itself was content


async def test_a_server_certificate_is_no_node(exchange: Exchange) -> None:
    with pytest.raises((CertificateRefused, ExchangeUnreachable)):
        await call(exchange.port, exchange_identity(US_CA))


async def test_a_node_that_is_shut_out_is_refused_on_its_open_connection(
    exchange: Exchange,
) -> None:
    credentials = client_credentials(node_identity(), EXCHANGE_CA.certificate)
    async with grpc.aio.secure_channel(
        f"127.0.0.1:{exchange.port}", credentials, options=client_options(DNS_NAME)
    ) as channel:
        assert await ask(channel) == str(US_NODE)
        exchange.gate.replace(
            AccessList(
                authorities={US_CA.trust_domain: [US_CA.certificate]},
                issuer_keys={},
                denied_nodes=frozenset({US_NODE}),
            )
        )
        with pytest.raises(CallerDenied):
            await ask(channel)


async def test_a_client_trusts_one_ca_and_one_name(exchange: Exchange) -> None:
    for trusts, name in ((US_CA, DNS_NAME), (EXCHANGE_CA, "other.example")):
        with pytest.raises(ExchangeUnreachable):
            await call(exchange.port, node_identity(), trusts=trusts, dns_name=name)
    assert exchange.facts == []


async def test_an_exchange_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(credentials_module, "HANDSHAKE_MS", 300)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the system connects, and that is all
        port = listener.getsockname()[1]
        # Before the call itself is over, whose outcome would be unknown; gRPC's own is 20 s.
        with pytest.raises(ExchangeUnreachable):
            await call(port, node_identity(), within_s=15)


async def test_an_agency_that_joins_and_a_new_certificate_need_no_restart(
    exchange: Exchange,
) -> None:
    newcomer = node_identity(STRANGER_CA)
    with pytest.raises(ExchangeUnreachable):
        await call(exchange.port, newcomer)
    successor = authority("operator.example")
    exchange.tls = ServerTls(
        identity=exchange_identity(successor), authorities=(STRANGER_CA.certificate,)
    )
    exchange.gate.replace(roster(STRANGER_CA))
    answer = await call(exchange.port, newcomer, trusts=successor)
    assert answer == "spiffe://stranger.example/node/washington"


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ((("authorization", "Basic eA=="),), "one bearer token"),
        ((("authorization", "bearer x"),), "one bearer token"),
        ((("authorization", "Bearer x"), ("authorization", "Bearer x")), "one bearer token"),
        (with_access_token("no-token"), "not a token"),
    ],
)
async def test_a_call_with_a_token_that_is_none_is_refused(
    exchange: Exchange, metadata: tuple[tuple[str, str], ...], why: str
) -> None:
    exchange.gate.replace(
        dataclasses.replace(
            roster(US_CA), issuer_keys={US_CA.trust_domain: [IssuerKey(bytes(32)).public]}
        )
    )
    with pytest.raises(TokenRefused, match=why):
        await call(exchange.port, node_identity(), metadata=metadata)


def test_what_the_transport_did_not_see_is_empty() -> None:
    class Context:
        def __init__(self, **seen: list[bytes]) -> None:
            self.seen = seen

        def auth_context(self) -> dict[str, list[bytes]]:
            return self.seen

    nothing = TlsFacts(version="", key_exchange_group="", peer_certificate=b"")
    assert tls_facts(Context()) == nothing
    twice = [b"TLSv1.3", b"TLSv1.3"]
    assert tls_facts(Context(ssl_tls_version=twice, x509_pem_cert=[])) == nothing
    assert tls_facts(Context(ssl_tls_version=[b"\xff"])).version == "\N{REPLACEMENT CHARACTER}"
    with pytest.raises(CertificateRefused):
        tls_facts(Context(x509_pem_cert=[b"no certificate"]))


async def test_a_second_server_does_not_share_the_port(exchange: Exchange) -> None:
    second = grpc.aio.server(options=server_options())
    with pytest.raises(RuntimeError):
        second.add_secure_port(
            f"127.0.0.1:{exchange.port}", server_credentials(lambda: exchange.tls)
        )


async def silent(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def test_so_many_connections_are_open_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline_runtime.grpc.credentials.MAX_CONNECTIONS", 2)
    monkeypatch.setattr("tearline_runtime.grpc.credentials.HANDSHAKE_MS", 3_600_000)
    async with served() as exchange:
        held = [await silent(exchange.port) for _ in range(2)]
        beyond, writer = await silent(exchange.port)
        assert await asyncio.wait_for(beyond.read(), 30) == b""
        for each in (writer, *(end for _, end in held)):
            each.close()


async def test_strangers_who_say_nothing_hold_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline_runtime.grpc.credentials.MAX_CONNECTIONS", 2)
    monkeypatch.setattr("tearline_runtime.grpc.credentials.HANDSHAKE_MS", 500)
    async with served() as exchange:
        held = [await silent(exchange.port) for _ in range(2)]
        for reader, writer in held:
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
        # On a busy machine an honest handshake, too, may take longer than this exchange waits.
        assert await call(exchange.port, node_identity(), patient=True) == str(US_NODE)


def test_an_exchange_accepts_no_ca_of_the_system() -> None:
    with pytest.raises(CertificateRefused):
        server_credentials(lambda: ServerTls(identity=exchange_identity(), authorities=()))


def test_no_exchange_starts_where_grpc_was_imported_first() -> None:
    program = (
        "import grpc; from tearline_runtime.grpc.credentials import server_credentials; "
        "server_credentials(lambda: None)"
    )
    inherited = {name: value for name, value in os.environ.items() if "GRPC" not in name}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=inherited, capture_output=True, text=True, check=False
    )
    assert "TlsUnprepared: TL-CFG-007" in ended.stderr.splitlines()[-1]
