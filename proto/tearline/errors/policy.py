"""TL-POL: a release exceeds an agreement or an agency's own policy."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, ErrorClass, TearlineError


class PolicyError(TearlineError):
    """A release exceeds an agreement or an agency's own policy."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class MarkingMalformed(PolicyError):
    """Marking or form that is not in canonical form, or names an unknown category."""

    code = "TL-POL-001"
    what = "The marking is not known to this version."
    next = "Use a category, codes and forms of the marking table; the marking was not applied."
    error_class = ErrorClass.MALFORMED


class Mislabelled(PolicyError):
    """Field in a compartment of another category than its own."""

    code = "TL-POL-002"
    what = "A field is marked with a category that is not its own."
    next = "The packet is quarantined; ask its originator to send it again, marked by the profile."
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY


class PathMalformed(PolicyError):
    """Field path that is not entity token, schema and property."""

    code = "TL-POL-003"
    what = "The path of a field is not well formed."
    next = "Write it as entity token/Schema/property."
    error_class = ErrorClass.MALFORMED


class MarkingLoosened(PolicyError):
    """File that requests a milder marking than the profile allows."""

    code = "TL-POL-004"
    what = "The file marks a field more mildly than the marking profile does."
    next = (
        "Mark it more strictly, or have an officer approve the milder marking; no field was sent."
    )
    error_class = ErrorClass.LOCAL


class SecretProperty(PolicyError):
    """Private key or password in a packet to be sent."""

    code = "TL-POL-005"
    what = "The field is a secret and may never be sent."
    next = "Remove it from the file; no field was sent."
    error_class = ErrorClass.LOCAL


class GeneralisedMismatch(PolicyError):
    """Generalised field that its mask does not derive from the clear values."""

    code = "TL-POL-006"
    what = "The generalised form of a field does not follow from its clear values."
    next = "Trust neither form; keep both as evidence and ask the originator."
    error_class = ErrorClass.EVIDENCE
    exit_status = EXIT_INTEGRITY


class PolicySetMalformed(PolicyError):
    """Policy text that is not valid."""

    code = "TL-POL-007"
    what = "The policy set is not well formed."
    next = "Run `tearline policy check` on it and correct the listed places; it was not adopted."
    error_class = ErrorClass.MALFORMED


class TermsMalformed(PolicyError):
    """Terms of an agreement that contradict themselves or exceed a limit."""

    code = "TL-POL-008"
    what = "The terms of the agreement are not well formed."
    next = "Correct the named place."
    error_class = ErrorClass.MALFORMED


class ReleaseRefused(PolicyError):
    """Release of a more revealing form than the policies allow."""

    code = "TL-POL-009"
    what = "The release reveals more than the policies allow."
    next = "Run `tearline policy explain`; release a lower form, or amend the agreement."


class NothingReleased(PolicyError):
    """Recipient to which no field of a packet may be released."""

    code = "TL-POL-010"
    what = "No field of this packet may be released to that recipient."
    next = "Check the preview; remove the recipient, or negotiate other terms."
    error_class = ErrorClass.LOCAL


class SecondPersonMissing(PolicyError):
    """Release under four eyes without a second person, or with its drafter as the second."""

    code = "TL-POL-011"
    what = "The release takes two different persons."
    next = (
        "Name the drafter with --as, and have another person approve it: `tearline packet pending`."
    )


class RoleUnfit(PolicyError):
    """Person in a role that may not draft, or may not approve."""

    code = "TL-POL-013"
    what = "A person acted in a role that does not permit the act."
    next = "Have a liaison or an officer approve it; an analyst may draft."


class ReleaseChanged(PolicyError):
    """Pending release that would now show other fields than drafted."""

    code = "TL-POL-014"
    what = "The policies decide differently than at the time of the draft."
    next = "Check the changes, and approve the release as it is now, or reject it."
    error_class = ErrorClass.LOCAL


class PendingFull(PolicyError):
    """More pending releases than a node stores."""

    code = "TL-POL-015"
    what = "Too many releases wait for a second person."
    next = "Approve or reject some: `tearline packet pending`."
    error_class = ErrorClass.LOCAL


