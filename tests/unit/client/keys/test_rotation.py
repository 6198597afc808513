"""When keys are replaced and destroyed."""

import pytest

from tearline.tlog.agreed_time import AgreedTime
from tearline_client.keys.rotation import (
    DESTROY_AFTER_MS,
    LIFETIME_MS,
    KeyKind,
    end_of_new,
    is_past_use,
    rotation_due,
)

NOW_MS = 1_780_000_000_000
DAY_MS = 24 * 3_600_000
FRESH = {kind: NOW_MS + lifetime_ms for kind, lifetime_ms in LIFETIME_MS.items()}


def due(**left_days: float) -> tuple[str, ...]:
    ends_ms = FRESH | {KeyKind(k): NOW_MS + int(d * DAY_MS) for k, d in left_days.items()}
    return rotation_due(ends_ms, now_ms=NOW_MS)


def test_fresh_keys_are_left_alone() -> None:
    assert due() == ()


@pytest.mark.parametrize(
    ("kind", "days"), [("tls", 3.5), ("kem", 3.5), ("cosign", 30), ("sign", 60)]
)
def test_a_key_is_replaced_while_it_still_counts(kind: str, days: float) -> None:
    assert due(**{kind: days + 0.01}) == ()
    assert due(**{kind: days}) == (kind,)


def test_what_is_not_there_is_made() -> None:
    assert rotation_due({KeyKind.SIGN: FRESH[KeyKind.SIGN]}, now_ms=NOW_MS) == (
        "tls",
        "kem",
        "cosign",
    )


def test_nothing_is_certified_by_a_key_that_is_not_there() -> None:
    assert rotation_due({}, now_ms=NOW_MS) == ("tls", "sign")


def test_a_key_ends_no_later_than_what_certifies_it() -> None:
    ends_ms = FRESH | {KeyKind.SIGN: NOW_MS + DAY_MS}
    assert end_of_new(KeyKind.KEM, ends_ms, now_ms=NOW_MS) == NOW_MS + DAY_MS
    assert end_of_new(KeyKind.TLS, ends_ms, now_ms=NOW_MS) == FRESH[KeyKind.TLS]


def test_a_key_that_cannot_last_longer_is_not_replaced() -> None:
    assert due(sign=1, kem=1, cosign=1) == ("sign",)


def at(time_ms: int) -> AgreedTime:
    return AgreedTime(log_ms=time_ms, own_ms=time_ms)


def test_an_old_key_is_destroyed_once_nothing_sealed_to_it_can_arrive() -> None:
    assert not is_past_use(NOW_MS, at(NOW_MS + DESTROY_AFTER_MS - 1))
    assert is_past_use(NOW_MS, at(NOW_MS + DESTROY_AFTER_MS))
