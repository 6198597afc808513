"""TL-REQ: the exchange is unreachable or overloaded, or found no match."""

from tearline.errors.base import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    ErrorClass,
    TearlineError,
)
from tearline.errors.tls import MembershipEnded


class ExchangeError(TearlineError):
    """The exchange is unreachable or overloaded, or found no match."""

    exit_status = EXIT_UNREACHABLE
    error_class = ErrorClass.LATER


class NotFound(ExchangeError):
    """Name without a match, or with none that this caller may access."""

    code = "TL-REQ-006"
    what = "No match was found."
    next = 'Check the name; items that you may not access also appear as "not found".'
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_NOT_FOUND


class ExchangeMisbehaved(ExchangeError):
    """Answer that violates the protocol."""

    code = "TL-REQ-007"
    what = "The exchange's answer violates the protocol."
    next = "Keep it as evidence and tell the operator."
    error_class = ErrorClass.EVIDENCE


class LogBehind(ExchangeError):
    """Exchange with a shorter log than it signed before its restore."""

    code = "TL-REQ-008"
    what = "The log signed more entries than the exchange has: it signs no more."
    next = "The operator must restore it again, with an agency's mirror that holds these entries."
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY


class ExchangeUnreachable(ExchangeError):
    """Failed connection to the exchange."""

    code = "TL-REQ-001"
    what = "The exchange cannot be reached."
    next = "Check its address and the network; the node keeps its queue."


class ActQueued(ExchangeUnreachable):
    """Decision of a person, stored while the exchange is unreachable.

    Attributes:
        place: Its position in this node's queue, from 1; 0 if unknown.
        packets: Ids of the packets to be sent, 32 bytes each, as far as they are sealed.
    """

    code = "TL-REQ-011"
    what = "The decision is queued: the exchange is unreachable."
    next = "Do not repeat the command: the next sync sends it; `tearline node queue` shows it."
    exit_status = EXIT_PENDING

    def __init__(self, why: str = "", *, place: int = 0, packets: tuple[bytes, ...] = ()) -> None:
        super().__init__(why)
        self.place = place
        self.packets = packets


class DecisionsFull(ExchangeError):
    """More queued decisions than a node stores while the log is unreachable."""

    code = "TL-REQ-012"
    what = "Too many decisions wait for the exchange: this one was not stored."
    next = "Repeat it once the exchange is reachable; `tearline node queue` shows the queue."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class ExchangeBusy(ExchangeError):
    """Request beyond the exchange's capacity or a rate limit.

    Attributes:
        retry_after_ms: Delay before the next attempt, milliseconds; None if unknown.
    """

    code = "TL-REQ-002"
    what = "The exchange accepts no more requests at this time."
    next = "Try again later; all data is kept."

    def __init__(self, why: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_ms = retry_after_ms


class ClockDoubted(ExchangeBusy):
    """Exchange with a clock that contradicts the log or the cosigners' clocks."""

    code = "TL-REQ-010"
    what = "The exchange's clock is in doubt: it writes and deletes no data."
    next = "All data is kept: the node resends it automatically; the operator checks the clock."


class MailboxFull(ExchangeBusy):
    """Mailbox of one node in which one agency has too many statements."""

    code = "TL-REQ-009"
    what = "Too many statements of this agency wait for that node."
    next = "All data is kept: the node resends it automatically; ask the partner to run its node."


class UploadUnderWay(ExchangeBusy):
    """Large document that a later sync continues to send."""

    code = "TL-REQ-013"
    what = "A large document is still being sent."
    next = "Do not repeat the command: each sync sends more of it."


class ExchangeFault(ExchangeError):
    """Internal failure of the exchange, without details."""

    code = "TL-REQ-003"
    what = "The exchange failed to process the request."
    next = "Try again; if the error repeats, tell the operator its time."


class OutcomeUnknown(ExchangeError):
    """Request that ended without an answer."""

    code = "TL-REQ-004"
    what = "The exchange did not answer in time; the outcome is unknown."
    next = "Send the same request again: repeating it is safe."
    exit_status = EXIT_PENDING


class RefusedOtherwise(ExchangeError):
    """Refusal with a code that this version does not know."""

    code = "TL-REQ-005"
    what = "The exchange refused, for a reason that this version does not know."
    next = "Update this node, or follow the exchange's message."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


EXCHANGE_AWAY = (ExchangeUnreachable, ExchangeBusy, ExchangeFault, OutcomeUnknown)
"""Errors that end a call without an outcome for its statements."""

LOCAL_ONLY = (*EXCHANGE_AWAY, MembershipEnded)
"""Errors after which a node still reads its own contents."""
