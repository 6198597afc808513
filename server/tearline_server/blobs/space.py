"""Space of large documents: on a disk or in a quota, and each agency's part of it.

Half of the space is divided among the agencies in equal, guaranteed shares. The other half belongs
to the documents that are sent first. Parts take space, announcements take a small window of it.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tearline.dataclass.immutable import immutable
from tearline.errors import BlobQuotaExceeded
from tearline.limits import (
    BLOB_RESERVE_BYTES,
    BLOB_WINDOW_BYTES,
    LEAST_BLOB_CHARGE,
    MIN_FREE_BYTES,
)


@immutable
class Taken:
    """Space that the documents of one agency take.

    Attributes:
        stored: Bytes of their parts.
        awaited: Bytes that were announced and are not here.
    """

    stored: int
    awaited: int

    @property
    def reserved(self) -> int:
        """Returns the bytes that no other agency may take: the stored ones, and a window."""
        return self.stored + min(max(0, self.awaited), BLOB_WINDOW_BYTES)


@immutable
class Space:
    """Space of all documents.

    Attributes:
        total: Bytes that all documents may take together; None if the place states no bound.
        taken: The space that is taken, by owner.
    """

    total: int | None
    taken: Mapping[bytes, Taken]

    def share(self, agencies: int) -> int | None:
        """Returns the bytes that are guaranteed to each of some agencies; None without a bound."""
        return None if self.total is None else self.total // (2 * max(1, agencies))

    def verify_room(self, owner: bytes, size: int, agencies: int) -> None:
        """Checks that an agency may store more bytes.

        Args:
            owner: The agency's owner name.
            size: The bytes.
            agencies: The number of members.

        Raises:
            BlobQuotaExceeded: If they exceed its guaranteed share, and the rest of the space.
        """
        others = [taken.reserved for each, taken in self.taken.items() if each != owner]
        newcomers = max(0, agencies - 1 - len(others))
        share = self.share(1 + newcomers + len(others))
        if self.total is None or share is None:
            return
        stored = self.taken[owner].stored if owner in self.taken else 0
        kept = newcomers * share + sum(max(share, each) for each in others)
        if size > max(share, self.total - kept) - stored:
            raise BlobQuotaExceeded(f"{size} bytes; {share} are guaranteed to each agency")


def space_of(taken: Mapping[bytes, Taken], free: int | None, quota: int | None) -> Space:
    """Returns the space of all documents: the quota, or the disk if that is less.

    Args:
        taken: The space that is taken, by owner.
        free: Bytes that further documents may take on the disk; None if that is unknown.
        quota: Bytes that all documents may take; None for no quota.
    """
    bounds = [] if quota is None else [quota]
    if free is not None:
        bounds.append(max(0, free + sum(each.stored for each in taken.values())))
    return Space(total=min(bounds, default=None), taken=taken)


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
