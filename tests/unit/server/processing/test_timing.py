"""Whether an id exists is not told by how long its refusal takes.

Processor time of looking up and judging, in the thread that does both, of what names somebody
else's and of what names nothing: in pairs, in random order, compared by rank. On PostgreSQL it is
time on the clock, since another process looks up.
"""

import random
from pathlib import Path

import pytest

from support.agencies import CN
from support.exchange import World, opened
from tearline.sealing import SealedPacket
from tearline.wire.statements import Signed
from unit.server.processing.foreign_ids import REFERENCES, Theirs, on_postgresql, spent_ns, stage

pytestmark = pytest.mark.thorough(
    twin="tests/unit/server/processing/test_equal_lookups.py::test_sqlite_works_alike_whether_the_id_exists_or_not"
)

MOST = 0.05
"""By so much more than half of the pairs, the one may take longer than the other.

Where both read the same rows, a comparison more in an index or 20 ns of SQLite make up to 0.025.
A query more, or a signature, takes longer in nearly every pair.
"""
BATCH = 64
FEW, MANY = 600, 4800
"""Pairs that find no difference, and pairs that find one: chance makes 0.0059 of so many."""


async def compared(
    world: World, reference: str, pairs: int, ours: SealedPacket, theirs: Theirs
) -> float:
    """By how much more than half of the pairs what exists takes longer."""
    times: dict[bool, list[int]] = {True: [], False: []}
    refusals = set()
    make = REFERENCES[reference]
    node = world.parties.node(CN)
    for _ in range(-(-pairs // (BATCH // 2))):
        exists = [True, False] * (BATCH // 2)
        random.shuffle(exists)
        tree = node.sign([make(world, ours, theirs if each else None) for each in exists])
        attestations = {tree.attestation.hash: tree.attestation}
        for each, statement in zip(exists, tree.statements(), strict=True):
            signed = Signed(statement=statement, attestations=attestations)
            spent, code = await spent_ns(world, signed)
            times[each].append(spent)
            refusals.add(code)
    assert len(refusals) == 1
    assert refusals != {""}
    return preference(times[True], times[False])


def preference(one: list[int], other: list[int]) -> float:
    """The statistic of Mann and Whitney as a share, which a few very slow ones do not move."""
    merged = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(merged, start=1) if which == 0)
    n, m = len(one), len(other)
    return (ranks - n * (n + 1) / 2) / (n * m) - 1 / 2


async def verify_alike(world: World, reference: str) -> None:
    """Measures, and where the two look different measures more: chance does not repeat itself."""
    staged = await stage(world)
    first = await compared(world, reference, FEW, *staged)
    if abs(first) > MOST / 2:
        again = await compared(world, reference, MANY, *staged)
        assert abs(again) <= MOST, (first, again)


@pytest.mark.parametrize("reference", REFERENCES)
async def test_a_refusal_takes_as_long_whether_the_id_exists_or_not(
    tmp_path: Path, reference: str
) -> None:
    async with opened(tmp_path) as world:
        await verify_alike(world, reference)


@pytest.mark.parametrize("reference", REFERENCES)
async def test_on_postgresql_a_refusal_takes_as_long_whether_the_id_exists_or_not(
    database_url: str, reference: str
) -> None:
    async with on_postgresql(database_url) as world:
        await verify_alike(world, reference)


def test_a_difference_is_seen() -> None:
    assert preference([2, 4, 6], [1, 3, 5]) == pytest.approx(1 / 6)
    assert preference([4, 5, 6], [1, 2, 3]) == pytest.approx(1 / 2)
