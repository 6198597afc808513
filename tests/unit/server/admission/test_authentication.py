"""The gate: every way in that must be shut, and the ones that must be open."""

import dataclasses

import pytest

from support.cases import each_case
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.certificates import TlsFacts, verify_leaf
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import (
    CallerDenied,
    CertificateExpired,
    CertificateRefused,
    ConnectionRefused,
    MembershipEnded,
    NotPermitted,
    TlsError,
    TokenRefused,
    TokenRequired,
)
from tearline.identity import AgencyUri, ExchangeUri, NodeUri
from tearline.persons.tokens import Binding, IssuerKey, Person, Role, issue_token, pairwise_id
from tearline.policy.marking import Tlp
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import METHODS, AccessList, Authenticator

NOW = 1_800_000_000
DAY = 24 * 3600
US = AgencyUri(trust_domain="us-justice.example")
CN = AgencyUri(trust_domain="cn-public-security.example")
EXCHANGE = ExchangeUri(trust_domain="exchange.example")
NODE = NodeUri(trust_domain=US.trust_domain, name="washington")
US_CA = CertificateAuthority.create(US, now_s=NOW, lifetime_s=400 * DAY)
CN_CA = CertificateAuthority.create(CN, now_s=NOW, lifetime_s=400 * DAY)
KEY = TlsKey.generate()
LEAF = US_CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)
ISSUER = IssuerKey(b"i" * 32)
FACTS = TlsFacts(version="TLSv1.3", key_exchange_group="X25519MLKEM768", peer_certificate=LEAF)
ROSTER = AccessList(
    authorities={US.trust_domain: [US_CA.certificate], CN.trust_domain: [CN_CA.certificate]},
    issuer_keys={US.trust_domain: [ISSUER.public]},
)
PSEUDONYM = pairwise_id(b"k" * 32, "r.alvarez", bytes(16))
PUBLISH = methods.PUBLISH
SEARCH = methods.SEARCH


def gate(**changed: object) -> Authenticator:
    return Authenticator(EXCHANGE, dataclasses.replace(ROSTER, **changed))  # type: ignore[arg-type]


def token(
    *roles: Role,
    subject: str = PSEUDONYM.hex(),
    audience: str = str(EXCHANGE),
    certificate: bytes = LEAF,
    issuer: IssuerKey = ISSUER,
) -> str:
    leaf = verify_leaf(certificate, ROSTER.authorities, NOW)
    binding = Binding(node=leaf.node, thumbprint=leaf.thumbprint, audience=audience, issuer_keys=[])
    person = Person(subject=subject, roles=frozenset(roles), clearance=Tlp.RED)
    return issue_token(issuer, person, binding, token_id=bytes(16), now_s=NOW)


def test_a_node_does_its_duties_without_a_person() -> None:
    caller = gate().admit(FACTS, None, PUBLISH, NOW)
    assert (caller.node, caller.agency, caller.pseudonym) == (NODE, US, b"")
    assert caller.token is None


def test_a_person_with_the_role_makes_a_persons_call() -> None:
    caller = gate().admit(FACTS, token(Role.AUDITOR), SEARCH, NOW)
    assert caller.pseudonym == PSEUDONYM
    assert caller.token is not None
    assert caller.token.person.roles == {Role.AUDITOR}


@each_case(
    ("version", "group"),
    [
        ("TLSv1.2", "X25519MLKEM768"),
        ("TLSv1.3", "X25519"),
        ("TLSv1.3", "P-256"),
        ("TLSv1.3", "SecP256r1MLKEM768"),
        ("TLSv1.3", ""),
        ("", "X25519MLKEM768"),
        ("", ""),
        ("tlsv1.3", "x25519mlkem768"),
    ],
)
def test_any_other_connection_is_refused(version: str, group: str) -> None:
    facts = dataclasses.replace(FACTS, version=version, key_exchange_group=group)
    with pytest.raises(ConnectionRefused):
        gate().admit(facts, None, PUBLISH, NOW)


