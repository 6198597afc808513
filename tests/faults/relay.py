"""A long line: answers take their time, and are lost if the exchange dies meanwhile.

On loopback an answer is there the moment it is given. Between capitals it is under way for a
while, and a kill finds many that were given and never arrived.
"""

import asyncio
import threading
from typing import Self

_CHUNK = 1 << 16


class LongLine:
    """Passes connections on to an address, answers later by a delay; as a context."""

    def __init__(self, address: str, delay_s: float) -> None:
        self._upstream = address
        self._delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._connections: set[asyncio.Task[None]] = set()
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def _end(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._relay(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self._upstream.rpartition(":")
        try:
            answers, requests = await asyncio.open_connection(host, int(port))
        except ConnectionRefusedError:
            writer.close()
            return
        ways = [
            asyncio.ensure_future(_pass(reader, requests)),
            asyncio.ensure_future(self._pass_later(answers, writer)),
        ]
        try:
            # Whichever end goes first takes the other with it, and what is on the line.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            requests.close()
            writer.close()

    async def _pass_later(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def arrive(data: bytes) -> None:
            if not writer.is_closing():
                writer.write(data)

        while data := await reader.read(_CHUNK):
            self._loop.call_later(self._delay_s, arrive, data)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