class PassOnForbidden(PolicyError):
    """Partner's field about to be passed to a recipient without its originator's consent."""

    code = "TL-POL-020"
    what = "The originator has not allowed this to be passed on to that recipient."
    next = "Ask for consent with `tearline packet pass-on`, or omit it; the packet was not sent."


class PurposeForbidden(PolicyError):
    """Partner's field about to be used for a purpose other than its own."""

    code = "TL-POL-021"
    what = "The originator gave this for another purpose."
    next = "Ask for consent with `tearline consent ask --use purpose`, or omit it."
    error_class = ErrorClass.LOCAL


class CopyUndeclared(PolicyError):
    """Value of a partner's packet in a packet that does not name that source."""

    code = "TL-POL-022"
    what = "A value to be sent appears in a partner's packet that limits its use."
    next = (
        "Name the packet with --derived-from. If your agency has the value from a source of its "
        "own, have an officer record that with `tearline consent own`."
    )
    error_class = ErrorClass.LOCAL


class DerivedWeaker(PolicyError):
    """Derived packet with a milder marking or a higher evaluation than its source."""

    code = "TL-POL-023"
    what = "A packet marks or evaluates a field less strictly than its source does."
    next = "Do not use it; its sender must mark it as its source is marked, and send it again."
    exit_status = EXIT_INTEGRITY


class SourceUnknown(PolicyError):
    """Packet derived from a packet that its sender was never granted."""

    code = "TL-POL-024"
    what = "The packet names a source that its sender was not granted."
    next = "Name its source packets by their whole ids; the packet was not accepted."


class ConsentMisplaced(PolicyError):
    """Step of a consent by an agency that may not take this step."""

    code = "TL-POL-025"
    what = "The signer may not ask for this consent, or may not answer it."
    next = "The step has no effect; keep it as evidence and ask its signer."
    exit_status = EXIT_INTEGRITY


class ConsentClosed(PolicyError):
    """Step of a consent that has ended."""

    code = "TL-POL-026"
    what = "The consent is in a state that does not permit this step."
    next = "Check it with `tearline consent show`; ask again if you still need it."


class DrafterGone(PolicyError):
    """Draft by a person without the right to draft any more."""

    code = "TL-POL-027"
    what = "The person who drafted it may no longer act for the agency."
    next = "Reject it with `tearline packet reject`, and have another person draft it."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class DraftEnded(PolicyError):
    """Draft past its maximum age."""

    code = "TL-POL-028"
    what = "The draft has waited for 30 days, or came back with a backup, and has expired."
    next = "Create a new draft from current data."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class OwnPolicyChanged(PolicyError):
    """Own policies that no officer adopted."""

    code = "TL-POL-029"
    what = (
        "The agency's own policies differ from those that an officer adopted; the node did not "
        "start."
    )
    next = "Investigate the change; then have an officer run `tearline policy adopt FILE`."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_INTEGRITY


class ValueRepeated(PolicyError):
    """Text that repeats a value which its reader may not have in clear, or a guard that ends."""

    code = "TL-POL-030"
    what = (
        "A text to be sent repeats a value that its reader may not have in clear, or a correction "
        "ends a guard."
    )
    next = (
        "Remove it from the text, withhold the text, or guard the new field with --guard; or "
        "justify it with --repeats REASON. "
        "`tearline packet preview` names every such place."
    )
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class DocumentUnsearched(ValueRepeated):
    """Document that cannot be searched for the values that are withheld from its reader."""

    code = "TL-POL-031"
    what = "A document to be sent cannot be searched for values that its reader may not have."
    next = (
        "Have a person read it, then justify it with --repeats REASON; or withhold the document. "
        "`tearline packet preview` names every such document and each value that is withheld."
    )


class DraftsFull(PolicyError):
    """More drafts of a person than a node keeps."""

    code = "TL-POL-032"
    what = "The form is not kept as a draft: there are too many."
    next = "Discard drafts of yours on the page Your drafts of the console."
    error_class = ErrorClass.LOCAL
