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
import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from tearline.crypto.authority_profile import AuthorityCertificate, verify_authority
from tearline.crypto.keys import key_id
from tearline.crypto.tls_keys import is_p256, spki_of
from tearline.dataclass.immutable import immutable
from tearline.errors import CertificateExpired, CertificateRefused, MalformedInput
from tearline.identity import AgencyUri, NodeUri, parse_node_uri
from tearline.limits import MAX_CERTIFICATE_BYTES, MAX_LEAF_LIFETIME_S, MAX_VERIFIED_CERTIFICATES

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

SIGNS_HANDSHAKES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
"""The only key usage of a leaf."""

_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    InvalidSignature,
    UnsupportedAlgorithm,
    verification.VerificationError,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""Exceptions of the X.509 library: it reads dates, keys and extensions late, at their first use."""


class _Refusing:
    """Frame of every use of the X.509 library: its exceptions become refusals.

    Args:
        why: The reason in the refusal.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _UNREADABLE):
            raise CertificateRefused(self._why) from None


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
    leaf = _Certificate(certificate)
    uri = leaf.uri()
    try:
        node = parse_node_uri(uri)
    except MalformedInput:
        raise CertificateRefused("the certificate does not name a node") from None
    _require_leaf_profile(leaf)
    for der in authorities.get(node.trust_domain, ()):
        authority = _issuer(leaf, der, node.agency)
        if authority is None:
            continue
        found = LeafCertificate(
            node=node,
            thumbprint=hashlib.sha256(certificate).digest(),
            key_id=leaf.key_id,
            not_before_s=max(leaf.not_before_s, authority.not_before_s),
            not_after_s=min(leaf.not_after_s, authority.not_after_s),
        )
        found.verify_time(now_s)
        _verify_path(der, leaf, now_s)
        return found
    raise CertificateRefused("no CA of the trust domain it names signed it")


def verify_current(certificate: bytes, now_s: int) -> None:
    """Checks the dates of a certificate of this party, DER.

    Raises:
        CertificateExpired: If it is not valid at ``now_s``, Unix seconds.
    """
    found = _Certificate(certificate)
    if not found.not_before_s <= now_s <= found.not_after_s:
        raise CertificateExpired


def certified_key_id(certificate: bytes) -> bytes:
    """Returns the id of the key in a DER certificate, 32 bytes.

    Raises:
        CertificateRefused: If it is not a certificate, or has another kind of key.
    """
    return _Certificate(certificate).key_id


def end_s(certificate: bytes) -> int:
    """Returns the last second of a DER certificate's own dates, Unix.

    Raises:
        CertificateRefused: If it is not a certificate.
    """
    return _Certificate(certificate).not_after_s


def to_pem(certificate: bytes) -> bytes:
    """Returns a DER certificate as PEM, as TLS libraries take it.

    Raises:
        CertificateRefused: If it is not a certificate.
    """
    found = _Certificate(certificate)
    with _Refusing("a certificate was expected"):
        return found.parsed.public_bytes(_PEM)


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
    with _Refusing("a certificate in PEM was expected"):
        return x509.load_pem_x509_certificate(text).public_bytes(_DER)


def _issuer(leaf: "_Certificate", der: bytes, agency: AgencyUri) -> AuthorityCertificate | None:
    """Returns a CA of an agency if it signed a leaf; one outside the profile signs nothing."""
    try:
        authority = verify_authority(der, agency)
        with _Refusing("the CA did not sign it"):
            leaf.parsed.verify_directly_issued_by(x509.load_der_x509_certificate(der))
    except CertificateRefused:
        return None
    return authority


def _verify_path(authority: bytes, leaf: "_Certificate", now_s: int) -> None:
    """Verifies RFC 5280's path of two by the library: names, constraints, critical extensions."""
    with _Refusing("its path to the CA is not valid"):
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store([x509.load_der_x509_certificate(authority)]))
            .time(moment(now_s).replace(tzinfo=None))
            .max_chain_depth(0)
            .build_client_verifier()
        )
        verifier.verify(leaf.parsed, [])


def _require_leaf_profile(leaf: "_Certificate") -> None:
    if leaf.algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise CertificateRefused("it is not signed with ECDSA and SHA-256")
    if leaf.not_after_s - leaf.not_before_s > MAX_LEAF_LIFETIME_S:
        raise CertificateRefused("it is valid for longer than 7 days")
    if leaf.extension(x509.BasicConstraints).ca:
        raise CertificateRefused("it is a CA's, not a node's")
    if leaf.extension(x509.KeyUsage) != SIGNS_HANDSHAKES:
        raise CertificateRefused("its key may do more, or less, than sign handshakes")
    if list(leaf.extension(x509.ExtendedKeyUsage)) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise CertificateRefused("it is for something else than a TLS client")


class _Certificate:
    """Certificate of any issuer, read whole at once.

    Args:
        certificate: Its DER.

    Raises:
        CertificateRefused: If the library cannot read a part of it, or it is too large.
    """

    def __init__(self, certificate: bytes) -> None:
        if len(certificate) > MAX_CERTIFICATE_BYTES:
            raise CertificateRefused("the certificate is too large")
        with _Refusing("a certificate was expected"):
            self.parsed = x509.load_der_x509_certificate(certificate)
            self.not_before_s = int(self.parsed.not_valid_before_utc.timestamp())
            self.not_after_s = int(self.parsed.not_valid_after_utc.timestamp())
            self.algorithm = self.parsed.signature_algorithm_oid
            self._key = self.parsed.public_key()
            self._extensions = self.parsed.extensions

    @property
    def key_id(self) -> bytes:
        """Returns the id of its key, 32 bytes.

        Raises:
            CertificateRefused: If that is not an ECDSA key on P-256.
        """
        if not is_p256(self._key):
            raise CertificateRefused("its key is not an ECDSA key on P-256")
        return key_id(spki_of(self._key))

    def extension(self, kind: type[_Extension]) -> _Extension:
        """Returns an extension.

        Raises:
            CertificateRefused: If it is missing.
        """
        with _Refusing("an extension is missing"):
            return self._extensions.get_extension_for_class(kind).value

    def uri(self) -> str:
        """Returns its only name.

        Raises:
            CertificateRefused: If it has other names than one URI.
        """
        names = list(self.extension(x509.SubjectAlternativeName))
        if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
            raise CertificateRefused("it must name exactly one URI")
        return names[0].value


def moment(time_s: int) -> datetime.datetime:
    """Returns a Unix second as the X.509 library takes it."""
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC)
