"""Profile of CA certificates: one encoding, and each clause of it."""

import random

import pytest
from cryptography import x509

from support.mutated_authorities import (
    HONEST,
    HOSTILE,
    NOW_S,
    YEAR_S,
    authority,
    mutated,
    split,
)
from support.refused_authorities import GOOD, OUTSIDE
from tearline.crypto.authority_profile import parse_authority, verify_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.errors import CertificateExpired, CertificateRefused
from tearline.identity import AgencyUri
from tearline.limits import CERTIFICATE_BACKDATE_S, MAX_CA_LIFETIME_S


def test_a_ca_is_of_the_profile_as_it_is_issued() -> None:
    for agency in (HOSTILE, *HONEST, AgencyUri(trust_domain=".".join(["long"] * 49))):
        issued = authority(agency)
        found = verify_authority(issued.certificate, agency)
        assert (found.agency, found.not_before_s) == (agency, NOW_S - CERTIFICATE_BACKDATE_S)
        found.verify_time(NOW_S)
        # The X.509 library reads the same, of names, dates and extensions.
        read = x509.load_der_x509_certificate(issued.certificate)
        assert read.subject == read.issuer
        assert (
            read.subject.rfc4514_string().replace("DC=", "").replace(",", ".")
            == agency.trust_domain
        )
        assert read.serial_number == found.serial
        assert int(read.not_valid_after_utc.timestamp()) == found.not_after_s
        read.verify_directly_issued_by(read)


@pytest.mark.parametrize(
    "start_s", [-CERTIFICATE_BACKDATE_S, 2_524_607_999, 2_524_608_000, 3_000_000_000]
)
def test_dates_are_short_until_2049_and_long_from_2050_on(start_s: int) -> None:
    made = CertificateAuthority.create(HOSTILE, now_s=start_s, lifetime_s=MAX_CA_LIFETIME_S)
    found = parse_authority(made.certificate)
    read = x509.load_der_x509_certificate(made.certificate)
    assert int(read.not_valid_before_utc.timestamp()) == found.not_before_s
    assert found.not_after_s - found.not_before_s == MAX_CA_LIFETIME_S


def test_every_clause_of_the_profile_refuses() -> None:
    passed = []
    for case, certificate in OUTSIDE.items():
        try:
            verify_authority(certificate, HOSTILE)
        except CertificateRefused:
            continue
        passed.append(case)
    assert passed == []


def test_a_refusal_names_the_part() -> None:
    for case, why in {
        "names in strings of tag 5": "by its issuer, subject",
        "the subject of another agency": "by its issuer, subject",
        "constraints that are not critical": "by its extensions",
        "a padded serial": "by its serial",
        "eleven years": "at most ten years",
        "a negative serial": "positive",
        "a signature by another key": "not signed by itself",
        "too much": "too large",
    }.items():
        with pytest.raises(CertificateRefused, match=why):
            verify_authority(OUTSIDE[case], HOSTILE)


def test_a_ca_belongs_to_one_agency_and_has_its_time() -> None:
    with pytest.raises(CertificateRefused, match="another trust domain"):
        verify_authority(GOOD, HONEST[0])
    found = verify_authority(GOOD, HOSTILE)
    for moment in (found.not_before_s - 1, found.not_after_s + 1):
        with pytest.raises(CertificateExpired):
            found.verify_time(moment)
    found.verify_time(found.not_before_s + YEAR_S)


def test_a_flipped_bit_is_refused() -> None:
    for position in range(len(GOOD)):
        damaged = bytearray(GOOD)
        damaged[position] ^= 1
        with pytest.raises(CertificateRefused):
            verify_authority(bytes(damaged), HOSTILE)


def test_a_mutated_ca_is_refused_or_is_its_own_encoding() -> None:
    chance, passed = random.Random(11), 0
    for _ in range(1000):
        certificate = mutated(chance)
        try:
            found = verify_authority(certificate, HOSTILE)
        except CertificateRefused:
            continue
        passed += 1
        assert split(certificate)[0] == found.signed_part
    assert 100 < passed < 400  # both are tried
