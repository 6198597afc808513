"""TL-POL: a release oversteps what an agreement or an agency allows."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, TearlineError


class PolicyError(TearlineError):
    """A release oversteps what an agreement or an agency allows."""

    exit_status = EXIT_REFUSED


class MarkingMalformed(PolicyError):
    """A marking or a form that is not in its one spelling, or names an unknown category."""

    code = "TL-POL-001"
    what = "The marking is not one this version knows."
    next = "Use a category, codes and forms of the marking table; nothing was done."


class Mislabelled(PolicyError):
    """A field in a compartment of another category than its own."""

    code = "TL-POL-002"
    what = "A field is marked as something it is not."
    next = "It is quarantined; ask its originator to send it again, marked as the profile says."
    exit_status = EXIT_INTEGRITY


class PathMalformed(PolicyError):
    """A field's path that is not entity token, schema and property."""

    code = "TL-POL-003"
    what = "The path of a field is not well formed."
    next = "Write it as entity token/Schema/property."


class MarkingLoosened(PolicyError):
    """A file that asks for a milder marking than it may."""

    code = "TL-POL-004"
    what = "The file marks a field milder than the marking profile does."
    next = "Mark it stricter, or let an officer answer for a milder marking; nothing was done."


class SecretProperty(PolicyError):
    """A private key or a password about to travel."""

    code = "TL-POL-005"
    what = "The field is a secret that never travels."
    next = "Remove it from the file; nothing was done."


class GeneralisedMismatch(PolicyError):
    """A generalised field that its clear values do not give."""

    code = "TL-POL-006"
    what = "The generalised form of a field is not what its mask makes of the clear values."
    next = "Trust neither form; keep both as evidence and ask the originator."
    exit_status = EXIT_INTEGRITY


class PolicySetMalformed(PolicyError):
    """A policy text that cannot be relied on to decide."""

    code = "TL-POL-007"
    what = "The policy set is not well formed."
    next = "Run `tearline policy check` on it and correct what it lists; nothing was done."


class TermsMalformed(PolicyError):
    """Terms of an agreement that contradict themselves or exceed a limit."""

    code = "TL-POL-008"
    what = "The terms of the agreement are not well formed."
    next = "Correct the place named."


class ReleaseRefused(PolicyError):
    """A release of a more revealing form than the policies allow."""

    code = "TL-POL-009"
    what = "The release reveals more than the policies allow."
    next = "Run `tearline policy explain`; release a lower form, or amend the agreement."


class NothingReleased(PolicyError):
    """A recipient that may be told nothing at all of a packet."""

    code = "TL-POL-010"
    what = "Nothing of this packet may be released to that recipient."
    next = "Look at the preview; leave the recipient out, or ask for other terms."


class SecondPersonMissing(PolicyError):
    """A release by fewer than two persons, under an article that asks for four eyes."""

    code = "TL-POL-011"
    what = "The article asks for two persons behind a release, and there are fewer."
    next = (
        "Name who drafts it with --as, and have another person approve it: `tearline packet "
        "pending`."
    )


class SamePersonTwice(PolicyError):
    """One person for both that the article asks for."""

    code = "TL-POL-012"
    what = "Who drafted a release does not approve it as well."
    next = "Have another person of the agency approve it."


class RoleUnfit(PolicyError):
    """A person in a role that does not draft, or does not approve."""

    code = "TL-POL-013"
    what = "A person behind the release acted in a role that does not let them."
    next = "Have a liaison or an officer approve it; an analyst may draft."


class ReleaseChanged(PolicyError):
    """A release that waited, and would now show something else than was drafted."""

    code = "TL-POL-014"
    what = "The policies decide otherwise than when the release was drafted."
    next = "Look at what changed, and approve it as it is now, or reject it."


class PendingFull(PolicyError):
    """More releases that wait for a second person than are kept."""

    code = "TL-POL-015"
    what = "Too many releases wait for a second person."
    next = "Approve or reject some: `tearline packet pending`."


class PassOnForbidden(PolicyError):
    """What a partner gave, about to go to somebody that its originator did not allow."""

    code = "TL-POL-020"
    what = "Its originator has not allowed this to go on to that recipient."
    next = "Ask for it with `tearline packet pass-on`, or leave it out; nothing was sent."


class PurposeForbidden(PolicyError):
    """What a partner gave, about to be used for another purpose than it was given for."""

    code = "TL-POL-021"
    what = "Its originator gave this for another purpose."
    next = "Ask for it with `tearline consent ask --use purpose`, or leave it out."


class CopyUndeclared(PolicyError):
    """A value of a partner's packet in a packet that does not name that one as its source."""

    code = "TL-POL-022"
    what = "A value about to be sent stands in a partner's packet that limits its use."
    next = (
        "Name the packet with --derived-from; or, where we have the value from a source of our"
        " own, let an officer record that with `tearline consent own`."
    )


class DerivedWeaker(PolicyError):
    """A derived packet that is marked or evaluated more freely than what it was made from."""

    code = "TL-POL-023"
    what = "A packet marks or evaluates what was taken from another more freely than that one does."
    next = "Do not use it; its sender marks it as its source is marked, and sends it again."
    exit_status = EXIT_INTEGRITY


class SourceUnknown(PolicyError):
    """A packet that is said to be made from one that its sender was never given."""

    code = "TL-POL-024"
    what = "The packet names a source that its sender was not given."
    next = "Name the packets that it was made from, by their whole ids; nothing was taken."


class ConsentMisplaced(PolicyError):
    """A step of a consent that is not for its signer to take."""

    code = "TL-POL-025"
    what = "This is not for its signer to ask, or to answer."
    next = "Nothing is allowed by it; keep it as evidence and ask its signer."
    exit_status = EXIT_INTEGRITY


class ConsentClosed(PolicyError):
    """A step of a consent that has come too late."""

    code = "TL-POL-026"
    what = "The consent does not stand where this step could be taken."
    next = "Look at it with `tearline consent show`; ask anew where that is wanted."


class DrafterGone(PolicyError):
    """A draft of somebody who may not draft any more."""

    code = "TL-POL-027"
    what = "The person who drafted it may not act for the agency any more."
    next = "Reject it with `tearline packet reject`, and have another person draft it."
    exit_status = EXIT_REFUSED


class DraftEnded(PolicyError):
    """A draft that waited longer than drafts do."""

    code = "TL-POL-028"
    what = "The draft has waited for 30 days, and has ended."
    next = "Draft it anew from what is known now."
    exit_status = EXIT_REFUSED


class OwnPolicyChanged(PolicyError):
    """Own policies that no officer adopted."""

    code = "TL-POL-029"
    what = "The agency's own policies are not those that an officer adopted; nothing is started."
    next = "Find out who changed them; then have an officer run `tearline policy adopt FILE`."
    exit_status = EXIT_INTEGRITY


class ValueRepeated(PolicyError):
    """A text that repeats a value which its reader may not have in clear."""

    code = "TL-POL-030"
    what = "A text about to be sent repeats a value that its reader may not have in clear."
    next = (
        "Take it out of the text, or keep the text back; or say with --repeats REASON why it may"
        " stand there. `tearline packet preview` names every such place."
    )
    exit_status = EXIT_REFUSED
