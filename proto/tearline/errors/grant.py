"""TL-GRT: a grant is malformed, misdirected or expired."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, ErrorClass, TearlineError


class GrantError(TearlineError):
    """A grant is malformed, misdirected or expired."""

    exit_status = EXIT_INTEGRITY
    error_class = ErrorClass.REFUSED


class GrantMisdirected(GrantError):
    """Grant for another recipient, packet or key."""

    code = "TL-GRT-001"
    what = "The grant is not for this node, packet or key."
    next = "Do not use it; keep it as evidence and ask the grantor."
    error_class = ErrorClass.NOT_AUTHENTIC


class NotOriginator(GrantError):
    """Grant or recall by an agency other than the packet's originator."""

    code = "TL-GRT-002"
    what = "Only the originator's agency may grant or recall its packet."
    next = "Ask the originator for the grant or the recall."
    exit_status = EXIT_REFUSED


class GrantExpired(GrantError):
    """Grant after its expiry."""

    code = "TL-GRT-003"
    what = "The grant has expired."
    next = "Ask the originator to grant the packet again."
    exit_status = EXIT_REFUSED


class ReleaseMismatch(GrantError):
    """Sealed part that releases other fields than the grant lists."""

    code = "TL-GRT-004"
    what = "The sealed part of the grant does not match its list."
    next = "Do not use the grant; keep it as evidence and ask the grantor."
    error_class = ErrorClass.NOT_AUTHENTIC


class RecipientKeyExpired(GrantError):
    """Grant, or step of a case, request or consent, sealed to an expired key."""

    code = "TL-GRT-005"
    what = "The recipient's encryption key has expired."
    next = "Wait: the node seals it again once the recipient has a new key."
    exit_status = EXIT_REFUSED


class OnwardUseForbidden(GrantError):
    """Field that its reader may not show to others."""

    code = "TL-GRT-006"
    what = "The originator has not allowed this field to be shown to others."
    next = "Ask the originator: `tearline consent ask --use evidence`; or let it make the exhibit."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class GrantHandedOut(GrantError):
    """Grant that its recipient has received, so that it can no longer be withdrawn."""

    code = "TL-GRT-010"
    what = "The recipient has already received the grant."
    next = "Recall the packet from the recipient: tearline packet recall."
    exit_status = EXIT_REFUSED


class PacketRecalled(GrantError):
    """Release of a packet or field that its originator has recalled."""

    code = "TL-GRT-011"
    what = "This packet, or a part of it that the grant releases, was recalled or has expired."
    next = "Seal and release a new packet."
    exit_status = EXIT_REFUSED


class AnswerTimeShort(GrantError):
    """Recall that leaves its recipient too little time to answer."""

    code = "TL-GRT-013"
    what = "A recall must leave its recipient at least one day to answer."
    next = (
        "No action is needed: the node signs it again with more time. On the command line: "
        "--within 24."
    )
    error_class = ErrorClass.LATER
    exit_status = EXIT_REFUSED
