"""TL-AGR: no agreement in force covers this."""

from tearline.errors.base import EXIT_REFUSED, ErrorClass, TearlineError


class AgreementError(TearlineError):
    """No agreement in force covers this."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class AgreementNotInForce(AgreementError):
    """Agreement or article that is not in force at this time."""

    code = "TL-AGR-001"
    what = "No agreement in force covers this."
    next = "Check the agreement, its article, dates, kind and direction."


class AgreementMalformed(AgreementError):
    """Agreement that contradicts itself."""

    code = "TL-AGR-002"
    what = "The agreement is not well formed."
    next = "Correct the named place and sign again."


class PinUnknown(AgreementError):
    """Agreement that pins a policy or profile missing from this installation."""

    code = "TL-AGR-003"
    what = "The agreement pins a digest that this installation does not have."
    next = "Install the version of policy, profile or masks that the agreement names."


class AgreementsExceeded(AgreementError):
    """Too many agreements between two agencies."""

    code = "TL-AGR-004"
    what = "Two parties have reached the exchange's limit of agreements between them."
    next = "Amend an existing agreement; see tearline agreement list."


class AgreementSuspended(AgreementError):
    """Act under an agreement that a party has suspended."""

    code = "TL-AGR-010"
    what = "A party has suspended this."
    next = "Wait until the party resumes; tearline agreement list shows all suspensions."


class PartyDeparted(AgreementError):
    """Act under an agreement of a party that left, was removed, or has a replaced root."""

    code = "TL-AGR-017"
    what = "A party that signed this agreement is no longer in the federation as it was then."
    next = "Sign a new version: without the party, or with its new root after you verified it."


class StandingOutdated(AgreementError):
    """Standing older than the newest known one."""

    code = "TL-AGR-011"
    what = "A newer standing of this agency is known."
    next = "Run tearline node sync, check tearline agreement list, then repeat the command."


class LiftRefused(AgreementError):
    """Lift of a suspension, end or resumption of an agreement, without the right to it."""

    code = "TL-AGR-012"
    what = "Only an officer in charge may lift a suspension or end an agreement; an end is final."
    next = "Have an officer of the suspending agency resume it: tearline --as NAME."


class StandingStale(AgreementError):
    """Joint article without a fresh standing of every party."""

    code = "TL-AGR-013"
    what = "A party of this joint article has not confirmed its standing within the last hour."
    next = "Ask that party to run its node; if it does run, the party's standing is being withheld."
    error_class = ErrorClass.LATER


class SuspensionBreached(AgreementError):
    """Statement that the exchange accepted although a party had suspended it."""

    code = "TL-AGR-014"
    what = "The exchange accepted this although a party had suspended it."
    next = "Keep the evidence: the log shows the standing and the later statement."
    error_class = ErrorClass.EVIDENCE


class PacketFrozen(AgreementError):
    """Packet that its originator froze by a suspension."""

    code = "TL-AGR-015"
    what = "Its originator has frozen this packet with a suspension."
    next = "Wait until the originator resumes: tearline agreement list shows all suspensions."
    error_class = ErrorClass.LATER


class StandingUntold(AgreementError):
    """Suspension in force at this node that the exchange refused."""

    code = "TL-AGR-016"
    what = "This node obeys the suspension, but the exchange refused it."
    next = "Ask the exchange's operator for the reason, and inform the partners out of band."
    error_class = ErrorClass.LOCAL


class ProposalRefused(AgreementError):
    """Step of a proposal that is not valid for its terms."""

    code = "TL-AGR-020"
    what = "The step of the proposed agreement is not valid."
    next = "Keep it as evidence, and ask its signer for an explanation."


class ProposalSuperseded(AgreementError):
    """Proposed terms that another agreed version has replaced."""

    code = "TL-AGR-021"
    what = "The parties already agreed on another version of this agreement."
    next = "Read the version in force with `tearline agreement show`, and amend that version."


class ProposalClosed(AgreementError):
    """Step of a proposal that is closed."""

    code = "TL-AGR-022"
    what = "The proposal is no longer open."
    next = "Propose again with `tearline agreement propose` or `amend`."


class AgreementEnded(AgreementError):
    """Terms that end before they are drafted or signed here."""

    code = "TL-AGR-023"
    what = "The agreement ends before it is signed."
    next = "Compare `valid_until` with this machine's clock; have new terms drafted."
    error_class = ErrorClass.LOCAL
