"""authority-v1.json: CA certificates of the profile, and others."""

from support.mutated_authorities import HONEST, HOSTILE, authority
from support.refused_authorities import OUTSIDE
from tearline.crypto.authority_profile import parse_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.identity import AgencyUri
from tearline.limits import MAX_CA_LIFETIME_S
from vectors.own.plain import Json, refused

LONG = AgencyUri(trust_domain=".".join(["long"] * 49))
BEYOND_2049_S = 2_500_000_000


def _accepted(agency: AgencyUri, certificate: bytes) -> Json:
    found = parse_authority(certificate)
    return {
        "agency": str(agency),
        "certificate": certificate.hex(),
        "serial": f"{found.serial:x}",
        "not_before_s": found.not_before_s,
        "not_after_s": found.not_after_s,
        "point": found.point.hex(),
    }


def authority_vectors() -> Json:
    """The whole file."""
    issued = [(agency, authority(agency).certificate) for agency in (HOSTILE, *HONEST, LONG)]
    late = CertificateAuthority.create(
        HOSTILE, now_s=BEYOND_2049_S, lifetime_s=MAX_CA_LIFETIME_S
    ).certificate
    foreign = refused("the CA of another agency", authority(HONEST[0]).certificate, "TL-TLS-001")
    cases = [refused(name, data, "TL-TLS-001") for name, data in OUTSIDE.items() if data]
    return {
        "agency": str(HOSTILE),
        "accepted": [_accepted(*each) for each in (*issued, (HOSTILE, late))],
        "refused": {"certificate": [each | {"rule": "F-24"} for each in (*cases, foreign)]},
    }
