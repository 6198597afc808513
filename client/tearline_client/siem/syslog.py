"""Syslog (RFC 5424) over TLS (RFC 5425), with a confirmation of each batch.

Syslog has no acknowledgement. So each batch has a connection of its own, which ends with TLS
closure alerts: the receiver's alert (RFC 5425, 4.4) follows all that it read before. Without it,
the batch counts as not sent and is sent again. The receiver's certificate is verified, with its
name.
"""

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path
from time import monotonic

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.errors import ConfigUnreadable, SettingInvalid
from tearline.identity import trust_domain_of
from tearline_client.audit.rows import iso_text
from tearline_client.siem import Message
from tearline_runtime.peers import connection_fault, is_host, pem_fault

TIMEOUT_S = 10.0  # for one step of a delivery
DEADLINE_S = 60.0  # for a whole one: a receiver that sends byte by byte does not hold the node
PORT = 6514
"""The port of syslog over TLS."""
_AUDIT = 13  # the facility "log audit"
_WARNING, _INFO = 4, 6
_PIECE_BYTES = 1 << 14
_MAX_PIECES = 16  # a receiver of syslog has nothing to say
_MAX_PORT = (1 << 16) - 1


@immutable
class SyslogSink:
    """A receiver of syslog over TLS.

    Attributes:
        host: Its name, as its certificate has it.
        port: Its port.
        node: URI of the sending node.
        trusted: Context of TLS: the issuers of its certificate, and our own certificate if any.
    """

    host: str
    port: int
    node: str
    trusted: ssl.SSLContext

    @property
    def id(self) -> bytes:
        """Returns its id, 32 bytes: the same after a restart for the same receiver."""
        parts = ("syslog", self.host, str(self.port))
        return hashlib.sha256(b"".join(prefixed(part.encode()) for part in parts)).digest()

    def send(self, messages: Iterable[Message]) -> str:
        """Delivers a batch; returns an empty text, or the fault. Blocks for seconds."""
        host = trust_domain_of(self.node)
        data = b"".join(frame(message, host) for message in messages)
        try:
            with socket.create_connection((self.host, self.port), TIMEOUT_S) as connection:
                session = _Session(connection, self.trusted, self.host)
                session.send(data)
                session.close()
        except _NotConfirmedError:
            return "the syslog receiver did not confirm the messages by a TLS closure alert"
        except OSError as error:
            return f"the syslog receiver did not take the messages ({connection_fault(error)})"
        return ""


class _NotConfirmedError(OSError):
    """The receiver sent no closure alert."""


class _Session:
    """A session of TLS that tells the receiver's closure alert from its other alerts.

    ``SSLSocket.unwrap`` takes a fatal alert, such as of a refused client certificate, for a
    closure alert.
    """

    def __init__(self, connection: socket.socket, trusted: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._ends_s = monotonic() + DEADLINE_S
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trusted.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._run(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        """Sends data; raises ``OSError`` if the session has ended."""
        left = memoryview(data)

        def write() -> None:
            nonlocal left
            while left:  # one record at a time
                left = left[self._tls.write(left) :]

        self._run(write)

    def close(self) -> None:
        """Sends a closure alert, and reads until the receiver's; raises ``OSError`` without it."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        with suppress(ssl.SSLZeroReturnError):  # the closure alert
            with suppress(ssl.SSLEOFError):  # the connection was cut
                for _ in range(_MAX_PIECES):
                    self._run(lambda: self._tls.read(_PIECE_BYTES))
            raise _NotConfirmedError

    def _run(self, step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                self._flush()
                self._limit()
                received = self._connection.recv(_PIECE_BYTES)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._limit()
            self._connection.sendall(self._outgoing.read())

    def _limit(self) -> None:
        """Limits the next step by the rest of the session's time; raises ``OSError`` after it."""
        left_s = self._ends_s - monotonic()
        if left_s <= 0:
            raise TimeoutError("the session took too long")
        self._connection.settimeout(min(TIMEOUT_S, left_s))


def precise_time(time_ms: int) -> str:
    """Returns a time as ``2026-02-17T12:30:00.000Z``."""
    return f"{iso_text(time_ms)[:-1]}.{time_ms % 1000:03d}Z"


def frame(message: Message, host: str) -> bytes:
    """Returns a message as RFC 5425 frames it: its length in octets, a space, and its octets."""
    severity = _WARNING if message.is_warning else _INFO
    head = f"<{_AUDIT * 8 + severity}>1 {message.time} {host} tearline - {message.code} -"
    data = f"{head} {message.text}".encode("ascii")
    return f"{len(data)} ".encode("ascii") + data


def syslog_sink(
    address: str,
    node: str,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> SyslogSink:
    """Returns the receiver of the settings.

    Args:
        address: ``host:port``, or a host alone for port 6514; an IPv6 address in brackets.
        node: URI of the sending node.
        ca: File with the issuers of its certificate; by default those of the machine.
        certificate: File with our own certificate, or None.
        key: File with its key, or None if it is in the same file.

    Raises:
        SettingInvalid: If the address is not valid.
        ConfigUnreadable: If a file cannot be read.
    """
    host, digits = _divided(address)
    is_port = digits.isascii() and digits.isdigit() and 0 < int(digits) <= _MAX_PORT
    if not host or not is_port:
        raise SettingInvalid("syslog: expected host:port; an IPv6 address is in brackets")
    files = f"syslog_ca: {ca}"
    try:
        context = _context(ca)
        if certificate is not None:
            files = " and ".join(str(each) for each in (certificate, key) if each)
            context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigUnreadable(f"{files}: {pem_fault(error)}") from None
    return SyslogSink(host=host, port=int(digits), node=node, trusted=context)


def _divided(address: str) -> tuple[str, str]:
    """Returns the host of an address, or an empty text if it is none, and its port."""
    if address.startswith("["):
        host, _, digits = address[1:].partition("]:")
        if address.endswith("]"):
            host, digits = address[1:-1], str(PORT)
        return _ipv6(host), digits
    host, colon, digits = address.rpartition(":")
    if not colon:
        host, digits = address, str(PORT)
    return host if ":" not in host and is_host(host) else "", digits


def _ipv6(text: str) -> str:
    """Returns an IPv6 address in its shortest form, or an empty text if it is none."""
    try:
        address = IPv6Address(text)
    except ValueError:
        return ""
    return "" if address.scope_id else str(address)  # no certificate names an interface


def _context(ca: Path | None) -> ssl.SSLContext:
    """Returns a context that verifies the receiver's certificate, and its name."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Some builds of Python take a cut connection for a closure alert by default.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
