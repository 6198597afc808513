"""Run by every interpreter that has this folder on its path: a wrong clock, a slow disk, limits.

``SKEW_S`` is by how many seconds the clock is ahead, ``SKEW_FILE`` a file of eight bytes that says
by how many it is now; ``SLOW_DISK`` is a file that says how many
seconds SQLite has to wait now until something is on the disk; ``LIMITS`` is JSON, by name.
"""

import json
import os
import time
from pathlib import Path

if "SKEW_S" in os.environ:
    # What Tearline's programs call now. ``time.time`` stays right: gRPC takes deadlines from it.
    _time_ns, _ahead_ns = time.time_ns, int(os.environ["SKEW_S"]) * 10**9
    time.time_ns = lambda: _time_ns() + _ahead_ns

if "SKEW_FILE" in os.environ:
    import mmap

    with Path(os.environ["SKEW_FILE"]).open("rb") as _file:
        _skew = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)
    _right_ns = time.time_ns
    time.time_ns = lambda: _right_ns() + int.from_bytes(_skew[:8], "big", signed=True) * 10**9

if "LIMITS" in os.environ:
    import tearline.limits

    for _name, _value in json.loads(os.environ["LIMITS"]).items():
        if not hasattr(tearline.limits, _name):
            raise SystemExit(f"there is no limit called {_name}")
        setattr(tearline.limits, _name, _value)

if "SLOW_DISK" in os.environ:
    import apsw

    class _File(apsw.VFSFile):
        def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's name)
            began = time.monotonic()
            while time.monotonic() - began < float(Path(os.environ["SLOW_DISK"]).read_text()):
                time.sleep(0.01)  # it may be well again before the time is over
            super().xSync(flags)

    class _Disk(apsw.VFS):
        def xOpen(self, name: str, flags: list[int]) -> _File:  # noqa: N802
            return _File(_SYSTEMS, name, flags)

    _SYSTEMS = apsw.vfs_names()[0]
    _disk = _Disk("slow", _SYSTEMS, makedefault=True)
