"""How long faults go on: some rounds, or in ``make soak`` for TEARLINE_SOAK_S seconds in all."""

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator

SOAK_S = float(os.environ.get("TEARLINE_SOAK_S") or 0)

PARTS = {
    "kill": 4,
    "processes": 2,
    "disk": 1,
    "crowd": 1,
    "line": 2,
    "migration": 1,
    "restore": 1,
    "decision": 1,
    "set back": 1,
    "clocks": 2,
    "hostile": 6,
}
"""What share of a soak each fault gets."""


def rounds(fault: str, enough: Callable[[int], bool]) -> Iterator[int]:
    """The numbers of rounds of a fault, until so many are enough; in a soak for its time at least.

    Args:
        fault: One of ``PARTS``.
        enough: Whether so many rounds are enough.
    """
    until_s = time.monotonic() + SOAK_S * PARTS[fault] / sum(PARTS.values())
    for number in itertools.count():
        if time.monotonic() >= until_s and enough(number):
            return
        yield number


def chance() -> random.Random:
    """What draws the moments; TEARLINE_SEED draws the same ones again."""
    seed = int(os.environ.get("TEARLINE_SEED") or random.randrange(1 << 32))
    print(f"TEARLINE_SEED={seed}")
    return random.Random(seed)
