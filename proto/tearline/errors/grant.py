"""TL-GRT: a grant is malformed, misdirected or ended."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, TearlineError


class GrantError(TearlineError):
    """A grant is malformed, misdirected or ended."""

    exit_status = EXIT_INTEGRITY


class GrantMisdirected(GrantError):
    """A grant for another recipient, packet or key."""

    code = "TL-GRT-001"
    what = "The grant is not for this node, packet or key."
    next = "Do not use it; keep it as evidence and ask the grantor."


class GrantorNotOriginator(GrantError):
    """A grant from somebody other than the packet's originator."""

    code = "TL-GRT-002"
    what = "Only the originator's agency may grant its packet."
    next = "Ask the originator to grant it to you."
    exit_status = EXIT_REFUSED


class GrantExpired(GrantError):
    """A grant past its end."""

    code = "TL-GRT-003"
    what = "The grant has ended."
    next = "Ask the originator to grant the packet again."
    exit_status = EXIT_REFUSED


class ReleaseMismatch(GrantError):
    """A sealed part that releases other things than the grant lists."""

    code = "TL-GRT-004"
    what = "The sealed part of the grant does not match its list."
    next = "Do not use the grant; keep it as evidence and ask the grantor."


class RecipientKeyExpired(GrantError):
    """A grant, or a step of a case, request or consent, sealed to a key that has ended."""

    code = "TL-GRT-005"
    what = "The recipient's encryption key has ended."
    next = "Wait: the node seals it anew once the recipient has another key."
    exit_status = EXIT_REFUSED


class OnwardUseForbidden(GrantError):
    """A field that its reader may not show to others."""

    code = "TL-GRT-006"
    what = "Its originator has not allowed this field to be shown to others."
    next = "Ask its originator: `tearline consent ask --use evidence`; or it makes the exhibit."
    exit_status = EXIT_REFUSED


class GrantHandedOut(GrantError):
    """A grant that its recipient has been handed and that cannot be withdrawn any more."""

    code = "TL-GRT-010"
    what = "The recipient has been handed the grant already."
    next = "Recall the packet from the recipient: tearline packet recall."
    exit_status = EXIT_REFUSED


class PacketRecalled(GrantError):
    """A release of what its originator has taken back."""

    code = "TL-GRT-011"
    what = "This packet, or a part of it that the grant releases, was recalled or has ended."
    next = "Seal a new packet, and release that."
    exit_status = EXIT_REFUSED


class AnswerTimeShort(GrantError):
    """A recall that leaves its recipient less time for an answer than anybody needs."""

    code = "TL-GRT-013"
    what = "A recall leaves its recipient a day at least to answer it."
    next = "Nothing: the node signs it anew with more time. From the command line: --within 24."
    exit_status = EXIT_REFUSED


class RecallNotOriginator(GrantError):
    """A recall from somebody other than the packet's originator."""

    code = "TL-GRT-012"
    what = "Only the originator's agency may recall its packet."
    next = "Ask the originator to recall it."
    exit_status = EXIT_REFUSED
