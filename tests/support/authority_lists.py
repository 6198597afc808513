"""An exchange's door over loopback, under any list of CAs, and nodes that knock at it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ssl import DER_cert_to_PEM_cert

import grpc

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.tls_keys import TlsKey
from tearline.identity import AgencyUri, NodeUri
from tearline_runtime.grpc.credentials import (
    ServerTls,
    client_options,
    server_credentials,
    server_options,
)
from tearline_runtime.grpc.tls_identity import TlsIdentity

DNS_NAME = "exchange.test"
DAY_S = 24 * 3600
OWN_LINE = [("grpc.use_local_subchannel_pool", 1)]


@cache
def issuer(domain: str) -> CertificateAuthority:
    """A party's CA of today."""
    agency = AgencyUri(trust_domain=domain)
    return CertificateAuthority.create(agency, now_s=int(time.time()), lifetime_s=365 * DAY_S)


@cache
def node(domain: str) -> TlsIdentity:
    """The certificate of an agency's node, of today."""
    key, uri = TlsKey.generate(), NodeUri(trust_domain=domain, name="hub")
    leaf = issuer(domain).issue_node(uri, key.public, now_s=int(time.time()), lifetime_s=DAY_S)
    return TlsIdentity(certificate=leaf, key=key)


@cache
def exchange() -> TlsIdentity:
    """The exchange's own certificate, of today."""
    key = TlsKey.generate()
    leaf = issuer("operator.example").issue_exchange(
        DNS_NAME, key.public, now_s=int(time.time()), lifetime_s=DAY_S
    )
    return TlsIdentity(certificate=leaf, key=key)


def unread_credentials(identity: TlsIdentity, trusted: bytes) -> grpc.ChannelCredentials:
    """Credentials of a client that does not read its own certificate."""
    return grpc.ssl_channel_credentials(
        root_certificates=DER_cert_to_PEM_cert(trusted).encode(),
        private_key=identity.key.private_pem(),
        certificate_chain=DER_cert_to_PEM_cert(identity.certificate).encode(),
    )


@dataclass
class Door:
    """A server that answers nothing, behind the exchange's TLS.

    Attributes:
        tls: The list that the next handshake is judged by.
        port: Where it listens.
    """

    tls: ServerTls
    port: int = field(default=0)

    def lists(self, *authorities: bytes) -> None:
        """Has the next handshakes judged by these CAs, in this order."""
        self.tls = ServerTls(identity=exchange(), authorities=authorities)

    def lets_in(self, identity: TlsIdentity) -> bool:
        """Whether a node gets through the handshake, on a connection of its own."""
        trusted = issuer("operator.example").certificate
        options = [*client_options(DNS_NAME), *OWN_LINE]
        with grpc.secure_channel(
            f"127.0.0.1:{self.port}", unread_credentials(identity, trusted), options=options
        ) as channel:
            try:
                channel.unary_unary("/nothing/here")(b"", timeout=30)
            except grpc.RpcError as error:
                return bool(error.code() is grpc.StatusCode.UNIMPLEMENTED)  # type: ignore[attr-defined]
        return False


@contextmanager
def door(*authorities: bytes) -> Iterator[Door]:
    """A door that is open until the block ends."""
    found = Door(tls=ServerTls(identity=exchange(), authorities=authorities))
    server = grpc.server(ThreadPoolExecutor(1), options=server_options())
    found.port = server.add_secure_port("127.0.0.1:0", server_credentials(lambda: found.tls))
    server.start()
    try:
        yield found
    finally:
        server.stop(None).wait()
