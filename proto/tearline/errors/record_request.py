"""TL-RFI: a request for records, or a step of one, is not valid."""

from tearline.errors.base import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_USAGE,
    ErrorClass,
    TearlineError,
)


class RecordRequestError(TearlineError):
    """A request for records, or a step of one, is not valid."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class RecordRequestUnknown(RecordRequestError):
    """Request that does not exist or is not between these two nodes.

    The error never reveals which of the two.
    """

    code = "TL-RFI-001"
    what = "There is no such request between these two nodes."
    next = "Compare the id with `tearline request list`."
    exit_status = EXIT_NOT_FOUND


class StepBackwards(RecordRequestError):
    """Step that the request has already passed."""

    code = "TL-RFI-002"
    what = "The request has passed that step."
    next = "Check `tearline request show`: decisions are final, and open items continue."


class StepOutOfOrder(RecordRequestError):
    """Step that is not the next one of its side."""

    code = "TL-RFI-003"
    what = "The step does not follow the last one of its side."
    next = "Run `tearline node status`; the node retries steps that it set aside."


class StepMisattributed(RecordRequestError):
    """Step that only the other side may take."""

    code = "TL-RFI-004"
    what = "Only the other side may take that step."
    next = "Check `tearline request show`: it names this node's side of the request."


class QuestionNotAgreed(RecordRequestError):
    """Second question without the requester's agreement."""

    code = "TL-RFI-005"
    what = "One question stops the clock; a further one requires the requester's agreement."
    next = (
        "Have the requester agree by `tearline request clarify --permit`, or answer the clear "
        "items."
    )


class ExtensionRefused(RecordRequestError):
    """Longer extension than the agreement allows."""

    code = "TL-RFI-006"
    what = "The agreement does not allow so long an extension."
    next = "State a shorter time, once; `tearline agreement show` lists the agreed times."


class ItemUnknown(RecordRequestError):
    """Answer to an item that the request does not contain."""

    code = "TL-RFI-007"
    what = "The request has no such item."
    next = "Use the item numbers of `tearline request show`."


class ItemDecided(RecordRequestError):
    """Answer to, or refusal of, an item that was already decided."""

    code = "TL-RFI-014"
    what = "The item was already decided."
    next = (
        "Check `tearline request show`; after the end of the request, `tearline request "
        "supplement` still answers the item."
    )


class NoteRefused(RecordRequestError):
    """Text or outcome that a step cannot carry."""

    code = "TL-RFI-015"
    what = "The step cannot carry this text or outcome."
    next = "Remove or correct the named part and try again; the step was not sent."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_USAGE


class PersonRequired(RecordRequestError):
    """Step that requires a person, taken without one."""

    code = "TL-RFI-008"
    what = "This step requires a liaison officer or an officer in charge."
    next = "Run `tearline login NAME` as one of them, or add `--as NAME`."


class RecordRequestMalformed(RecordRequestError):
    """File that is not a valid request for records."""

    code = "TL-RFI-009"
    what = "The file is not a valid request for records."
    next = "Correct the named place; docs/howto/requests.md shows a complete file."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_USAGE


class StepPending(RecordRequestError):
    """Step while the exchange has not answered an earlier one of this node."""

    code = "TL-RFI-010"
    what = "An earlier step of this node waits for the exchange's answer."
    next = "Run `tearline request list` while the exchange is reachable, then try again."
    error_class = ErrorClass.LATER
    exit_status = EXIT_PENDING


class LogTimeDisputed(RecordRequestError):
    """Log time of an entry that differs from its arrival at this node."""

    code = "TL-RFI-011"
    what = "The log's time of an entry differs from its arrival at this node."
    next = "Compare both clocks with another source, then contact the partner and the operator."
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY


class UrgencyRefused(RecordRequestError):
    """Change of urgency that is not allowed."""

    code = "TL-RFI-012"
    what = "The urgency cannot be changed this way."
    next = "Contest it once, with a lower urgency; the requester then confirms or lowers its own."


class NotExpired(RecordRequestError):
    """Notice of expiry before the request has expired."""

    code = "TL-RFI-013"
    what = "The request has not expired."
    next = "Answer it or refuse it; the node reports the expiry automatically."
