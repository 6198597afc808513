"""TL-CAS: a case, or a step of it, is not what it must be."""

from tearline.errors.base import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE, TearlineError


class CaseError(TearlineError):
    """A case, or a step of it, is not what it must be."""

    exit_status = EXIT_REFUSED


class CaseRefused(CaseError):
    """A case that the caller has no part in, or that there is not."""

    code = "TL-CAS-001"
    what = "There is no open case of that id in which this agency may do this."
    next = "Look at `tearline case list`; join the case, or leave the id out."


class CaseStepRefused(CaseError):
    """A step that takes back what was said before it."""

    code = "TL-CAS-002"
    what = "The step does not follow from what was said of this membership before."
    next = "Look at `tearline case show`: what was declined, left or closed stays so."


class CaseStepOutdated(CaseError):
    """A step with a number that its side has passed."""

    code = "TL-CAS-003"
    what = "A newer step of the same side is known."
    next = "Nothing to do: the newer step says everything; or sync, and act again."


class CaseUnfiled(CaseError):
    """A packet filed under a case that this node does not know, or by somebody not in it."""

    code = "TL-CAS-004"
    what = "A packet names a case that its sender is not known to be in."
    next = "Ask the lead of the case; the packet itself was taken in, outside of the case."


class CaseRecipient(CaseError):
    """A packet filed under a case, for somebody whom this agency does not see in it."""

    code = "TL-CAS-005"
    what = "A recipient is not in the case, as far as this agency may see."
    next = "Leave the recipient out, or the case; `tearline case show` lists who is in it."


class CaseUnknown(CaseError):
    """A packet that is to be filed under a case that this agency does not know."""

    code = "TL-CAS-006"
    what = "No case here has that title or id."
    next = (
        "Name a case of `tearline case list`; a reference of your own, which the exchange cannot"
        " read, is `--reference`. Nothing was sent."
    )
    exit_status = EXIT_NOT_FOUND


class CaseTitleRefused(CaseError):
    """A title by which a case could not be told from others."""

    code = "TL-CAS-007"
    what = "A case needs a title of its own."
    next = "Choose a title that no case of `tearline case list` has; nothing was opened."
    exit_status = EXIT_USAGE
