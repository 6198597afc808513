"""Schedule of the rotation and destruction of keys; time is passed in.

A key is replaced before it ends. Both keys are valid until the old one ends. Therefore no
message waits for the new key, and none is refused for the old one.
"""

from collections.abc import Mapping
from enum import StrEnum

from tearline.tlog.agreed_time import AgreedTime

_DAY_MS = 24 * 3_600_000
DESTROY_AFTER_MS = _DAY_MS
"""Retention of an encryption key after its end: clocks differ, and messages accepted in its
last second must still be fetched."""


class KeyKind(StrEnum):
    """Kind of a node's key."""

    TLS = "tls"
    SIGN = "sign"
    KEM = "kem"
    COSIGN = "cosign"


LIFETIME_MS = {
    KeyKind.TLS: 7 * _DAY_MS,
    KeyKind.SIGN: 366 * _DAY_MS,  # certified by an offline root, once a year
    KeyKind.KEM: 7 * _DAY_MS,  # a stolen key opens at most a week's messages
    KeyKind.COSIGN: 90 * _DAY_MS,
}

_RENEWED_MS = {
    KeyKind.TLS: LIFETIME_MS[KeyKind.TLS] // 2,
    KeyKind.SIGN: 60 * _DAY_MS,  # a person must fetch the root
    KeyKind.KEM: LIFETIME_MS[KeyKind.KEM] // 2,
    KeyKind.COSIGN: LIFETIME_MS[KeyKind.COSIGN] // 3,
}
"""Remaining lifetime of a key when its successor is made."""

_CERTIFIED_BY_NODE = (KeyKind.KEM, KeyKind.COSIGN)


def rotation_due(ends_ms: Mapping[KeyKind, int], *, now_ms: int) -> tuple[KeyKind, ...]:
    """Returns the kinds of key that are due for replacement.

    Args:
        ends_ms: End of the newest valid key of each kind, Unix milliseconds; without kinds
            that have no valid key.
        now_ms: The time, Unix milliseconds.

    Returns:
        The kinds in the order of replacement: certifying keys first.
    """
    return tuple(kind for kind in KeyKind if _is_due(kind, ends_ms, now_ms))


def _is_due(kind: KeyKind, ends_ms: Mapping[KeyKind, int], now_ms: int) -> bool:
    if ends_ms.get(kind, now_ms) - now_ms > _RENEWED_MS[kind]:
        return False
    # If the certifying key ends first, a successor would be due again at once.
    return end_of_new(kind, ends_ms, now_ms=now_ms) > ends_ms.get(kind, now_ms)


def end_of_new(kind: KeyKind, ends_ms: Mapping[KeyKind, int], *, now_ms: int) -> int:
    """Returns the end of a key made now, at most the end of its certifying signing key.

    Args:
        kind: The kind of key.
        ends_ms: As for ``rotation_due``.
        now_ms: The time, Unix milliseconds.
    """
    end_ms = now_ms + LIFETIME_MS[kind]
    if kind in _CERTIFIED_BY_NODE:
        return min(end_ms, ends_ms.get(KeyKind.SIGN, now_ms))
    return end_ms


def is_past_use(end_ms: int, emptied: AgreedTime) -> bool:
    """Returns whether an encryption key may be destroyed: no message for it can arrive.

    Messages sealed to it were accepted before its end. All of them have been fetched once
    the mailbox was empty after that.

    Args:
        end_ms: End of the key, Unix milliseconds.
        emptied: Time when the mailbox was last read to its end.
    """
    return emptied.has_reached(end_ms + DESTROY_AFTER_MS)
