"""Trust lists: who may change what stands under whose name."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    CN,
    EXCHANGE,
    MX,
    NOW_MS,
    US,
    agency,
    exchange_identity,
    federation,
    first_list,
    key_record,
    node_of,
    resigned,
    secret,
    signed_by,
    signer,
    signing_key,
)
from tearline.crypto.keys import SigningKey
from tearline.errors import (
    FederationMismatch,
    SignatureInvalid,
    SignerKeyUnknown,
    SignerMismatch,
    SignerUnknown,
    StatementMalformed,
    TrustListRejected,
    TrustListUnpinned,
)
from tearline.federation.members import KeyUse, Revocation, TrustList
from tearline.federation.succession import verify_succession
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.verification.trust import GENESIS_FEDERATION, Moment, TrustState
from tearline.wire.federation import encode_key_record, encode_revocation, encode_trust_list
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


def record(by: Signer, subject: str, use: KeyUse, public: bytes, **rest: Any) -> Signed:
    value = key_record(by.header, subject, use, public, **rest)
    return signed_by(StatementType.KEY_RECORD, encode_key_record(value), by)


FRESH = signing_key("fresh").public.encoded


def following(state: TrustState, proposer: Signer, **changes: Any) -> TrustList:
    """The list that comes after the current one, with ``changes``."""
    values: dict[str, Any] = {
        "header": proposer.header,
        "number": state.trust_list.number + 1,
        "previous": state.trust_list_id,
    }
    return replace(state.trust_list, **(values | changes))


def apply_list(
    state: TrustState, *signers: Signer | str, index: int = NEXT, **changes: Any
) -> None:
    """Applies the current list with ``changes``, signed by these roots."""
    parties = [FED.signer(each) if isinstance(each, str) else each for each in signers]
    changed = following(state, parties[0], **changes)
    entry = signed_by(StatementType.TRUST_LIST, encode_trust_list(changed), *parties)
    state.apply(index, entry)


def members(*uris: str) -> tuple[Any, ...]:
    return tuple(agency(uri) for uri in sorted(uris))


def with_root(state: TrustState, uri: str, root: SigningKey) -> tuple[Any, ...]:
    """The current agencies, one of them under another root key."""
    return tuple(
        replace(each, root_key=root.public.encoded) if each.uri == uri else each
        for each in state.trust_list.agencies
    )


def test_the_first_list_is_the_pinned_one() -> None:
    other = federation(US, MX)
    with pytest.raises(TrustListUnpinned):
        TrustState(federation=FED.id).apply(0, other.clear[0])


def test_a_party_takes_only_a_first_list_that_its_own_root_signed() -> None:
    pair = federation(US, MX)
    TrustState(federation=pair.id, own_agency=US).apply(0, pair.clear[0])
    with pytest.raises(TrustListUnpinned):
        TrustState(federation=pair.id, own_agency=CN).apply(0, pair.clear[0])


def test_the_first_list_needs_every_root() -> None:
    body = encode_trust_list(first_list([US, MX]))
    entry = signed_by(StatementType.TRUST_LIST, body, signer(MX, GENESIS_FEDERATION))
    with pytest.raises(TrustListRejected):
        TrustState(federation=entry.statement.id).apply(0, entry)


def test_a_first_list_is_not_taken_twice() -> None:
    with pytest.raises(TrustListRejected):
        FED.trust().apply(NEXT, FED.clear[0])


def test_a_first_list_of_a_named_federation_is_refused() -> None:
    listed = replace(first_list([US, MX]), header=signer(MX, secret("named")).header)
    entry = signed_by(
        StatementType.TRUST_LIST,
        encode_trust_list(listed),
        *(signer(uri, secret("named")) for uri in (MX, US)),
    )
    with pytest.raises(FederationMismatch):
        TrustState(federation=entry.statement.id).apply(0, entry)


def test_an_admission_with_every_root_is_taken() -> None:
    state = FED.trust()
    apply_list(state, CN, MX, US, JP, agencies=members(US, MX, CN, JP))
    assert state.trust_list.agency(JP) is not None
    assert state.trust_list.number == 2


@pytest.mark.parametrize("missing", [US, MX, CN, JP])
def test_an_admission_without_one_root_is_refused(missing: str) -> None:
    roots = [uri for uri in (CN, MX, US, JP) if uri != missing]
    with pytest.raises(TrustListRejected):
        apply_list(FED.trust(), *roots, agencies=members(US, MX, CN, JP))


def test_all_others_remove_an_agency() -> None:
    state = FED.trust()
    apply_list(state, CN, MX, agencies=members(CN, MX))
    with pytest.raises(SignerUnknown):
        verify(state, mark(FED.node(US)), at(NEXT + 1))


def test_an_agency_removes_itself() -> None:
    state = FED.trust()
    apply_list(state, US, agencies=members(CN, MX))
    assert state.trust_list.agency(US) is None


def test_one_agency_does_not_remove_another() -> None:
    with pytest.raises(TrustListRejected):
        apply_list(FED.trust(), MX, agencies=members(CN, MX))


def test_an_agency_that_comes_back_begins_with_new_keys() -> None:
    state = FED.trust()
    apply_list(state, CN, MX, agencies=members(CN, MX), index=NEXT)
    renewed = signing_key("a new root")
    again = tuple(sorted((*members(CN, MX), agency(US, renewed)), key=lambda a: a.uri))
    apply_list(state, CN, MX, FED.signer(US, renewed), agencies=again, index=NEXT + 1)
    with pytest.raises(SignerKeyUnknown):
        verify(state, mark(FED.node(US)), at(NEXT + 2))


def test_a_coalition_does_not_swap_a_third_agency_s_root() -> None:
    state, stolen = FED.trust(), signing_key("the coalition's")
    swapped = with_root(state, US, stolen)
    with pytest.raises(TrustListRejected):
        apply_list(state, CN, MX, agencies=swapped)


def test_a_coalition_does_not_sign_for_a_third_agency_with_the_root_it_brings() -> None:
    state, stolen = FED.trust(), signing_key("the coalition's")
    swapped = with_root(state, US, stolen)
    with pytest.raises(SignerKeyUnknown):
        apply_list(state, CN, MX, FED.signer(US, stolen), agencies=swapped)


@pytest.mark.parametrize("part", ["certificate_authorities", "token_issuers", "name"])
def test_nothing_under_an_agency_s_name_changes_without_its_root(part: str) -> None:
    state = FED.trust()
    other: dict[str, Any] = {
        "certificate_authorities": agency(JP).certificate_authorities,
        "token_issuers": (secret("the coalition's issuer"),),
        "name": "other",
    }
    changed = tuple(
        replace(each, **{part: other[part]}) if each.uri == US else each
        for each in state.trust_list.agencies
    )
    with pytest.raises(TrustListRejected):
        apply_list(state, CN, MX, agencies=changed)
    apply_list(state, US, agencies=changed)


def test_an_agency_changes_its_own_root_alone() -> None:
    state, renewed = FED.trust(), signing_key("renewed")
    apply_list(state, US, agencies=with_root(state, US, renewed))
    assert verify(state, mark(FED.node(US)), at(NEXT + 1)) == US_NODE
    with pytest.raises(SignerKeyUnknown):
        state.apply(NEXT + 1, record(FED.signer(US), US_NODE, KeyUse.SIGN, FRESH))
    state.apply(NEXT + 1, record(FED.signer(US, renewed), US_NODE, KeyUse.SIGN, FRESH))


def test_what_a_root_signed_counts_where_it_stood_before_the_root_changed() -> None:
    state, renewed = FED.trust(), signing_key("renewed")
    agreement = mark(FED.signer(US), kind=StatementType.AGREEMENT)
    apply_list(state, US, agencies=with_root(state, US, renewed), index=NEXT)
    assert verify(state, agreement, at(NEXT)) == US
    with pytest.raises(SignerKeyUnknown):
        verify(state, agreement, at(NEXT + 1))
    later = mark(FED.signer(US, renewed), kind=StatementType.AGREEMENT)
    assert verify(state, later, at(NEXT + 1)) == US
    with pytest.raises(SignerKeyUnknown):
        verify(state, later, at(NEXT))


def test_a_receipt_counts_where_it_stood_before_the_exchange_s_key_changed() -> None:
    state, renewed = FED.trust(), signing_key("another exchange")
    receipt = mark(FED.signer(EXCHANGE), kind=StatementType.RECEIPT)
    apply_list(state, CN, MX, exchange=exchange_identity(renewed), index=NEXT)
    assert verify(state, receipt, at(NEXT)) == EXCHANGE
    with pytest.raises(SignerKeyUnknown):
        verify(state, receipt, at(NEXT + 1))


def test_what_a_member_signed_counts_where_it_stood_before_its_removal() -> None:
    state = FED.trust()
    apply_list(state, CN, MX, agencies=members(CN, MX), index=NEXT)
    assert verify(state, mark(FED.node(US)), at(NEXT)) == US_NODE
    with pytest.raises(SignerUnknown):
        verify(state, mark(FED.node(US)), at(NEXT + 1))


def test_a_node_of_a_later_member_spoke_for_nobody_before() -> None:
    state = FED.trust()
    apply_list(state, CN, MX, US, JP, agencies=members(US, MX, CN, JP), index=NEXT)
    with pytest.raises(SignerUnknown):
        verify(state, mark(FED.node(JP)), at(NEXT))


@pytest.mark.parametrize(
    "change",
    [
        {"exchange": exchange_identity(signing_key("another exchange"))},
        {"min_suite": 0},
        {"threshold": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_all_share_changes_with_the_threshold_of_roots(change: dict[str, Any]) -> None:
    with pytest.raises(TrustListRejected):
        apply_list(FED.trust(), CN, **change)
    apply_list(FED.trust(), CN, MX, **change)


@pytest.mark.parametrize(
    "wrong", [{"number": 3}, {"number": 2, "previous": secret("another list")}]
)
def test_a_list_names_the_one_before_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(TrustListRejected):
        apply_list(FED.trust(), CN, MX, US, **wrong)


def test_an_old_list_does_not_return() -> None:
    state = FED.trust()
    roots = [FED.signer(uri) for uri in (MX, CN, US)]
    second = following(state, roots[0], threshold=3)
    entry = signed_by(StatementType.TRUST_LIST, encode_trust_list(second), *roots)
    state.apply(NEXT, entry)
    apply_list(state, MX, CN, US, threshold=2, index=NEXT + 1)
    with pytest.raises(TrustListRejected):
        state.apply(NEXT + 2, entry)


def test_a_list_with_a_zero_signature_is_refused() -> None:
    changed = following(FED.trust(), FED.signer(US))
    entry = signed_by(StatementType.TRUST_LIST, encode_trust_list(changed), FED.signer(US))
    with pytest.raises(SignatureInvalid):
        FED.trust().apply(NEXT, resigned(entry, lambda s: bytes(len(s))))


def test_a_list_that_begins_with_another_federation_is_refused() -> None:
    header = signer(CN, secret("elsewhere")).header
    with pytest.raises(FederationMismatch):
        apply_list(FED.trust(), CN, header=header)


def test_a_list_signed_in_another_federation_is_refused() -> None:
    foreign = signer(CN, secret("elsewhere"))
    with pytest.raises(FederationMismatch):
        apply_list(FED.trust(), foreign, header=FED.signer(CN).header)


def test_a_list_begins_with_its_first_signer() -> None:
    with pytest.raises(SignerMismatch):
        apply_list(FED.trust(), CN, MX, header=FED.signer(MX).header)


def test_a_federation_does_not_begin_with_its_second_list() -> None:
    pinned = secret("pinned")
    listed = replace(
        first_list([US, MX]), header=signer(MX, pinned).header, number=2, previous=pinned
    )
    with pytest.raises(TrustListRejected):
        verify_succession(None, b"", listed, frozenset({US, MX}))


def test_nodes_and_strangers_sign_no_trust_list() -> None:
    for who in (FED.node(US), FED.signer(JP), FED.signer(EXCHANGE)):
        with pytest.raises(SignerUnknown):
            apply_list(FED.trust(), who)


def test_only_trust_is_read_from_clear_entries() -> None:
    with pytest.raises(StatementMalformed):
        FED.trust().apply(NEXT, mark(FED.node(US)))


def test_federations_of_the_same_members_are_one_only_if_their_lists_are() -> None:
    assert federation(US, MX, CN).id == FED.id != federation(US, MX).id
