"""Space of documents: each agency's guaranteed share, and the rest."""

import random

import pytest

from support.cases import each_case
from tearline.errors import BlobQuotaExceeded
from tearline.limits import BLOB_WINDOW_BYTES
from tearline_server.blobs.space import Space, Taken, space_of

A, B, C = b"a", b"b", b"c"
WINDOW = BLOB_WINDOW_BYTES


def has_room(space: Space, owner: bytes, size: int, agencies: int = 3) -> bool:
    try:
        space.verify_room(owner, size, agencies)
    except BlobQuotaExceeded:
        return False
    return True


def stored(total: int | None, **taken: int) -> Space:
    held = {name.encode(): Taken(stored=size, awaited=0) for name, size in taken.items()}
    return Space(total=total, taken=held)


def test_half_of_the_space_is_shared_and_the_other_half_free() -> None:
    assert has_room(stored(600), A, 400)
    assert not has_room(stored(600), A, 401)
    full = stored(600, a=400)
    assert not has_room(full, A, 1)
    assert has_room(full, B, 100)
    assert not has_room(full, B, 101)


def test_an_announcement_keeps_a_window_and_no_more() -> None:
    announced = Taken(stored=0, awaited=1 << 50)
    space = Space(total=8 * WINDOW, taken={A: announced})
    assert has_room(space, B, 5 * WINDOW, agencies=2)
    assert not has_room(Space(total=WINDOW, taken={A: announced}), B, WINDOW, agencies=2)


def test_a_place_without_a_stated_size_has_room() -> None:
    assert has_room(stored(None, a=1 << 60), B, 1 << 60)


@pytest.mark.parametrize(
    ("free", "quota", "total"),
    [(None, None, None), (None, 9, 9), (5, 90, 12), (5, 8, 8), (-9, None, 0)],
)
def test_the_quota_or_the_disk_bounds_it(
    free: int | None, quota: int | None, total: int | None
) -> None:
    assert space_of({A: Taken(stored=7, awaited=1)}, free, quota).total == total


@each_case("seed", range(8))
def test_whatever_others_store_each_agency_reaches_its_share(seed: int) -> None:
    draw, held = random.Random(seed), dict.fromkeys((A, B, C), 0)
    for _ in range(200):
        owner, size = draw.choice([A, B]), draw.randrange(1, 200)
        taken = {each: Taken(stored=size, awaited=0) for each, size in held.items() if size}
        if has_room(Space(total=6000, taken=taken), owner, size):
            held[owner] += size
    assert sum(held.values()) <= 6000
    for owner, size in held.items():
        taken = {each: Taken(stored=size, awaited=0) for each, size in held.items() if size}
        assert size >= 1000 or has_room(Space(total=6000, taken=taken), owner, 1000 - size)
