"""Statements held up while the outbox is sent, so that none is overtaken."""

from collections.abc import Hashable, Iterable, Sequence

from tearline.errors import ExchangeBusy, TearlineError, error_by_code
from tearline.statements.statement import Statement
from tearline.wire.publications import Outcome, Publication, Refused
from tearline_client.messages.resend import is_behind, thread_of


class BlockedChannels:
    """Packets and channels held up in one round of sending.

    Attributes:
        busy: The exchange's refusal with the longest retry delay, or None.
    """

    def __init__(self) -> None:
        self._ids: set[Hashable] = set()
        self.busy: ExchangeBusy | None = None

    def add(self, ids: Iterable[Hashable]) -> None:
        """Holds up packets, channels, or statements outside of channels."""
        self._ids.update(ids)

    def keeps(self, statement: Statement) -> bool:
        """Returns whether a statement must wait."""
        return is_behind(statement, self._ids)

    def note(self, publication: Publication, outcomes: Sequence[Outcome]) -> None:
        """Holds up statements with a retry delay, and all statements behind them."""
        answers = {outcome.about: outcome for outcome in outcomes}
        for statement in publication.statements():
            outcome = answers.get(statement.id)
            if outcome is None or outcome.receipt is not None or outcome.refusal is None:
                continue
            if (busy := _busy(outcome.refusal)) is not None:
                self.add([thread_of(statement)])
                self.note_busy(busy)

    def note_busy(self, error: TearlineError) -> None:
        """Records an error with a retry delay."""
        if not isinstance(error, ExchangeBusy) or error.retry_after_ms is None:
            return
        if self.busy is None or error.retry_after_ms > (self.busy.retry_after_ms or 0):
            self.busy = error


def _busy(refusal: Refused) -> ExchangeBusy | None:
    """Returns a refusal's error if it has a retry delay, or None."""
    kind = error_by_code(refusal.code)
    if kind is None or not issubclass(kind, ExchangeBusy) or refusal.retry_after_ms is None:
        return None
    return kind(refusal.why, retry_after_ms=refusal.retry_after_ms)
