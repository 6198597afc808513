"""Files: read within a bound, and written so that they are complete and durable, or absent."""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ConfigUnreadable, FileExposed, RestoreRefused, TearlineError

OWNER_ONLY = 0o600
UMASK = 0o666  # the mode that the process itself sets by its umask

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def reported_as(refusal: Callable[[str], TearlineError], path: Path) -> Iterator[None]:
    """Raises ``refusal`` with ``path`` and the reason, where the system refuses."""
    try:
        yield
    except OSError as error:
        raise refusal(f"{path}: {error.strerror}") from None


def read_bounded(path: Path, maximum: int, *, is_private: bool = False) -> bytes:
    """Returns the contents of a file.

    Args:
        path: The file.
        maximum: Bytes that it may have.
        is_private: Refuses a file that users other than this process's may read or write.

    Raises:
        ConfigUnreadable: If it is missing, unreadable or longer.
        FileExposed: If it is to be private, and is not.
    """
    with reported_as(ConfigUnreadable, path):
        return _read(path, maximum, is_private=is_private)


def read_if_present(path: Path, maximum: int) -> bytes | None:
    """Returns the contents of a file, or None where there is no file.

    Raises:
        ConfigUnreadable: If it is unreadable, or has more than ``maximum`` bytes.
    """
    with reported_as(ConfigUnreadable, path):
        try:
            return _read(path, maximum, is_private=False)
        except FileNotFoundError:
            return None


def _read(path: Path, maximum: int, *, is_private: bool) -> bytes:
    with path.open("rb") as file:
        if is_private:
            verify_owner_only(os.fstat(file.fileno()), path)
        data = file.read(maximum + 1)
    if len(data) > maximum:
        raise ConfigUnreadable(f"{path} is longer than {maximum} bytes")
    return data


def read_owner_only(path: Path, maximum: int) -> bytes:
    """Returns the contents of a key file; one byte above ``maximum``, if it is longer.

    Raises:
        FileExposed: If it is not a regular file, or other users have access to it.
        OSError: If it cannot be read.
    """
    with open_unlinked(path) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise FileExposed(f"{path} is not a regular file")
        verify_owner_only(found, path)
        return file.read(maximum + 1)


def verify_owner_only(found: os.stat_result, path: Path) -> None:
    """Checks that only the user of this process has access to a file or folder.

    Raises:
        FileExposed: If it belongs to another user, or others may read or write it.
    """
    if found.st_uid != os.geteuid():
        raise FileExposed(f"{path} belongs to another user")
    if found.st_mode & _OTHERS:
        raise FileExposed(str(path))


def open_unlinked(path: Path) -> BinaryIO:
    """Opens a file for reading, without waiting for it and without following a symbolic link.

    Raises:
        FileExposed: If it is a symbolic link.
        OSError: If it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        if path.is_symlink():
            raise FileExposed(f"{path} is a symbolic link") from None
        raise
    return os.fdopen(descriptor, "rb")


def open_private(path: Path) -> int:
    """Returns a descriptor of an owner-only file, which is created where it is missing.

    Raises:
        OSError: If it cannot be opened, or is a symbolic link.
    """
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, OWNER_ONLY)


def create_private(path: Path) -> BinaryIO:
    """Creates an owner-only file, and opens it for writing.

    Raises:
        OSError: If it exists, or cannot be created.
    """
    return _create(path, OWNER_ONLY)


def write_new(path: Path, data: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Creates a file, durably; leaves no file after a failure.

    Raises:
        OSError: If it exists, or cannot be written.
    """
    file = _create(path, mode)
    try:
        with file:
            file.write(data)
            fsync_file(file)
    except OSError:
        path.unlink()
        raise


def replace(path: Path, data: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Writes a file atomically: readers find the old bytes or the new.

    Raises:
        OSError: If it cannot be written; the old file stays.
    """
    draft = draft_beside(path)
    write_new(draft, data, mode=mode)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yields a path beside ``target``; moves it there on success, or removes it.

    Raises:
        RestoreRefused: If the target exists, or cannot be written.
    """
    target = target.absolute()
    draft = draft_beside(target)
    try:
        _require_absent(target)
        yield draft
        _require_absent(target)
        draft.rename(target)
        fsync_path(target.parent)
    except OSError as error:
        _remove(draft)
        raise RestoreRefused(f"{error.filename or target}: {error.strerror}") from None
    except BaseException:
        _remove(draft)
        raise


def draft_beside(path: Path) -> Path:
    """Returns a hidden name in the same folder, which no other file has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def fsync_file(file: BinaryIO) -> None:
    """Makes the writes to an open file durable."""
    file.flush()
    os.fsync(file.fileno())


def fsync_path(path: Path) -> None:
    """Makes a file durable, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Makes a folder durable, with all files and folders in it."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            fsync_path(Path(place, name))
        fsync_path(Path(place))


def _create(path: Path, mode: int) -> BinaryIO:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, mode), "wb")


def _require_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise RestoreRefused(f"{target}: there is something already")


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)
