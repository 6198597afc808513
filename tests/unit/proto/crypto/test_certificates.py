"""Certificates: which of them speak for a node."""

import datetime
import random
import ssl
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from support.cases import each_case
from support.mutated_authorities import (
    ALGORITHM,
    HOSTILE,
    der,
    flipped,
    of_year_0,
    parts_of,
    split,
    with_part,
)
from support.mutated_authorities import authority as hostile_authority
from tearline.crypto.authority_profile import verify_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import (
    LeafCertificate,
    end_s,
    from_pem,
    to_pem,
    verify_current,
    verify_leaf,
)
from tearline.crypto.keys import key_id
from tearline.crypto.tls_keys import TlsKey, load_public
from tearline.errors import CertificateExpired, CertificateRefused
from tearline.identity import AgencyUri, NodeUri
from tearline.limits import CERTIFICATE_BACKDATE_S

NOW = 1_800_000_000
DAY = 24 * 3600
YEAR = 365 * DAY
US = AgencyUri(trust_domain="us-justice.example")
CN = AgencyUri(trust_domain="cn-public-security.example")
NODE = NodeUri(trust_domain=US.trust_domain, name="washington")


def authority(agency: AgencyUri = US) -> CertificateAuthority:
    return CertificateAuthority.create(agency, now_s=NOW, lifetime_s=YEAR)


US_CA = authority(US)
CN_CA = authority(CN)
BOTH = {US.trust_domain: [US_CA.certificate], CN.trust_domain: [CN_CA.certificate]}
KEY = TlsKey.generate()


def leaf() -> bytes:
    return US_CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=7 * DAY)


