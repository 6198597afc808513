"""Space of large documents: on a disk, and of their agency's."""

import shutil
from pathlib import Path

from tearline.errors import BlobQuotaExceeded
from tearline.limits import BLOB_RESERVE_BYTES, LEAST_BLOB_CHARGE, MIN_FREE_BYTES


def charge(size: int) -> int:
    """Returns the bytes that a document takes of its agency's space: small ones cost files, too."""
    return max(size, LEAST_BLOB_CHARGE)


def free_bytes(folder: Path) -> int:
    """Returns the bytes on a disk that documents may take; they leave room for packets."""
    disk = shutil.disk_usage(folder)
    return disk.free - MIN_FREE_BYTES - min(disk.total // 10, BLOB_RESERVE_BYTES)


def verify_disk(folder: Path, size: int) -> None:
    """Checks that a disk has space for so many bytes.

    Raises:
        BlobQuotaExceeded: If not.
    """
    if free_bytes(folder) < size:
        raise BlobQuotaExceeded("the disk is nearly full")
