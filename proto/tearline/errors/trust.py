"""TL-TRU: a signer, a decision of the federation or a key record is not trusted."""

from tearline.errors.base import EXIT_REFUSED, ErrorClass, TearlineError


class TrustError(TearlineError):
    """A signer, a decision of the federation or a key record is not trusted."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.NOT_AUTHENTIC


class SignerUnknown(TrustError):
    """Signer that is no member of the federation."""

    code = "TL-TRU-001"
    what = "The signer is not known in this federation."
    next = "Check the name; the federation's council must admit an agency."


class SignerKeyUnknown(TrustError):
    """Key that no key record in force assigns to this signer."""

    code = "TL-TRU-002"
    what = "The signer's key is not on record, has expired, or was revoked."
    next = (
        "Ask the signer's agency to publish its key record; if the key ended or was revoked, to "
        "sign again with a new key on record."
    )


class FederationMismatch(TrustError):
    """Statement of another federation."""

    code = "TL-TRU-003"
    what = "The statement belongs to another federation."
    next = "Check the federation id pinned here."


class MembershipRejected(TrustError):
    """Record, vote or amendment that the federation's rules do not permit now."""

    code = "TL-TRU-004"
    what = "The federation's rules do not permit this change of its membership."
    next = "Read the current state: tearline federation pending; then sign again from it."


class CharterUnpinned(TrustError):
    """Charter other than the pinned one."""

    code = "TL-TRU-005"
    what = "The charter is not the one pinned here."
    next = "Compare the federation id with your partners out of band."


class TrustStale(TrustError):
    """Trust data too old for a seal."""

    code = "TL-TRU-006"
    what = "The known keys and suspensions are too old to act on."
    next = "Wait for the exchange; the packet was not sent."
    error_class = ErrorClass.LATER


class NotWitnessed(TrustError):
    """Log without a recent cosignature of another agency, as far as this node has read it."""

    code = "TL-TRU-008"
    what = "No other agency has recently cosigned the log that this node reads."
    next = "Have a partner sync or run its node, then try again; the packet was not sent."
    error_class = ErrorClass.LATER


class ClockSkewed(TrustError):
    """Log time ahead of this machine's clock: one of the two is wrong."""

    code = "TL-TRU-007"
    what = "This machine's clock disagrees with the log."
    next = "Compare it with another source, and set it or tell the operator; no data was erased."
    error_class = ErrorClass.LATER


class RecordsExceeded(TrustError):
    """More keys, nodes or changes than one agency may put on record."""

    code = "TL-TRU-009"
    what = "An agency has reached its limit of records in the log."
    next = "Use the keys on record, and stop the process that creates new ones."
    error_class = ErrorClass.REFUSED


class DirectoryRejected(TrustError):
    """Directory entry that differs from the directory derived from the entries before it."""

    code = "TL-TRU-010"
    what = "The log states another directory of agencies than its entries make."
    next = "Show the evidence to every party: `tearline log evidence`. The node sends nothing now."
    error_class = ErrorClass.EVIDENCE


class OwnStateForeign(TrustError):
    """Directory that states keys, records or entries under an agency's name it did not make."""

    code = "TL-TRU-011"
    what = "The directory states something under this agency's name that it did not make."
    next = "Stop sending, and compare it with the agency's other nodes; revoke a foreign key."
    error_class = ErrorClass.EVIDENCE


class AddresseeKeyMissing(TrustError):
    """Node to which no statement can be sealed now."""

    code = "TL-TRU-012"
    what = "The addressee's node has no valid encryption key: nothing can be sealed to it."
    next = "Ask that agency to start its node, which publishes a key; then repeat the command."
