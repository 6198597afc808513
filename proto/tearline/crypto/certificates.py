"""TLS certificates: verification, and the node that each one identifies.

Every agency has its own certificate authority, and none is shared. A node's leaf has exactly one
name, its SPIFFE URI. It is verified against the authorities of the trust domain *in that URI*: a
signature by a CA of another agency is invalid.

All keys are ECDSA P-256: gRPC's TLS accepts no Ed25519 certificates, and the hybrid key exchange,
not the certificate, protects recorded traffic against later computers. Statements never rest on
these certificates; they are signed separately.

Profile: RFC 5280 and SPIFFE's X509-SVID. A leaf is valid for 24 hours to 7 days.
"""

import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from tearline.crypto.keys import key_id
from tearline.crypto.tls_keys import is_p256, spki_of
from tearline.dataclass.immutable import immutable
from tearline.errors import CertificateExpired, CertificateRefused, MalformedInput
from tearline.identity import AgencyUri, NodeUri, parse_agency_uri, parse_node_uri
from tearline.limits import MAX_CERTIFICATE_BYTES, MAX_LEAF_LIFETIME_S, MAX_VERIFIED_CERTIFICATES

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _usage(*, handshakes: bool, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=handshakes,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


SIGNS_HANDSHAKES = _usage(handshakes=True, certificates=False)
"""The only key usage of a leaf."""
SIGNS_CERTIFICATES = _usage(handshakes=False, certificates=True)
"""The only key usage of a CA."""


@immutable
class TlsFacts:
    """Transport's facts about one connection; unknown ones are empty.

    Attributes:
        version: The protocol as the TLS library spells it, for example ``TLSv1.3``.
        key_exchange_group: The group as the TLS library spells it.
        peer_certificate: The peer's leaf, DER.
    """

    version: str
    key_exchange_group: str
    peer_certificate: bytes


@immutable
class LeafCertificate:
    """Node's certificate, verified under its agency's CA.

    Attributes:
        node: The node it identifies.
        thumbprint: SHA-256 of the DER, 32 bytes, as tokens name it (RFC 8705, section 3.1). A
            denylist never uses it: anyone can re-encode an ECDSA signature.
        key_id: The id of the certificate's key, 32 bytes, as revocations name it.
        not_before_s: First second of its validity, Unix.
        not_after_s: Last second of its validity and its CA's, Unix.
    """

    node: NodeUri
    thumbprint: bytes
    key_id: bytes
    not_before_s: int
    not_after_s: int

    def verify_time(self, now_s: int) -> None:
        """Checks that the certificate is valid at ``now_s``.

        Raises:
            CertificateExpired: If it is not yet, or no longer, valid.
        """
        if not self.not_before_s <= now_s <= self.not_after_s:
            raise CertificateExpired


def verify_leaf(
    certificate: bytes, authorities: Mapping[str, Sequence[bytes]], now_s: int
) -> LeafCertificate:
    """Verifies a client certificate, and returns its node.

    1. It has exactly one name, a node's URI.

    2. It is a leaf for a TLS client with a P-256 key, valid for at most 7 days.

    3. One of the authorities of *that URI's trust domain* signed it, and both are valid now.

    Args:
        certificate: The leaf, DER.
        authorities: CA certificates, DER, by trust domain.
        now_s: The time, Unix seconds.

    Raises:
        CertificateExpired: If it is not yet, or no longer, valid.
        CertificateRefused: If another check fails.
    """
    leaf = parse_certificate(certificate)
    uri = _single_uri(leaf)
    try:
        node = parse_node_uri(uri)
    except MalformedInput:
        raise CertificateRefused("the certificate does not name a node") from None
    _require_leaf_profile(leaf)
    not_before_s, not_after_s = _validity(leaf)
    for authority in map(parse_certificate, authorities.get(node.trust_domain, ())):
        found = LeafCertificate(
            node=node,
            thumbprint=leaf.fingerprint(hashes.SHA256()),
            key_id=key_id(spki_of(certified_key(leaf))),
            not_before_s=max(not_before_s, _validity(authority)[0]),
            not_after_s=min(not_after_s, _validity(authority)[1]),
        )
        if _signed(authority, leaf) and domain_of_authority(authority) == node.trust_domain:
            found.verify_time(now_s)
            _verify_path(authority, leaf, now_s)
            return found
    raise CertificateRefused("no CA of the trust domain it names signed it")


def verify_current(certificate: bytes, now_s: int) -> None:
    """Checks the dates of a certificate of this party, DER.

    Raises:
        CertificateExpired: If it is not valid at ``now_s``, Unix seconds.
    """
    not_before_s, not_after_s = _validity(parse_certificate(certificate))
    if not not_before_s <= now_s <= not_after_s:
        raise CertificateExpired


def certified_key_id(certificate: bytes) -> bytes:
    """Returns the id of the key in a DER certificate, 32 bytes.

    Raises:
        CertificateRefused: If it is not a certificate, or has another kind of key.
    """
    return key_id(spki_of(certified_key(parse_certificate(certificate))))


def end_s(certificate: bytes) -> int:
    """Returns the last second of a DER certificate's own dates, Unix.

    Raises:
        CertificateRefused: If it is not a certificate.
    """
    return _validity(parse_certificate(certificate))[1]


def verify_authority(certificate: bytes, agency: AgencyUri, now_s: int) -> None:
    """Checks that a certificate can be the CA of ``agency``, as a member record names it.

    Raises:
        CertificateExpired: If it is not valid at ``now_s``.
        CertificateRefused: If it is not such a CA's.
    """
    parsed = parse_certificate(certificate)
    if domain_of_authority(parsed) != agency.trust_domain:
        raise CertificateRefused("the CA names another trust domain")
    if not _signed(parsed, parsed):
        raise CertificateRefused("the CA is not signed by itself")
    not_before_s, not_after_s = _validity(parsed)
    if not not_before_s <= now_s <= not_after_s:
        raise CertificateExpired


def to_pem(certificate: bytes) -> bytes:
    """Returns a DER certificate as PEM, as TLS libraries take it.

    Raises:
        CertificateRefused: If it is not a certificate.
    """
    return parse_certificate(certificate).public_bytes(_PEM)


def from_pem(text: bytes) -> bytes:
    """Returns the first certificate of a PEM text, as DER.

    Raises:
        CertificateRefused: If there is none.
    """
    if len(text) > 2 * MAX_CERTIFICATE_BYTES:
        raise CertificateRefused("the certificate is too large")
    return _der_of(text)


@functools.lru_cache(MAX_VERIFIED_CERTIFICATES)  # each call of a connection shows the same one
def _der_of(text: bytes) -> bytes:
    try:
        return x509.load_pem_x509_certificate(text).public_bytes(_DER)
    except (ValueError, x509.InvalidVersion):
        raise CertificateRefused("a certificate in PEM was expected") from None


def _verify_path(authority: x509.Certificate, leaf: x509.Certificate, now_s: int) -> None:
    """Verifies RFC 5280's path of two by the library: names, constraints, critical extensions."""
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([authority]))
        .time(moment(now_s).replace(tzinfo=None))
        .max_chain_depth(0)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, [])
    except verification.VerificationError:
        raise CertificateRefused("its path to the CA is not valid") from None


