"""Budget of an agency, charged for its statements and searches in the order of the log."""

from tearline.statements.budget import Amount, BudgetLevel, BudgetPart
from tearline_server.processing.batch import Batch
from tearline_server.processing.registry import Registry


def verify_budget(registry: Registry, batch: Batch, agency: str, part: BudgetPart) -> None:
    """Checks that a part of an agency's budget is not used up.

    Raises:
        ExchangeBusy: If it is.
    """
    registry.budgets.get((agency, part), BudgetLevel()).verify(now_ms=batch.now_ms)


def charge(registry: Registry, batch: Batch, agency: str, part: BudgetPart, amount: Amount) -> None:
    """Charges a part of an agency's budget, in this batch and for later ones."""
    level = registry.budgets.get((agency, part), BudgetLevel())
    after = level.after(amount, part, registry.installation.budget, now_ms=batch.now_ms)
    registry.budgets[agency, part] = batch.budgets[agency, part] = after