def test_a_connection_without_a_certificate_is_refused() -> None:
    with pytest.raises(CertificateRefused):
        gate().admit(dataclasses.replace(FACTS, peer_certificate=b""), None, PUBLISH, NOW)


def test_another_agencys_ca_does_not_speak_for_our_domain() -> None:
    swapped = gate(authorities={US.trust_domain: [CN_CA.certificate]})
    with pytest.raises(CertificateRefused):
        swapped.admit(FACTS, None, PUBLISH, NOW)


def test_a_certificate_that_was_admitted_still_expires() -> None:
    same = gate()
    same.admit(FACTS, None, PUBLISH, NOW)
    with pytest.raises(CertificateExpired):
        same.admit(FACTS, None, PUBLISH, NOW + DAY)


def test_who_is_shut_out_is_refused_at_the_next_call() -> None:
    same = gate()
    caller = same.admit(FACTS, None, PUBLISH, NOW)
    for shut in (
        dataclasses.replace(ROSTER, denied_nodes=frozenset({NODE})),
        dataclasses.replace(ROSTER, denied_keys=frozenset({(str(NODE.agency), KEY.id)})),
        dataclasses.replace(ROSTER, authorities={CN.trust_domain: [CN_CA.certificate]}),
    ):
        same.replace(shut)
        with pytest.raises((CallerDenied, CertificateRefused)):
            same.admit(FACTS, None, PUBLISH, NOW)
        with pytest.raises((CallerDenied, CertificateRefused)):
            same.verify_still(caller, NOW)
    same.replace(ROSTER)
    same.verify_still(caller, NOW)


def test_a_former_member_is_told_that_its_membership_ended() -> None:
    left = {CN.trust_domain: [CN_CA.certificate]}
    former = {US.trust_domain: [US_CA.certificate]}
    with pytest.raises(MembershipEnded):
        gate(authorities=left, former=former).admit(FACTS, None, PUBLISH, NOW)
    # Under another root, the agency may have the same CA again.
    assert gate(former=former).admit(FACTS, None, PUBLISH, NOW).node == NODE


def test_a_stranger_does_not_learn_of_former_members() -> None:
    former = {US.trust_domain: [US_CA.certificate]}
    fake = CertificateAuthority.create(US, now_s=NOW, lifetime_s=400 * DAY)
    leaf = fake.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)
    facts = dataclasses.replace(FACTS, peer_certificate=leaf)
    with pytest.raises(CertificateRefused):
        gate(authorities={}, former=former).admit(facts, None, PUBLISH, NOW)


def test_an_agency_shuts_out_its_own_keys_alone() -> None:
    theirs = frozenset({(str(CN), KEY.id)})
    assert gate(denied_keys=theirs).admit(FACTS, None, PUBLISH, NOW).node == NODE


def test_a_renewed_certificate_does_not_free_a_node_that_is_shut_out() -> None:
    newer = US_CA.issue_node(NODE, TlsKey.generate().public, now_s=NOW, lifetime_s=DAY)
    facts = dataclasses.replace(FACTS, peer_certificate=newer)
    with pytest.raises(CallerDenied):
        gate(denied_nodes=frozenset({NODE})).admit(facts, None, PUBLISH, NOW)
    assert (
        gate(denied_keys=frozenset({(str(NODE.agency), KEY.id)}))
        .admit(facts, None, PUBLISH, NOW)
        .node
        == NODE
    )


def test_a_long_call_ends_with_its_certificate_and_its_token() -> None:
    same = gate()
    duty = same.admit(FACTS, None, PUBLISH, NOW)
    same.verify_still(duty, NOW + 3600)
    with pytest.raises(CertificateExpired):
        same.verify_still(duty, NOW + DAY)
    search = same.admit(FACTS, token(Role.AUDITOR), SEARCH, NOW)
    same.verify_still(search, NOW + 299)
    with pytest.raises(TokenRefused):
        same.verify_still(search, NOW + 300)


