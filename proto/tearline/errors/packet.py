"""TL-PKT: a statement or a packet is malformed or does not verify."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, TearlineError


class PacketError(TearlineError):
    """A statement or a packet is malformed or does not verify."""

    exit_status = EXIT_INTEGRITY


class StatementMalformed(PacketError):
    """Bytes that are not the one encoding of a statement or packet."""

    code = "TL-PKT-001"
    what = "A statement or packet is not well formed."
    next = "Do not use it; tell its sender which version of Tearline you run."


class AttestationMissing(PacketError):
    """A statement whose signature was not sent along."""

    code = "TL-PKT-002"
    what = "The signature over a statement is missing."
    next = "Fetch the statement again; if it repeats, tell the operator."


class InclusionInvalid(PacketError):
    """A statement that the signed tree does not contain."""

    code = "TL-PKT-003"
    what = "The statement is not part of what was signed."
    next = "Do not use it; keep it as evidence and ask its signer."


class SignerMismatch(PacketError):
    """A body and its signature that name different signers or keys."""

    code = "TL-PKT-004"
    what = "The statement names another signer than its signature."
    next = "Do not use it; keep it as evidence and ask its signer."


class TypeNotAllowed(PacketError):
    """A key that signed a kind of statement its record does not list."""

    code = "TL-PKT-005"
    what = "The key may not sign this kind of statement."
    next = "Ask the signer's agency for a key record that lists it."


class CommitmentMismatch(PacketError):
    """Content that is not what the manifest commits to."""

    code = "TL-PKT-006"
    what = "A part of the packet is not what its originator signed."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class CiphertextMissing(PacketError):
    """A granted field whose ciphertext did not arrive."""

    code = "TL-PKT-007"
    what = "A ciphertext that was granted is missing."
    next = "Ask the exchange for the packet again, then its originator."


class DecryptionFailed(PacketError):
    """A ciphertext that its key does not open."""

    code = "TL-PKT-008"
    what = "A ciphertext does not open under the key that was granted."
    next = "Do not use the packet; keep it as evidence and tell its originator."


class PathDuplicated(PacketError):
    """One path twice in the same form."""

    code = "TL-PKT-009"
    what = "The packet holds the same field twice in one form."
    next = "Ask the originator to correct the packet."


class PacketTooLarge(PacketError):
    """More fields or categories than one packet may carry."""

    code = "TL-PKT-010"
    what = "The packet is larger than a packet may be."
    next = "Split it; an import does so by itself."


class StatementConflict(PacketError):
    """The same identifier with other bytes."""

    code = "TL-PKT-011"
    what = "This identifier was used before for something else."
    next = "Do not send again under this identifier; the conflict is recorded."


class SuiteUnknown(PacketError):
    """A suite below what the trust list demands, or unknown."""

    code = "TL-PKT-012"
    what = "The cryptographic suite is not accepted in this federation."
    next = "Update the older of the two nodes."


class EvaluationInvalid(PacketError):
    """A 4x4 evaluation that is not one."""

    code = "TL-PKT-013"
    what = "The evaluation of source and information is not valid."
    next = "Use A, B, C or X followed by 1, 2, 3 or 4."


class EntityFieldMalformed(PacketError):
    """A field that is not of an entity, or contradicts another."""

    code = "TL-PKT-014"
    what = "The fields of the packet do not make entities."
    next = "Keep the packet as evidence and ask its originator to send it anew."


class StatementUnsupported(PacketError):
    """A kind of statement that this version knows and does not take yet."""

    code = "TL-PKT-015"
    what = "The exchange does not take this kind of statement."
    next = "Ask the operator which version runs there; nothing was done."
    exit_status = EXIT_REFUSED


class LifetimeRefused(PacketError):
    """A packet that has ended already, or would never end."""

    code = "TL-PKT-016"
    what = "The packet's end is in the past, or too far away."
    next = "Give it an end within ten years; check the clock."
    exit_status = EXIT_REFUSED


class BodyIncomplete(PacketError):
    """A body of which its kind asks for more."""

    code = "TL-PKT-030"
    what = "Something is missing that a packet of this kind must have."
    next = "Add it, or choose another kind: `tearline packet kinds` shows an example of each."
    exit_status = EXIT_REFUSED


class BodyRefused(PacketError):
    """A body that is not what its kind asks for."""

    code = "TL-PKT-031"
    what = "The packet is not what its kind asks for."
    next = "Correct the places named, or choose another kind; nothing was sent."
    exit_status = EXIT_REFUSED


class BodyUnfit(PacketError):
    """A partner's body that is not what its kind asks for."""

    code = "TL-PKT-032"
    what = "A packet that came is not what its kind asks for."
    next = "Read it with care, and ask its originator to correct it."


class DocumentRefused(PacketError):
    """A file that does not travel as a document."""

    code = "TL-PKT-033"
    what = "The file cannot travel as a document."
    next = "Send a PDF, PNG, JPEG, text, CSV, XLSX, DOCX or EML file of at most 1 MiB."
    exit_status = EXIT_REFUSED


class CorrectionRefused(PacketError):
    """A packet that is to take the place of one that it cannot."""

    code = "TL-PKT-034"
    what = "The packet does not correct the one that it names."
    next = "Correct a packet of your own, for those who had it; or send a new one."
    exit_status = EXIT_REFUSED


class CorrectedAlready(PacketError):
    """A second correction of one packet."""

    code = "TL-PKT-035"
    what = "The packet was corrected before."
    next = "Correct the newest of the line: `tearline packet list` names it."
    exit_status = EXIT_REFUSED


class CorrectedUnknown(PacketError):
    """A correction of what this node was never granted."""

    code = "TL-PKT-036"
    what = "A correction came of a packet that this node was not given."
    next = "Nothing: it is taken in when that packet comes; else ask its originator."
