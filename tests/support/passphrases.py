"""Passphrases that are stretched once in a process: it takes a third of a second, on purpose.

Tests open copies of a few homes hundreds of times. What Argon2id returns depends on nothing but its
arguments, so nothing else changes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

import tearline.crypto.passphrase


@lru_cache(maxsize=4096)
def _derived(passphrase: bytes, **cost: int | bytes) -> bytes:
    return Argon2id(**cost).derive(passphrase)  # type: ignore[arg-type]


class _Remembered:
    """``Argon2id`` with the given salt and cost, which derives each key once."""

    def __init__(self, **cost: int | bytes) -> None:
        self._cost = cost

    def derive(self, passphrase: bytes) -> bytes:
        """Returns the key of a passphrase."""
        return _derived(passphrase, **self._cost)


@contextmanager
def stretched_once() -> Iterator[None]:
    """Inside, no passphrase is stretched again with the same salt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tearline.crypto.passphrase, "Argon2id", _Remembered)
        yield
