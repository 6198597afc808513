"""TL-BLB: a document is not acceptable, not here, not the one named, or not found clean."""

from tearline.errors.base import (
    EXIT_INTEGRITY,
    EXIT_LOCAL,
    EXIT_NOT_FOUND,
    EXIT_REFUSED,
    ErrorClass,
    TearlineError,
)


class BlobError(TearlineError):
    """A large document beside a packet is not acceptable, not here, or not the one named."""

    exit_status = EXIT_REFUSED
    error_class = ErrorClass.REFUSED


class BlobMismatch(BlobError):
    """Part of a large document that its sender did not announce."""

    code = "TL-BLB-001"
    what = "A part of a large document is not the one that its sender announced."
    next = "Do not use the document; repeat the command, and then tell the operator."
    error_class = ErrorClass.NOT_AUTHENTIC
    exit_status = EXIT_INTEGRITY


class BlobIncomplete(BlobError):
    """Packet that names a large document which is not completely at the exchange."""

    code = "TL-BLB-002"
    what = "The packet names a large document that was not sent completely."
    next = "Send the packet again, with its document."


class BlobQuotaExceeded(BlobError):
    """Large document beyond the space that the exchange has, or has for its agency."""

    code = "TL-BLB-003"
    what = "The exchange has no more space for large documents of this agency."
    next = "Recall packets that are no longer needed, or ask the operator for more space."


class BlobUnavailable(BlobError):
    """Large document that this node may not get, or that does not exist."""

    code = "TL-BLB-004"
    what = "The exchange has no such large document for this node."
    next = "Ask the packet's sender; it may have been recalled, or its packet has ended."
    exit_status = EXIT_NOT_FOUND


class BlobsNotStored(BlobError):
    """Large document at an exchange that stores none."""

    code = "TL-BLB-005"
    what = "This exchange stores no large documents."
    next = "Send documents of at most 1 MiB, or ask the operator."


class DocumentChanged(BlobError):
    """File that is missing or has other content since its packet was drafted."""

    code = "TL-BLB-006"
    what = "A document is not as it was when its packet was drafted."
    next = "Nothing of it was sent since; draft the packet again."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_LOCAL


class ScannerError(BlobError):
    """Document that the agency's virus scanner did not find clean."""

    error_class = ErrorClass.LOCAL


class MalwareFound(ScannerError):
    """Document in which the scanner found something."""

    code = "TL-BLB-007"
    what = "The virus scanner refuses the document."
    next = "It was not saved; tell the packet's sender, and your agency's security officer."


class ScannerUnavailable(ScannerError):
    """Document that the scanner did not judge."""

    code = "TL-BLB-008"
    what = "The virus scanner did not judge the document, so it was not saved."
    next = "Check that clamd answers at the address of the setting `scanner`, then repeat."


class ScanLimitExceeded(ScannerError):
    """Document that is larger than the scanner takes."""

    code = "TL-BLB-009"
    what = "The document is larger than the virus scanner takes, so it was not saved."
    next = "Ask the operator to raise the limits in clamd.conf; clamd takes less than 2 GiB."
