"""Profile of an agency's CA certificate: one encoding for each domain, serial, dates and key.

Several programs read a CA: this one, and the TLS library of every exchange and node. A certificate
that one of them reads and another does not would exclude other agencies. So the profile leaves no
choice: the certificate is compared byte by byte with its only DER encoding, as RFC 5280 defines it.

    version 3 · serial · ecdsa-with-SHA256 · name · dates · name · P-256 key · extensions

The name is the trust domain as domain components (RFC 2247), which no other agency has. The
extensions are, in this order: basic constraints, key usage, the agency's URI, the key's identifier.
"""

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from tearline.crypto.tls_keys import POINT_SIZE, spki_of_point, verify_signature
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    CertificateExpired,
    CertificateRefused,
    KeyMalformed,
    MalformedInput,
    SignatureInvalid,
)
from tearline.identity import AgencyUri, parse_agency_uri
from tearline.limits import MAX_CA_LIFETIME_S, MAX_CERTIFICATE_BYTES, MAX_LEAF_LIFETIME_S

_SERIAL_BITS = 159  # 20 bytes with a sign bit (RFC 5280, section 4.1.2.2)
_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS = 0x30, 0x31, 0x02, 0x03, 0x04
_IA5, _UTC_TIME, _GENERALIZED_TIME, _URI, _VERSION, _EXTENSIONS = 0x16, 0x17, 0x18, 0x86, 0xA0, 0xA3
_UTC_YEARS = range(1950, 2050)
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_DOMAIN_COMPONENT = bytes.fromhex("060a0992268993f22c640119")
_CA_WITHOUT_CAS = bytes.fromhex("30120603551d130101ff040830060101ff020100")
_SIGNS_CERTIFICATES = bytes.fromhex("300e0603551d0f0101ff040403020106")
_ALTERNATIVE_NAME, _KEY_IDENTIFIER = bytes.fromhex("0603551d11"), bytes.fromhex("0603551d0e")
_PARTS = ("version", "serial", "algorithm", "issuer", "dates", "subject", "key", "extensions")


@immutable
class AuthorityCertificate:
    """CA certificate of an agency, without its signature.

    Attributes:
        agency: The only agency for which it issues.
        serial: Its serial number.
        not_before_s: First second of its validity, Unix.
        not_after_s: Last second of its validity, Unix.
        point: Its P-256 key, an uncompressed point, 65 bytes.

    Raises:
        MalformedInput: On construction, if serial or dates are outside the profile.
    """

    agency: AgencyUri
    serial: int
    not_before_s: int
    not_after_s: int
    point: bytes

    def __post_init__(self) -> None:
        if not 0 < self.serial < 1 << _SERIAL_BITS:
            raise MalformedInput("a CA's serial is positive, of at most 20 bytes")
        if not MAX_LEAF_LIFETIME_S < self.not_after_s - self.not_before_s <= MAX_CA_LIFETIME_S:
            raise MalformedInput("a CA is valid for more than 7 days, and at most ten years")

    def verify_time(self, now_s: int) -> None:
        """Checks that the certificate is valid at ``now_s``.

        Raises:
            CertificateExpired: If it is not yet, or no longer, valid.
        """
        if not self.not_before_s <= now_s <= self.not_after_s:
            raise CertificateExpired

    @property
    def signed_part(self) -> bytes:
        """Returns the TBSCertificate, DER."""
        name = _name(self.agency.trust_domain)
        dates = _der(_SEQUENCE, _time(self.not_before_s), _time(self.not_after_s))
        identifier = hashlib.sha1(self.point, usedforsecurity=False).digest()
        alternative = _der(_SEQUENCE, _der(_URI, str(self.agency).encode("ascii")))
        return _der(
            _SEQUENCE,
            _der(_VERSION, _integer(2)),
            _integer(self.serial),
            _ECDSA_SHA256,
            name,
            dates,
            name,
            spki_of_point(self.point),
            _der(
                _EXTENSIONS,
                _der(
                    _SEQUENCE,
                    _CA_WITHOUT_CAS,
                    _SIGNS_CERTIFICATES,
                    _der(_SEQUENCE, _ALTERNATIVE_NAME, _der(_OCTETS, alternative)),
                    _der(_SEQUENCE, _KEY_IDENTIFIER, _der(_OCTETS, _der(_OCTETS, identifier))),
                ),
            ),
        )

    def encode(self, signature: bytes) -> bytes:
        """Returns the certificate, DER, with a signature of ``signed_part``."""
        bits = _der(_BITS, b"\0", signature)
        return _der(_SEQUENCE, self.signed_part, _ECDSA_SHA256, bits)


