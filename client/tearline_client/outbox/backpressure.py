"""What is held up while the outbox is sent: nothing may overtake it, and how long that lasts."""

from collections.abc import Hashable, Iterable, Sequence

from tearline.errors import ExchangeBusy, TearlineError, error_by_code
from tearline.statements.statement import Statement
from tearline.wire.publications import Outcome, Publication, Refused
from tearline_client.messages.resend import is_behind, thread_of


class BlockedChannels:
    """What is held up in one round of sending.

    Attributes:
        busy: What the exchange takes no more of, and the longest time after which it is worth
            while to come again; None where nothing waits for that.
    """

    def __init__(self) -> None:
        self._ids: set[Hashable] = set()
        self.busy: ExchangeBusy | None = None

    def add(self, ids: Iterable[Hashable]) -> None:
        """Holds up packets, channels, or statements that are in none."""
        self._ids.update(ids)

    def keeps(self, statement: Statement) -> bool:
        """Whether a statement must wait."""
        return is_behind(statement, self._ids)

    def note(self, publication: Publication, outcomes: Sequence[Outcome]) -> None:
        """Holds up what the exchange said to bring again later, and all behind that."""
        answers = {outcome.about: outcome for outcome in outcomes}
        for statement in publication.statements():
            outcome = answers.get(statement.id)
            if outcome is None or outcome.receipt is not None or outcome.refusal is None:
                continue
            if (busy := _busy(outcome.refusal)) is not None:
                self.add([thread_of(statement)])
                self.note_busy(busy)

    def note_busy(self, error: TearlineError) -> None:
        """Takes note of an error, if it says when to come again."""
        if not isinstance(error, ExchangeBusy) or error.retry_after_ms is None:
            return
        if self.busy is None or error.retry_after_ms > (self.busy.retry_after_ms or 0):
            self.busy = error


def _busy(refusal: Refused) -> ExchangeBusy | None:
    """The error that a refusal is, if it is one with a time."""
    kind = error_by_code(refusal.code)
    if kind is None or not issubclass(kind, ExchangeBusy) or refusal.retry_after_ms is None:
        return None
    return kind(refusal.why, retry_after_ms=refusal.retry_after_ms)
