"""Mutual TLS for both ends, and the transport's facts about a connection.

The exchange requires a certificate from every client and accepts the CAs of every agency; the gate
decides at each call whether the CA may speak for the node. A client trusts the exchange's own CA
from the constitution, and that of the constitution before, for one DNS name, at any address.

TLS 1.2 cannot be negotiated (see ``tearline_runtime.grpc``). gRPC offers the hybrid key exchange
first but
would accept a weaker one. Therefore the gate checks the negotiated group at each call.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import grpc

from tearline.crypto.certificates import TlsFacts, from_pem, to_pem
from tearline.dataclass.immutable import immutable
from tearline.errors import CertificateRefused, TlsUnprepared, TokenRefused
from tearline.limits import (
    HANDSHAKE_MS,
    KEEPALIVE_MS,
    KEEPALIVE_TIMEOUT_MS,
    MAX_CONNECTION_AGE_GRACE_MS,
    MAX_CONNECTION_AGE_MS,
    MAX_CONNECTION_IDLE_MS,
    MAX_CONNECTIONS,
    MAX_MESSAGE_BYTES,
    MAX_METADATA_BYTES,
    MAX_STREAMS_PER_CONNECTION,
    RECONNECT_FIRST_MS,
    RECONNECT_MOST_MS,
    UNREAD_BYTES,
)
from tearline_runtime import grpc as rpc
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.tls_identity import TlsIdentity

_BEARER = "Bearer "

Options = list[tuple[str, int | str]]

_BOTH_ENDS: Options = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    # Of a ping that is not answered gRPC takes the longer of these two, and has a minute for this.
    ("grpc.http2.ping_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
]


@immutable
class ServerTls:
    """Exchange's TLS configuration towards its clients at one moment.

    Attributes:
        identity: The exchange's own certificate.
        authorities: CA certificates, DER, of every agency; each passed ``reads_authority``.
    """

    identity: TlsIdentity
    authorities: tuple[bytes, ...]


class AuthenticatedContext(Protocol):
    """Part of a servicer's context about the connection, in both of gRPC's flavours."""

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Returns the properties of the connection's transport security."""
        ...


def server_credentials(
    current: Callable[[], ServerTls], begin: Callable[[], None] = lambda: None
) -> grpc.ServerCredentials:
    """Returns credentials that require a client certificate, and follow ``current``.

    Args:
        current: Called before every handshake, from a thread of gRPC's; returns the same object
            until a change.
        begin: Called at the start of every handshake, from a thread of gRPC's.

    Raises:
        TlsUnprepared: If gRPC was imported before ``tearline_runtime.grpc``.
    """
    if not rpc.tls12_closed:
        raise TlsUnprepared
    served = current()

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal served
        begin()
        latest = current()
        if latest is served:
            return None
        served = latest
        return _configuration(latest)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(served),
        renewed,  # type: ignore[arg-type]  # the stubs do not know that None means no change
        require_client_authentication=True,
    )


def reads_authority(authority: bytes, identity: TlsIdentity) -> bool:
    """Returns whether gRPC's TLS library reads a CA certificate, DER.

    In a list, the library skips the rest behind a certificate that it cannot read, and reports no
    error. It reports one for a list of that certificate alone, when a port is added. The port here
    is on loopback, and never listens. A machine where no such port can be added reads any.
    """
    return _adds_port(authority, identity) or not _adds_port(identity.certificate, identity)


def _adds_port(root: bytes, identity: TlsIdentity) -> bool:
    pair = (identity.key.private_pem(), to_pem(identity.certificate))
    credentials = grpc.ssl_server_credentials([pair], to_pem(root), require_client_auth=True)
    try:
        return bool(grpc.server(ThreadPoolExecutor(1)).add_secure_port("127.0.0.1:0", credentials))
    except RuntimeError:
        return False


def server_options() -> Options:
    """Returns options of the exchange's gRPC server: limits, keepalive, connection age."""
    return [
        *_BOTH_ENDS,
        # Otherwise a second exchange would silently share the port, and half the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
        ("grpc.max_concurrent_streams", MAX_STREAMS_PER_CONNECTION),
        # gRPC's buffer of an unread message; by default it would grow with the line's speed.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", UNREAD_BYTES),
        ("grpc.max_connection_idle_ms", MAX_CONNECTION_IDLE_MS),
        ("grpc.max_connection_age_ms", MAX_CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", MAX_CONNECTION_AGE_GRACE_MS),
        # Half the interval at which clients ping: a late ping is no flood.
        ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
    ]


def client_credentials(
    identity: TlsIdentity, *exchange_authorities: bytes
) -> grpc.ChannelCredentials:
    """Returns credentials of a node, which trusts these CAs (DER) of the exchange and no other."""
    return grpc.ssl_channel_credentials(
        root_certificates=b"".join(map(to_pem, exchange_authorities)),
        private_key=identity.key.private_pem(),
        certificate_chain=to_pem(identity.certificate),
    )


def client_options(dns_name: str) -> Options:
    """Returns options of a node's channel, which accepts only an exchange called ``dns_name``."""
    return [
        *_BOTH_ENDS,
        ("grpc.ssl_target_name_override", dns_name),
        # The name is pinned: no proxy or resolver may change it.
        ("grpc.enable_http_proxy", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.initial_reconnect_backoff_ms", RECONNECT_FIRST_MS),
        ("grpc.max_reconnect_backoff_ms", RECONNECT_MOST_MS),
        # The name says less: an attempt that is not answered is given up after this, too.
        ("grpc.min_reconnect_backoff_ms", HANDSHAKE_MS),
    ]


def tls_facts(context: AuthenticatedContext) -> TlsFacts:
    """Returns the transport's facts about the connection of a call; empty where unknown.

    Raises:
        CertificateRefused: If the peer's certificate is not valid.
    """
    properties = context.auth_context()
    certificate = _single(properties, "x509_pem_cert")
    return TlsFacts(
        version=_text(properties, "ssl_tls_version"),
        key_exchange_group=_text(properties, "ssl_negotiated_key_exchange_group"),
        peer_certificate=from_pem(certificate) if certificate else b"",
    )


def access_token(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    """Returns the access token of a call (RFC 6750, section 2.1), or None without one.

    Raises:
        TokenRefused: If the header is not one bearer token.
    """
    found = [value for key, value in metadata if key == methods.AUTHORIZATION]
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], str) or not found[0].startswith(_BEARER):
        raise TokenRefused("the call carries something other than one bearer token")
    return found[0].removeprefix(_BEARER)


def with_access_token(token: str) -> tuple[tuple[str, str], ...]:
    """Returns the metadata of a person's call."""
    return ((methods.AUTHORIZATION, _BEARER + token),)


def _configuration(tls: ServerTls) -> grpc.ServerCertificateConfiguration:
    pair = (tls.identity.key.private_pem(), to_pem(tls.identity.certificate))
    roots = b"".join(to_pem(authority) for authority in tls.authorities)
    if not roots:
        # Without roots gRPC falls back on those of the system.
        raise CertificateRefused("the exchange accepts no CA yet; admit an agency first")
    return grpc.ssl_server_certificate_configuration([pair], roots)


def _single(properties: Mapping[str, Iterable[bytes]], name: str) -> bytes:
    values = list(properties.get(name, ()))
    return values[0] if len(values) == 1 else b""


def _text(properties: Mapping[str, Iterable[bytes]], name: str) -> str:
    return _single(properties, name).decode("ascii", "replace")
