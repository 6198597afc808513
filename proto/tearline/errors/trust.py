"""TL-TRU: a signer, a trust list or a key record is not believed."""

from tearline.errors.base import EXIT_REFUSED, TearlineError


class TrustError(TearlineError):
    """A signer, a trust list or a key record is not believed."""

    exit_status = EXIT_REFUSED


class SignerUnknown(TrustError):
    """A signer that no trust list names."""

    code = "TL-TRU-001"
    what = "The signer is not known in this federation."
    next = "Check the name; an agency is admitted by all roots of the federation."


class SignerKeyUnknown(TrustError):
    """A key that no key record in force gives to this signer."""

    code = "TL-TRU-002"
    what = "The signer's key is not on record, has ended, or was revoked."
    next = "Ask the signer's agency to publish its key record."


class FederationMismatch(TrustError):
    """A statement of another federation."""

    code = "TL-TRU-003"
    what = "The statement belongs to another federation."
    next = "Check which federation id is pinned here."


class TrustListRejected(TrustError):
    """A trust list that does not follow from the one before."""

    code = "TL-TRU-004"
    what = "The trust list is not a valid successor."
    next = "Keep the current list; ask the agencies that had to sign."


class TrustListUnpinned(TrustError):
    """A first trust list that is not the pinned one."""

    code = "TL-TRU-005"
    what = "The first trust list is not the one pinned here."
    next = "Compare the federation id with your partners out of band."


class TrustStale(TrustError):
    """Trust read too long ago to seal under."""

    code = "TL-TRU-006"
    what = "What is known of keys and suspensions is too old to act on."
    next = "Wait for the exchange; nothing was sent."


class NotWitnessed(TrustError):
    """A log that no other agency has cosigned lately, as far as this node has read it."""

    code = "TL-TRU-008"
    what = "No other agency has lately cosigned the log that this node is shown."
    next = "Have a partner sync or run its node, then try again; nothing was sent."


class ClockSkewed(TrustError):
    """A log whose time is ahead of this machine's clock: one of the two is wrong."""

    code = "TL-TRU-007"
    what = "This machine's clock disagrees with the log."
    next = "Compare it with another source, and set it or tell the operator; nothing was erased."


class RecordsExceeded(TrustError):
    """More keys, nodes or changes than one agency may put on record."""

    code = "TL-TRU-009"
    what = "An agency has put as many records into the log as it may."
    next = "Use the keys that are on record, and end what makes new ones."
