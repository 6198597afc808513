"""TL-RFI: a request for records, or a step of one, is not as it must be."""

from tearline.errors.base import (
    EXIT_INTEGRITY,
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_USAGE,
    TearlineError,
)


class RecordRequestError(TearlineError):
    """A request for records, or a step of one, is not as it must be."""

    exit_status = EXIT_REFUSED


class RecordRequestUnknown(RecordRequestError):
    """A request that is not there, or not between these two; nobody learns which."""

    code = "TL-RFI-001"
    what = "There is no such request between these two nodes."
    next = "Compare the id with `tearline request list`."
    exit_status = EXIT_NOT_FOUND


class StepBackwards(RecordRequestError):
    """A step that a request is past."""

    code = "TL-RFI-002"
    what = "The request is past that step."
    next = "Look at `tearline request show`: what was decided stays, and what is open goes on."


class StepOutOfOrder(RecordRequestError):
    """A step that does not follow the last one of its side."""

    code = "TL-RFI-003"
    what = "The step does not follow the last one of its side."
    next = "Run `tearline node status`; where a step was put aside, the node tries it again."


class StepMisattributed(RecordRequestError):
    """A step that only the other side takes."""

    code = "TL-RFI-004"
    what = "That step is the other side's to take."
    next = "Look at `tearline request show`: it says which side of the request this node is on."


class QuestionNotAgreed(RecordRequestError):
    """A further question that the asker has not agreed to."""

    code = "TL-RFI-005"
    what = "One question stops the clock; a further one takes the asker's agreement."
    next = "Have the asker agree by `tearline request clarify --permit`, or answer what is clear."


class ExtensionRefused(RecordRequestError):
    """More time than the agreement gives."""

    code = "TL-RFI-006"
    what = "The agreement does not give that much more time."
    next = "State a shorter time, once; `tearline agreement show` has what the parties agreed."


class ItemUnknown(RecordRequestError):
    """An answer to an item that was never asked."""

    code = "TL-RFI-007"
    what = "The request has no such item."
    next = "Name items by the numbers that `tearline request show` gives them."


class ItemDecided(RecordRequestError):
    """An answer or a refusal of an item that was decided before."""

    code = "TL-RFI-014"
    what = "The item was decided before."
    next = (
        "Look at `tearline request show`; `tearline request supplement` answers it all the same,"
        " once the request has ended."
    )


class NoteRefused(RecordRequestError):
    """Words or outcomes that a step cannot carry."""

    code = "TL-RFI-015"
    what = "The step cannot say that."
    next = "Leave out or correct what is named and try again; nothing was sent."
    exit_status = EXIT_USAGE


class PersonRequired(RecordRequestError):
    """What takes a person, done by none."""

    code = "TL-RFI-008"
    what = "A liaison officer or an officer in charge has to answer for this."
    next = "Run `tearline login NAME` as one of them, or add `--as NAME`."


class RecordRequestMalformed(RecordRequestError):
    """A file that does not say what is asked."""

    code = "TL-RFI-009"
    what = "The file is no request for records."
    next = "Correct the place named; docs/howto/requests.md shows a whole file."
    exit_status = EXIT_USAGE


class StepPending(RecordRequestError):
    """A step while an earlier one of ours has no answer."""

    code = "TL-RFI-010"
    what = "An earlier step of ours waits for the exchange's answer."
    next = "Run `tearline request list` while the exchange is in reach, then try again."
    exit_status = EXIT_PENDING


class LogTimeDisputed(RecordRequestError):
    """A time in the log that is not the one at which this node saw the entry come."""

    code = "TL-RFI-011"
    what = "The log's time of an entry is not when this node saw it come."
    next = "Compare both clocks with another source, then speak with the partner and the operator."
    exit_status = EXIT_INTEGRITY


class UrgencyRefused(RecordRequestError):
    """An urgency that cannot take the place of another."""

    code = "TL-RFI-012"
    what = "The urgency cannot be changed so."
    next = "Contest it once, with a lower one; the asker then confirms its own or lowers it."


class NotExpired(RecordRequestError):
    """A word that a request expired before it did."""

    code = "TL-RFI-013"
    what = "The request has not expired."
    next = "Answer it or refuse it; the node says by itself when its time is over."
