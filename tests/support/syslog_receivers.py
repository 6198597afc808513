"""Receivers of syslog over TLS: one of the tests' own, and rsyslog where it is installed."""

import datetime
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path

RSYSLOG = Path("/usr/sbin/rsyslogd")
RSYSLOG_TLS = Path("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so")
_START_S = 20


def certified(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Writes a certificate for localhost, or for a name, and its key; returns their paths."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(IPv6Address("::1")))
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


class Receiver:
    """A receiver that reads framed messages, and closes each session as RFC 5425 asks.

    Args:
        certificate: Its certificate.
        key: The key of that.
        client: The only client certificate that it takes; None: it asks for none.
        host: The address on which it listens.

    Attributes:
        port: Its port.
        batches: The messages of each closed session.
        loses: Sessions that it breaks off after reading, before the closure alert.
    """

    def __init__(
        self, certificate: Path, key: Path, client: Path | None = None, *, host: str = "127.0.0.1"
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        if client is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self.batches: list[list[bytes]] = []
        self.loses = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(20)

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            with suppress(OSError), plain:
                plain.settimeout(20)
                with self._context.wrap_socket(plain, server_side=True) as secured:
                    self._read(secured)

    def _read(self, secured: ssl.SSLSocket) -> None:
        data = b""
        while piece := secured.recv(65536):  # ends with the sender's closure alert
            data += piece
        self.batches.append([*unframed(data)])
        if self.loses:
            self.loses -= 1
            return
        secured.unwrap()


@contextmanager
def dripping() -> Iterator[int]:
    """A receiver that answers with a record of TLS that never ends, byte by byte; yields its port.

    It sends a byte for each that the sender could have read, so no clock paces it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with suppress(OSError):
                plain, _ = listening.accept()
                with plain:
                    plain.settimeout(20)
                    plain.sendall(b"\x16\x03\x03\x40\x00")  # a handshake record of 16 KiB
                    while True:
                        plain.sendall(b"\x00")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(20)


def unframed(data: bytes) -> Iterator[bytes]:
    """Yields the messages of a stream, each behind its length."""
    while data:
        length, _, data = data.partition(b" ")
        size = int(length)
        assert len(data) >= size
        yield data[:size]
        data = data[size:]


def has_rsyslog() -> bool:
    """Returns whether rsyslog with TLS by OpenSSL is installed."""
    return RSYSLOG.exists() and RSYSLOG_TLS.exists()


@dataclass
class Rsyslog:
    """A running rsyslog: its port; after its end, its file's mode and the messages."""

    port: int
    mode: int = 0
    messages: list[bytes] = field(default_factory=list)


@contextmanager
def rsyslog(certificate: Path, key: Path) -> Iterator[Rsyslog]:
    """Runs rsyslog; its messages are there once the context has ended."""
    with rsyslog_by(
        'global(DefaultNetstreamDriver="ossl"'
        f' DefaultNetstreamDriverCAFile="{certificate}"'
        f' DefaultNetstreamDriverCertFile="{certificate}"'
        f' DefaultNetstreamDriverKeyFile="{key}")\n'
        'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1"'
        ' StreamDriver.AuthMode="anon")\n'
        'input(type="imtcp" address="127.0.0.1" port="PORT")\n'
        'template(name="raw" type="string" string="%rawmsg%\\n")\n'
        'action(type="omfile" file="OUTPUT" template="raw")\n'
    ) as running:
        yield running


@contextmanager
def rsyslog_by(config: str) -> Iterator[Rsyslog]:
    """Runs rsyslog by a configuration, in which ``PORT`` and ``OUTPUT`` are replaced."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="tearline-rsyslog-", dir="/tmp"))
    output, path = folder / "messages", folder / "rsyslog.conf"
    config = config.replace("PORT", str(port)).replace("OUTPUT", str(output))
    path.write_text(f'global(workDirectory="{folder}")\n{config}', encoding="utf-8")
    command = [str(RSYSLOG), "-n", "-f", str(path), "-i", str(folder / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port)
        running = Rsyslog(port)
        yield running
        process.terminate()  # it writes out what it has
        process.wait(20)
        running.messages += output.read_bytes().splitlines()
        running.mode = output.stat().st_mode & 0o777
    finally:
        process.kill()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + _START_S
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > end:
            raise TimeoutError("rsyslog does not listen")
        time.sleep(0.05)
