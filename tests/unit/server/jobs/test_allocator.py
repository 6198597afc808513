"""The allocator: what a flood takes of memory is not kept."""

import ctypes
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc alone has these settings"
)

MIB = 1 << 20

# Behind each block stands a small one that stays, so that no arena shrinks from its end. What is
# freed for the first time raises the threshold of glibc: so everything is done twice.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from tearline_server.jobs import allocator

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:"))

def flood(size):
    blocks = [(b"x" * size, bytes(4000)) for _ in range((64 << 20) // size)]
    return [small for _, small in blocks]

size, prepare, clean = int(sys.argv[1]), *(getattr(allocator, each, None) for each in sys.argv[2:])
if prepare:
    prepare()
before, stays = resident(), [flood(size), flood(size)]
if clean:
    asyncio.run(clean())
print(resident() - before)
"""


def kept(size: int, prepare: str, clean: str) -> int:
    """Returns the bytes that a process keeps of two floods of 64 MiB in blocks of some size."""
    command = [sys.executable, "-c", PROGRAM, str(size), prepare, clean]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(ended.stdout)


def test_memory_of_large_messages_is_returned_as_soon_as_they_are_gone() -> None:
    assert kept(256 << 10, "", "") > 48 * MIB
    assert kept(256 << 10, "return_large_blocks", "") < 24 * MIB


def test_memory_of_small_blocks_is_returned_once_they_are_gone() -> None:
    assert kept(64 << 10, "", "") > 48 * MIB
    assert kept(64 << 10, "", "return_free_pages") < 24 * MIB