def parse_authority(certificate: bytes) -> AuthorityCertificate:
    """Returns a CA certificate of the profile, signed by itself.

    The parts are read loosely and encoded again: only the one encoding passes.

    Raises:
        CertificateRefused: If it is not such a certificate.
    """
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise CertificateRefused("the certificate is too large")
    try:
        signed, _, bits = _elements(_content(certificate))
        parts = _elements(_content(signed))
        signature = _content(bits)[1:]
        found = AuthorityCertificate(
            agency=_agency(parts[7]),
            serial=int.from_bytes(_content(parts[1]), "big", signed=True),
            not_before_s=_seconds(_elements(_content(parts[4]))[0]),
            not_after_s=_seconds(_elements(_content(parts[4]))[1]),
            point=parts[6][-POINT_SIZE:],
        )
        again = encode_dss_signature(*decode_dss_signature(signature))
    except MalformedInput as error:
        raise CertificateRefused(error.why) from None
    except (ValueError, IndexError):
        raise CertificateRefused("a CA certificate of the profile was expected") from None
    _verify_same(certificate, found.encode(again), parts, found.signed_part)
    try:
        verify_signature(spki_of_point(found.point), signature, found.signed_part)
    except (KeyMalformed, SignatureInvalid):
        raise CertificateRefused("the CA is not signed by itself") from None
    return found


def _verify_same(certificate: bytes, again: bytes, parts: list[bytes], signed: bytes) -> None:
    """Compares a certificate with its encoding; a refusal names the parts that differ."""
    if certificate != again:
        pairs = zip(_PARTS, parts, _elements(_content(signed)), strict=False)
        others = ", ".join(name for name, part, expected in pairs if part != expected)
        raise CertificateRefused(f"the CA is not of the profile, by its {others or 'signature'}")


def verify_authority(certificate: bytes, agency: AgencyUri) -> AuthorityCertificate:
    """Checks that a certificate can be the CA of ``agency``, at any time, and returns it.

    Raises:
        CertificateRefused: If it is outside the profile, or another agency's.
    """
    found = parse_authority(certificate)
    if found.agency != agency:
        raise CertificateRefused("the CA names another trust domain")
    return found


def _name(trust_domain: str) -> bytes:
    # RFC 2247 spells a domain as a name of any length; a common name ends at 64 characters.
    labels = reversed(trust_domain.encode("ascii").split(b"."))
    named = (_der(_SEQUENCE, _DOMAIN_COMPONENT, _der(_IA5, each)) for each in labels)
    return _der(_SEQUENCE, *(_der(_SET, each) for each in named))


def _time(time_s: int) -> bytes:
    moment = datetime.fromtimestamp(time_s, UTC)
    text = f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode("ascii")
    is_short = moment.year in _UTC_YEARS
    return _der(_UTC_TIME, text[2:]) if is_short else _der(_GENERALIZED_TIME, text)


def _seconds(element: bytes) -> int:
    text = _content(element).decode("ascii")
    if element[0] == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    return int(datetime.strptime(text + "+0000", "%Y%m%d%H%M%SZ%z").timestamp())


def _agency(extensions: bytes) -> AgencyUri:
    *_, alternative, _ = _elements(_content(_content(extensions)))
    names = _content(_elements(_content(alternative))[1])
    return parse_agency_uri(_content(_content(names)).decode("ascii"))


def _integer(number: int) -> bytes:
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _content(element: bytes) -> bytes:
    """Returns the content of the DER element at the beginning of ``element``."""
    size, start = element[1], 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(element[2:start], "big")
    return element[start : start + size]


def _elements(content: bytes) -> list[bytes]:
    """Returns the DER elements that stand in ``content``."""
    found = []
    while content:
        size = len(_content(content))
        end = len(_der(content[0], bytes(size)))
        found.append(content[:end])
        content = content[end:]
    return found
