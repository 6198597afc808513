"""Certificate authorities: what an agency's CA makes, and what it does not."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tearline.crypto.authority_profile import verify_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import verify_leaf
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import CertificateRefused, KeyMalformed, MalformedInput
from tearline.identity import AgencyUri, NodeUri

NOW = 1_800_000_000
DAY = 24 * 3600
YEAR = 365 * DAY
US = AgencyUri(trust_domain="us-justice.example")
NODE = NodeUri(trust_domain=US.trust_domain, name="washington")
CA = CertificateAuthority.create(US, now_s=NOW, lifetime_s=YEAR)
KNOWN = {US.trust_domain: [CA.certificate]}
KEY = TlsKey.generate()


def test_a_ca_is_restored_from_its_certificate_and_key() -> None:
    again = CertificateAuthority(CA.certificate, TlsKey(CA.private_bytes()))
    der = again.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)
    assert again.trust_domain == US.trust_domain
    assert verify_leaf(der, KNOWN, NOW).node == NODE
    with pytest.raises(KeyMalformed):
        CertificateAuthority(CA.certificate, KEY)


@pytest.mark.parametrize("lifetime", [DAY - 1, 7 * DAY + 1, 0, -DAY])
def test_no_leaf_is_made_outside_the_lifetimes(lifetime: int) -> None:
    with pytest.raises(MalformedInput):
        CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=lifetime)


@pytest.mark.parametrize("lifetime", [7 * DAY, 11 * YEAR])
def test_no_ca_is_made_outside_its_lifetimes(lifetime: int) -> None:
    with pytest.raises(MalformedInput):
        CertificateAuthority.create(US, now_s=NOW, lifetime_s=lifetime)


def test_the_exchange_gets_one_name_and_the_loopback_addresses() -> None:
    der = CA.issue_exchange("exchange.example", KEY.public, now_s=NOW, lifetime_s=DAY)
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["exchange.example"]
    assert len(list(names.value)) == 3
    with pytest.raises(CertificateRefused):
        verify_leaf(der, KNOWN, NOW)
    for name in ("*.example", "127.0.0.1", "Exchange.example", ""):
        with pytest.raises(MalformedInput):
            CA.issue_exchange(name, KEY.public, now_s=NOW, lifetime_s=DAY)


def test_a_ca_certifies_p256_keys_only() -> None:
    others = [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]
    for other in others:
        spki = other.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with pytest.raises(KeyMalformed):
            CA.issue_node(NODE, spki, now_s=NOW, lifetime_s=DAY)
    with pytest.raises(KeyMalformed):
        CA.issue_node(NODE, b"no key", now_s=NOW, lifetime_s=DAY)


def test_a_domain_longer_than_a_common_name_gets_a_ca() -> None:
    long = AgencyUri(trust_domain=".".join(["a" * 60] * 3))
    made = CertificateAuthority.create(long, now_s=NOW, lifetime_s=YEAR)
    verify_authority(made.certificate, long).verify_time(NOW)
