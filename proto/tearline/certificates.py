"""TLS certificates: making them, and what one speaks for.

Every agency has a certificate authority of its own and nobody shares one. A node's leaf
carries exactly one name, its SPIFFE URI, and is checked against the authorities of the
trust domain *in that URI*: a CA of one agency that signs for another's domain is nobody.

All keys are ECDSA P-256: gRPC's TLS takes no Ed25519 certificates, and the hybrid key
exchange, not the certificate, is what guards recorded traffic against later computers.
What is said never rests on these certificates; statements are signed apart.

Profile: RFC 5280 and SPIFFE's X509-SVID. A leaf lives 24 hours to 7 days.
"""

import datetime
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import (
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
    SignatureAlgorithmOID,
)

from tearline.errors import CertificateExpired, CertificateRefused, KeyMalformed, MalformedInput
from tearline.identity import AgencyUri, NodeUri, parse_agency_uri, parse_node_uri
from tearline.keys import key_id
from tearline.limits import (
    CERTIFICATE_BACKDATE_S,
    MAX_CA_LIFETIME_S,
    MAX_CERTIFICATE_BYTES,
    MAX_LEAF_LIFETIME_S,
    MIN_LEAF_LIFETIME_S,
)

_LOOPBACK = ("127.0.0.1", "::1")
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


