"""Budgets: a day's amount at once, and as much again in each day, of each part by itself."""

import pytest

from tearline.errors import ExchangeBusy
from tearline.limits import (
    AGENCY_BYTES_DAY,
    AGENCY_ENTRIES_DAY,
    CHARGE_BYTES,
    MARK_BURST_MS,
    MARK_PACE_MS,
    MAX_RETRY_AFTER_MS,
)
from tearline.statements.budget import (
    DAY_US,
    DEFAULT_BUDGET,
    Amount,
    BudgetLevel,
    BudgetPart,
    paced_mark,
    part_of,
)
from tearline.statements.statement import StatementType, Trait

DAY_MS = DAY_US // 1000
NOW_MS = 1_800_000_000_000
BUDGET = Amount(entries=128, bytes=100_000)


def spent(
    times: int, *, entries: int = 1, size: int = 0, part: BudgetPart = BudgetPart.ORDINARY
) -> BudgetLevel:
    level = BudgetLevel()
    for _ in range(times):
        level.verify(now_ms=NOW_MS)
        level = level.after(Amount(entries=entries, bytes=size), part, BUDGET, now_ms=NOW_MS)
    return level


def test_a_day_s_amount_comes_at_once_and_then_as_much_in_each_day() -> None:
    full = spent(128)
    with pytest.raises(ExchangeBusy) as refused:
        full.verify(now_ms=NOW_MS)
    assert refused.value.retry_after_ms == 1
    full.verify(now_ms=NOW_MS + 1)
    after = full.after(Amount(entries=1, bytes=0), BudgetPart.ORDINARY, BUDGET, now_ms=NOW_MS + 1)
    with pytest.raises(ExchangeBusy):
        after.verify(now_ms=NOW_MS + DAY_MS // 128 - 1)
    after.verify(now_ms=NOW_MS + DAY_MS // 128 + 1)
    assert full.entries_us == 1000 * NOW_MS + DAY_US  # empty after a day


def test_bytes_are_counted_beside_entries_and_either_stops_alone() -> None:
    with pytest.raises(ExchangeBusy):
        spent(4, size=30_000).verify(now_ms=NOW_MS)
    spent(3, size=30_000).verify(now_ms=NOW_MS)


def test_a_part_has_its_share_of_a_day() -> None:
    for part in BudgetPart:
        most = 128 // part.share
        spent(most, part=part)
        with pytest.raises(ExchangeBusy):
            spent(most + 1, part=part).verify(now_ms=NOW_MS)


def test_the_delay_of_a_long_wait_is_as_long_as_one_may_be() -> None:
    level = spent(1, entries=1000)  # one statement of any size passes
    with pytest.raises(ExchangeBusy) as refused:
        level.verify(now_ms=NOW_MS)
    assert refused.value.retry_after_ms == MAX_RETRY_AFTER_MS


def test_what_stops_or_withdraws_has_a_part_of_its_own() -> None:
    assert part_of(StatementType.STANDING) is BudgetPart.STANDING
    assert part_of(StatementType.RECALL) is part_of(StatementType.VOID) is BudgetPart.WITHDRAWAL
    assert part_of(StatementType.REVOCATION) is part_of(StatementType.RECEIPT) is None
    free = {kind for kind in StatementType if part_of(kind) is None}
    assert free - {StatementType.RECEIPT} == {k for k in StatementType if Trait.CLEAR in k.traits}
    for kind in (StatementType.GRANT, StatementType.MARK, StatementType.PROPOSAL):
        assert part_of(kind) is BudgetPart.ORDINARY


def test_an_import_of_a_hundred_thousand_packets_for_four_partners_fits_a_day() -> None:
    packet = Amount(entries=1, bytes=10_000 + CHARGE_BYTES)
    grant = Amount(entries=2, bytes=2_000 + CHARGE_BYTES)
    assert 100_000 * (packet.entries + 4 * grant.entries) < AGENCY_ENTRIES_DAY
    assert 100_000 * (packet.bytes + 4 * grant.bytes) < AGENCY_BYTES_DAY
    assert Amount(entries=AGENCY_ENTRIES_DAY, bytes=AGENCY_BYTES_DAY) == DEFAULT_BUDGET


def test_marks_of_a_channel_come_in_a_burst_and_then_at_their_pace() -> None:
    empty_ms = 0
    for _ in range(MARK_BURST_MS // MARK_PACE_MS):
        empty_ms = paced_mark(empty_ms, now_ms=NOW_MS)
    with pytest.raises(ExchangeBusy) as refused:
        paced_mark(empty_ms, now_ms=NOW_MS)
    assert refused.value.retry_after_ms == MARK_PACE_MS
    assert paced_mark(empty_ms, now_ms=NOW_MS + MARK_PACE_MS) == empty_ms + MARK_PACE_MS
