"""Random order, from the system's randomness."""

import secrets

_DRAW = 16  # bytes: two equal draws, which would keep their order, do not happen


def shuffled(count: int) -> list[int]:
    """Returns the numbers below ``count`` in random order, each order as likely as another.

    They are sorted by random keys, which one call of the system draws.
    """
    draws = secrets.token_bytes(_DRAW * count)
    keys = [draws[start : start + _DRAW] for start in range(0, len(draws), _DRAW)]
    return sorted(range(count), key=keys.__getitem__)
