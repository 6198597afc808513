"""The worst that one member can write in a day: the page states what the limits allow."""

from support.paths import ROOT
from tearline.limits import (
    AGENCY_BYTES_DAY,
    AGENCY_ENTRIES_DAY,
    MAX_REFUSALS_COUNTED,
    REFUSAL_SHARE,
    REFUSALS_FLUSH_S,
)
from tearline.statements.budget import BudgetPart

ENTRY, AT_NODE, RECEIPT = 740, 33, 5500


def test_the_worst_day_of_a_member_is_that_of_the_limits() -> None:
    page = (ROOT / "docs/performance.md").read_text()
    entries = sum(AGENCY_ENTRIES_DAY // part.share for part in BudgetPart)
    kept = (BudgetPart.ORDINARY, BudgetPart.WITHDRAWAL, BudgetPart.STANDING)
    size = sum(AGENCY_BYTES_DAY // part.share for part in kept) + ENTRY * entries
    grants = AGENCY_ENTRIES_DAY // 2  # each has an entry, and an item of a mailbox
    with_partners = size + grants * (4 * RECEIPT + ENTRY)
    counted = MAX_REFUSALS_COUNTED * 24 * 3600 // REFUSALS_FLUSH_S
    for figure in (
        f"{entries:,}",
        f"{size / 1e9:.1f} GB",
        f"{AT_NODE * entries / 1e6:.1f} MB",
        f"{entries + 5 * grants:,}",
        f"{with_partners / 1e9:.1f} GB",
        f"{counted:,}",
        f"E/{REFUSAL_SHARE}",
    ):
        assert figure in page, figure
