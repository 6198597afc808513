"""CA certificates as the second verifier reads them, from docs/spec/federation-v1.md alone.

It lets the X.509 library make the certificate of the same serial, dates and key, and compares.
"""

from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

UNREADABLE = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    UserWarning,
)
DAY = timedelta(days=1)


def authority(certificate: bytes, agency: str) -> dict[str, Any]:
    """F-24: the parts of a CA certificate of an agency."""
    try:
        return _authority(certificate, agency)
    except UNREADABLE as error:
        raise ValueError(f"TL-TLS-001 F-24: {error}") from None


def _authority(certificate: bytes, agency: str) -> dict[str, Any]:
    read = x509.load_der_x509_certificate(certificate)
    key, signature = read.public_key(), read.signature
    first, last = read.not_valid_before_utc, read.not_valid_after_utc
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("another kind of key")
    if not 7 * DAY < last - first <= 3660 * DAY:
        raise ValueError("its time")
    names = reversed(agency.removeprefix("spiffe://").split("."))
    name = x509.Name([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, each) for each in names])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key)
        .serial_number(read.serial_number)
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(agency)]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    )
    signed = made.tbs_certificate_bytes
    if read.tbs_certificate_bytes != signed:
        raise ValueError("another encoding")
    if encode_dss_signature(*decode_dss_signature(signature)) != signature:
        raise ValueError("another encoding of the signature")
    key.verify(signature, signed, ec.ECDSA(SHA256()))
    bits = b"\0" + signature
    content = signed + bytes.fromhex("300a06082a8648ce3d040302") + bytes([3, len(bits)]) + bits
    if certificate[-len(content) :] != content or len(certificate) != len(content) + 4:
        raise ValueError("another frame")
    return {
        "serial": f"{read.serial_number:x}",
        "not_before_s": int(first.timestamp()),
        "not_after_s": int(last.timestamp()),
        "point": key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex(),
    }
