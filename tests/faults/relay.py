"""A long line: answers take their time, and are lost if the exchange dies meanwhile.

On loopback an answer is there the moment it is given. Between capitals it is under way for a
while, and a kill finds many that were given and never arrived. The line can be cut, and it can
fall silent while both ends believe that it is there.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self

_CHUNK = 1 << 16


class LongLine:
    """Passes connections on to an address, answers later by a delay; as a context."""

    def __init__(self, address: str, delay_s: float) -> None:
        self._upstream = address
        self._delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._connections: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._is_cut = False
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = self._run(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Ends every connection, and takes no new one."""
        self._run(self._change(is_cut=True))

    def silence(self) -> None:
        """Passes nothing on any more, and tells neither end."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def restore(self) -> None:
        """Is a line as before; what fell silent stays so, as where an address was forgotten."""
        self._run(self._change(is_cut=False))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _change(self, *, is_cut: bool) -> None:
        self._is_cut = is_cut
        if is_cut:
            await self._hang_up()
        self._passing = asyncio.Event()  # connections hold the one that they began with
        self._passing.set()

    async def _listen(self) -> str:
        self._passing.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def _end(self) -> None:
        self._server.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
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
        passing = self._passing

        async def request(data: bytes) -> None:
            requests.write(data)
            await requests.drain()

        async def answer(data: bytes) -> None:
            self._loop.call_later(self._delay_s, arrive, data)

        def arrive(data: bytes) -> None:
            if not writer.is_closing() and passing.is_set():
                writer.write(data)

        ways = [
            asyncio.ensure_future(_pass(reader, request, passing)),
            asyncio.ensure_future(_pass(answers, answer, passing)),
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


async def _pass(
    reader: asyncio.StreamReader,
    pass_on: Callable[[bytes], Awaitable[None]],
    passing: asyncio.Event,
) -> None:
    while data := await reader.read(_CHUNK):
        await passing.wait()
        await pass_on(data)