def altered(
    change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda builder: builder,
    *,
    issuer: CertificateAuthority = US_CA,
    public: object = None,
    days: float = 7,
    uri: str = str(NODE),
    replace: x509.ExtensionType | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A leaf as ``issue_node`` makes it but for one thing, signed by a CA that agrees to it."""
    good = x509.load_der_x509_certificate(leaf())
    start = datetime.datetime.fromtimestamp(NOW - CERTIFICATE_BACKDATE_S, datetime.UTC)
    issuing = x509.load_der_x509_certificate(issuer.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuing.subject)
        .public_key(public or good.public_key())  # type: ignore[arg-type]  # any kind is tried
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
    )
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key())
    for extension in good.extensions:
        value: x509.ExtensionType = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            value = names
        if isinstance(value, x509.AuthorityKeyIdentifier):
            value = issuer_id
        if replace is not None and value.oid == replace.oid:
            value = replace
        builder = builder.add_extension(value, extension.critical)
    key = serialization.load_der_private_key(issuer.private_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signed = change(builder).sign(key, digest or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def test_a_leaf_speaks_for_the_node_it_names() -> None:
    der = leaf()
    found = verify_leaf(der, BOTH, NOW)
    assert found.node == NODE
    assert found.thumbprint == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256())
    assert found.key_id == KEY.id == key_id(KEY.public)
    assert found.not_before_s == NOW - CERTIFICATE_BACKDATE_S
    assert found.not_after_s - found.not_before_s == 7 * DAY
    assert verify_leaf(altered(), BOTH, NOW).node == NODE  # the frame of the tests below


def test_a_ca_speaks_for_its_own_domain_only() -> None:
    foreign = altered(issuer=CN_CA)
    with pytest.raises(CertificateRefused, match="no CA of the trust domain"):
        verify_leaf(foreign, BOTH, NOW)
    # Not even where the other agency's CA is filed under our domain.
    with pytest.raises(CertificateRefused, match="no CA of the trust domain"):
        verify_leaf(foreign, {US.trust_domain: [CN_CA.certificate]}, NOW)
    with pytest.raises(CertificateRefused, match="own trust domain"):
        CN_CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)


def test_an_unknown_domain_or_ca_is_refused() -> None:
    with pytest.raises(CertificateRefused):
        verify_leaf(leaf(), {}, NOW)
    with pytest.raises(CertificateRefused):
        verify_leaf(leaf(), {US.trust_domain: [authority(US).certificate]}, NOW)


def test_during_a_rotation_either_ca_counts() -> None:
    successor = authority(US)
    both = {US.trust_domain: [US_CA.certificate, successor.certificate]}
    newer = successor.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)
    assert verify_leaf(leaf(), both, NOW).node == verify_leaf(newer, both, NOW).node == NODE


@pytest.mark.parametrize("offset", [-CERTIFICATE_BACKDATE_S - 1, 7 * DAY])
def test_a_leaf_outside_its_validity_is_refused(offset: int) -> None:
    with pytest.raises(CertificateExpired):
        verify_leaf(leaf(), BOTH, NOW + offset)


def test_a_leaf_ends_with_its_ca() -> None:
    short = CertificateAuthority.create(US, now_s=NOW - 3 * DAY, lifetime_s=8 * DAY)
    der = short.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=7 * DAY)
    known = {US.trust_domain: [short.certificate]}
    found = verify_leaf(der, known, NOW)
    assert found.not_after_s == NOW + 5 * DAY - CERTIFICATE_BACKDATE_S
    with pytest.raises(CertificateExpired):
        verify_leaf(der, known, NOW + 5 * DAY)


def test_a_verified_leaf_still_expires() -> None:
    found: LeafCertificate = verify_leaf(leaf(), BOTH, NOW)
    found.verify_time(found.not_before_s)
    found.verify_time(found.not_after_s)
    for moment in (found.not_before_s - 1, found.not_after_s + 1):
        with pytest.raises(CertificateExpired):
            found.verify_time(moment)


def uris(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name) for name in names])


def key_usage(**changed: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=changed.get("key_agreement", False),
        key_cert_sign=changed.get("key_cert_sign", False),
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


REPLACEMENTS: dict[str, x509.ExtensionType] = {
    "two URIs": uris(str(NODE), "spiffe://us-justice.example/node/newyork"),
    "the same URI twice": uris(str(NODE), str(NODE)),
    "an agency, not a node": uris(str(US)),
    "the exchange, not a node": uris("spiffe://us-justice.example/exchange"),
    "another spelling": uris("spiffe://us-justice.example/node/Washington"),
    "a URI and a DNS name": x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(str(NODE)), x509.DNSName("us-justice.example")]
    ),
    "a DNS name": x509.SubjectAlternativeName([x509.DNSName("us-justice.example")]),
    "a TLS server": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    "client and server": x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    ),
    "any purpose": x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
    "a CA": x509.BasicConstraints(ca=True, path_length=0),
    "a key that signs certificates": key_usage(key_cert_sign=True),
    "a key that agrees keys": key_usage(key_agreement=True),
}


@each_case("case", REPLACEMENTS)
def test_a_leaf_of_another_profile_is_refused(case: str) -> None:
    with pytest.raises(CertificateRefused):
        verify_leaf(altered(replace=REPLACEMENTS[case]), BOTH, NOW)


def test_a_leaf_that_calls_itself_a_ca_is_refused_as_such() -> None:
    with pytest.raises(CertificateRefused, match="a CA's, not a node's"):
        verify_leaf(altered(replace=REPLACEMENTS["a CA"]), BOTH, NOW)


def test_a_ca_outside_the_profile_signs_for_no_agency() -> None:
    extensions = split(split(parts_of(HOSTILE)[7])[0])
    # In another order: the library follows the path all the same.
    outside = with_part(7, der(0xA3, der(0x30, *extensions[::-1])))
    key = TlsKey(hostile_authority(HOSTILE).private_bytes())
    node = NodeUri(trust_domain=HOSTILE.trust_domain, name="hub")
    certificate = hostile_authority(HOSTILE).issue_node(node, KEY.public, now_s=NOW, lifetime_s=DAY)
    assert verify_leaf(
        certificate, {HOSTILE.trust_domain: [hostile_authority(HOSTILE).certificate]}, NOW
    )
    assert x509.load_der_x509_certificate(outside).public_key() == load_public(key.public)
    with pytest.raises(CertificateRefused, match="no CA of the trust domain"):
        verify_leaf(certificate, {HOSTILE.trust_domain: [outside]}, NOW)


def test_other_keys_and_hashes_are_refused() -> None:
    keys = [
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
        rsa.generate_private_key(65537, 2048).public_key(),
    ]
    for key in keys:
        with pytest.raises(CertificateRefused):
            verify_leaf(altered(public=key), BOTH, NOW)
    with pytest.raises(CertificateRefused):
        verify_leaf(altered(digest=hashes.SHA512()), BOTH, NOW)


def test_a_leaf_that_lives_too_long_is_refused() -> None:
    with pytest.raises(CertificateRefused, match="7 days"):
        verify_leaf(altered(days=7 + 1 / 86_400), BOTH, NOW)


def test_dates_that_the_library_cannot_read_are_refused() -> None:
    certificate = of_year_0(US_CA, leaf())
    # The transport hands it on.
    assert from_pem(ssl.DER_cert_to_PEM_cert(certificate).encode()) == certificate
    for check in (
        lambda der: verify_leaf(der, BOTH, NOW),
        lambda der: verify_current(der, NOW),
        end_s,
    ):
        with pytest.raises(CertificateRefused, match="a certificate was expected"):
            check(certificate)


def test_a_mutated_leaf_is_refused_and_raises_nothing_else() -> None:
    chance, good = random.Random(7), leaf()
    signed, *_ = split(good)
    key = TlsKey(US_CA.private_bytes())
    for _ in range(300):
        parts = split(signed)
        place = chance.randrange(len(parts))
        parts[place] = flipped(chance, parts[place])
        changed = der(0x30, *parts)
        certificate = der(0x30, changed, ALGORITHM, der(3, b"\0", key.sign(changed)))
        with suppress(CertificateRefused, CertificateExpired):
            verify_leaf(certificate, BOTH, NOW)
        with suppress(CertificateRefused, CertificateExpired):
            verify_current(certificate, NOW)


def test_an_unknown_critical_extension_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
    der = altered(lambda builder: builder.add_extension(unknown, critical=True))
    with pytest.raises(CertificateRefused):
        verify_leaf(der, BOTH, NOW)


def signed_part(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).tbs_certificate_bytes


def test_a_flipped_bit_in_what_is_signed_is_refused() -> None:
    der = leaf()
    start = der.index(signed_part(der))
    for position in range(start, start + len(signed_part(der))):
        damaged = bytearray(der)
        damaged[position] ^= 1
        with pytest.raises((CertificateRefused, CertificateExpired)):
            verify_leaf(bytes(damaged), BOTH, NOW)


def test_another_spelling_of_the_signature_changes_no_name_that_is_denied() -> None:
    # ECDSA signatures have twins: (r, s) and (r, n - s). So a thumbprint never names a
    # certificate to shut out; the node and the key do, and they stay the same.
    der = leaf()
    r, s = decode_dss_signature(x509.load_der_x509_certificate(der).signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    old, new = encode_dss_signature(r, s), encode_dss_signature(r, order - s)
    tail = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
    content = signed_part(der) + tail + b"\x03" + bytes([len(new) + 1]) + b"\0" + new
    twin = b"\x30\x82" + len(content).to_bytes(2, "big") + content
    first, second = verify_leaf(der, BOTH, NOW), verify_leaf(twin, BOTH, NOW)
    assert old != new
    assert first.thumbprint != second.thumbprint
    assert (first.node, first.key_id) == (second.node, second.key_id)


def test_what_is_no_certificate_is_refused() -> None:
    for data in (b"", b"\x30\x00", leaf() + b"\0", leaf()[:-1]):
        with pytest.raises(CertificateRefused):
            verify_leaf(data, BOTH, NOW)
    with pytest.raises(CertificateRefused, match="too large"):
        verify_leaf(b"\x30" * 20_000, BOTH, NOW)


def test_a_ca_never_passes_as_a_leaf() -> None:
    with pytest.raises(CertificateRefused):
        verify_leaf(US_CA.certificate, BOTH, NOW)


def test_a_leaf_never_acts_as_a_ca() -> None:
    with pytest.raises(CertificateRefused):
        CertificateAuthority(leaf(), KEY)
    with pytest.raises(CertificateRefused):
        verify_authority(leaf(), US)


def test_pem_and_der_are_translated() -> None:
    der = leaf()
    assert from_pem(to_pem(der)) == der
    # A connection shows its certificate at each call: it is read once.
    assert from_pem(to_pem(der)) is from_pem(to_pem(der))
    with pytest.raises(CertificateRefused):
        from_pem(b"no certificate")
    with pytest.raises(CertificateRefused):
        to_pem(b"no certificate")
    with pytest.raises(CertificateRefused, match="too large"):
        from_pem(b"-" * 100_000)