_SIGNS_HANDSHAKES = _usage(handshakes=True, certificates=False)
_SIGNS_CERTIFICATES = _usage(handshakes=False, certificates=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """What the transport saw of one connection; what it did not see is empty.

    Attributes:
        version: The protocol as the TLS library spells it, for example ``TLSv1.3``.
        key_exchange_group: The group as the TLS library spells it.
        peer_certificate: The peer's leaf, DER.
    """

    version: str
    key_exchange_group: str
    peer_certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A node's certificate that its agency's CA vouches for.

    Attributes:
        node: The node it speaks for.
        thumbprint: SHA-256 of the DER, 32 bytes, as tokens name it (RFC 8705, section 3.1).
            Never what a denylist names: an ECDSA signature can be spelled anew by anyone.
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
            CertificateExpired: If it is not valid yet, or no longer.
        """
        if not self.not_before_s <= now_s <= self.not_after_s:
            raise CertificateExpired


class TlsKey:
    """An ECDSA P-256 key for TLS, kept as PKCS#8 DER."""

    def __init__(self, pkcs8: bytes) -> None:
        try:
            key = serialization.load_der_private_key(pkcs8, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyMalformed("a TLS key is kept as PKCS#8 DER") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not _is_p256(key.public_key()):
            raise KeyMalformed("a TLS key is an ECDSA key on P-256")
        self.public = _spki(key.public_key())
        self._key = key

    @classmethod
    def generate(cls) -> "TlsKey":
        """A fresh key from the system's randomness."""
        return cls(_pkcs8(ec.generate_private_key(ec.SECP256R1()), _DER))

    @property
    def id(self) -> bytes:
        """The 32-byte id of the public half, as revocations name it."""
        return key_id(self.public)

    def private_bytes(self) -> bytes:
        """PKCS#8 DER, for a keystore that encrypts it."""
        return _pkcs8(self._key, _DER)

    def private_pem(self) -> bytes:
        """PKCS#8 PEM, as TLS libraries take it; never for a file."""
        return _pkcs8(self._key, _PEM)

    def sign(self, builder: x509.CertificateBuilder) -> bytes:
        """The certificate that ``builder`` describes, DER, signed with this key."""
        return builder.sign(self._key, hashes.SHA256()).public_bytes(_DER)

    def __repr__(self) -> str:
        return f"TlsKey({self.id.hex()[:16]})"


class CertificateAuthority:
    """An agency's CA: it makes leaves for its own trust domain and no other."""

    def __init__(self, certificate: bytes, key: TlsKey) -> None:
        parsed = _parse(certificate)
        if _spki(_certified_key(parsed)) != key.public:
            raise KeyMalformed("the key is not the one in the CA's certificate")
        self.certificate = certificate
        self.trust_domain = _domain_of_authority(parsed)
        self._subject = parsed.subject
        self._key = key

    @classmethod
    def create(cls, agency: AgencyUri, *, now_s: int, lifetime_s: int) -> "CertificateAuthority":
        """A new CA with a fresh key, certified by itself.

        Args:
            agency: The only agency it will speak for.
            now_s: The time, Unix seconds.
            lifetime_s: How long it lives, seconds.

        Raises:
            MalformedInput: If it would live no longer than a leaf, or above ten years.
        """
        if not MAX_LEAF_LIFETIME_S < lifetime_s <= MAX_CA_LIFETIME_S:
            raise MalformedInput("a CA lives longer than its leaves, and at most ten years")
        key = TlsKey.generate()
        # RFC 2247 spells a domain as a name of any length; a common name ends at 64 characters.
        labels = reversed(agency.trust_domain.split("."))
        name = x509.Name([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in labels])
        uri = x509.UniformResourceIdentifier(str(agency))
        identifier = x509.SubjectKeyIdentifier.from_public_key(_load_public(key.public))
        certificate = key.sign(
            _builder(name, name, key.public, now_s, lifetime_s)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS_CERTIFICATES, critical=True)
            .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
            .add_extension(identifier, critical=False)
        )
        return cls(certificate, key)

    def private_bytes(self) -> bytes:
        """The CA's key as PKCS#8 DER, for a keystore that encrypts it."""
        return self._key.private_bytes()

    def issue_node(self, node: NodeUri, public: bytes, *, now_s: int, lifetime_s: int) -> bytes:
        """A client certificate, DER, for a node of this agency.

        Args:
            node: The node; of this CA's trust domain.
            public: SubjectPublicKeyInfo of the node's TLS key, DER.
            now_s: The time, Unix seconds.
            lifetime_s: How long it lives, seconds.

        Raises:
            CertificateRefused: If the node is another agency's.
            KeyMalformed: If ``public`` is not such a key.
            MalformedInput: If the lifetime is not 24 hours to 7 days.
        """
        if node.trust_domain != self.trust_domain:
            raise CertificateRefused("a CA speaks only for its own trust domain")
        names = [x509.UniformResourceIdentifier(str(node))]
        return self._issue(names, ExtendedKeyUsageOID.CLIENT_AUTH, public, now_s, lifetime_s)

    def issue_exchange(self, dns_name: str, public: bytes, *, now_s: int, lifetime_s: int) -> bytes:
        """A server certificate, DER, for the exchange: one DNS name and the loopback addresses.

        Args:
            dns_name: The one name under which clients pin the exchange.
            public: SubjectPublicKeyInfo of the exchange's TLS key, DER.
            now_s: The time, Unix seconds.
            lifetime_s: How long it lives, seconds.

        Raises:
            KeyMalformed: If ``public`` is not such a key.
            MalformedInput: If the name is not one, or the lifetime not 24 hours to 7 days.
        """
        AgencyUri(trust_domain=dns_name)  # the same spelling: no wildcard, no address
        loopback = [x509.IPAddress(ipaddress.ip_address(address)) for address in _LOOPBACK]
        names = [x509.DNSName(dns_name), *loopback]
        return self._issue(names, ExtendedKeyUsageOID.SERVER_AUTH, public, now_s, lifetime_s)

    def _issue(
        self,
        names: Sequence[x509.GeneralName],
        purpose: ObjectIdentifier,
        public: bytes,
        now_s: int,
        lifetime_s: int,
    ) -> bytes:
        if not MIN_LEAF_LIFETIME_S <= lifetime_s <= MAX_LEAF_LIFETIME_S:
            raise MalformedInput("a leaf certificate lives 24 hours to 7 days")
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(_load_public(self._key.public))
        return self._key.sign(
            _builder(x509.Name([]), self._subject, public, now_s, lifetime_s)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_SIGNS_HANDSHAKES, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            # Critical, since the subject is empty (RFC 5280, section 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(issuer, critical=False)
        )


def verify_leaf(certificate: bytes, authorities: Mapping[str, Sequence[bytes]], now_s: int) -> Leaf:
    """Finds out which node a client certificate speaks for.

    1. It names exactly one thing, a node's URI.
    2. It is a leaf for a TLS client with a P-256 key, and lives no longer than 7 days.
    3. One of the authorities of *that URI's trust domain* signed it, and both are valid now.

    Args:
        certificate: The leaf, DER.
        authorities: CA certificates, DER, by trust domain.
        now_s: The time, Unix seconds.

    Raises:
        CertificateExpired: If it is not valid yet, or no longer.
        CertificateRefused: If anything else is not so.
    """
    leaf = _parse(certificate)
    uri = _single_uri(leaf)
    try:
        node = parse_node_uri(uri)
    except MalformedInput:
        raise CertificateRefused("the certificate does not name a node") from None
    _require_leaf_profile(leaf)
    not_before_s, not_after_s = _validity(leaf)
    for authority in map(_parse, authorities.get(node.trust_domain, ())):
        found = Leaf(
            node=node,
            thumbprint=leaf.fingerprint(hashes.SHA256()),
            key_id=key_id(_spki(_certified_key(leaf))),
            not_before_s=max(not_before_s, _validity(authority)[0]),
            not_after_s=min(not_after_s, _validity(authority)[1]),
        )
        if _signed(authority, leaf) and _domain_of_authority(authority) == node.trust_domain:
            found.verify_time(now_s)
            _verify_path(authority, leaf, now_s)
            return found
    raise CertificateRefused("no CA of the trust domain it names signed it")


def verify_current(certificate: bytes, now_s: int) -> None:
    """Checks the dates of a certificate of our own, DER.

    Raises:
        CertificateExpired: If it is not valid at ``now_s``, Unix seconds.
    """
    not_before_s, not_after_s = _validity(_parse(certificate))
    if not not_before_s <= now_s <= not_after_s:
        raise CertificateExpired


def certified_key_id(certificate: bytes) -> bytes:
    """The id of the key that a DER certificate is for, 32 bytes.

    Raises:
        CertificateRefused: If it is no certificate, or for another kind of key.
    """
    return key_id(_spki(_certified_key(_parse(certificate))))


def end_s(certificate: bytes) -> int:
    """The last second of a DER certificate's own dates, Unix.

    Raises:
        CertificateRefused: If it is no certificate.
    """
    return _validity(_parse(certificate))[1]


def verify_authority(certificate: bytes, agency: AgencyUri, now_s: int) -> None:
    """Checks that a certificate can be the CA of ``agency``, as a trust list names it.

    Raises:
        CertificateExpired: If it is not valid at ``now_s``.
        CertificateRefused: If it is no such CA's.
    """
    parsed = _parse(certificate)
    if _domain_of_authority(parsed) != agency.trust_domain:
        raise CertificateRefused("the CA names another trust domain")
    if not _signed(parsed, parsed):
        raise CertificateRefused("the CA is not signed by itself")
    not_before_s, not_after_s = _validity(parsed)
    if not not_before_s <= now_s <= not_after_s:
        raise CertificateExpired


def to_pem(certificate: bytes) -> bytes:
    """A DER certificate as PEM, as TLS libraries take it.

    Raises:
        CertificateRefused: If it is not a certificate.
    """
    return _parse(certificate).public_bytes(_PEM)


def from_pem(text: bytes) -> bytes:
    """The first certificate of a PEM text, as DER.

    Raises:
        CertificateRefused: If there is none.
    """
    if len(text) > 2 * MAX_CERTIFICATE_BYTES:
        raise CertificateRefused("the certificate is too large")
    try:
        return x509.load_pem_x509_certificate(text).public_bytes(_DER)
    except (ValueError, x509.InvalidVersion):
        raise CertificateRefused("a certificate in PEM was expected") from None


def _verify_path(authority: x509.Certificate, leaf: x509.Certificate, now_s: int) -> None:
    """RFC 5280's path of two, by the library: names, constraints, critical extensions."""
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([authority]))
        .time(_moment(now_s).replace(tzinfo=None))
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
        raise CertificateRefused("it lives longer than 7 days")
    if _extension(leaf, x509.BasicConstraints).ca:
        raise CertificateRefused("it is a CA's, not a node's")
    if _extension(leaf, x509.KeyUsage) != _SIGNS_HANDSHAKES:
        raise CertificateRefused("its key may do more, or less, than sign handshakes")
    if list(_extension(leaf, x509.ExtendedKeyUsage)) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise CertificateRefused("it is for something else than a TLS client")


