"""Allocator of the C library: freed memory goes back to the operating system."""

import asyncio
import ctypes

from tearline.limits import LARGE_BLOCK_BYTES

# Parameters of glibc's mallopt(3); other C libraries have no such function.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_ARENAS = 2  # one for the event loop, and one for gRPC's threads and the store's

_library = ctypes.CDLL(None)


def return_large_blocks() -> None:
    """Has the allocator return each large block as soon as it is freed.

    By default glibc raises its threshold to the largest block that was freed, up to 32 MiB, and
    keeps such blocks in an arena of each thread. After a flood of large messages it kept most of
    their memory.
    """
    if hasattr(_library, "mallopt"):
        _library.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
        _library.mallopt(_M_ARENA_MAX, _ARENAS)


async def return_free_pages() -> None:
    """Returns the pages of small blocks that are free, beside the event loop."""
    if hasattr(_library, "malloc_trim"):
        await asyncio.to_thread(_library.malloc_trim, 0)
