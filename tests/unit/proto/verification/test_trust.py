"""Whose key counts: every way in which somebody else could speak for an agency."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    EXCHANGE,
    MX,
    NOW_MS,
    US,
    agency,
    constitution,
    federation,
    founding,
    kem_key,
    key_record,
    node_of,
    resigned,
    secret,
    signed_by,
    signer,
    signing_key,
)
from support.cases import each_case
from support.decisions import amending, amendment, apply_all
from tearline.errors import (
    AddresseeKeyMissing,
    AttestationMissing,
    FederationMismatch,
    InclusionInvalid,
    KeyMalformed,
    MembershipRejected,
    SignatureInvalid,
    SignerKeyUnknown,
    SignerMismatch,
    SignerUnknown,
    StatementMalformed,
    SuiteUnknown,
    TypeNotAllowed,
)
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse, Revocation
from tearline.identity import agency_uri_of
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed

FED = federation(US, MX, CN)
US_NODE, MX_NODE = node_of(US), node_of(MX)
NEXT = len(FED.clear)
JP = "spiffe://jp-customs.example"


def at(index: int, time_ms: int = NOW_MS) -> Moment:
    return Moment(index=index, time_ms=time_ms)


def mark(
    by: Signer, *, body: bytes | None = None, kind: StatementType = StatementType.MARK
) -> Signed:
    """The least that a node can sign: its header alone."""
    return signed_by(kind, header_bytes(by) if body is None else body, by)


def header_bytes(by: Signer) -> bytes:
    revocation = Revocation(header=by.header, revoked_key=bytes(32), reason="")
    return encode_revocation(revocation)


def verify(state: TrustState, signed: Signed, moment: Moment | None = None) -> str:
    found = state.verify(signed.statement, signed.attestations, at=moment or FED.next)
    return found.signer


# Statements.


def test_a_node_speaks_for_itself() -> None:
    assert verify(FED.trust(), mark(FED.node(US))) == US_NODE


def test_nobody_is_known_before_the_charter() -> None:
    with pytest.raises(SignerUnknown):
        verify(TrustState(federation=FED.id), mark(FED.node(US)))


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://jp-customs.example/node/hub",
        "spiffe://jp-customs.example",
        "spiffe://us-justice.example/exchange",
    ],
)
def test_a_stranger_speaks_for_nobody(uri: str) -> None:
    with pytest.raises(SignerUnknown):
        verify(FED.trust(), mark(FED.signer(uri)))


@pytest.mark.parametrize(
    "name",
    [
        "not a name",
        "spiffe://us-justice.example/node/hub/",
        "SPIFFE://us-justice.example/node/hub",
    ],
)
def test_a_signer_bears_a_name_in_its_one_spelling(name: str) -> None:
    with pytest.raises(StatementMalformed):
        verify(FED.trust(), mark(FED.signer(name)))


def test_an_agency_s_key_does_not_speak_for_another_s_node() -> None:
    with pytest.raises(SignerKeyUnknown):
        verify(FED.trust(), mark(FED.signer(US_NODE, signing_key(MX_NODE))))


def test_a_key_off_the_record_does_not_count() -> None:
    with pytest.raises(SignerKeyUnknown):
        verify(FED.trust(), mark(FED.signer(US_NODE, signing_key("fresh"))))


def test_a_body_that_names_another_signer_is_refused() -> None:
    forged = mark(FED.node(MX), body=header_bytes(FED.node(US)))
    with pytest.raises(SignerMismatch):
        verify(FED.trust(), forged)


def test_a_body_that_names_another_federation_is_refused() -> None:
    body = header_bytes(signer(US_NODE, secret("elsewhere")))
    with pytest.raises(SignerMismatch):
        verify(FED.trust(), mark(FED.node(US), body=body))


def test_a_statement_of_another_federation_is_refused() -> None:
    with pytest.raises(FederationMismatch):
        verify(FED.trust(), mark(signer(US_NODE, secret("elsewhere"))))


def test_list_1_s_federation_of_zeros_is_no_federation_of_statements() -> None:
    with pytest.raises(FederationMismatch):
        verify(FED.trust(), mark(signer(US_NODE, GENESIS_FEDERATION)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: bytes(len(s)), id="zeros"),
        pytest.param(lambda s: bytes(3309) + s[3309:], id="Ed25519 alone"),
        pytest.param(lambda s: s[:3309] + bytes(64), id="ML-DSA alone"),
    ],
)
def test_a_forged_signature_under_a_root_that_was_verified_is_refused(
    change: Callable[[bytes], bytes],
) -> None:
    state, good = FED.trust(), mark(FED.node(US))
    verify(state, good)
    with pytest.raises(SignatureInvalid):
        verify(state, resigned(good, change))


def test_a_statement_without_its_attestation_is_refused() -> None:
    with pytest.raises(AttestationMissing):
        verify(FED.trust(), replace(mark(FED.node(US)), attestations={}))


@pytest.mark.parametrize("kind", [StatementType.MARK, StatementType.AGREEMENT])
def test_a_statement_without_a_signer_is_refused(kind: StatementType) -> None:
    good = mark(FED.node(US), kind=kind)
    bare = replace(good, statement=replace(good.statement, inclusions=()))
    with pytest.raises(StatementMalformed):
        verify(FED.trust(), bare)


def test_only_cosigned_types_have_two_signers() -> None:
    body, pair = header_bytes(FED.node(US)), (FED.node(US), FED.node(MX))
    assert verify(FED.trust(), signed_by(StatementType.AGREEMENT, body, *pair)) == US_NODE
    with pytest.raises(StatementMalformed):
        verify(FED.trust(), signed_by(StatementType.MARK, body, *pair))


def test_every_signer_of_a_cosigned_statement_is_verified() -> None:
    stranger = FED.signer(node_of(JP))
    agreed = signed_by(StatementType.AGREEMENT, header_bytes(FED.node(US)), FED.node(US), stranger)
    with pytest.raises(SignerUnknown):
        verify(FED.trust(), agreed)


def test_a_body_of_one_type_is_not_presented_as_another() -> None:
    good = mark(FED.node(US))
    posing = replace(good, statement=replace(good.statement, type=StatementType.VOID))
    with pytest.raises(InclusionInvalid):
        verify(FED.trust(), posing)


@each_case(
    ("uri", "kind"),
    [
        (US, StatementType.GRANT),
        (US, StatementType.MANIFEST),
        (US, StatementType.RECEIPT),
        (EXCHANGE, StatementType.GRANT),
        (EXCHANGE, StatementType.KEY_RECORD),
        (EXCHANGE, StatementType.VOTE),
        (EXCHANGE, StatementType.MARK),
        (US_NODE, StatementType.VOTE),
        (US_NODE, StatementType.REVOCATION),
    ],
)
def test_each_key_signs_only_its_types(uri: str, kind: StatementType) -> None:
    with pytest.raises(TypeNotAllowed):
        verify(FED.trust(), mark(FED.signer(uri), kind=kind))


def test_roots_and_exchange_sign_what_is_theirs() -> None:
    assert verify(FED.trust(), mark(FED.signer(EXCHANGE), kind=StatementType.RECEIPT)) == EXCHANGE
    assert verify(FED.trust(), mark(FED.signer(US), kind=StatementType.AGREEMENT)) == US


def test_a_federation_that_demands_a_later_suite_gets_nothing_from_this_version() -> None:
    state = FED.trust()
    index = apply_all(state, len(FED.clear), *amending(state, US, MX, min_suite=2))
    with pytest.raises(SuiteUnknown):
        verify(state, mark(FED.node(US)), at(index))
    with pytest.raises(SuiteUnknown):
        # Nor may what can be forged by now take the demand back.
        state.apply(index, amendment(state, US, min_suite=1))


def test_a_federation_does_not_begin_below_its_own_suite() -> None:
    demanding = replace(constitution([US, MX]), min_suite=2)
    entries = founding([agency(US), agency(MX)], demanding)
    state = TrustState(federation=entries[0].statement.id)
    with pytest.raises(SuiteUnknown):
        apply_all(state, 0, *entries)


# Statements that another one vouches for.


def vouched(state: TrustState, signed: Signed, moment: Moment) -> str:
    return state.verify(signed.statement, signed.attestations, at=moment, vouched=True).signer


def manifest_of(by: Signer) -> Signed:
    return mark(by, kind=StatementType.MANIFEST)


def revoking(key: bytes) -> Signed:
    root = FED.signer(US)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason=""))
    return signed_by(StatementType.REVOCATION, body, root)


@pytest.mark.parametrize("days", [0, 400], ids=["revoked", "and its time is over"])
def test_a_packet_that_a_grant_names_counts_after_its_key_has_ended(days: int) -> None:
    state = FED.trust()
    state.apply(NEXT, revoking(FED.node(US).header.key_id))
    later = at(NEXT + 1, NOW_MS + days * DAY_MS)
    with pytest.raises(SignerKeyUnknown):
        verify(state, manifest_of(FED.node(US)), later)
    assert vouched(state, manifest_of(FED.node(US)), later) == US_NODE


@pytest.mark.parametrize(
    "moment", [at(NEXT), at(NEXT + 1, NOW_MS - 2 * DAY_MS)], ids=["its record", "its first day"]
)
def test_a_packet_that_a_grant_names_is_not_of_a_key_from_after_the_grant(moment: Moment) -> None:
    state = FED.trust()
    state.apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))
    fresh = manifest_of(FED.signer(US_NODE, signing_key("fresh")))
    assert vouched(state, fresh, at(NEXT + 1)) == US_NODE
    with pytest.raises(SignerKeyUnknown):
        vouched(state, fresh, moment)


def test_a_packet_that_a_grant_names_is_of_a_key_on_record_for_its_signer() -> None:
    for stranger in (signing_key("fresh"), signing_key(MX_NODE)):
        with pytest.raises(SignerKeyUnknown):
            vouched(FED.trust(), manifest_of(FED.signer(US_NODE, stranger)), FED.next)


def test_a_packet_that_a_grant_names_is_of_a_key_that_lists_packets() -> None:
    state, only = FED.trust(), [StatementType.GRANT]
    state.apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH, types=only))
    with pytest.raises(TypeNotAllowed):
        vouched(state, manifest_of(FED.signer(US_NODE, signing_key("fresh"))), at(NEXT + 1))


# Key records.


def record(by: Signer, subject: str, use: KeyUse, public: bytes, **rest: Any) -> Signed:
    value = key_record(by.header, subject, use, public, **rest)
    return signed_by(StatementType.KEY_RECORD, encode_key_record(value), by)


FRESH = signing_key("fresh").public.encoded
FRESH_KEM = kem_key("fresh").public.encoded


def test_a_root_certifies_its_nodes_keys() -> None:
    state = FED.trust()
    state.apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))
    fresh = FED.signer(US_NODE, signing_key("fresh"))
    assert verify(state, mark(fresh), at(NEXT + 1)) == US_NODE


def test_a_key_counts_only_after_its_record() -> None:
    state = FED.trust()
    state.apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))
    with pytest.raises(SignerKeyUnknown):
        verify(state, mark(FED.signer(US_NODE, signing_key("fresh"))), at(NEXT))


@pytest.mark.parametrize("days", [-2, 7, 400])
def test_a_key_counts_only_within_its_dates(days: int) -> None:
    with pytest.raises(SignerKeyUnknown):
        verify(FED.trust(), mark(FED.node(US)), at(NEXT, NOW_MS + days * DAY_MS))


def test_a_key_that_lists_fewer_types_signs_fewer() -> None:
    state, only = FED.trust(), [StatementType.GRANT]
    state.apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH, types=only))
    with pytest.raises(TypeNotAllowed):
        verify(state, mark(FED.signer(US_NODE, signing_key("fresh"))), at(NEXT + 1))


@pytest.mark.parametrize(
    ("uri", "key"),
    [(MX, MX), (MX_NODE, MX_NODE), (node_of(CN), node_of(CN))],
    ids=["another's root", "another's node", "a third's node"],
)
def test_nobody_certifies_keys_for_another_s_domain(uri: str, key: str) -> None:
    for use, public in ((KeyUse.SIGN, FRESH), (KeyUse.KEM, FRESH_KEM)):
        with pytest.raises(SignerMismatch):
            FED.trust().apply(NEXT, record(FED.signer(uri, signing_key(key)), US_NODE, use, public))


def test_a_sibling_node_certifies_no_keys_of_another() -> None:
    with pytest.raises(SignerMismatch):
        FED.trust().apply(NEXT, record(FED.node(US), f"{US}/node/field", KeyUse.KEM, FRESH_KEM))


def test_the_exchange_certifies_nothing() -> None:
    with pytest.raises(TypeNotAllowed):
        FED.trust().apply(NEXT, record(FED.signer(EXCHANGE), US_NODE, KeyUse.KEM, FRESH_KEM))


def test_a_node_certifies_no_signing_key() -> None:
    with pytest.raises(SignerMismatch):
        FED.trust().apply(NEXT, record(FED.node(US), US_NODE, KeyUse.SIGN, FRESH))


@pytest.mark.parametrize("kind", sorted(set(StatementType) - NODE_TYPES))
def test_no_record_lets_a_node_sign_what_only_a_root_may(kind: StatementType) -> None:
    entry = record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH, types=[kind])
    with pytest.raises(TypeNotAllowed):
        FED.trust().apply(NEXT, entry)


def test_an_expired_key_certifies_nothing_that_lasts() -> None:
    # The signing key ends on day 7. The record begins before that, and would outlive it.
    state = FED.trust()
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT, record(FED.node(US), US_NODE, KeyUse.KEM, FRESH_KEM, days=(6, 8)))
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT, record(FED.node(US), US_NODE, KeyUse.KEM, FRESH_KEM, days=(8, 9)))


def test_a_key_is_recorded_once_for_a_node() -> None:
    again = record(FED.signer(US), US_NODE, KeyUse.SIGN, signing_key(US_NODE).public.encoded)
    with pytest.raises(StatementMalformed):
        FED.trust().apply(NEXT, again)


def test_nobody_occupies_another_s_key_by_recording_it_first() -> None:
    state = FED.trust()
    state.apply(NEXT, record(FED.signer(MX), MX_NODE, KeyUse.SIGN, FRESH))
    state.apply(NEXT + 1, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))
    fresh = signing_key("fresh")
    assert verify(state, mark(FED.signer(US_NODE, fresh)), at(NEXT + 2)) == US_NODE


def test_a_useless_encryption_key_is_not_recorded() -> None:
    useless = FRESH_KEM[:-32] + bytes(32)
    with pytest.raises(KeyMalformed):
        FED.trust().apply(NEXT, record(FED.node(US), US_NODE, KeyUse.KEM, useless))


def test_a_key_that_only_some_libraries_accept_is_not_recorded() -> None:
    neutral = FRESH[:-32] + (1).to_bytes(32, "little")
    with pytest.raises(KeyMalformed):
        FED.trust().apply(NEXT, record(FED.signer(US), US_NODE, KeyUse.SIGN, neutral))


def test_the_newest_encryption_key_is_sealed_to() -> None:
    state = FED.trust()
    assert state.kem_key(US_NODE, at=FED.next) == kem_key(US_NODE).public
    state.apply(NEXT, record(FED.node(US), US_NODE, KeyUse.KEM, FRESH_KEM))
    assert state.kem_key(US_NODE, at=at(NEXT + 1)).encoded == FRESH_KEM


def test_a_swapped_encryption_key_does_not_count() -> None:
    state = FED.trust()
    assert state.kem_key_counts(US_NODE, kem_key(US_NODE).id, at=FED.next)
    assert not state.kem_key_counts(US_NODE, kem_key(MX_NODE).id, at=FED.next)
    assert not state.kem_key_counts(US_NODE, signing_key(US_NODE).id, at=FED.next)


def test_an_encryption_key_signs_nothing() -> None:
    state = FED.trust()
    header = replace(FED.node(US).header, key_id=kem_key(US_NODE).id)
    with pytest.raises(SignerKeyUnknown):
        state.signing_key(header, StatementType.GRANT, at=FED.next)


def test_a_node_without_an_encryption_key_cannot_be_sealed_to() -> None:
    with pytest.raises(AddresseeKeyMissing, match="us-justice: its node has published none yet"):
        FED.trust().kem_key(US_NODE, at=at(1))
    ended = replace(FED.next, time_ms=NOW_MS + 7 * DAY_MS)
    with pytest.raises(AddresseeKeyMissing, match="last one ended on 2026-06-04"):
        FED.trust().kem_key(US_NODE, at=ended)
    with pytest.raises(SignerUnknown):
        FED.trust().kem_key(node_of(JP), at=FED.next)


# Revocations.


def revoke(by: Signer, key: bytes) -> Signed:
    body = encode_revocation(Revocation(header=by.header, revoked_key=key, reason="lost"))
    return signed_by(StatementType.REVOCATION, body, by)


def test_a_statement_dated_back_does_not_outlive_a_revocation() -> None:
    state = FED.trust()
    state.apply(NEXT, revoke(FED.signer(US), signing_key(US_NODE).id))
    assert verify(state, mark(FED.node(US)), at(NEXT)) == US_NODE
    with pytest.raises(SignerKeyUnknown):
        verify(state, mark(FED.node(US)), at(NEXT + 1, NOW_MS - DAY_MS // 2))


def test_a_revocation_does_not_wait_for_the_cache() -> None:
    state, good = FED.trust(), mark(FED.node(US))
    verify(state, good)
    state.apply(NEXT, revoke(FED.signer(US), signing_key(US_NODE).id))
    with pytest.raises(SignerKeyUnknown):
        verify(state, good, at(NEXT + 1))


def test_a_revoked_key_certifies_nothing() -> None:
    state = FED.trust()
    state.apply(NEXT, revoke(FED.signer(US), signing_key(US_NODE).id))
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT + 1, record(FED.node(US), US_NODE, KeyUse.KEM, FRESH_KEM))


def test_a_revoked_encryption_key_is_not_sealed_to() -> None:
    state = FED.trust()
    state.apply(NEXT, revoke(FED.signer(US), kem_key(US_NODE).id))
    with pytest.raises(AddresseeKeyMissing, match="of the log ended its last one"):
        state.kem_key(US_NODE, at=at(NEXT + 1))


def test_an_agency_revokes_no_other_s_key() -> None:
    state = FED.trust()
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT, revoke(FED.signer(MX), signing_key(US_NODE).id))
    assert verify(state, mark(FED.node(US)), at(NEXT + 1)) == US_NODE


def test_a_node_revokes_nothing() -> None:
    with pytest.raises(SignerKeyUnknown):
        FED.trust().apply(NEXT, revoke(FED.node(US), signing_key(US_NODE).id))


def test_a_second_revocation_does_not_move_the_end() -> None:
    state = FED.trust()
    for index in (NEXT, NEXT + 5):
        state.apply(index, revoke(FED.signer(US), signing_key(US_NODE).id))
    with pytest.raises(SignerKeyUnknown):
        verify(state, mark(FED.node(US)), at(NEXT + 3))


def test_a_key_of_no_record_is_revoked_for_its_agency_alone() -> None:
    state, tls_key = FED.trust(), secret("id of a TLS key")
    state.apply(NEXT, revoke(FED.signer(US), tls_key))
    assert state.revoked_keys == {(US, tls_key)}


def test_a_key_revoked_before_its_record_never_comes_on_record() -> None:
    state = FED.trust()
    state.apply(NEXT, revoke(FED.signer(US), signing_key("fresh").id))
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT + 1, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))


# What is told.


def test_an_entry_that_is_refused_changes_nothing() -> None:
    state = FED.trust()
    before = state.directory.root, state.keys_of(US_NODE, at=FED.next), state.revoked_keys
    for entry in (
        FED.clear[0],
        record(FED.signer(MX), US_NODE, KeyUse.SIGN, FRESH),
        revoke(FED.signer(MX), signing_key(US_NODE).id),
    ):
        with pytest.raises((MembershipRejected, SignerMismatch, SignerKeyUnknown)):
            state.apply(NEXT, entry)
    assert before == (
        state.directory.root,
        state.keys_of(US_NODE, at=FED.next),
        state.revoked_keys,
    )


def test_nodes_and_their_keys_are_listed() -> None:
    state = FED.trust()
    assert state.nodes() == tuple(sorted(map(node_of, (US, MX, CN))))
    found: list[KeyRecord] = [*state.keys_of(US_NODE, at=FED.next)]
    assert [each.use for each in found] == [KeyUse.SIGN, KeyUse.KEM]
    assert {agency_uri_of(each.subject) for each in found} == {US}
