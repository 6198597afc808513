"""Further work of an act, in the transaction that stores it."""

from collections.abc import Callable

OnStore = Callable[[], None]
"""Runs in the transaction that stores an act. If it raises, the act is not stored."""
