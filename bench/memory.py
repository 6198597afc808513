"""Memory of processes, of Linux."""

from pathlib import Path


def peak_kib_of(pid: int | str = "self") -> int:
    """Returns the most resident memory of a process so far, in KiB; 0 once it has ended.

    Unlike ``ru_maxrss``, it does not count what the parent held when it started the process.

    Args:
        pid: The process; by default this one.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) for words in lines if words[0] == "VmHWM:"), 0)
