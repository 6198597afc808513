"""Keys for TLS: ECDSA on P-256, since gRPC accepts no Ed25519 certificates."""

from typing import TypeGuard

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tearline.crypto.keys import key_id
from tearline.errors import KeyMalformed, SignatureInvalid

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM
_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_POINT = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")  # what precedes it
POINT_SIZE = 65
"""Bytes of an uncompressed point on P-256."""


class TlsKey:
    """ECDSA P-256 key for TLS, kept as PKCS#8 DER."""

    def __init__(self, pkcs8: bytes) -> None:
        try:
            key = serialization.load_der_private_key(pkcs8, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyMalformed("a TLS key is kept as PKCS#8 DER") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_p256(key.public_key()):
            raise KeyMalformed("a TLS key is an ECDSA key on P-256")
        self.public = spki_of(key.public_key())
        self._key = key

    @classmethod
    def generate(cls) -> "TlsKey":
        """Returns a fresh key from the system's randomness."""
        return cls(_pkcs8(ec.generate_private_key(ec.SECP256R1()), _DER))

    @property
    def id(self) -> bytes:
        """Returns the 32-byte id of the public half, as revocations name it."""
        return key_id(self.public)

    def private_bytes(self) -> bytes:
        """Returns PKCS#8 DER, for a keystore that encrypts it."""
        return _pkcs8(self._key, _DER)

    def private_pem(self) -> bytes:
        """Returns PKCS#8 PEM, as TLS libraries take it; never for a file."""
        return _pkcs8(self._key, _PEM)

    def sign(self, data: bytes) -> bytes:
        """Returns an ECDSA signature of ``data`` with SHA-256, DER."""
        return self._key.sign(data, _ECDSA_SHA256)

    def certify(self, builder: x509.CertificateBuilder) -> bytes:
        """Returns the certificate that ``builder`` describes, DER, signed with this key."""
        return builder.sign(self._key, hashes.SHA256()).public_bytes(_DER)

    def __repr__(self) -> str:
        return f"TlsKey({self.id.hex()[:16]})"


def is_p256(key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    """Returns whether a public key is an ECDSA key on P-256."""
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def load_public(spki: bytes) -> ec.EllipticCurvePublicKey:
    """Returns the public half of a TLS key from SubjectPublicKeyInfo, DER.

    Raises:
        KeyMalformed: If it is not an ECDSA key on P-256.
    """
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMalformed("a public key is given as SubjectPublicKeyInfo, DER") from None
    if not is_p256(key):
        raise KeyMalformed("a TLS key is an ECDSA key on P-256")
    return key


def spki_of_point(point: bytes) -> bytes:
    """Returns SubjectPublicKeyInfo, DER, of an uncompressed point on P-256."""
    return _POINT + point


def verify_signature(spki: bytes, signature: bytes, data: bytes) -> None:
    """Checks an ECDSA signature of ``data`` with SHA-256.

    Raises:
        KeyMalformed: If ``spki`` is not an ECDSA key on P-256.
        SignatureInvalid: If the key did not make the signature.
    """
    try:
        load_public(spki).verify(signature, data, _ECDSA_SHA256)
    except InvalidSignature:
        raise SignatureInvalid from None


def spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Returns SubjectPublicKeyInfo of a public key, DER."""
    return key.public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pkcs8(key: ec.EllipticCurvePrivateKey, encoding: serialization.Encoding) -> bytes:
    return key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
