"""When keys are replaced and when old ones are destroyed: the schedule, without a clock.

A key is replaced while it still counts, so that nothing waits for the new one and nobody is
refused for the old one: both count for as long as the old one would have.
"""

from collections.abc import Mapping
from enum import StrEnum

from tearline.tlog.agreed_time import AgreedTime

_DAY_MS = 24 * 3_600_000
DESTROY_AFTER_MS = _DAY_MS
"""How long an encryption key outlives its end: clocks differ, and what was accepted in its last
second is still to be fetched."""


class KeyKind(StrEnum):
    """What a node has keys for."""

    TLS = "tls"
    SIGN = "sign"
    KEM = "kem"
    COSIGN = "cosign"


LIFETIME_MS = {
    KeyKind.TLS: 7 * _DAY_MS,
    KeyKind.SIGN: 366 * _DAY_MS,  # certified by an offline root, once a year
    KeyKind.KEM: 7 * _DAY_MS,  # what a thief of one can open is a week's mail at most
    KeyKind.COSIGN: 90 * _DAY_MS,
}

_RENEWED_MS = {
    KeyKind.TLS: LIFETIME_MS[KeyKind.TLS] // 2,
    KeyKind.SIGN: 60 * _DAY_MS,  # a person must fetch the root
    KeyKind.KEM: LIFETIME_MS[KeyKind.KEM] // 2,
    KeyKind.COSIGN: LIFETIME_MS[KeyKind.COSIGN] // 3,
}
"""How much is left of a key's life when its successor is made."""

_CERTIFIED_BY_NODE = (KeyKind.KEM, KeyKind.COSIGN)


def rotation_due(ends_ms: Mapping[KeyKind, int], *, now_ms: int) -> tuple[KeyKind, ...]:
    """The kinds of key that are to be replaced now.

    Args:
        ends_ms: When the newest key of each kind that counts ends, Unix milliseconds; a kind
            of which none counts is left out.
        now_ms: The time, Unix milliseconds.

    Returns:
        In the order in which they are replaced: what certifies others first.
    """
    return tuple(kind for kind in KeyKind if _is_due(kind, ends_ms, now_ms))


def _is_due(kind: KeyKind, ends_ms: Mapping[KeyKind, int], now_ms: int) -> bool:
    if ends_ms.get(kind, now_ms) - now_ms > _RENEWED_MS[kind]:
        return False
    # A successor that its certifier lets end no later would be due again at once.
    return end_of_new(kind, ends_ms, now_ms=now_ms) > ends_ms.get(kind, now_ms)


def end_of_new(kind: KeyKind, ends_ms: Mapping[KeyKind, int], *, now_ms: int) -> int:
    """When a key made now ends: no later than the signing key that certifies it.

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
    """Whether an encryption key may be destroyed: nothing sealed to it can still arrive.

    Whatever was sealed to it was accepted before its end, and has been fetched where the
    mailbox was empty after that.

    Args:
        end_ms: When it ended, or will, Unix milliseconds.
        emptied: When the mailbox was last read to its end.
    """
    return emptied.has_reached(end_ms + DESTROY_AFTER_MS)
