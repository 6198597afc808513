"""A small disk of one's own, which needs no rights: a file system in memory, in a namespace.

It is seen by those alone who enter: programs are given ``entrance`` before their command line.
The tests look at it from outside.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest


class SmallDisk:
    """A disk of ``size`` bytes, mounted at ``place`` for those who enter; as a context.

    Skips the test where the system gives nobody a namespace.
    """

    def __init__(self, place: Path, size: int) -> None:
        self.place = place
        self._size = size

    def __enter__(self) -> Self:
        self.place.mkdir(parents=True, exist_ok=True)
        mount = f'mount -t tmpfs -o size={self._size},mode=700 tmpfs "$1" && echo ready && cat'
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "-", self.place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"ready\n":
            self.__exit__()
            pytest.skip("this system lets nobody mount a disk of their own")
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.communicate()

    @property
    def entrance(self) -> tuple[str, ...]:
        """What stands before a command that is to see the disk."""
        holder = str(self._holder.pid)
        return ("nsenter", "--preserve-credentials", "--user", "--mount", "--target", holder)

    @property
    def outside(self) -> Path:
        """Where the disk is seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self.place}")

    def take(self, home: Path) -> None:
        """Moves a home onto the disk, under its own path."""
        shutil.copytree(home, self.outside, dirs_exist_ok=True)

    def give_back(self, home: Path) -> None:
        """Moves it back."""
        # The folder itself stays: without it the disk would be gone, too.
        shutil.copytree(
            self.outside, home, ignore=shutil.ignore_patterns(_FILLER), dirs_exist_ok=True
        )

    def leave(self, free: int) -> None:
        """Fills it up but for so many bytes, or makes room for as many."""
        filler = self.outside / _FILLER
        filler.touch()
        with filler.open("r+b") as stream:
            while (excess := shutil.disk_usage(self.outside).free - free) > 0:
                with suppress(OSError):  # somebody was faster
                    os.posix_fallocate(stream.fileno(), 0, filler.stat().st_size + excess)
            stream.truncate(max(0, filler.stat().st_size + excess))


_FILLER = "filler"
