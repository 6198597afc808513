"""Certificate authorities: they issue what ``tearline.crypto.certificates`` verifies."""

import ipaddress
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tearline.crypto.authority_profile import AuthorityCertificate, parse_authority
from tearline.crypto.certificates import SIGNS_HANDSHAKES, moment
from tearline.crypto.tls_keys import POINT_SIZE, TlsKey, load_public, spki_of_point
from tearline.errors import CertificateRefused, KeyMalformed, MalformedInput
from tearline.identity import AgencyUri, NodeUri
from tearline.limits import (
    CERTIFICATE_BACKDATE_S,
    MAX_LEAF_LIFETIME_S,
    MIN_LEAF_LIFETIME_S,
)

_LOOPBACK = ("127.0.0.1", "::1")


class CertificateAuthority:
    """Agency's CA: it issues leaves for its own trust domain only."""

    def __init__(self, certificate: bytes, key: TlsKey) -> None:
        found = parse_authority(certificate)
        if spki_of_point(found.point) != key.public:
            raise KeyMalformed("the key is not the one in the CA's certificate")
        self.certificate = certificate
        self.trust_domain = found.agency.trust_domain
        labels = reversed(self.trust_domain.split("."))
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in labels]
        )
        self._key = key

    @classmethod
    def create(cls, agency: AgencyUri, *, now_s: int, lifetime_s: int) -> "CertificateAuthority":
        """Returns a new self-signed CA with a fresh key.

        Args:
            agency: The only agency of its certificates.
            now_s: The time, Unix seconds.
            lifetime_s: Its lifetime, seconds.

        Raises:
            MalformedInput: If the lifetime is not longer than a leaf's, or above ten years.
        """
        key, start_s = TlsKey.generate(), now_s - CERTIFICATE_BACKDATE_S
        issued = AuthorityCertificate(
            agency=agency,
            serial=x509.random_serial_number(),
            not_before_s=start_s,
            not_after_s=start_s + lifetime_s,
            point=key.public[-POINT_SIZE:],
        )
        return cls(issued.encode(key.sign(issued.signed_part)), key)

    def private_bytes(self) -> bytes:
        """Returns the CA's key as PKCS#8 DER, for a keystore that encrypts it."""
        return self._key.private_bytes()

    def issue_node(self, node: NodeUri, public: bytes, *, now_s: int, lifetime_s: int) -> bytes:
        """Returns a client certificate, DER, for a node of this agency.

        Args:
            node: The node; of this CA's trust domain.
            public: SubjectPublicKeyInfo of the node's TLS key, DER.
            now_s: The time, Unix seconds.
            lifetime_s: Its lifetime, seconds.

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
        """Returns a server certificate, DER, for the exchange: one DNS name and loopback addresses.

        Args:
            dns_name: The one name under which clients pin the exchange.
            public: SubjectPublicKeyInfo of the exchange's TLS key, DER.
            now_s: The time, Unix seconds.
            lifetime_s: Its lifetime, seconds.

        Raises:
            KeyMalformed: If ``public`` is not such a key.
            MalformedInput: If the name is not valid, or the lifetime is not 24 hours to 7 days.
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
            raise MalformedInput("a leaf certificate is valid for 24 hours to 7 days")
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(load_public(self._key.public))
        start_s = now_s - CERTIFICATE_BACKDATE_S
        return self._key.certify(
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name)
            .public_key(load_public(public))
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment(start_s))
            .not_valid_after(moment(start_s + lifetime_s))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(SIGNS_HANDSHAKES, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            # Critical, since the subject is empty (RFC 5280, section 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(issuer, critical=False)
        )
