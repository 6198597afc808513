"""Objects in a folder that the machines of several exchange processes share, such as NFS.

The operator creates it below the point where the share is mounted: one that is missing is not
mounted, and is not created here.
"""

import errno
from asyncio import get_running_loop
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from tearline.blobs.parts import PART_BYTES
from tearline.errors import BlobQuotaExceeded, ObjectsUnreachable
from tearline_runtime.files import fsync_path, replace
from tearline_server.blobs.space import free_bytes, verify_disk

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FOLDER_MODE = 0o700
_THREADS = 16

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SharedFolder:
    """``Objects`` in a folder.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A share that hangs keeps its threads: those of the event loop stay free for other work.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="documents")

    async def _in_thread(self, act: Callable[[*Ts], T], *values: *Ts) -> T:
        return await get_running_loop().run_in_executor(self._threads, act, *values)

    def _at(self, name: str) -> Path:
        """Returns the file of an object: a document has a folder, in a folder of its owner."""
        return self._folder.joinpath(*name.split("-"))

    async def put(self, name: str, data: bytes) -> None:
        """Stores an object, in place of an earlier one; it is durable when the call returns.

        Raises:
            BlobQuotaExceeded: If the disk has no space left.
            ObjectsUnreachable: If the folder is not mounted, or cannot be written.
        """
        await self._in_thread(self._put, name, data)

    def _put(self, name: str, data: bytes) -> None:
        with self._mounted():
            verify_disk(self._folder, len(data))
            path = self._at(name)
            self._create(path.parent)
            replace(path, data)

    def _create(self, folder: Path) -> None:
        """Creates a folder and those above it, durably."""
        if folder != self._folder and not folder.is_dir():
            self._create(folder.parent)
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            fsync_path(folder.parent)

    async def get(self, name: str) -> bytes | None:
        """Returns an object, or None if there is none.

        Raises:
            ObjectsUnreachable: If the folder is not mounted, or cannot be read.
        """
        return await self._in_thread(self._get, name)

    def _get(self, name: str) -> bytes | None:
        with self._mounted(), suppress(FileNotFoundError), self._at(name).open("rb") as file:
            return file.read(PART_BYTES)
        return None

    async def delete(self, name: str) -> None:
        """Deletes an object, if it is there, and its folder with the last one.

        Raises:
            ObjectsUnreachable: If the folder is not mounted, or cannot be written.
        """
        await self._in_thread(self._delete, name)

    def _delete(self, name: str) -> None:
        with self._mounted():
            path = self._at(name)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # it holds further objects, or is gone
                path.parent.rmdir()

    async def free_bytes(self) -> int:
        """Returns the bytes on the share's disk that further objects may take.

        Raises:
            ObjectsUnreachable: If the folder is not mounted.
        """
        return await self._in_thread(self._free_bytes)

    def _free_bytes(self) -> int:
        with self._mounted():
            return free_bytes(self._folder)

    @contextmanager
    def _mounted(self) -> Iterator[None]:
        try:
            self._folder.stat()
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise BlobQuotaExceeded("the disk is full") from None
            raise ObjectsUnreachable(f"{self._folder}: {error.strerror}") from None

    async def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False)
