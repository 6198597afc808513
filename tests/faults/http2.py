"""A client that speaks HTTP/2 by hand: it opens calls and leaves their messages unfinished.

gRPC's own client sends whole messages. This one keeps the server's flow control to the letter,
so that a server has nothing to end its connection for (RFC 9113).
"""

import asyncio
import contextlib
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tearline.crypto.certificates import to_pem
from tearline_runtime.grpc.tls_identity import TlsIdentity

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_INITIAL_WINDOW_SIZE = 4
_FRAME = 1 << 14
_WINDOW = 65_535


class Connection:
    """One connection with its calls; each is known by its stream's number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._next = 1
        self._initial = _WINDOW
        self._window = _WINDOW
        self._windows: dict[int, int] = {}
        self._moved = asyncio.Event()
        self.sent: dict[int, int] = {}
        self.ended: set[int] = set()
        self.closed = False

    async def start(self) -> None:
        """Greets the server."""
        self._writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, b""))
        await self._writer.drain()

    async def listen(self) -> None:
        """Does what the server's frames ask for, until the connection ends."""
        try:
            while True:
                head = await self._reader.readexactly(9)
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF
                payload = await self._reader.readexactly(int.from_bytes(head[:3]))
                self._hear(kind, flags, stream, payload)
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self.closed = True
            self._move()

    def _hear(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _SETTINGS and not flags & _ACK:
            for place in range(0, len(payload), 6):
                name, value = struct.unpack_from(">HI", payload, place)
                if name == _INITIAL_WINDOW_SIZE:
                    for each in self._windows:
                        self._windows[each] += value - self._initial
                    self._initial = value
            self._writer.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _WINDOW_UPDATE:
            more = int.from_bytes(payload) & 0x7FFFFFFF
            if stream == 0:
                self._window += more
            elif stream in self._windows:
                self._windows[stream] += more
        elif kind == _PING and not flags & _ACK:
            self._writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _RST_STREAM or (kind in (_HEADERS, _DATA) and flags & _END_STREAM):
            self.ended.add(stream)
        self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def until_ended(self, streams: set[int]) -> None:
        """Waits until the server ended these calls, or the connection."""
        while not streams <= self.ended and not self.closed:
            await self._moved.wait()

    def call(self, path: str) -> int:
        """Begins a call; nothing of its message is sent."""
        stream, self._next = self._next, self._next + 2
        self._windows[stream], self.sent[stream] = self._initial, 0
        fields = {
            ":method": "POST",
            ":scheme": "https",
            ":path": path,
            ":authority": "exchange.test",
            "te": "trailers",
            "content-type": "application/grpc",
        }
        block = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())
        self._writer.write(_frame(_HEADERS, _END_HEADERS, stream, block))
        return stream

    async def send(self, stream: int, data: bytes) -> bool:
        """Sends part of a call's message as fast as the server lets it; whether all of it left."""
        place = 0
        while place < len(data):
            if self.closed or stream in self.ended:
                return False
            size = min(len(data) - place, self._window, self._windows[stream], _FRAME)
            if size <= 0:
                await self._moved.wait()
                continue
            self._window -= size
            self._windows[stream] -= size
            self.sent[stream] += size
            self._writer.write(_frame(_DATA, 0, stream, data[place : place + size]))
            place += size
            await self._writer.drain()
        return True


def message_head(size: int) -> bytes:
    """What gRPC puts before a message of so many bytes."""
    return b"\0" + size.to_bytes(4)


@contextlib.asynccontextmanager
async def connected(
    port: int, identity: TlsIdentity, *, curve: str = ""
) -> AsyncIterator[Connection]:
    """A connection of whoever holds a certificate; it believes any server.

    With a curve it completes TLS, and offers no hybrid key exchange: each call is refused.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    if curve:
        context.set_ecdh_curve(curve)
    with tempfile.NamedTemporaryFile() as file:
        pem = to_pem(identity.certificate) + identity.key.private_pem()
        Path(file.name).write_bytes(pem)
        context.load_cert_chain(file.name)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    connection = Connection(reader, writer)
    await connection.start()
    listening = asyncio.create_task(connection.listen())
    try:
        yield connection
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        writer.transport.abort()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()
