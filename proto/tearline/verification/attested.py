"""Attestations of one statement: found, matched with its body, and verified under a listed key.

Member records list roots; the constitution lists the key of the exchange.
"""

from tearline.crypto.keys import SigningPublicKey, key_id, signing_public_key
from tearline.errors import (
    FederationMismatch,
    SignerKeyUnknown,
    SignerMismatch,
    StatementMalformed,
    TypeNotAllowed,
)
from tearline.statements.statement import (
    COSIGNED_TYPES,
    Attestation,
    AttestationCache,
    Header,
    StatementType,
    find_attestation,
    verify_inclusion,
)
from tearline.wire.statements import Signed


def attested(signed: Signed, header: Header, federation: bytes) -> tuple[Attestation, ...]:
    """Returns the attestations of a statement, whose signatures are not verified.

    The first attestation must match the header of the body.

    Raises:
        StatementMalformed: If it has no signer, or too many for its type.
        FederationMismatch: If one is of another federation.
        SignerMismatch: If the body begins with another signer.
        InclusionInvalid: If an inclusion does not lead to its attestation.
    """
    statement = signed.statement
    if not statement.inclusions:
        raise StatementMalformed("the statement has no signer")
    if len(statement.inclusions) > 1 and statement.type not in COSIGNED_TYPES:
        raise StatementMalformed("this kind of statement has one signer")
    found = []
    for number, inclusion in enumerate(statement.inclusions):
        attestation = find_attestation(inclusion, signed.attestations)
        verify_inclusion(statement, inclusion, attestation)
        if attestation.federation != federation:
            raise FederationMismatch()
        if number == 0 and attestation.header != header:
            raise SignerMismatch("the body begins with another signer than its attestation")
        found.append(attestation)
    return tuple(found)


def verify_under(attestation: Attestation, root: bytes, cache: AttestationCache) -> None:
    """Checks an attestation's signature under a root key, by its encoding.

    Raises:
        SignerKeyUnknown: If the attestation names another key.
        SignatureInvalid: If the signature does not verify.
    """
    if key_id(root) != attestation.key_id:
        raise SignerKeyUnknown(attestation.signer)
    cache.verify(attestation, signing_public_key(root))


def listed_key(
    encoded: bytes, signer: Header, kind: StatementType, allowed: frozenset[StatementType]
) -> SigningPublicKey:
    """Returns the key of a root or of the exchange, under which ``signer`` signs a statement.

    Raises:
        SignerKeyUnknown: If the statement names another key.
        TypeNotAllowed: If its type is not among ``allowed``.
    """
    if key_id(encoded) != signer.key_id:
        raise SignerKeyUnknown(signer.signer)
    if kind not in allowed:
        raise TypeNotAllowed(kind.name.lower())
    return signing_public_key(encoded)