def _signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _require_leaf_profile(leaf: x509.Certificate) -> None:
    not_before_s, not_after_s = _validity(leaf)
    if leaf.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise CertificateRefused("it is not signed with ECDSA and SHA-256")
    if not_after_s - not_before_s > MAX_LEAF_LIFETIME_S:
        raise CertificateRefused("it is valid for longer than 7 days")
    if _extension(leaf, x509.BasicConstraints).ca:
        raise CertificateRefused("it is a CA's, not a node's")
    if _extension(leaf, x509.KeyUsage) != SIGNS_HANDSHAKES:
        raise CertificateRefused("its key may do more, or less, than sign handshakes")
    if list(_extension(leaf, x509.ExtendedKeyUsage)) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise CertificateRefused("it is for something else than a TLS client")


def domain_of_authority(authority: x509.Certificate) -> str:
    """Returns the trust domain of a CA.

    Raises:
        CertificateRefused: If it is not a CA's of the profile.
    """
    constraints = _extension(authority, x509.BasicConstraints)
    certified_key(authority)
    if not constraints.ca or constraints.path_length != 0:
        raise CertificateRefused("a CA signs leaves, and no further CAs")
    if _extension(authority, x509.KeyUsage) != SIGNS_CERTIFICATES:
        raise CertificateRefused("a CA's key may only sign certificates")
    try:
        return parse_agency_uri(_single_uri(authority)).trust_domain
    except MalformedInput:
        raise CertificateRefused("the CA does not name an agency") from None


def _single_uri(certificate: x509.Certificate) -> str:
    names = list(_extension(certificate, x509.SubjectAlternativeName))
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise CertificateRefused("it must name exactly one URI")
    return names[0].value


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        raise CertificateRefused("an extension is missing or malformed") from None


def parse_certificate(certificate: bytes) -> x509.Certificate:
    """Returns a certificate from DER.

    Raises:
        CertificateRefused: If it is not one, or too large.
    """
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise CertificateRefused("the certificate is too large")
    try:
        return x509.load_der_x509_certificate(certificate)
    except (ValueError, x509.InvalidVersion):
        raise CertificateRefused("a certificate was expected") from None


def _validity(certificate: x509.Certificate) -> tuple[int, int]:
    return (
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )


def moment(time_s: int) -> datetime.datetime:
    """Returns a Unix second as the X.509 library takes it."""
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC)


def certified_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Returns the key of a certificate.

    Raises:
        CertificateRefused: If it is not an ECDSA key on P-256.
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRefused("its key is of no known kind") from None
    if not is_p256(key):
        raise CertificateRefused("its key is not an ECDSA key on P-256")
    return key
