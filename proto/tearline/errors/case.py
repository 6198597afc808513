"""TL-CAS: a case, or a step of one, is not valid."""

from tearline.errors.base import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE, ErrorClass, TearlineError


class CaseError(TearlineError):
    """A case, or a step of one, is not valid."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class CaseRefused(CaseError):
    """Case that does not exist, or that the caller does not take part in."""

    code = "TL-CAS-001"
    what = "There is no open case of that id in which this agency may do this."
    next = "Check `tearline case list`; join the case, or omit the id."


class CaseStepRefused(CaseError):
    """Step that contradicts an earlier step of the same membership."""

    code = "TL-CAS-002"
    what = "The step contradicts an earlier step of this membership."
    next = "Check `tearline case show`: a membership that was declined, left or closed is final."


class CaseStepOutdated(CaseError):
    """Step with a number that its side has passed."""

    code = "TL-CAS-003"
    what = "A newer step of the same side is known."
    next = "No action is needed: the newer step is complete. Or sync, and repeat the command."


class CaseUnfiled(CaseError):
    """Packet filed under an unknown case, or by an agency that is not a member of the case."""

    code = "TL-CAS-004"
    what = "A packet names a case, but its sender is not a known member of that case."
    next = "Ask the lead of the case; the packet itself was stored, outside the case."
    error_class = ErrorClass.EVIDENCE


class CaseRecipient(CaseError):
    """Packet filed under a case for a recipient that this agency does not see in the case."""

    code = "TL-CAS-005"
    what = "A recipient is not a member of the case that this agency may see."
    next = "Wait until it joins, or remove it or the case; `tearline case show` lists members."
    error_class = ErrorClass.LOCAL


class CaseUnknown(CaseError):
    """Packet to be filed under a case that this agency does not know."""

    code = "TL-CAS-006"
    what = "No case here has that title or id."
    next = (
        "Use a case of `tearline case list`. For your own reference, which the exchange cannot "
        "read, use `--reference`. The packet was not sent."
    )
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_NOT_FOUND


class CaseTitleRefused(CaseError):
    """Title that another case already has, or that is empty."""

    code = "TL-CAS-007"
    what = "A case needs a title of its own."
    next = "Choose a title that no case of `tearline case list` has; the case was not opened."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_USAGE
