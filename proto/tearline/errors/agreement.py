"""TL-AGR: no agreement in force covers this."""

from tearline.errors.base import EXIT_REFUSED, TearlineError


class AgreementError(TearlineError):
    """No agreement in force covers this."""

    exit_status = EXIT_REFUSED


class AgreementNotInForce(AgreementError):
    """An agreement or article that is not in force here and now."""

    code = "TL-AGR-001"
    what = "No agreement in force covers this."
    next = "Check the agreement, its article, dates, kind and direction."


class AgreementMalformed(AgreementError):
    """An agreement that contradicts itself."""

    code = "TL-AGR-002"
    what = "The agreement is not well formed."
    next = "Correct the place named and sign again."


class PinUnknown(AgreementError):
    """An agreement that pins a policy or profile not present here."""

    code = "TL-AGR-003"
    what = "The agreement pins a digest that this installation does not have."
    next = "Install the version of policy, profile or masks that it names."


class AgreementsExceeded(AgreementError):
    """More agreements between two agencies than the exchange keeps."""

    code = "TL-AGR-004"
    what = "Two of its parties have as many agreements as an exchange keeps for them."
    next = "Amend one of those that are there; see tearline agreement list."


class AgreementSuspended(AgreementError):
    """Something that a party of the agreement has suspended."""

    code = "TL-AGR-010"
    what = "A party has suspended this."
    next = "Wait until it resumes; tearline agreement list says who suspended what."


class StandingOutdated(AgreementError):
    """A standing that is older than one that is known."""

    code = "TL-AGR-011"
    what = "A newer standing of this agency is known."
    next = "Receive what waits and say it again: tearline agreement list shows how it stands."


class LiftRefused(AgreementError):
    """A suspension lifted, or an agreement ended or taken up again, by who may not."""

    code = "TL-AGR-012"
    what = "Only an officer in charge lifts a suspension or ends an agreement, and for good."
    next = "Have an officer of the agency that suspended it resume it: tearline --as NAME."


class StandingStale(AgreementError):
    """A joint article without a fresh standing of every party."""

    code = "TL-AGR-013"
    what = "A party of this joint article has not said within the hour where it stands."
    next = "Have that party's node run; if it does, its standing is being kept back: tell it so."


class SuspensionBreached(AgreementError):
    """Something that was accepted while a party had it suspended."""

    code = "TL-AGR-014"
    what = "It was let through although a party had suspended this."
    next = "Keep the evidence: the log shows both, the standing and what came after it."


class PacketFrozen(AgreementError):
    """A packet whose originator suspended, and froze what it had sent."""

    code = "TL-AGR-015"
    what = "Its originator has frozen this packet with a suspension."
    next = "Wait until the originator resumes: tearline agreement list says who suspended what."


class StandingUntold(AgreementError):
    """A suspension that holds here, and that the exchange has refused."""

    code = "TL-AGR-016"
    what = "This node obeys the suspension, but the exchange has refused to take it."
    next = "Ask the exchange's operator why, and tell the partners by another way."


class ProposalRefused(AgreementError):
    """A step of a proposal that does not hold for its terms."""

    code = "TL-AGR-020"
    what = "What is said about the proposed agreement does not hold."
    next = "Keep it as evidence, and ask its signer what was meant."


class ProposalSuperseded(AgreementError):
    """Terms that come after another version was agreed on."""

    code = "TL-AGR-021"
    what = "Another version of this agreement was agreed on first."
    next = "Look at what is in force with `tearline agreement show`, and amend that."


class ProposalClosed(AgreementError):
    """Terms on which nothing is left to say."""

    code = "TL-AGR-022"
    what = "The proposal is no longer open."
    next = "Propose anew with `tearline agreement propose` or `amend`."


class AgreementEnded(AgreementError):
    """Terms whose time has passed before they are drafted or signed here."""

    code = "TL-AGR-023"
    what = "The agreement has ended before it is signed."
    next = "Compare `valid_until` and this machine's clock; have new terms drafted."
