"""TL-REQ: the exchange is out of reach, overloaded, or found nothing."""

from tearline.errors.base import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    TearlineError,
)


class RequestError(TearlineError):
    """The exchange is out of reach, overloaded, or found nothing."""

    exit_status = EXIT_UNREACHABLE


class NotFound(RequestError):
    """Nothing here that answers to this name, or nothing for this caller."""

    code = "TL-REQ-006"
    what = "Nothing was found."
    next = "Check the name; what is not yours to see is not found either."
    exit_status = EXIT_NOT_FOUND


class ExchangeMisbehaved(RequestError):
    """An answer that no exchange may give."""

    code = "TL-REQ-007"
    what = "The exchange answered in a way that no exchange may."
    next = "Keep it as evidence and tell the operator."


class LogBehind(RequestError):
    """An exchange whose log is shorter than what it signed in an earlier life."""

    code = "TL-REQ-008"
    what = "The log signed more entries than the exchange has: it signs nothing more."
    next = "The operator restores it again, with an agency's mirror that holds them."
    exit_status = EXIT_INTEGRITY


class ExchangeUnreachable(RequestError):
    """No connection to the exchange."""

    code = "TL-REQ-001"
    what = "The exchange cannot be reached."
    next = "Check its address and the network; what waits to be sent is kept."


class ActQueued(ExchangeUnreachable):
    """What a person decided, stored while the exchange cannot be asked.

    Attributes:
        place: Its place among all that waits here to be sent, from 1; 0 if unsaid.
        packets: Ids of packets that it will send, 32 bytes each, as far as they are sealed.
    """

    code = "TL-REQ-011"
    what = "What was decided is queued: the exchange cannot be asked."
    next = "Do not decide it again: the next sync sends it; `tearline node queue` shows it."
    exit_status = EXIT_PENDING

    def __init__(self, why: str = "", *, place: int = 0, packets: tuple[bytes, ...] = ()) -> None:
        super().__init__(why)
        self.place = place
        self.packets = packets


class DecisionsFull(RequestError):
    """More decisions of persons than are kept while the log cannot be read."""

    code = "TL-REQ-012"
    what = "Too many decisions wait for the exchange: this one was not stored."
    next = "Decide it once the exchange is back; `tearline node queue` shows what waits."
    exit_status = EXIT_REFUSED


class ExchangeBusy(RequestError):
    """More was asked than the exchange takes at once.

    Attributes:
        retry_after_ms: How long to wait before trying again, milliseconds; None if unsaid.
    """

    code = "TL-REQ-002"
    what = "The exchange takes no more at this moment."
    next = "Try again later; nothing was lost."

    def __init__(self, why: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_ms = retry_after_ms


class ClockDoubted(ExchangeBusy):
    """An exchange whose clock does not fit the log, or the clocks of those who cosign it."""

    code = "TL-REQ-010"
    what = "The exchange's clock is in doubt: it writes nothing, and deletes nothing."
    next = "Nothing was lost: it is sent again by itself; the operator compares the clock."


class MailboxFull(ExchangeBusy):
    """More of this agency's waits for one node than may."""

    code = "TL-REQ-009"
    what = "Too much of this agency's waits for that node, which has not taken it in."
    next = "Nothing was lost: it is sent again by itself; ask the partner whether its node runs."


class ExchangeFault(RequestError):
    """The exchange failed, and says no more than that."""

    code = "TL-REQ-003"
    what = "The exchange failed to do what was asked."
    next = "Try again; if it repeats, tell the operator when it happened."


class OutcomeUnknown(RequestError):
    """A request that ended without an answer."""

    code = "TL-REQ-004"
    what = "The exchange did not answer in time; whether it acted is not known."
    next = "Ask again with the same request: repeating it is safe."
    exit_status = EXIT_PENDING


class RefusedOtherwise(RequestError):
    """A refusal whose code this version does not know."""

    code = "TL-REQ-005"
    what = "The exchange refused, for a reason that this version does not know."
    next = "Update this node, or follow what the exchange says."
    exit_status = EXIT_REFUSED


EXCHANGE_AWAY = (ExchangeUnreachable, ExchangeBusy, ExchangeFault, OutcomeUnknown)
"""What ends a call without a word on what it was about."""
