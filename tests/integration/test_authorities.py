"""CAs of members, by both readers: the profile and gRPC's TLS library, which takes one list."""

import dataclasses
import random

from support.authority_lists import door, exchange, issuer, node
from support.mutated_authorities import (
    HONEST,
    HOSTILE,
    authority,
    mutated,
    named,
    of_year_0,
    squatting,
)
from tearline.crypto.authority_profile import verify_authority
from tearline.errors import CertificateRefused
from tearline_runtime.grpc.credentials import reads_authority

SAMPLE = 400
DOMAINS = [each.trust_domain for each in HONEST]
HONEST_CAS = [issuer(domain).certificate for domain in DOMAINS]


def of_profile(number: int, seed: int) -> list[bytes]:
    """The mutated CAs of a hostile member that pass the profile."""
    chance, passed = random.Random(seed), []
    for certificate in (mutated(chance) for _ in range(number)):
        try:
            verify_authority(certificate, HOSTILE)
        except CertificateRefused:
            continue
        passed.append(certificate)
    return passed


def test_a_ca_that_the_tls_library_cannot_read_shuts_out_those_behind_it() -> None:
    first, *_, last = DOMAINS
    with door(HONEST_CAS[0], named(5), HONEST_CAS[-1]) as found:
        assert found.lets_in(node(first))
        assert not found.lets_in(node(last))


def test_a_ca_of_another_s_name_shuts_that_agency_out() -> None:
    with door(squatting(DOMAINS[0]), *HONEST_CAS) as found:
        assert not found.lets_in(node(DOMAINS[0]))
        assert found.lets_in(node(DOMAINS[1]))


def test_a_leaf_of_year_0_passes_the_handshake() -> None:
    identity = node(DOMAINS[0])
    ancient = of_year_0(issuer(DOMAINS[0]), identity.certificate)
    with door(*HONEST_CAS) as found:
        assert found.lets_in(dataclasses.replace(identity, certificate=ancient))


def test_the_tls_library_is_asked_for_each_ca_alone() -> None:
    assert reads_authority(authority(HOSTILE).certificate, exchange())
    for tag in (1, 3, 5, 17):
        assert not reads_authority(named(tag), exchange())


def test_whatever_passes_the_profile_the_tls_library_reads_and_shuts_nobody_out() -> None:
    passed = of_profile(SAMPLE, seed=5)
    assert len(passed) > SAMPLE // 8
    assert all(reads_authority(each, exchange()) for each in passed)
    with door(*passed, *HONEST_CAS, *passed) as found:
        assert all(found.lets_in(node(domain)) for domain in DOMAINS)
