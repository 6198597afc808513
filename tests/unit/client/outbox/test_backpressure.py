"""How long a node waits before it sends again what the exchange had no room for."""

from itertools import permutations

from support.cases import each_case
from tearline.errors import ExchangeBusy, MailboxFull, StatementMalformed
from tearline_client.outbox.backpressure import BlockedChannels

SHORT, LONG = ExchangeBusy(retry_after_ms=250), MailboxFull(retry_after_ms=60_000)
NO_TIME = ExchangeBusy()


@each_case("order", [*permutations([SHORT, LONG, NO_TIME, StatementMalformed()])])
def test_the_longest_wait_counts_when_several_are_busy(order: tuple[ExchangeBusy, ...]) -> None:
    held = BlockedChannels()
    for error in order:
        held.note_busy(error)
    assert held.busy is LONG


def test_an_error_without_a_time_is_not_waited_for() -> None:
    held = BlockedChannels()
    for error in (NO_TIME, StatementMalformed()):
        held.note_busy(error)
    assert held.busy is None
