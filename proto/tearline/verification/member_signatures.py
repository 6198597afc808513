"""Signatures of a member record: of the root in force, and of the root that it names."""

from tearline.crypto.keys import key_id
from tearline.errors import SignerMismatch
from tearline.federation.decisions import MemberRecord
from tearline.federation.members import Agency
from tearline.statements.statement import Attestation, AttestationCache
from tearline.verification.attested import verify_under


def verify_own_change(
    found: tuple[Attestation, ...], current: Agency, record: MemberRecord, cache: AttestationCache
) -> None:
    """Checks the signatures of the root in force, and of a new root too.

    The recovery key signs in place of a lost root, and only to replace it.

    Args:
        found: The record's attestations.
        current: The agency by its record in force.
        record: The next record.
        cache: Attestations that were verified.

    Raises:
        TearlineError: If a signature is missing, or does not verify.
    """
    key, is_new = current.root_key, record.agency.root_key != current.root_key
    recovery = current.recovery_key
    if is_new and recovery and record.header.key_id == key_id(recovery):
        key = recovery
    verify_roots(found, [key, record.agency.root_key] if is_new else [key], cache)


def verify_roots(
    found: tuple[Attestation, ...], roots: list[bytes], cache: AttestationCache
) -> None:
    """Checks that exactly these keys of one agency signed, in this order.

    Raises:
        TearlineError: If a signature is missing or one too many, or does not verify.
    """
    if len(found) != len(roots):
        raise SignerMismatch("the record has a signature too many, or too few")
    for attestation, root in zip(found, roots, strict=True):
        if attestation.signer != found[0].signer:
            raise SignerMismatch("a member record is signed by its own agency alone")
        verify_under(attestation, root, cache)
