"""Core dumps, switched off: an image of the process holds keys and contents in clear."""

import resource
from contextlib import suppress

_FILTER = "/proc/self/coredump_filter"


def forbid_core_dumps() -> None:
    """Keeps the memory of this process, and of those that it starts, out of core dumps.

    The limit forbids files. A program that the system pipes dumps to may ignore it; so the filter
    of Linux (core(5)), where it can be set, leaves every mapping out as well.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with suppress(OSError), open(_FILTER, "w", encoding="ascii") as file:
        file.write("0")
