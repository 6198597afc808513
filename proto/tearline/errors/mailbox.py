"""TL-MBX: a mailbox, a channel or its sequence is not valid."""

from tearline.errors.base import EXIT_INTEGRITY, ErrorClass, TearlineError


class MailboxError(TearlineError):
    """A mailbox, a channel or its sequence is not valid."""

    exit_status = EXIT_INTEGRITY
    error_class = ErrorClass.EVIDENCE


class ChannelGap(MailboxError):
    """Sequence number that is not the next one."""

    code = "TL-MBX-001"
    what = "A statement sent on this channel did not arrive."
    next = "Fetch again; if the gap stays, compare marks with the sender."
    error_class = ErrorClass.LATER


class ChannelReplay(MailboxError):
    """Sequence number used for two different statements."""

    code = "TL-MBX-002"
    what = "A sequence number of the channel was used twice."
    next = "Do not use the later statement; keep both as evidence."


class MarkUnequal(MailboxError):
    """Channel with contradicting marks of its two ends."""

    code = "TL-MBX-003"
    what = "The two ends of a channel disagree about what was sent."
    next = "Compare sent and received statements with the partner out of band."


class StatusBackwards(MailboxError):
    """Receipt that would reverse a status."""

    code = "TL-MBX-004"
    what = "A status only moves forward."
    next = "Ignore the receipt; keep it as evidence."
    error_class = ErrorClass.REFUSED


class ChannelStalled(MailboxError):
    """Gap that persists while too many statements follow it."""

    code = "TL-MBX-005"
    what = "Too many statements follow a gap; the node accepts no more until the gap closes."
    next = "Compare sent and received statements with the sender out of band."
    error_class = ErrorClass.LATER


class ReceiptForgotten(MailboxError):
    """Receipt of a grant that this node made after its backup."""

    code = "TL-MBX-006"
    what = "A receipt arrived for a grant that this restored node no longer knows."
    next = "Keep it: it proves that the partner has the grant; ask the partner for its contents."


class TwinAtWork(MailboxError):
    """Statement in this node's name and under its keys that this home did not make."""

    code = "TL-MBX-007"
    what = "Another copy of this node is active; this one sends no more."
    next = (
        "Stop every copy but one, then run `tearline node take-over` with that one. If there is no "
        "other copy, an attacker has this node's keys: revoke them first."
    )
