"""Virus scanner of the agency: clamd, by its command INSTREAM (clamd(8)).

The document is streamed, so the scanner needs no file of it. Only one answer lets it pass, and only
after its last byte: every other answer, silence, and a broken connection refuse it. So does a
scanner that calls files beyond its limits clean.
"""

import gzip
import re
import select
import socket
import time
from collections.abc import Iterable
from functools import cache

from tearline.errors import MalwareFound, ScanLimitExceeded, ScannerUnavailable

MAX_SCANNED_BYTES = (2 << 30) - 1
"""Bytes that clamd takes; of a larger file it judges nothing, and may still call it clean."""

_CLEAN = "stream: OK"
_FOUND = re.compile(r"stream: ([\w.:()/+-]{1,200}) FOUND", re.ASCII)
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"
_UNSCANNED = "Heuristics.Limits.Exceeded"  # with AlertExceedsMax, of files beyond a limit
_MAX_ANSWER = 1024
_MOST_NESTED = 100  # the highest MaxRecursion that clamd.conf may name


class Scanner:
    """Scanner at an address.

    Args:
        address: Absolute path of a Unix socket, or host:port.
        timeout_s: Seconds to wait for each step, and for the whole answer.
    """

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s

    def verify_ready(self) -> None:
        """Checks that the scanner answers.

        Raises:
            ScannerUnavailable: If not.
        """
        try:
            with self._connected() as connection:
                connection.sendall(b"zPING\0")
                answer = self._answer(connection)
        except OSError as error:
            raise self._unavailable(error) from None
        if answer != "PONG":
            raise ScannerUnavailable(f"{self._address} is not a clamd")
        self._verify_limits()

    def scan(self, pieces: Iterable[bytes], size: int) -> None:
        """Streams a document to the scanner; returns once that found it clean.

        It blocks: call it in a thread.

        Args:
            pieces: The document's bytes. An error that they raise ends the scan.
            size: Their number.

        Raises:
            MalwareFound: If the scanner refuses it.
            ScanLimitExceeded: If it is larger than the scanner takes.
            ScannerUnavailable: If the scanner does not judge it.
        """
        if size > MAX_SCANNED_BYTES:
            raise ScanLimitExceeded(f"{size} bytes, of {MAX_SCANNED_BYTES}")
        self._verify_limits()
        answer, is_whole = self._asked(pieces)
        _judge(answer, is_whole=is_whole)

    def _verify_limits(self) -> None:
        """Checks that the scanner does not call a file beyond its limits clean.

        clamd tells its settings to no client, so a small file beyond any limit is scanned.

        Raises:
            ScannerUnavailable: If it does, or does not look into the file.
        """
        answer, _ = self._asked([_beyond_limits()])
        found = _FOUND.fullmatch(answer)
        if found is None or not found[1].startswith(_UNSCANNED):
            raise ScannerUnavailable(
                f"{self._address} calls files beyond its limits clean: set `AlertExceedsMax yes`"
                " in clamd.conf, and leave `ScanArchive` on"
            )

    def _asked(self, pieces: Iterable[bytes]) -> tuple[str, bool]:
        """Returns the answer to a document, and whether all of it was sent."""
        try:
            with self._connected() as connection:
                connection.sendall(b"zINSTREAM\0")
                is_whole = _stream(connection, pieces)
                return self._answer(connection), is_whole
        except OSError as error:
            raise self._unavailable(error) from None

    def _connected(self) -> socket.socket:
        if self._address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(self._timeout_s)
            try:
                connection.connect(self._address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self._address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        return socket.create_connection((host, int(port)), timeout=self._timeout_s)

    def _answer(self, connection: socket.socket) -> str:
        """Returns the text before the first NUL.

        Raises:
            ScannerUnavailable: If it does not end, or the scanner closes the connection before.
            OSError: If the connection fails, or the time is up.
        """
        ends, answer = time.monotonic() + self._timeout_s, b""
        while b"\0" not in answer:
            left_s = ends - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            connection.settimeout(left_s)
            more = connection.recv(_MAX_ANSWER)
            answer += more
            if not more or len(answer) > _MAX_ANSWER:
                raise ScannerUnavailable(f"{self._address} gave no answer")
        return answer.partition(b"\0")[0].decode("ascii", "replace")

    def _unavailable(self, error: OSError) -> ScannerUnavailable:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
        return ScannerUnavailable(f"{self._address}: {why or 'the connection failed'}")


@cache
def _beyond_limits() -> bytes:
    """Returns a file of 2 KiB with more archives in one another than clamd can be set to open."""
    nested = b"beyond the limits"
    for _ in range(_MOST_NESTED + 1):
        nested = gzip.compress(nested, mtime=0)
    return nested


def _stream(connection: socket.socket, pieces: Iterable[bytes]) -> bool:
    """Sends a document in chunks; returns whether all of it was sent.

    clamd answers, and closes the connection, where it takes no more.
    """
    try:
        for piece in pieces:
            if not piece:
                continue  # an empty chunk would end the document
            if select.select([connection], [], [], 0)[0]:
                return False
            connection.sendall(len(piece).to_bytes(4, "big"))
            connection.sendall(piece)
        connection.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _judge(answer: str, *, is_whole: bool) -> None:
    """Raises unless an answer calls a whole document clean."""
    found = _FOUND.fullmatch(answer)
    if found and not found[1].startswith(_UNSCANNED):
        raise MalwareFound(found[1])
    if found or answer == _TOO_LARGE:
        raise ScanLimitExceeded
    if answer != _CLEAN:
        raise ScannerUnavailable("its answer is not one of clamd's")
    if not is_whole:
        raise ScannerUnavailable("it answered before the document ended")
