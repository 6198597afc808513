"""Cost of a function by the size of its input, measured so that a busy machine does not matter."""

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

TraceFunction = Callable[[FrameType, str, Any], Any]

_ROUNDS = 50  # a machine that is always busy is at rest in one of them
_SURE = 5  # rounds after which no noise explains a cost far above the bound
_TRIES = 3  # with inputs made anew, which lie elsewhere in memory and in the caches
_LOOKS = 3  # at memory, to which other threads and what is loaded on first use only add
_FACTOR = 10
_LEAST_NS = 5_000_000  # of one measurement: far above what a clock and a cache make of it
MOST = 30.0
"""Ten times the input may cost so many times as much.

Time by the size alone costs 10 times, and on a busy machine, where the larger input falls out of
the caches, up to 15. Time by n·√n costs 32 times, and by the square a hundred times.
"""
_BEYOND_NOISE = 2 * MOST


MOST_STEPS = 15
"""Ten times the input may run so many times as many instructions of Python."""


def growth(make: Callable[[int], Callable[[], object]], size: int) -> float:
    """Returns how many times as much ten times the input costs, in processor time.

    Args:
        make: Makes, untimed, a call that works on an input of some size.
        size: That of the smaller input.
    """
    found = _growth(make, size)
    for _ in range(_TRIES - 1):
        if not MOST < found <= _BEYOND_NOISE:
            break
        found = _growth(make, size)
    return found


def _growth(make: Callable[[int], Callable[[], object]], size: int) -> float:
    small, large = make(size), make(_FACTOR * size)
    times = 1
    while _cost(small, _FACTOR * times) < _LEAST_NS:
        times *= 2
    cheapest_small = cheapest_large = float("inf")
    for done in range(1, _ROUNDS + 1):
        # As much work on both sides, so that what a moment of the machine does meets both.
        cheapest_small = min(cheapest_small, _cost(small, _FACTOR * times) / _FACTOR)
        cheapest_large = min(cheapest_large, _cost(large, times))
        ratio = cheapest_large / cheapest_small
        if ratio <= MOST or (done >= _SURE and ratio > _BEYOND_NOISE):
            break
    return cheapest_large / cheapest_small


def _cost(call: Callable[[], object], times: int) -> int:
    gc.disable()
    try:
        begin = time.process_time_ns()
        for _ in range(times):
            call()
        return max(1, time.process_time_ns() - begin)
    finally:
        gc.enable()


def steps(call: Callable[[], object]) -> int:
    """Returns how many instructions of Python a call runs; the same in each run.

    Meanwhile no garbage is collected, since that runs finalizers of other objects.
    """
    count = 0

    def note(frame: FrameType, event: str, _: object) -> TraceFunction:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return note

    before, collects = sys.gettrace(), gc.isenabled()
    gc.disable()
    sys.settrace(note)
    try:
        call()
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return count


def memory(make: Callable[[], Callable[[], object]]) -> tuple[int, int]:
    """Returns the bytes that a call leaves held with its result, and the most that it held.

    Args:
        make: Makes, unmeasured, a call that was not run yet.
    """
    looks = [_memory(make()) for _ in range(_LOOKS)]
    return min(held for held, _ in looks), min(most for _, most in looks)


def _memory(call: Callable[[], object]) -> tuple[int, int]:
    gc.collect()
    tracemalloc.start()
    try:
        result = call()
        found = tracemalloc.get_traced_memory()
        del result  # it was held while it was weighed
        return found
    finally:
        tracemalloc.stop()
