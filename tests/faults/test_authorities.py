"""CAs by the ten thousand, by both readers; each that passes beside every honest member."""

import random

import pytest

from support.authority_lists import door, exchange, issuer, node
from support.mutated_authorities import HONEST, HOSTILE, mutated
from tearline.crypto.authority_profile import verify_authority
from tearline.errors import CertificateRefused
from tearline_runtime.grpc.credentials import reads_authority

pytestmark = [pytest.mark.faults, pytest.mark.slow]

NUMBER = 60_000
AT_ONCE = 64
DOMAINS = [each.trust_domain for each in HONEST]
HONEST_CAS = [issuer(domain).certificate for domain in DOMAINS]


def test_no_ca_of_the_profile_shuts_out_another_agency() -> None:
    chance, passed, refused = random.Random(24), [], 0
    for _ in range(NUMBER):
        certificate = mutated(chance)
        try:
            verify_authority(certificate, HOSTILE)
        except CertificateRefused:
            refused += 1
            continue
        passed.append(certificate)
    print(f"{len(passed)} of {NUMBER} pass the profile, {refused} do not")
    assert len(passed) > NUMBER // 8
    assert [each for each in passed if not reads_authority(each, exchange())] == []
    with door(*HONEST_CAS) as found:
        for start in range(0, len(passed), AT_ONCE):
            some = passed[start : start + AT_ONCE]
            found.lists(*some, *HONEST_CAS, *some)
            assert [each for each in DOMAINS if not found.lets_in(node(each))] == [], start