@pytest.mark.parametrize(
    "method",
    ["", "/", "/tearline.v1.Exchange/publish", "/tearline.v1.Exchange/Drop", PUBLISH + "/"],
)
def test_what_is_not_in_the_table_cannot_be_called(method: str) -> None:
    with pytest.raises(NotPermitted):
        gate().admit(FACTS, token(*Role), method, NOW)


def test_every_persons_call_needs_a_person_with_the_role() -> None:
    for method, roles in METHODS.items():
        if not roles:
            continue
        with pytest.raises(TokenRequired):
            gate().admit(FACTS, None, method, NOW)
        for role in Role:
            if role in roles:
                assert gate().admit(FACTS, token(role), method, NOW).node == NODE
            else:
                with pytest.raises(NotPermitted):
                    gate().admit(FACTS, token(role), method, NOW)


def test_every_call_there_is_stands_in_the_table() -> None:
    calls = {value for name, value in vars(methods).items() if name.isupper()}
    calls -= {methods.AUTHORIZATION, methods.REFUSAL}
    assert calls <= set(METHODS)
    assert METHODS[methods.SEARCH]


def test_a_token_that_does_not_hold_is_refused_even_for_a_duty() -> None:
    with pytest.raises(TokenRefused):
        gate().admit(FACTS, "no token", PUBLISH, NOW)
    with pytest.raises(TokenRefused):
        gate().admit(FACTS, "", PUBLISH, NOW)


def test_a_token_of_another_node_audience_or_issuer_is_refused() -> None:
    other_node = NodeUri(trust_domain=US.trust_domain, name="newyork")
    other_leaf = US_CA.issue_node(other_node, KEY.public, now_s=NOW, lifetime_s=DAY)
    renewed = US_CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=2 * DAY)
    for bad in (
        token(Role.AUDITOR, certificate=other_leaf),
        token(Role.AUDITOR, certificate=renewed),
        token(Role.AUDITOR, audience=str(NODE)),
        token(Role.AUDITOR, issuer=IssuerKey(b"x" * 32)),
    ):
        with pytest.raises(TokenRefused):
            gate().admit(FACTS, bad, SEARCH, NOW)


def test_an_agency_without_issuers_has_no_persons() -> None:
    with pytest.raises(TokenRefused):
        gate(issuer_keys={}).admit(FACTS, token(Role.AUDITOR), SEARCH, NOW)


@pytest.mark.parametrize("subject", ["r.alvarez", PSEUDONYM.hex().upper(), PSEUDONYM.hex()[:-2]])
def test_a_person_with_a_name_is_refused(subject: str) -> None:
    with pytest.raises(TokenRefused, match="pseudonym"):
        gate().admit(FACTS, token(Role.AUDITOR, subject=subject), SEARCH, NOW)


def test_outsiders_learn_nothing_of_methods() -> None:
    stranger = CertificateAuthority.create(
        AgencyUri(trust_domain="stranger.example"), now_s=NOW, lifetime_s=400 * DAY
    )
    node = NodeUri(trust_domain="stranger.example", name="x")
    leaf = stranger.issue_node(node, KEY.public, now_s=NOW, lifetime_s=DAY)
    facts = dataclasses.replace(FACTS, peer_certificate=leaf)
    refusals = set()
    for method in (PUBLISH, SEARCH, "/nothing/here"):
        with pytest.raises(TlsError) as caught:
            gate().admit(facts, None, method, NOW)
        refusals.add(str(caught.value))
    assert len(refusals) == 1


def test_the_memory_of_certificates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline_server.admission.authentication.MAX_VERIFIED_CERTIFICATES", 2)
    same = gate()
    for _ in range(5):
        leaf = US_CA.issue_node(NODE, KEY.public, now_s=NOW, lifetime_s=DAY)
        same.admit(dataclasses.replace(FACTS, peer_certificate=leaf), None, PUBLISH, NOW)
        assert len(same._verified) <= 2
