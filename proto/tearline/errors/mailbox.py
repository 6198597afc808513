"""TL-MBX: a mailbox, a channel or its sequence is not as it must be."""

from tearline.errors.base import EXIT_INTEGRITY, TearlineError


class MailboxError(TearlineError):
    """A mailbox, a channel or its sequence is not as it must be."""

    exit_status = EXIT_INTEGRITY


class ChannelGap(MailboxError):
    """A sequence number that is not the next one."""

    code = "TL-MBX-001"
    what = "Something sent on this channel did not arrive."
    next = "Fetch again; if the gap stays, compare marks with the sender."


class ChannelReplay(MailboxError):
    """A sequence number used twice for different statements."""

    code = "TL-MBX-002"
    what = "A place in the channel was used twice."
    next = "Do not use the later statement; keep both as evidence."


class MarkUnequal(MailboxError):
    """Two ends of a channel that disagree."""

    code = "TL-MBX-003"
    what = "The two ends of a channel disagree about what was sent."
    next = "Compare what was sent and received with the partner, outside the exchange."


class StatusBackwards(MailboxError):
    """A receipt that would move a status back."""

    code = "TL-MBX-004"
    what = "A status only moves forward."
    next = "Ignore the receipt; keep it as evidence."


class ChannelStalled(MailboxError):
    """A gap that stays while too much comes behind it."""

    code = "TL-MBX-005"
    what = "More has come behind a gap than is taken in; nothing more is, until the gap closes."
    next = "Compare what was sent and received with the sender, outside the exchange."


class ReceiptForgotten(MailboxError):
    """A receipt of a grant that this node made after its backup."""

    code = "TL-MBX-006"
    what = "A receipt came of a grant that this restored node does not know any more."
    next = "Keep it: it says that the partner has the grant; ask there what it was."


class TwinAtWork(MailboxError):
    """Something done in this node's name, with its keys, that this home did not do."""

    code = "TL-MBX-007"
    what = "Another copy of this node is at work; this one sends nothing more."
    next = (
        "End every copy but one, then run `tearline node take-over` with that one. If there is no "
        "other copy, somebody has this node's keys: revoke them first."
    )
