"""Files of exports: always new, owner-only, and written completely or not at all."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ExportRefused
from tearline.limits import MAX_FILE_NAME_BYTES
from tearline_runtime.files import OWNER_ONLY, create_private, fsync_file, fsync_path

# Letters and digits of any script, and signs without meaning to shells, browsers or file systems.
_PLAIN_NAME = re.compile(r"\w(?:[\w .+@()-]*[\w)])?\Z")
# Names of devices on Windows, with any extension.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def verify_file_name(name: str) -> str:
    """Returns ``name`` if it is a plain file name.

    Raises:
        ExportRefused: If it could leave the folder, be hidden, or name a device.
    """
    if (
        not _PLAIN_NAME.match(name)
        or _DEVICES.match(name)
        or ".." in name
        or len(name.encode("utf-8")) > MAX_FILE_NAME_BYTES
    ):
        raise ExportRefused("the name is not a plain file name")
    return name


def verify_free(folder: Path, name: str) -> None:
    """Checks that a new file can be written, before its contents are exported.

    Raises:
        ExportRefused: If the name is not plain, the file exists, or the folder is not writable.
    """
    if os.path.lexists(folder / verify_file_name(name)):
        raise ExportRefused(f"{name}: a file of that name exists")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise ExportRefused("the folder cannot be written")


@contextmanager
def create_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Opens a new file ``name`` in ``folder``, readable only by its owner.

    The file gets its name once all data is durable; after a failure, no file remains. Where the
    file system allows it, the file has no name before, so a killed process leaves none either. An
    existing file or link is never written to.

    Raises:
        ExportRefused: If the name is not plain, the file exists, or the folder is not
            writable.
    """
    target = folder / verify_file_name(name)
    with refusing():
        file, unfinished = _create(folder)
    try:
        with refusing(), file:
            yield file
            fsync_file(file)
            # Unlike renaming, a link fails if the name exists. With a descriptor, which absolute
            # paths ignore, Python lets the system follow the link in /proc.
            source = unfinished or f"/proc/self/fd/{file.fileno()}"
            os.link(source, target, src_dir_fd=file.fileno(), follow_symlinks=unfinished is None)
            fsync_path(folder)
    finally:
        if unfinished is not None:
            unfinished.unlink()


def _create(folder: Path) -> tuple[BinaryIO, Path | None]:
    """Opens a new file without a name, or else with the returned one."""
    with suppress(OSError):  # not on every file system, nor on every system
        return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_WRONLY, OWNER_ONLY), "wb"), None
    unfinished = folder / f".{secrets.token_hex(8)}.unfinished"
    return create_private(unfinished), unfinished


@contextmanager
def refusing() -> Iterator[None]:
    """Context in which a failure of the file system refuses the export.

    Raises:
        ExportRefused: If a file exists, is written by another process, or cannot be written.
    """
    try:
        yield
    except FileExistsError:
        raise ExportRefused("a file of that name exists") from None
    except BlockingIOError:
        raise ExportRefused("another export writes the file") from None
    except OSError as failure:
        raise ExportRefused(f"the file cannot be written ({failure.strerror})") from None
