"""TL-PKT: a statement or a packet is malformed or does not verify."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, ErrorClass, TearlineError


class PacketError(TearlineError):
    """A statement or a packet is malformed or does not verify."""

    exit_status = EXIT_INTEGRITY
    error_class = ErrorClass.NOT_AUTHENTIC


class StatementMalformed(PacketError):
    """Bytes that are not the canonical encoding of a statement or packet."""

    code = "TL-PKT-001"
    what = "A statement or packet is not well formed."
    next = "Do not use it; tell its sender which version of Tearline you run."
    error_class = ErrorClass.MALFORMED


class AttestationMissing(PacketError):
    """Statement that arrived without its signature."""

    code = "TL-PKT-002"
    what = "The signature over a statement is missing."
    next = "Fetch the statement again; if the error repeats, tell the operator."


class InclusionInvalid(PacketError):
    """Statement that the signed tree does not contain."""

    code = "TL-PKT-003"
    what = "The statement is not part of the signed tree."
    next = "Do not use it; keep it as evidence and ask its signer."


class SignerMismatch(PacketError):
    """Body and signature that name different signers or keys."""

    code = "TL-PKT-004"
    what = "The statement names another signer than its signature."
    next = "Do not use it; keep it as evidence and ask its signer."


class TypeNotAllowed(PacketError):
    """Statement type that the record of the signing key does not list."""

    code = "TL-PKT-005"
    what = "The key may not sign this kind of statement."
    next = "Ask the signer's agency for a key record that lists it."


class CommitmentMismatch(PacketError):
    """Content that does not match the manifest's commitment."""

    code = "TL-PKT-006"
    what = "A part of the packet does not match its originator's signature."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class CiphertextMissing(PacketError):
    """Granted field without its ciphertext."""

    code = "TL-PKT-007"
    what = "The ciphertext of a granted field is missing."
    next = "Request the packet again from the exchange, then from its originator."


class DecryptionFailed(PacketError):
    """Ciphertext that does not decrypt under its key."""

    code = "TL-PKT-008"
    what = "A ciphertext does not decrypt under the granted key."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class PathDuplicated(PacketError):
    """Path that appears twice in the same form."""

    code = "TL-PKT-009"
    what = "The packet holds the same field twice in one form."
    next = "Ask the originator to correct the packet."
    error_class = ErrorClass.MALFORMED


class PacketTooLarge(PacketError):
    """More fields or categories than one packet may carry."""

    code = "TL-PKT-010"
    what = "The packet is larger than a packet may be."
    next = "Split it; an import splits packets automatically."
    error_class = ErrorClass.REFUSED


class StatementConflict(PacketError):
    """Identifier that was used before for other bytes."""

    code = "TL-PKT-011"
    what = "This identifier was used before for another statement."
    next = "Do not send again under this identifier; the conflict is recorded."
    error_class = ErrorClass.REFUSED


class SuiteUnknown(PacketError):
    """Cryptographic suite that is unknown or below the federation's minimum."""

    code = "TL-PKT-012"
    what = "The cryptographic suite is not accepted in this federation."
    next = "Update the older of the two nodes."
    error_class = ErrorClass.REFUSED


class EvaluationInvalid(PacketError):
    """Value that is not a 4x4 evaluation."""

    code = "TL-PKT-013"
    what = "The evaluation of source and information is not valid."
    next = "Use A, B, C or X followed by 1, 2, 3 or 4."
    error_class = ErrorClass.MALFORMED


class EntityFieldMalformed(PacketError):
    """Field that does not belong to an entity, or contradicts another field."""

    code = "TL-PKT-014"
    what = "The fields of the packet do not form entities."
    next = "Keep the packet as evidence and ask its originator to send a new one."
    error_class = ErrorClass.MALFORMED


class StatementUnsupported(PacketError):
    """Statement type that this version knows but does not accept yet."""

    code = "TL-PKT-015"
    what = "The exchange does not accept this type of statement."
    next = "Ask the operator for the exchange's version; the statement had no effect."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


class LifetimeRefused(PacketError):
    """Packet with an expiry in the past or too far in the future."""

    code = "TL-PKT-016"
    what = "The packet's expiry is in the past, or too far in the future."
    next = "Set an expiry within ten years; check the clock."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


class CiphertextAltered(PacketError):
    """Delivered ciphertext that the originator did not sign, or that came without its path."""

    code = "TL-PKT-017"
    what = "A ciphertext was delivered that its originator did not sign."
    next = "Keep the delivery as evidence; tell the exchange's operator and your partners."


class BodyIncomplete(PacketError):
    """Body without a part that its kind requires."""

    code = "TL-PKT-030"
    what = "A part that this kind of packet requires is missing."
    next = "Add it, or choose another kind: `tearline packet kinds` shows an example of each."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class BodyRefused(PacketError):
    """Body that does not match its kind."""

    code = "TL-PKT-031"
    what = "The packet does not match its kind."
    next = "Correct the named places, or choose another kind; the packet was not sent."
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class BodyUnfit(PacketError):
    """Partner's body that does not match its kind."""

    code = "TL-PKT-032"
    what = "A received packet does not match its kind."
    next = "Read it with care, and ask its originator to correct it."
    error_class = ErrorClass.EVIDENCE


class DocumentRefused(PacketError):
    """File that cannot be sent as a document."""

    code = "TL-PKT-033"
    what = "The file cannot be sent as a document."
    next = (
        "Send a PDF, PNG, JPEG, text, CSV, XLSX, DOCX or EML file of at most 50 GiB; above 1 MiB "
        "also a ZIP, TIFF, MP4 or disk image."
    )
    error_class = ErrorClass.LOCAL
    exit_status = EXIT_REFUSED


class CorrectionRefused(PacketError):
    """Correction that does not apply to the packet that it names."""

    code = "TL-PKT-034"
    what = "The packet does not correct the packet that it names."
    next = "Correct a packet of your own, for its recipients; or send a new one."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


class CorrectedAlready(PacketError):
    """Second correction of one packet."""

    code = "TL-PKT-035"
    what = "The packet was already corrected."
    next = "Correct the newest packet of the line: `tearline packet list` names it."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


class CorrectedUnknown(PacketError):
    """Correction of a packet that this node was never granted."""

    code = "TL-PKT-036"
    what = "A correction arrived for a packet that this node was not granted."
    next = "Wait: the node stores it when that packet arrives; otherwise ask its originator."
    error_class = ErrorClass.LATER
