"""Files that exports are written to: new ones, owner-only, whole or not at all."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ExportRefused
from tearline.limits import MAX_FILE_NAME_BYTES
from tearline_runtime.files import create_private, fsync_file

# Letters and digits of any script, and signs that no shell, browser or file system reads into.
_PLAIN_NAME = re.compile(r"\w(?:[\w .+@()-]*[\w)])?\Z")
# Names that are devices on Windows, whatever follows the dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


def verify_file_name(name: str) -> str:
    """``name``, if it names a file in the folder it is given for and nothing else.

    Raises:
        ExportRefused: If it could lead elsewhere, hide, or be taken for something else.
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
    """Checks that a new file of that name can be written; before its contents leave the node.

    Raises:
        ExportRefused: If the name is not plain, it is taken, or the folder cannot be written.
    """
    if os.path.lexists(folder / verify_file_name(name)):
        raise ExportRefused("a file of that name exists")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise ExportRefused("the folder cannot be written")


@contextmanager
def create_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A new file ``name`` in ``folder``, readable by its owner alone.

    It appears under its name when everything is written and durable; where anything fails
    before, nothing remains. An existing file, or a link in its place, is never written to.

    Raises:
        ExportRefused: If the name is not plain, the file exists, or the folder cannot be
            written.
    """
    target = folder / verify_file_name(name)
    unfinished = folder / f".{secrets.token_hex(8)}.unfinished"
    try:
        file = create_private(unfinished)
    except OSError as failure:
        raise ExportRefused(f"the folder cannot be written ({failure.strerror})") from None
    try:
        try:
            with file:
                yield file
                fsync_file(file)
        except OSError as failure:
            raise ExportRefused(f"the file cannot be written ({failure.strerror})") from None
        try:
            os.link(unfinished, target)  # fails where the name is taken, as renaming does not
        except FileExistsError:
            raise ExportRefused("a file of that name exists") from None
        except OSError as failure:
            raise ExportRefused(f"the file cannot be named ({failure.strerror})") from None
    finally:
        unfinished.unlink()
