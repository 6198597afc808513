"""A virus scanner in tests: it speaks clamd's protocol on a Unix socket, truly or not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_GZIP = b"\x1f\x8b"
_LIMIT = b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0"
Answer = Callable[[bytes], bytes]
"""From a document to the answer."""


def judge(document: bytes) -> bytes:
    return b"stream: Eicar-Test FOUND\0" if EICAR in document else b"stream: OK\0"


@dataclass(kw_only=True)
class ClamdDouble:
    """A scanner.

    Attributes:
        address: The path of its socket.
        answer: Its answer to a document.
        early: Its answer before a document, after which it reads no more; or None.
        alerts: Whether it tells files beyond its limits (AlertExceedsMax) from clean ones.
        documents: The documents that it was sent, whole.
    """

    address: str
    answer: Answer = judge
    early: bytes | None = None
    alerts: bool = True
    documents: list[bytes] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        """Answers one command."""
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            command = _until_nul(stream.read)
            if command == b"zPING\0":
                connection.sendall(b"PONG\0")
                return
            assert command == b"zINSTREAM\0"
            first = stream.read(int.from_bytes(stream.read(4), "big"))
            if first.startswith(_GZIP):
                stream.read(4)
                connection.sendall(_LIMIT if self.alerts else b"stream: OK\0")
                return
            if self.early is not None:
                connection.sendall(self.early)
                return
            document = first
            while first and (size := int.from_bytes(stream.read(4), "big")):
                document += stream.read(size)
            self.documents.append(document)
            connection.sendall(self.answer(document))


def _until_nul(read: Callable[[int], bytes]) -> bytes:
    command = b""
    while not command.endswith(b"\0"):
        command += read(1)
    return command


@contextmanager
def scanning(folder: Path) -> Iterator[ClamdDouble]:
    """Serves a scanner."""
    double = ClamdDouble(address=str(folder / "clamd.ctl"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(double.address)
        listener.listen()

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the test is over
                double.serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield double
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
