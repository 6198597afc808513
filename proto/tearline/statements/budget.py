"""Budget of an agency: the entries and bytes that it may have the exchange keep in a day.

A budget has parts, so that none starves another: a flood of packets delays no suspension and no
recall. Each part is a bucket of one day's amount, which the log's time empties in a day. Its state
is the time at which it is empty, so that exchange and agency compute it alike from the log's times.
Specified in docs/spec/statement-v1.md, section 12.
"""

from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import ExchangeBusy
from tearline.limits import (
    AGENCY_BYTES_DAY,
    AGENCY_ENTRIES_DAY,
    MARK_BURST_MS,
    MARK_PACE_MS,
    MAX_RETRY_AFTER_MS,
    REFUSAL_SHARE,
    RESERVE_SHARE,
)
from tearline.statements.statement import StatementType, Trait

DAY_US = 24 * 3_600_000_000


class BudgetPart(StrEnum):
    """Parts of a budget, each with a bucket of its own."""

    ORDINARY = "ordinary"
    WITHDRAWAL = "withdrawal"
    STANDING = "standing"
    SEARCH = "search"
    REFUSAL = "refusal"

    @property
    def share(self) -> int:
        """Returns the share of a day's amount that it has: one of so many."""
        return _SHARES[self]


_SHARES = {
    BudgetPart.ORDINARY: 1,
    BudgetPart.WITHDRAWAL: RESERVE_SHARE,
    BudgetPart.STANDING: RESERVE_SHARE,
    BudgetPart.SEARCH: RESERVE_SHARE,
    BudgetPart.REFUSAL: REFUSAL_SHARE,
}


def part_of(kind: StatementType) -> BudgetPart | None:
    """Returns the part that accepted statements of a type are charged to.

    Returns None for types with a bound of their own: clear statements, of which an agency has few
    for ever, and receipts, of which four answer each grant.
    """
    if Trait.CLEAR in kind.traits or kind is StatementType.RECEIPT:
        return None
    if Trait.DELETING in kind.traits:
        return BudgetPart.WITHDRAWAL
    return BudgetPart.STANDING if kind is StatementType.STANDING else BudgetPart.ORDINARY


@immutable
class Amount:
    """Charge, or the budget of a day.

    Attributes:
        entries: Entries of the log, and items of mailboxes: each makes one more entry or row later,
            of its delivery, its return or its deadline.
        bytes: Bytes of bodies and ciphertexts, and ``CHARGE_BYTES`` for each statement.
    """

    entries: int
    bytes: int


DEFAULT_BUDGET = Amount(entries=AGENCY_ENTRIES_DAY, bytes=AGENCY_BYTES_DAY)
"""Amount of a day, unless the exchange's settings name another."""


@immutable
class BudgetLevel:
    """Level of one part: two buckets, each as the log's time at which it is empty.

    Attributes:
        entries_us: Of the entries, in microseconds since 1970.
        bytes_us: Of the bytes, likewise.
    """

    entries_us: int = 0
    bytes_us: int = 0

    def verify(self, *, now_ms: int) -> None:
        """Checks that neither bucket is full.

        Args:
            now_ms: The log's time.

        Raises:
            ExchangeBusy: If one is; states the delay until it is not.
        """
        over_us = max(self.entries_us, self.bytes_us) - 1000 * now_ms - DAY_US
        if over_us >= 0:
            raise ExchangeBusy(
                "its agency has used its budget of a day",
                retry_after_ms=min(over_us // 1000 + 1, MAX_RETRY_AFTER_MS),
            )

    def after(
        self, charge: Amount, part: BudgetPart, budget: Amount, *, now_ms: int
    ) -> "BudgetLevel":
        """Returns the level after a charge.

        Args:
            charge: The charge.
            part: The part that is charged.
            budget: The amount of a day, of the part with the share 1.
            now_ms: The log's time.
        """
        day_us, now_us = DAY_US * part.share, 1000 * now_ms
        return BudgetLevel(
            entries_us=max(self.entries_us, now_us) + -(-charge.entries * day_us // budget.entries),
            bytes_us=max(self.bytes_us, now_us) + -(-charge.bytes * day_us // budget.bytes),
        )


def paced_mark(empty_ms: int, *, now_ms: int) -> int:
    """Returns the time at which a channel's bucket of marks is empty after another mark.

    A mark's numbers are its signer's own word, so none of them makes a mark cheaper.

    Args:
        empty_ms: The time at which it is empty without the mark, in log time.
        now_ms: The log's time of the mark's entry.

    Raises:
        ExchangeBusy: If the bucket is full; states the delay until it is not.
    """
    filled_ms = max(0, empty_ms - now_ms) + MARK_PACE_MS
    if filled_ms > MARK_BURST_MS:
        raise ExchangeBusy(
            "this channel has had too many marks recently",
            retry_after_ms=min(filled_ms - MARK_BURST_MS, MAX_RETRY_AFTER_MS),
        )
    return now_ms + filled_ms
