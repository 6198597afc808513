"""Asking a port in plain HTTP, byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a port of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def told(port: int, request: bytes) -> bytes:
    """All that the port answers to a request, until it closes the connection."""
    async with connected(port) as (reader, writer):
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 120)


def status(reply: bytes) -> int:
    """The status of an answer."""
    return int(reply.split(b" ", 2)[1])
