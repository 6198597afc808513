"""Folders in memory, where a test's writes wait for no disk."""

import os
from pathlib import Path

_PLACE = Path("/dev/shm")
_ROOM = 8 << 30  # several times what a run of all tests leaves at once


def folder_in_memory() -> Path | None:
    """Returns where the files of a run may lie in memory, if there is such a place with room."""
    try:
        found = os.statvfs(_PLACE)
    except OSError:
        return None
    may_run = not found.f_flag & os.ST_NOEXEC  # some tests run what they write
    has_room = found.f_bavail * found.f_frsize >= _ROOM
    return _PLACE if may_run and has_room and os.access(_PLACE, os.W_OK) else None