def _domain_of_authority(authority: x509.Certificate) -> str:
    constraints = _extension(authority, x509.BasicConstraints)
    _certified_key(authority)
    if not constraints.ca or constraints.path_length != 0:
        raise CertificateRefused("a CA signs leaves, and no further CAs")
    if _extension(authority, x509.KeyUsage) != _SIGNS_CERTIFICATES:
        raise CertificateRefused("a CA's key signs certificates and nothing else")
    try:
        return parse_agency_uri(_single_uri(authority)).trust_domain
    except MalformedInput:
        raise CertificateRefused("the CA does not name an agency") from None


def _single_uri(certificate: x509.Certificate) -> str:
    names = list(_extension(certificate, x509.SubjectAlternativeName))
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise CertificateRefused("it must name one URI and nothing else")
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


def _parse(certificate: bytes) -> x509.Certificate:
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise CertificateRefused("the certificate is too large")
    try:
        return x509.load_der_x509_certificate(certificate)
    except (ValueError, x509.InvalidVersion):
        raise CertificateRefused("a certificate was expected") from None


def _builder(
    subject: x509.Name, issuer: x509.Name, public: bytes, now_s: int, lifetime_s: int
) -> x509.CertificateBuilder:
    start_s = now_s - CERTIFICATE_BACKDATE_S
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(_load_public(public))
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(start_s))
        .not_valid_after(_moment(start_s + lifetime_s))
    )


def _validity(certificate: x509.Certificate) -> tuple[int, int]:
    return (
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )


def _moment(time_s: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC)


def _is_p256(key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _certified_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRefused("its key is of no known kind") from None
    if not _is_p256(key):
        raise CertificateRefused("its key is not an ECDSA key on P-256")
    return key


def _load_public(spki: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMalformed("a public key is given as SubjectPublicKeyInfo, DER") from None
    if not _is_p256(key):
        raise KeyMalformed("a TLS key is an ECDSA key on P-256")
    return key


def _spki(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pkcs8(key: ec.EllipticCurvePrivateKey, encoding: serialization.Encoding) -> bytes:
    return key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
